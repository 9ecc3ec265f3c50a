"""A part as an entry of the cache, and back. What comes back is checked: whoever can write the folder can write anything into it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from workbook_lib.errors import WorkbookError
from workbook_lib.sources._cache import Kept
from workbook_lib.sources._parts import Part

# The plain words of a workflow (model/summary.py): keys and the types of their values.
_TEXT, _MAYBE_TEXT, _YES_NO = (str,), (str, type(None)), (bool,)
_WORKFLOW: Mapping[str, tuple[type, ...]] = {
    "id": _TEXT, "system": _TEXT, "version": _TEXT, "file": _TEXT, "schedule": _MAYBE_TEXT, "catchup": _YES_NO, "tasks": (list,),
    "edges": (list,),
}  # fmt: skip
_TASK: Mapping[str, tuple[type, ...]] = {
    "id": _TEXT, "operator": _TEXT, "upstream": (list,), "trigger_rule": _TEXT, "retries": (int,), "mapped": _YES_NO, "group": _MAYBE_TEXT,
    "setup": _YES_NO, "teardown": _YES_NO,
}  # fmt: skip
_EDGE: Mapping[str, tuple[type, ...]] = {"source": _TEXT, "target": _TEXT, "condition": (dict, type(None))}


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def to_keep(part: Part, missing: tuple[str, ...], of_the_day: bool = False) -> Kept:
    """The entry for what a file holds; `missing` are layers of the enclosure that the machine did not offer.

    `of_the_day`: it holds until tomorrow (UTC) alone.
    """
    about = {
        "day": _today() if of_the_day else "",
        "missing": list(missing),
        "findings": [finding.model_dump(mode="json", exclude_none=True) for finding in part.findings],
        "summaries": part.summaries,
        "modules": part.modules,
    }
    return Kept(about, tuple(json.dumps(workflow.model_dump(mode="json", by_alias=True)) for workflow in part.workflows))


def from_kept(kept: Kept | None, plain: bool) -> tuple[Part, tuple[str, ...]] | None:
    """What was kept and the missing layers, None when it does not have the agreed form. Models come only when it need not be `plain`."""
    if kept is None:
        return None
    from workbook_lib.findings import Finding

    try:
        about = kept.about
        if about["day"] not in ("", _today()):
            return None
        part = Part(
            findings=tuple(Finding.model_validate(finding) for finding in about["findings"]),
            summaries=tuple((_typed(line, (int,)), _workflow(document)) for line, document in about["summaries"]),
            workflows=() if plain else _models(kept.models),
            modules=tuple((_typed(name, _TEXT), _typed(file, _TEXT)) for name, file in about["modules"]),
        )
        missing = tuple(_typed(layer, _TEXT) for layer in about["missing"])
        if not plain and [document["id"] for _, document in part.summaries] != [workflow.id for workflow in part.workflows]:
            return None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, WorkbookError):
        return None
    return part, missing


def _models(texts: tuple[str, ...]) -> tuple[Any, ...]:
    from workbook_lib.model.workflow import Workflow

    return tuple(Workflow.from_json(text) for text in texts)


def _typed(value: Any, types: tuple[type, ...]) -> Any:
    if type(value) not in types:
        raise TypeError(f"{type(value).__name__} is none of {types}")
    return value


def _document(value: Any, form: Mapping[str, tuple[type, ...]]) -> dict[str, Any]:
    if list(_typed(value, (dict,))) != list(form):
        raise KeyError("other keys")
    for key, types in form.items():
        _typed(value[key], types)
    return dict(value)


def _workflow(value: Any) -> dict[str, Any]:
    found = _document(value, _WORKFLOW)
    for task in found["tasks"]:
        for name in _document(task, _TASK)["upstream"]:
            _typed(name, _TEXT)
    for edge in found["edges"]:
        _document(edge, _EDGE)
    return found
