"""What is assigned to a DAG once it is made: taken as its constructor takes it, refused where no DAG holds it.

Airflow has plain attributes and finds out when it serializes the DAG, which it then does not import:
https://airflow.apache.org/docs/apache-airflow/2.11.2/_api/airflow/serialization/serialized_objects/index.html. What is assigned to tasks
and groups is told only where the DAG cannot be put together with it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from workbook_lib.sources.airflow._standins._params import ParamsDict
from workbook_lib.sources.airflow._standins._state import report
from workbook_lib.sources.tracing._entries import STATE
from workbook_lib.sources.tracing._exprs import clean
from workbook_lib.sources.tracing._hooks import mapping
from workbook_lib.sources.tracing._stack import SOURCES, display
from workbook_lib.sources.tracing._symbols import name_text, plain


def _params(value: Any) -> Any:
    return value if isinstance(value, ParamsDict) else ParamsDict(_dict(value))


def _dict(value: Any) -> dict[Any, Any]:
    return value if type(value) is dict else dict(mapping(value or {}) or {})


def _id(value: Any) -> str:
    if value is None or isinstance(value, (list, tuple, dict, set)):
        raise TypeError(value)
    return name_text(value, "a DAG id")


# attribute -> what the constructor makes of it (TypeError or ValueError where it cannot), and what it should be
TAKES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "dag_id": (_id, "a text"),
    "params": (_params, "a dict of params"),
    "default_args": (_dict, "a dict of arguments"),
    "tags": (lambda value: list(value or []), "a list of texts"),
    "user_defined_macros": (_dict, "a dict"),
    "user_defined_filters": (_dict, "a dict"),
    "settings": (_dict, "a dict"),
    "given": (_dict, "a dict"),
    "task_dict": (_dict, "a dict of tasks"),
    "subdags": (lambda value: [one for one in value or [] if hasattr(one, "task_dict")], "a list of DAGs"),
}


def taken(name: str, value: Any) -> Any:
    """The value that an attribute of a DAG holds after `dag.name = value`; TypeError or ValueError where there is none."""
    return TAKES[name][0](value) if name in TAKES else value


_TOLD: set[int] = set()


def guarded(dag: Any, put_together: Callable[[Any], Any]) -> Any:
    """The result for a DAG, or None with a finding where something that was assigned does not fit; any other failure is the reader's."""
    try:
        return put_together(dag)
    except Exception as error:
        places = list(_assignments(dag))
        if not places:
            raise
        if id(dag) not in _TOLD:
            _TOLD.add(id(dag))
            name = str(dag.__dict__.get("dag_id"))
            shown = ", ".join(f"`{attribute}` ({place}:{line})" for attribute, place, line in places[:3])
            report(
                "airflow.dag_not_assembled", "error",
                clean(plain(f"the DAG {name!r} cannot be put together ({type(error).__name__}: {error})"[:300]))
                + f"; assigned after it was made: {clean(plain(shown))}",
                advice="Give the value when the DAG, the task or the group is made, in the form that Airflow takes there.",
                file=places[0][1], line=places[0][2], workflow=name,
            )  # fmt: skip
        return None


def _assignments(dag: Any) -> Iterator[tuple[str, str, int]]:
    """Attributes that the user's code assigned, with file and line: those that were noted, then those that the source shows."""
    from workbook_lib.sources.airflow._standins._group import TaskGroup
    from workbook_lib.sources.airflow._standins._operator import MADE

    names = {*dir(type(dag)), *vars(dag), *dir(TaskGroup), "children", "mapping", "task_group", "used", "dag"}
    for thing in (dag, *(task for task in MADE if task.__dict__.get("dag") in (dag, None))):
        names |= {*dir(type(thing)), *vars(thing)}
        for name, path in thing.__dict__.get("_sets", {}).items():
            if path.origin["file"] and name != "fileloc":  # that one the constructor sets last
                yield name, path.origin["file"], path.origin["line"]
    for file, (source, _) in SOURCES.items():
        for node in ast.walk(ast.parse(source)) if STATE.is_user_file(file) else ():
            plainly = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in names
            called = isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("setattr", "__setattr__", "__dict__.update"))
            if plainly or called:
                yield ast.unparse(node), display(file), getattr(node, "lineno", 1)
