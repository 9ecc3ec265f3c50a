"""Callbacks become state hooks (https://docs.prefect.io/v3/how-to-guides/workflows/state-change-hooks)."""

from __future__ import annotations

from dataclasses import dataclass

from workbook_lib.findings import Finding, Severity
from workbook_lib.model import expr as e
from workbook_lib.model.action import Action, PythonCall
from workbook_lib.model.function import Function
from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_writer.python._blocks import in_front
from workbook_lib.prefect_writer.python._bodies import fill
from workbook_lib.prefect_writer.python._dates import date_default
from workbook_lib.prefect_writer.python._expr import Printer, Unprintable, literal
from workbook_lib.prefect_writer.python._findings import finding_at
from workbook_lib.prefect_writer.python._names import Names, identifier
from workbook_lib.prefect_writer.tasks._scope import Scope

# Legacy callbacks and the hook that is called at the same moment; the others have none.
HOOKS = {"on_failure_callback": "on_failure", "on_success_callback": "on_completion", "on_execute_callback": "on_running"}


@dataclass
class Hooks:
    """The hook functions of a module: their texts, what they need, and which decorator names which."""

    texts: list[str]
    imports: set[str]
    uses: list[str]
    of_task: dict[str, dict[str, str]]
    of_flow: dict[str, str]
    findings: list[Finding]


def hooks(workflow: Workflow, scope: Scope, names: Names) -> Hooks:
    """One function per distinct callback; what cannot be carried over is a finding."""
    made = Hooks([], set(), [], {}, {}, [])
    known: dict[tuple[str, str, bool], str] = {}
    owners = [(None, workflow.callbacks), *((task.id, task.callbacks) for task in workflow.tasks)]
    for owner, callbacks in owners:
        for event, function in callbacks:
            name = _hook(workflow, scope, names, made, known, owner, event, function)
            if name is not None:
                target = made.of_flow if owner is None else made.of_task.setdefault(owner, {})
                _add(target, HOOKS[event], name)
    _announce(workflow, names, made)
    return made


def _add(target: dict[str, str], event: str, name: str) -> None:
    """One more hook for an event; the same one is named once."""
    listed = target[event].split(", ") if event in target else []
    target[event] = ", ".join(dict.fromkeys([*listed, name]))


UPDATED = "asset.updated"  # the event by which a task tells that it has updated an asset; triggers in prefect.yaml wait for it


def _announce(workflow: Workflow, names: Names, made: Hooks) -> None:
    """For each task that updates assets a hook that tells so, once it has succeeded."""
    assets: dict[str, list[str]] = {}
    noting = {task.id for task in workflow.tasks if says_more(task.action)}
    for link in workflow.links:
        if link.kind == "produces" and link.task is not None:
            listed = assets.setdefault(link.task, [])
            listed += [] if link.target.startswith("alias:") else [link.target]
    known: dict[tuple[bool, tuple[str, ...]], str] = {}
    for task_id, updated in assets.items():
        key = (task_id in noting, tuple(dict.fromkeys(updated)))
        if key == (False, ()):
            continue
        if key not in known:
            known[key] = names.take(_name(*key))
            made.texts.append((_announcing_more if key[0] else _announcing)(known[key], key[1]))
            made.imports.add("from shared.assets import announce" if key[0] else "from prefect.events import emit_event")
        _add(made.of_task.setdefault(task_id, {}), "on_completion", known[key])


def says_more(action: Action) -> bool:
    """Whether a task's code says something of the assets that it updates."""
    return _has(action, "update")


def hands_over_by_key(action: Action) -> bool:
    """Whether a task's code hands over values by key, which the generated task returns."""
    return _has(action, "push")


def _has(action: Action, kind: str) -> bool:
    parts = [action, *(getattr(action, name, None) for name in ("build", "check", "output", "after"))]
    return any(span.kind == kind for part in parts if isinstance(part, PythonCall) for span in part.function.spans)


def _name(more: bool, assets: tuple[str, ...]) -> str:
    if len(assets) == 1:
        return identifier(f"announce_{assets[0].rstrip('/').rsplit('/', 1)[-1]}")
    return "announce_updates" if more else "announce"  # a helper is called `announce` where there is more to say


def _announcing_more(name: str, assets: tuple[str, ...]) -> str:
    shown = "".join(f", {literal(asset)}" for asset in assets)
    doc = '    """Tell automations what the task has updated, and what it said of it."""'
    return f"def {name}(task, run, state):\n{doc}\n    announce(run{shown})"


def _announcing(name: str, assets: tuple[str, ...]) -> str:
    call = f'emit_event({literal(UPDATED)}, resource={{"prefect.resource.id": '
    lines = [f"def {name}(task, run, state):", '    """Tell automations that the task has updated what it writes."""']
    if len(assets) == 1:
        return "\n".join([*lines, f"    {call}{literal(assets[0])}}})"])
    return "\n".join([*lines, f"    for asset in {literal(list(assets))}:", f"        {call}asset}})"])


def _hook(
    workflow: Workflow,
    scope: Scope,
    names: Names,
    made: Hooks,
    known: dict[tuple[str, str, bool], str],
    owner: str | None,
    event: str,
    function: Function,
) -> str | None:
    key = (function.source, repr(function.parameters), owner is None)
    if event in HOOKS and key in known:
        return known[key]
    problem = "Prefect has no hook for that moment" if event not in HOOKS else "; ".join(function.blockers)
    if not problem and any(span.kind == "update" for span in function.spans):
        problem = "it tells of updated assets when the task has ended"
    text = ""
    if not problem:
        imports: set[str] = set()
        printer = Printer(lambda expr: _leaf(expr, workflow, scope, owner, imports), imports, frozenset({"day"}))
        try:
            filled = fill(function, lambda value, _: printer.show(value))
            given = [f"    {one.name} = {one.default}" for one in function.parameters if one.default is not None]
            text = in_front([*given, *filled.hoisted], filled.body)
        except Unprintable as reason:
            problem = str(reason)
    if problem:
        made.findings.append(_finding(workflow, owner, event, function, problem))
        return None
    name = known[key] = names.take(function.name)
    signature = "flow, run, state" if owner is None else "task, run, state"
    made.texts.append(f"def {name}({signature}):\n{text}")
    made.imports |= imports
    made.uses += function.uses
    return name


def _leaf(expr: e.Expr, workflow: Workflow, scope: Scope, owner: str | None, imports: set[str]) -> str | None:
    if isinstance(expr, e.Context):
        if expr.name == "task_id" and owner is not None:
            return "(run.name if task.task_run_name else task.name)"
        if expr.name == "workflow_id":
            return literal(workflow.id)
        if expr.name == "run_id":
            imports.add("from prefect import runtime")
            return "runtime.flow_run.id"
        if expr.name == "logical_date":
            default, needed = date_default(workflow, scope.day)
            imports.update(needed | {"from prefect import runtime"})
            return f'(runtime.flow_run.parameters.get("{scope.date_name}") or {default})'
        if expr.name == "attempt" and owner is not None:
            return "run.run_count"
        raise Unprintable(f"{expr.name.replace('_', ' ')} is not known to a hook")
    if isinstance(expr, e.Reference):
        return expr.text
    if isinstance(expr, e.TaskOutput | e.Parameter | e.Element | e.Template | e.Unknown | e.Callable):
        raise Unprintable(f"{expr.kind.replace('_', ' ')} is not known to a hook")
    return None


def _finding(workflow: Workflow, owner: str | None, event: str, function: Function, problem: str) -> Finding:
    says, advice = f"{event} {function.name!r} is not converted: {problem}", "Write it as a state hook or an automation."
    return finding_at(function.origin, "writer.callback", Severity.WARNING, says, workflow=workflow.id, task=owner, advice=advice)
