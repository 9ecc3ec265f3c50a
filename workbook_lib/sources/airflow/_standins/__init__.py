"""Stand-ins for Airflow: a DAG file runs against them in a sandboxed worker, and what it built is answered as plain data.

Only `trace` is called from outside, by the server of the workers. Nothing here may import pydantic or anything heavy.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import logging
import re
import sys
import time
import traceback
import warnings
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import timedelta
from numbers import Number
from pathlib import Path
from types import ModuleType
from typing import Any

import pendulum
import yaml

from workbook_lib.sources.airflow._standins import _assigned, _dag, _environment, _group, _loaders, _operator, _refused
from workbook_lib.sources.airflow._standins._dump import dag_to_raw
from workbook_lib.sources.airflow._standins._modules import AirflowModule
from workbook_lib.sources.airflow._standins._repository import Repository
from workbook_lib.sources.airflow._standins._state import SESSION, report
from workbook_lib.sources.airflow._standins._values import Variable
from workbook_lib.sources.tracing import _entries, _hooks, _loading, _symbols, _tampering
from workbook_lib.sources.tracing._exprs import clean
from workbook_lib.sources.tracing._instrument import instrument
from workbook_lib.sources.tracing._shown import shown
from workbook_lib.sources.tracing._stack import NAMES, SOURCES, display

_WARM = (*map(importlib.import_module, ("dateutil.parser", "dateutil.relativedelta", "dateutil.tz")), pendulum, yaml)
_SDK = re.compile(r"^\s*(?:from|import)\s+airflow\.sdk\b", re.MULTILINE)
_MAX_FINDINGS = 500


def trace(job: dict[str, Any]) -> dict[str, Any]:
    """Run one DAG file; the answer has the form of `RawFile`."""
    started = time.perf_counter()
    file, shown = Path(job["file"]), job["shown"]
    SESSION.file = shown
    repository = Repository(job)
    SESSION.variables, SESSION.connections, SESSION.environment = job["variables"], job["connections"], job["environment"]
    NAMES[str(file)] = shown
    answer: dict[str, Any] = {"file": shown, "airflow": "2.11", "dags": [], "findings": SESSION.findings, "modules": []}
    source = _source(file, shown)
    if source is not None:
        answer["airflow"] = SESSION.version = job["version"] or ("3" if _SDK.search(source) else "2.11")
        finder = _prepare(job, repository)
        kept = _tampering.Kept((_dag.DAG, _operator.BaseOperator, _group.TaskGroup, Variable))
        done = _execute(file, shown)
        kept.restore()
        if done:
            answer["dags"] = _dags()
        _tell_missing(finder)
        answer["modules"] = [[name, path] for name, path in finder.modules.items() if path]
        answer["inputs"] = [list(pair) for pair in _entries.STATE.asked]
        _tell_assumptions()
        answer["asked"] = _asked()
        _loaders.tell()
    repository.hide(answer["dags"], SESSION.findings)
    del SESSION.findings[_MAX_FINDINGS:]
    answer["seconds"] = round(time.perf_counter() - started, 4)
    return answer


def _problem(code: str, message: str, shown: str, line: int | None, advice: str) -> None:
    report(code, "error", message, advice=advice, file=shown, line=line or 1)


def _source(file: Path, shown: str) -> str | None:
    """The text of the file, or None with a finding why there is none."""
    try:
        raw = file.read_bytes()
    except OSError as error:
        _problem("tracing.unreadable", f"cannot be read: {error.strerror}", shown, 1, "Check the file's permissions.")
        return None
    if not raw.strip():
        _problem("tracing.empty", "the file is empty", shown, 1, "Remove it, or restore its content.")
        return None
    if b"\0" in raw:
        line = raw[: raw.index(b"\0")].count(b"\n") + 1
        _problem("tracing.binary", "the file holds NUL bytes: it is binary, not Python source", shown, line, "Remove it from the folder.")
        return None
    try:
        source = _loading.decode(raw)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        line = raw[: getattr(error, "start", 0) if isinstance(error, UnicodeDecodeError) else 0].count(b"\n") + 1
        _problem(
            "tracing.encoding",
            f"the file is not text in its declared encoding (UTF-8 by default): {error}",
            shown,
            line,
            "Save it as UTF-8.",
        )
        return None
    return source


def _prepare(job: dict[str, Any], repository: Repository) -> _loading.Finder:
    roots_here = [Path(root) for root in job["roots"]]
    finder = _loading.Finder(frozenset({"airflow"}), AirflowModule, roots_here, _aliases(repository.base), repository.shown)
    roots = tuple(str(Path(root)) + "/" for root in job["roots"])
    libraries = tuple(part for part in sys.path if part)

    def is_user_file(name: str) -> bool:
        return name in SOURCES or (name.startswith(roots) and not name.startswith(libraries))

    _entries.STATE.is_user_file = is_user_file
    _loading.hide_foreign_modules(frozenset())
    sys.modules["__main__"] = ModuleType("__main__")  # `inspect` asks for it
    sys.meta_path.insert(0, finder)
    if "environment" in job["layers"]:
        _environment.install_environment()
    repository.install()
    return finder


def prepare() -> None:
    """In the server, once: what is the same for all files, and the first steps of what all of them take: caches fill, code gets quick."""
    _loaders.install()
    _hooks.install()
    frames = inspect.stack
    inspect.stack = lambda context=1: frames(0)  # without lines of source: those of the library may not be read
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    _name_of("a")
    for _ in range(8):
        tree = ast.parse(_loading.decode(_SAMPLE))
        compile(instrument(tree), "sample", "exec", dont_inherit=True)
    for kind in (str, int, float, bool, list, dict, tuple, set, type(None), Path, pendulum.DateTime, timedelta, ModuleType, type(trace)):
        for general in (Mapping, Sequence, Iterable, Hashable, Number):
            issubclass(kind, general)


# One of each that DAG files are made of; it is parsed, and not run.
_SAMPLE = b'''"""Text."""
from __future__ import annotations
import os, json as j
from a.b import C, d as e
N: int = -1 + 2 * 3 % 4
with C("a", x=[1, (2,), {"k": None, **{}}], y={1}, z=f"{N} {os!r:>3}") as c, e():
    @e.f(g=True)
    def h(p: str, *args, q=None, **more) -> dict[str, int]:
        """Text."""
        for i, v in enumerate(args):
            if i > 1 and v is not None or not q:
                more[p] += v
            elif i in (1, 2):
                continue
            else:
                return {k: w for k, w in more.items() if w}
        while True:
            try:
                raise ValueError("a") from None
            except (ValueError, OSError) as why:
                return lambda a, b=1: a if b else (yield)
    class K(C):
        a, b = 1, [m for m in range(3)]
        async def l(self): await self.a[1:2]; assert del_ == 1; del self.x; global y; pass
    a = C(task_id="a") >> [h(1), C.partial(x=1).expand(y=[1])] << e
'''


def _name_of(stem: str) -> str:
    return re.sub(r"\W", "_", stem) or "dag_file"


def _aliases(base: Path) -> dict[str, Path]:
    """Files inside Airflow's own package name each other `airflow.example_dags...`: then these are the user's, not stand-ins."""
    parts: list[str] = []
    folder = base
    while (folder / "__init__.py").is_file() and folder.parent != folder:
        parts.insert(0, folder.name)
        folder = folder.parent
    return {".".join(parts): base} if len(parts) > 1 and parts[0] == "airflow" else {}


def _execute(file: Path, shown: str) -> bool:
    """Run the file; False with a finding when it failed."""
    module = ModuleType(_name_of(file.stem))
    module.__file__ = _dag.STATE_FILE[0] = str(file)
    sys.modules.setdefault(module.__name__, module)
    sys.argv = [str(file)]
    SESSION.module = module
    importlib.import_module("airflow")
    try:
        _loading.run(module, file, shown)
    except SyntaxError as error:
        advice = "Correct the line. Python 2 syntax must be ported to Python 3 first (for example with 2to3)."
        _failed(error, f"not valid Python {sys.version_info[0]}: {error.msg}", advice, "tracing.syntax")
    except RecursionError as error:
        _failed(error, "nested or recursive beyond what Python allows", "Split very deeply nested expressions.", "tracing.recursion")
    except SystemExit as error:
        _failed(
            error,
            f"the file ends the interpreter with status {error.code!r} while it is read",
            "Remove the exit from module level.",
            "tracing.exited",
        )
    except MemoryError as error:
        _failed(error, "the file needs more memory than reading allows", "Move heavy work from module level into a task.", "tracing.memory")
    except _operator.AirflowException as error:
        if error.workbook_code:
            message, hint = _symbols.plain(str(error)), _depends()
            if hint:
                message = message.replace("Airflow does not import this file", "the file cannot be read with the values that are assumed")
            _failed(error, message, error.workbook_advice + hint, error.workbook_code)
        else:
            _raised(error)
    except BaseException as error:
        _raised(error)
    else:
        return True
    return False


def _depends() -> str:
    """Advice for what may be so only because of an assumed value."""
    names = _symbols.name_inputs(tuple(dict.fromkeys(pair for one in _entries.STATE.decisions for pair in one.inputs)))
    return f" It may depend on {names}: supply it." if _entries.STATE.decisions else ""


def _raised(error: BaseException) -> None:
    """Something that the file itself raised; Airflow drops the whole file, and so do we."""
    try:
        text = _symbols.plain(str(error)).strip().splitlines()
    except Exception:
        text = []
    message = f"the file raises {type(error).__name__} while it is read: {text[0][:300] if text else ''}".rstrip(": ")
    dropped = [dag.dag_id for dag in SESSION.made]
    if dropped:
        names = ", ".join(map(repr, dropped[:3])) + (" ..." if len(dropped) > 3 else "")
        message += f"; as in Airflow, no DAG of it is read, also not {names} made before"
    _failed(error, message, "Correct the line, or supply what it needs (--inputs, --variables ...)." + _depends(), "tracing.raised")


def _failed(error: BaseException, message: str, advice: str, code: str) -> None:
    """A finding at the line of the DAG file, as it is this file that cannot be read; where in another module it went wrong is said."""
    places: list[tuple[str, int | None]] = [(SESSION.file, 1)]
    for frame, number in traceback.walk_tb(error.__traceback__):
        if _entries.STATE.is_user_file(frame.f_code.co_filename):
            places.append((display(frame.f_code.co_filename), number))
    if isinstance(error, SyntaxError) and error.filename:
        places.append((display(error.filename), error.lineno))
    line = [line for file, line in places if file == SESSION.file][-1]
    file, inner = places[-1]
    elsewhere = f" (in {file}, line {inner})" if file != SESSION.file else ""
    _problem(code, message + elsewhere, SESSION.file, line, advice)


def _dags() -> list[dict[str, Any]]:
    """The DAGs that Airflow would collect: module-level names, and those used as context managers."""
    found: dict[int, Any] = {}
    for value in list(vars(SESSION.module).values()):
        if isinstance(value, _dag.DAG):
            found[id(value)] = value
    found.update({id(dag): dag for dag in SESSION.registered})
    ordered = [dag for dag in SESSION.made if id(dag) in found]
    for dag in list(ordered):
        ordered.extend(sub for sub in _subdags(dag) if sub not in ordered)
    by_id: dict[str, Any] = {}
    for dag in ordered:
        if dag.dag_id in by_id:
            report(
                "airflow.duplicate_dag", "error",
                f"the DAG {dag.dag_id!r} is defined twice in this file (first in line {by_id[dag.dag_id].origin['line']}); "
                "the first is read, Airflow keeps one of them by chance",
                advice="Give each DAG an id of its own.", file=dag.origin["file"], line=dag.origin["line"], workflow=dag.dag_id,
            )  # fmt: skip
        else:
            by_id[dag.dag_id] = dag
    lost = [dag for dag in SESSION.made if dag not in ordered and dag.tasks]
    for dag in lost:
        report(
            "airflow.uncollected_dag", "warning", f"the DAG {dag.dag_id!r} is built, but {_hidden(dag)}: Airflow does not see it",
            advice="Assign it to a module-level name of its own.", file=dag.origin["file"], line=dag.origin["line"], workflow=dag.dag_id,
        )  # fmt: skip
    _refused.tell(list(by_id.values()))
    return [raw for dag in by_id.values() if (raw := _assigned.guarded(dag, dag_to_raw)) is not None]


def _hidden(dag: Any) -> str:
    holders = list(_refused.kept_in(dag))
    return f"only kept in `{_symbols.plain(holders[0])}`" if holders else "not kept at module level"


def _subdags(dag: Any) -> list[Any]:
    return [one for sub in dag.subdags for one in (sub, *_subdags(sub))]


def _asked() -> list[dict[str, Any]]:
    """What was asked for while reading, in the form of `RawAsked`; values are left out, only defaults of the source are in it."""
    return [
        {
            "kind": kind,
            "name": clean(name)[:500],
            "default": clean(shown(one.default)) if one.default is not None else None,
            "uses": [clean(use)[:200] for use in one.uses],
            "keys": [clean(_symbols.plain(key))[:200] for key in one.keys],
            "places": [f"{display(file)}:{line}" for file, line in one.places if file],
            "decides": [clean(_symbols.plain(what))[:500] for what in one.decides],
        }
        for (kind, name), one in _entries.STATE.asked.items()
    ]


def _tell_assumptions() -> None:
    """One finding for each input that decides something in a file, with every place where it does."""
    places: dict[tuple[Any, str], dict[tuple[str, int], str]] = {}
    moving: set[tuple[str, str, int]] = set()
    for decision in _entries.STATE.decisions:
        file, line = display(decision.file) if decision.file else SESSION.file, decision.line or 1
        if decision.moving:
            if (decision.what, file, line) in moving:
                continue
            moving.add((decision.what, file, line))
            report(
                "airflow.parse_time_value", "warning",
                f"{decision.what} depends on the clock or on chance when the DAG file is read; the way of this reading is taken",
                advice="Decide it when the task runs.", file=file, line=line,
            )  # fmt: skip
            continue
        _entries.decides(decision.inputs, f"{decision.what} ({file}:{line})")
        places.setdefault((decision.inputs, file), {}).setdefault((decision.what, line), repr(str(decision.value)[:80]))
    for (inputs, file), found in places.items():
        names, advice = _symbols.name_inputs(inputs), "Supply the value (--inputs, --variables ...) and read again."
        (what, first), value = next(iter(found.items()))
        message = f"{what} depends on {names}, unknown while reading; {value} is assumed"
        if len(found) > 1:
            message = f"{what} and {len(found) - 1} more depend on {names}, unknown while reading; values are assumed"
            advice += " " + "; ".join(f"Line {line}: {one} ({value})" for (one, line), value in found.items()) + "."
        report("airflow.assumed_value", "warning", message, advice=advice, file=file, line=first)


def _tell_missing(finder: _loading.Finder) -> None:
    for name, (place, line) in finder.missing.items():
        package = name.rpartition(".")[0]
        report(
            "airflow.module_missing", "warning",
            f"there is no module {name!r} in the package {package!r} of this repository; what comes from it is unknown while reading",
            advice="Add the file, or rename the folder when an installed package of that name is meant.",
            file=display(place) if place else SESSION.file, line=line or 1,
        )  # fmt: skip
