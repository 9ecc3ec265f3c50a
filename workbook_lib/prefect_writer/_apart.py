"""One rewrite before anything is written: legacy modules whose files in `shared/` would have the same name get names of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_writer._carried import shared_module


def apart(workflows: Sequence[Workflow]) -> Sequence[Workflow]:
    """The workflows with modules that differ also in `shared/`: `a.b` and `a_b` do not, nor `Rules` and `rules` on some disks."""
    modules = list(dict.fromkeys(module for workflow in workflows for module in _modules(workflow)))
    names: dict[str, str] = {}
    used: set[str] = set()
    for module in modules:
        name, number = module, 2
        while shared_module(name).casefold() in used:
            name, number = f"{module}_{number}", number + 1
        used.add(shared_module(name).casefold())
        names[module] = name
    changed = {module: name for module, name in names.items() if module != name}
    return [_renamed(workflow, changed) for workflow in workflows] if changed else workflows


def _modules(workflow: Workflow) -> Iterator[str]:
    for definition in workflow.definitions:
        if definition.module:
            yield definition.module


def _renamed(workflow: Workflow, names: dict[str, str]) -> Workflow:
    definitions: list[Any] = [
        definition.model_copy(update={"module": names.get(definition.module, definition.module)}) if definition.module else definition
        for definition in workflow.definitions
    ]
    return workflow.model_copy(update={"definitions": tuple(definitions)})
