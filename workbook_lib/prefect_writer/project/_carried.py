"""What is carried over of a workflow's own definitions: constants, helper functions, imports."""

from __future__ import annotations

from workbook_lib.model import expr as e
from workbook_lib.model.function import Definition
from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_writer.flow._plan import Plan
from workbook_lib.prefect_writer.project._emitted import MODULES
from workbook_lib.prefect_writer.python._bodies import fill_definition, names_in
from workbook_lib.prefect_writer.python._expr import Printer, Unprintable
from workbook_lib.prefect_writer.python._names import identifier


def definition_text(definition: Definition) -> tuple[str, set[str], set[str]]:
    """A module-level definition as Python, the imports it needs, and what it raises of the trigger rules.

    Nothing reaches it from outside: it can show neither outputs nor parameters.
    """
    imports: set[str] = set()
    printer = Printer(lambda expr: expr.text if isinstance(expr, e.Reference) else None, imports)
    printer.taken = names_in(definition.source)
    filled = fill_definition(definition, lambda value, _: printer.show(value))
    return filled.body.strip("\n"), imports, filled.rules


def shared_module(dotted: str) -> str:
    """The module of `shared` that holds what is carried over from a legacy module; never one of the emitted ones."""
    name = identifier(dotted.replace(".", "_"))
    return f"{name}_legacy" if name in MODULES else name


def import_of(definition: Definition) -> str:
    """The line that imports a definition of a sibling module; its own name is what follows the last dot of the unique one."""
    return f"from shared.{shared_module(definition.module)} import {definition.name.rpartition('.')[2]}"


def reach(uses: tuple[str, ...], workflow: Workflow) -> list[str]:
    by_name = {d.name: d for d in workflow.definitions}
    found: list[str] = []
    pending = list(uses)
    while pending:
        name = pending.pop(0)
        if name in by_name and name not in found:
            found.append(name)
            pending += by_name[name].uses
    return found


def definitions(plan: Plan) -> tuple[list[Definition], list[Definition], dict[str, str]]:
    """Definitions of the workflow's own file, those of sibling modules, and the tasks that need one that cannot be carried over."""
    workflow = plan.workflow
    own = [d for d in workflow.definitions if not d.module]
    elsewhere = [d for d in workflow.definitions if d.module]
    bad: dict[str, str] = {}
    for definition in workflow.definitions:
        if definition.blockers:
            bad[definition.name] = definition.blockers[0]
            continue
        try:
            definition_text(definition)
        except Unprintable as problem:
            bad[definition.name] = str(problem)
    broken = {}
    for task_id, code in plan.code.items():
        needs = [name for name in reach(code.uses, workflow) if name in bad]
        if needs:
            broken[task_id] = f"it needs {needs[0]}: {bad[needs[0]]}"
    return own, elsewhere, broken
