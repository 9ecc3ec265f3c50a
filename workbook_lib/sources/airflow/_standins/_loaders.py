"""What inert packages would have made of a DAG file: whole DAGs, groups of tasks, answers that decide."""

from __future__ import annotations

import sys
from typing import Any

from workbook_lib.sources.airflow._standins._env_readers import BASES, READERS
from workbook_lib.sources.airflow._standins._names import operator_class
from workbook_lib.sources.airflow._standins._state import SESSION, report
from workbook_lib.sources.tracing._entries import STATE
from workbook_lib.sources.tracing._inert import DECIDED, Shapes
from workbook_lib.sources.tracing._stack import display

# Packages whose purpose is to make DAGs from files or from other definitions.
DAG_BUILDERS = frozenset({"boundary_layer", "cosmos", "dag_factory", "dagfactory", "dbt_airflow_factory", "gusty", "airflow_declarative"})
_CALLS: dict[tuple[str, str, int], None] = {}  # (package, file, line) of calls that would have made DAGs


def install() -> None:
    """Watch the calls into inert packages."""
    known = Shapes.instance

    def instance(path: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        found = known(path, args, kwargs)
        if found is not None:
            return found
        if path in READERS:
            return READERS[path](*args, **kwargs)
        name = path.rpartition(".")[2]
        if "group_id" in kwargs and name.endswith("TaskGroup"):  # its tasks are not known: one placeholder keeps their place
            module = path.rpartition(".")[0]
            return operator_class(name, module)(task_id=kwargs["group_id"], **{key: kwargs[key] for key in kwargs if key != "group_id"})
        _watch(path, name, args, kwargs)
        return None

    known_base = Shapes.base

    def base(name: str, module: str) -> type | None:
        return BASES[name] if name in BASES and module.startswith("pydantic") else known_base(name, module)

    Shapes.instance, Shapes.base = staticmethod(instance), staticmethod(base)


def _watch(path: str, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    given = [*args, *kwargs.values()]
    scope = vars(SESSION.module) if SESSION.module is not None else None
    package = path.partition(".")[0]
    makes = package in DAG_BUILDERS or name.endswith(("Dag", "DAG")) and name[:1].isupper() or any(value is scope for value in given)
    frame: Any = sys._getframe(2)
    while makes and frame is not None:
        if STATE.is_user_file(frame.f_code.co_filename):
            _CALLS.setdefault((package, display(frame.f_code.co_filename), frame.f_lineno))
            return
        frame = frame.f_back


def tell() -> None:
    """The findings."""
    seen = set()
    for package, file, line in _CALLS:
        if (package, file) not in seen:
            seen.add((package, file))
            report(
                "airflow.dags_by_package", "warning", f"this file builds its DAGs by {package}, which is not run: they are not read",
                advice="Let the package write its DAGs out as Airflow code, and read that.", file=file, line=line,
            )  # fmt: skip
    for (what, shown, file, line), _ in list(DECIDED.items())[:50]:
        report(
            "airflow.inert_decision", "warning", f"{what} depends on {shown[:100]}, of a package that is not run",
            advice="Look at the line: what the package would have answered decides what is built.", file=display(file), line=line,
        )  # fmt: skip
