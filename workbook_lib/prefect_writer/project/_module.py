"""Puts one flow's module together: imports, carried-over definitions, task functions, the flow."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from workbook_lib.findings import Finding
from workbook_lib.model.function import Definition
from workbook_lib.prefect_writer.flow._alike import functions, grouped
from workbook_lib.prefect_writer.flow._flow import flow_printer
from workbook_lib.prefect_writer.flow._fold import fold
from workbook_lib.prefect_writer.flow._plan import Plan
from workbook_lib.prefect_writer.project._carried import definition_text, definitions, import_of, reach
from workbook_lib.prefect_writer.project._emitted import MODULES, homes
from workbook_lib.prefect_writer.project._text import Text
from workbook_lib.prefect_writer.python._handlers import swallows
from workbook_lib.prefect_writer.python._names import Names
from workbook_lib.prefect_writer.python._renaming import bound_name, imported
from workbook_lib.prefect_writer.tasks._hooks import hooks
from workbook_lib.prefect_writer.tasks._tasks import placeholder


@dataclass
class Module:
    """A flow's module: its text before formatting, and what it needs from `shared`."""

    text: str
    flow: str
    shared: dict[str, set[str]] = field(default_factory=dict)
    definitions: list[Definition] = field(default_factory=list)
    between: dict[str, set[str]] = field(default_factory=dict)  # import lines by legacy module, for what one uses of another
    placeholders: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    hooks: dict[str, dict[str, list[str]]] = field(default_factory=dict)  # by task ("": the flow) and event
    swallowing: list[str] = field(default_factory=list)  # tasks' functions in which no exception passes some handler
    clashing: list[Definition] = field(default_factory=list)  # what needs another name, for the module needs theirs itself


def module(plan: Plan, reserved: frozenset[str] = frozenset()) -> Module:
    """The module for `plan`; tasks whose definitions cannot be carried over become placeholders first. Nothing gets a `reserved` name."""
    workflow = plan.workflow
    own, elsewhere, broken = definitions(plan)
    for task_id, reason in broken.items():
        plan.code[task_id] = placeholder(plan.code[task_id].task, reason)
    fold(plan)
    codes = plan.code.values()
    names = Names(reserved | {d.name for d in own + elsewhere} | set(plan.scope.parameters.values()) | {plan.scope.date_name})
    function = names.take(workflow.id)
    groups = grouped(plan)
    called, written = functions(groups, names)
    hooked = hooks(workflow, plan.scope, names)
    printer = flow_printer(plan, called, names)
    statements = printer.statements()
    kept = set(reach((*(use for code in codes for use in code.uses), *printer.uses, *hooked.uses), workflow))
    own = [d for d in own if d.name in kept]
    elsewhere = [d for d in elsewhere if d.name in kept]
    named = {*(use for code in codes for use in code.uses), *printer.uses, *hooked.uses, *(use for d in own for use in d.uses)}
    bound = [d for d in elsewhere if d.name in named]  # the others are what these use inside of their own modules
    carried = [definition_text(d) for d in own]
    text = Text(plan, hooked)
    pieces = [
        "\n".join(dict.fromkeys(definition_text(d)[0] for d in [*own, *bound] if d.form == "import")),
        *_together(own),
        text.retry_constant(groups),
        *hooked.texts,
        *(text.function(one) for one in written),
        text.flow(function, statements, printer),
        f'if __name__ == "__main__":\n    {function}()\n',
    ]
    raised = {name for code in codes for name in code.rules} | {name for _, _, names in carried for name in names}
    if any("retry_condition_fn=worth_a_retry" in piece for piece in pieces):
        raised.add("worth_a_retry")
    helpers = {name for code in codes for name in code.helpers} | {name for name in printer.rules | raised if _mentioned(name, pieces)}
    shared: dict[str, set[str]] = {}
    for helper in helpers:
        shared.setdefault(homes()[helper], set()).add(helper)
    imports = {"from prefect import flow, task"} | printer.imports | text.imports | hooked.imports
    imports |= {line for code in codes for line in code.imports} | {line for _, lines, _ in carried for line in lines}
    imports |= {import_of(d) for d in bound if d.form != "import"}
    imports |= {f"from shared.{name} import {', '.join(sorted(parts))}" for name, parts in shared.items()}
    taken = names.given & {name for line in imports for name in imported(line)}
    if taken:  # a task is called as something that the module turns out to need
        return module(plan, reserved | taken)
    own_lines = {import_of(d) for d in bound if d.form != "import"}
    needs = {"RETRY"} if any(piece.startswith("RETRY = ") for piece in pieces) else set()
    needs |= {one.name for one in written if one.code.marker}
    clashing = _clashing([*own, *bound], imports - own_lines, needs)
    for name, parts in from_shared(imports).items():
        shared.setdefault(name, set()).update(parts)
    head = [text.docstring(), "from __future__ import annotations\n", "\n".join(sorted(imports))]
    result = Module("\n\n".join(piece for piece in [*head, *pieces] if piece.strip()) + "\n", function, shared, elsewhere)
    result.findings = hooked.findings
    result.clashing = clashing
    result.hooks = {
        owner: {event: listed.split(", ") for event, listed in named.items()}
        for owner, named in (hooked.of_task | {"": hooked.of_flow}).items()
    }
    result.swallowing = [one.name for one in written if swallows(one.code.body)]
    for d in elsewhere:
        result.between.setdefault(d.module, set()).update(import_of(o) for o in elsewhere if o.name in d.uses and o.module != d.module)
    result.placeholders = {task_id: code.reason for task_id, code in plan.code.items() if code.reason is not None}
    return result


def _clashing(carried: list[Definition], lines: set[str], names: set[str]) -> list[Definition]:
    """Definitions whose name the generated module binds to something else, by import `lines` or by itself."""
    bound: dict[str, set[tuple[object, ...]]] = {}
    for line in lines:
        for name, what in imported(line).items():
            bound.setdefault(name, set()).add(what)
    found = []
    for definition in carried:
        name = bound_name(definition)
        same = imported(definition_text(definition)[0]).get(name) if definition.form == "import" else None
        if name in names or bound.get(name, {same}) != {same}:
            found.append(definition)
    return found


def _together(own: list[Definition]) -> list[str]:
    """The texts of definitions; constants of one line that stood close to each other in one piece."""
    pieces: list[str] = []
    last = -2  # the line of the constant before
    for definition in own:
        text = definition_text(definition)[0]
        if definition.form == "import" or text in pieces:
            continue
        line = definition.origin.line if definition.origin and definition.form == "constant" and _is_short(text) else -2
        if 0 < line - last <= 1 and last > 0:
            pieces[-1] += f"\n{text}"
        else:
            pieces.append(text)
        last = line
    return pieces


def _is_short(text: str) -> bool:
    return "\n" not in text and isinstance(ast.parse(text).body[0], ast.Assign | ast.AnnAssign)


def _mentioned(name: str, texts: list[str]) -> bool:
    return any(re.search(rf"\b{name}\b", text) for text in texts)


def from_shared(imports: set[str]) -> dict[str, set[str]]:
    """The emitted modules, and the helpers in them, that some import lines ask for."""
    asked: dict[str, set[str]] = {}
    for line in imports:
        for _, module, name in (what for what in imported(line).values() if len(what) == 3):
            found = str(module).removeprefix("shared.")
            if str(module).startswith("shared.") and found in MODULES:
                asked.setdefault(found, set()).add(str(name))
    return asked
