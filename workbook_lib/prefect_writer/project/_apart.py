"""Two rewrites before anything is written: modules that import each other become one, and files of `shared/` get names of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from workbook_lib.model.function import Definition
from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_writer.project._carried import shared_module


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


def joined(workflows: Sequence[Workflow]) -> Sequence[Workflow]:
    """The workflows with one module for those that need each other: of what is carried over none could be imported first.

    Where two of them bind the same name they stay as they are, and what needs them is told to be in the way.
    """
    needs: dict[str, set[str]] = {}
    bound: dict[str, set[str]] = {}
    for workflow in workflows:
        own = {definition.name: definition for definition in workflow.definitions if definition.module}
        for definition in own.values():
            bound.setdefault(definition.module, set()).add(definition.name.rpartition(".")[2])
            needs.setdefault(definition.module, set()).update(own[name].module for name in definition.uses if name in own)
    reached = {module: _reached(module, needs) for module in needs}
    names: dict[str, str] = {}
    refused: dict[str, str] = {}
    for module in sorted(needs):
        circle = sorted({module, *(other for other in reached[module] if module in reached[other])})
        if len(circle) > 1 and sum(len(bound[one]) for one in circle) > len(set().union(*(bound[one] for one in circle))):
            refused[module] = f"the modules {', '.join(circle)} import each other, and bind the same name"
        elif len(circle) > 1:
            names[module] = "_".join(circle)
    if refused:
        workflows = [_blocked(workflow, refused) for workflow in workflows]
    return [_ordered(_renamed(workflow, names), set(names.values())) for workflow in workflows] if names else workflows


def _reached(module: str, needs: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    pending = [module]
    while pending:
        for other in needs.get(pending.pop(), ()):
            if other not in found:
                found.add(other)
                pending.append(other)
    return found


def _blocked(workflow: Workflow, reasons: dict[str, str]) -> Workflow:
    definitions = [
        d.model_copy(update={"blockers": (*d.blockers, reasons[d.module])}) if d.module in reasons else d for d in workflow.definitions
    ]
    return workflow.model_copy(update={"definitions": tuple(definitions)})


def _ordered(workflow: Workflow, modules: set[str]) -> Workflow:
    """What came of several files in an order in which each stands behind what it needs: by the lines of places that are made up."""
    inside = {d.name: d for d in workflow.definitions if d.module in modules}
    order: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        for use in inside[name].uses:
            if use in inside and use not in order and use not in path:
                visit(use, (*path, name))
        if name not in order:
            order.append(name)

    # Functions need what they use only when they are called, so the others come first.
    for definition in sorted(inside.values(), key=lambda d: (d.form == "function", d.origin.line if d.origin else 0)):
        visit(definition.name, ())
    lines = {name: number for number, name in enumerate(order, 1)}
    definitions = [_at(d, lines[d.name]) if d.name in lines else d for d in workflow.definitions]
    return workflow.model_copy(update={"definitions": tuple(definitions)})


def _at(definition: Definition, line: int) -> Definition:
    if definition.origin is None:
        return definition
    return definition.model_copy(update={"origin": definition.origin.model_copy(update={"line": line})})


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
