"""Where the arguments of tasks, groups and DAGs were written, in the form of `ArgumentSource`.

Things remember the calls that made them (`_calls`: trail, names of what is given by position) and assignments to their attributes
(`_sets`); what these were is worked out here, when a DAG is handed over.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from workbook_lib.sources.tracing._exprs import callable_place, clean
from workbook_lib.sources.tracing._provenance import Found, assigned, default_of, edge_line, entry_of, find, names, origin_of
from workbook_lib.sources.tracing._stack import Trail

Call = tuple[Trail, tuple[str, ...]]
_LONGEST = 1000  # of what a name was bound to: a table that a thousand tasks share is not repeated in full


def _row(name: str, found: Found) -> dict[str, Any]:
    file, line, column = found.place()
    row: dict[str, Any] = {"name": clean(name), "text": clean(found.text), "file": file, "line": line, "column": column, "bound_to": None}
    bound = origin_of(found)
    if bound is not None:
        file, line, column = bound.place()
        text = clean(bound.text)
        text = text if len(text) <= _LONGEST else text[:_LONGEST] + " ..."
        row["bound_to"] = {"text": text, "file": file, "line": line, "column": column}
    return row


def positional(function: Any, skip: int = 0) -> tuple[str, ...]:
    """Names of the parameters that a function can be given by position."""
    if type(function) is not FunctionType:
        return _positional(function, skip)
    known = _known_positional.get(function)
    if known is None:
        known = _known_positional[function] = _positional(function)
    return known[skip:]


_known_positional: dict[FunctionType, tuple[str, ...]] = {}


def _positional(function: Any, skip: int = 0) -> tuple[str, ...]:
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        parameters = list(inspect.signature(function).parameters.values())[skip:]
    except (TypeError, ValueError):
        return ()
    return tuple(one.name for one in parameters if one.kind in kinds)


def _given(thing: Any, name: str) -> Found | None:
    """Where an argument of the calls that made a thing was written; the last call goes first."""
    for trail, order in reversed(thing.__dict__.get("_calls", [])):
        found = find(trail, name, order)
        if found is not None:
            return found
    return None


def _defaulted(owners: list[Any], name: str) -> Found | None:
    """Where a value of the `default_args` of a task, its groups or its DAG was written."""
    for owner in owners:
        given = _given(owner, "default_args") if owner is not None else None
        found = entry_of(given, name) if given is not None else None
        if found is not None:
            return found
    return None


def _named(thing: Any) -> Iterator[str]:
    for trail, order in thing.__dict__.get("_calls", []):
        yield from names(trail, order)


def _all(thing: Any, more: list[str], defaults: dict[str, Any], owners: list[Any]) -> Iterator[tuple[str, Found]]:
    sets: dict[str, Trail] = thing.__dict__.get("_sets", {})
    for name in dict.fromkeys([*_named(thing), *more, *sets]):
        found = assigned(sets[name]) if name in sets else None
        found = found or _given(thing, name)
        if found is None and name in defaults:
            found = _defaulted(owners, name)
        if found is not None:
            yield name, found


def of_task(task: Any, arguments: list[str]) -> list[dict[str, Any]]:
    """All that a task was given: `arguments` are the names of what the model keeps of it."""
    state = task.__dict__
    owners, group = [task], state.get("task_group")
    while group is not None:
        owners.append(group)
        group = group.task_group
    owners.append(state.get("dag"))
    more = ["task_id", *arguments, *state.get("_base_given", ())]
    rows = [_row(name, found) for name, found in _all(task, more, state.get("_defaults", {}), owners)]
    decorated = (state.get("_decorator") or type(task).__name__ == "_AssetMainOperator") and callable(state.get("python_callable"))
    place = callable_place(state["python_callable"]) if decorated else None
    if place is not None and not any(row["name"] == "python_callable" for row in rows):
        text = clean(getattr(state["python_callable"], "__name__", ""))
        rows.append({"name": "python_callable", "text": text, "file": place[0], "line": place[1], "column": 0, "bound_to": None})
    return rows


def place(thing: Any, name: str) -> tuple[str, int]:
    """File and line of an argument where it is found, else of the thing itself."""
    found = _given(thing, name) if name else None
    if found is None and name and "_defaults" in thing.__dict__:
        found = _defaulted([thing, thing.__dict__.get("task_group"), thing.__dict__.get("dag")], name)
    if found is not None:
        return found.place()[:2]
    origin = thing._trail.origin
    return origin["file"], origin["line"]


def text(thing: Any, name: str) -> str:
    """Source text of an argument, empty where it is not found."""
    found = _given(thing, name)
    return clean(found.text) if found is not None else ""


def literal(task: Any) -> list[list[str]]:
    """Name and text of what a task was given in its own calls, not by `default_args`."""
    return [[name, clean(found.text)] for name, found in _all(task, [], {}, [])]


def of_dag(dag: Any) -> list[dict[str, Any]]:
    """All that a DAG was given."""
    return [_row(name, found) for name, found in _all(dag, [], {}, [])]


def texts(dag: Any) -> dict[str, str]:
    """Name and text of what a DAG was given."""
    return {name: found.text for name, found in _all(dag, [], {}, [])}


def of_edge(task: Any, after: Any) -> dict[str, Any] | None:
    """Where two tasks were put in order."""
    trail = task._edge_trails.get(after)
    place = edge_line(trail) if trail is not None else None
    return {"file": place[0], "line": place[1]} if place is not None else None


def of_parameter(dag: Any, name: str) -> dict[str, Any] | None:
    """Where the default of a run parameter was written."""
    given = _given(dag, "params")
    found = entry_of(given, name) if given is not None else None
    found = found or default_of(dag.__dict__.get("_function"), name)
    return _row(name, found) if found is not None else None
