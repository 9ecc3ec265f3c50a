"""What the functions of one flow share: names of outputs, of run parameters, of the date."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbook_lib.model import expr as e
from workbook_lib.model.action import PythonCall, Shell, StartWorkflow, Wait
from workbook_lib.model.workflow import Task, Workflow
from workbook_lib.prefect_writer.python._bodies import assigned_name, pushes
from workbook_lib.prefect_writer.python._names import KEPT_BY_PREFECT, Names, identifier


@dataclass(frozen=True)
class Neighbour:
    """Another flow of the project: its parameter for the logical date, whether that is a day, its other parameters by legacy name, and
    how long before its start the date of a scheduled run lies (None where that varies)."""

    date_name: str
    day: bool
    parameters: dict[str, str]
    behind: float | None


@dataclass
class Scope:
    """What a workflow's task functions share: names of outputs, of run parameters, and of the date."""

    workflow: Workflow
    outputs: dict[tuple[str, str], str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    day: bool = False
    awaited: bool = False
    others: dict[str, Neighbour] = field(default_factory=dict)  # workflows of the project that this one waits for or starts
    kept: frozenset[str] = KEPT_BY_PREFECT  # what no parameter of a task may be called

    def hands_over_by_name(self, task_id: str) -> bool:
        """Whether what the task's function returns is a dict of what it hands over, its return value among it."""
        action = next((task.action for task in self.workflow.tasks if task.id == task_id), None)
        return bool(action.pushes) if isinstance(action, Shell) else isinstance(action, PythonCall) and pushes(action.function)

    @property
    def date_name(self) -> str:
        """The flow's parameter for the logical date."""
        return "day" if self.day else "logical_date"


def scope_of(workflow: Workflow, *, day: bool | None = None, awaited: bool = False, others: dict[str, Neighbour] | None = None) -> Scope:
    """Names for outputs and parameters, the same in the flow and in every task.

    `awaited`: another flow looks for this one's runs by their date, so the flow takes it even where no task needs it; `day` then
    tells for all of these flows whether a day says it. `others` are those flows.
    """
    scope = Scope(workflow, day=only_days(workflow) is True if day is None else day, awaited=awaited, others=others or {})
    names = Names({scope.date_name} | {definition.name for definition in workflow.definitions})
    for parameter in workflow.parameters:
        scope.parameters[parameter.name] = names.take(parameter.name)
    taken: set[str] = set(scope.parameters.values())
    wishes = _output_wishes(workflow)
    for task in workflow.tasks:
        for (owner, key), wish in wishes.items():
            if owner == task.id:
                name = identifier(wish)
                scope.outputs[owner, key] = (
                    name
                    if name not in taken and names.free(name)
                    else names.take(f"{identifier(owner)}_{identifier(key)}" if key != "return_value" else f"{identifier(owner)}_result")
                )
                taken.add(scope.outputs[owner, key])
    return scope


def exprs_of(task: Task) -> list[e.Expr]:
    """Every expression that the task's action holds, also inside its function's marks."""
    action = task.action
    found: list[e.Expr] = [over for _, over in task.mapping.over] if task.mapping else []
    calls: list[object] = [action] if isinstance(action, PythonCall | Shell) else []
    if isinstance(action, Wait) and action.check:
        calls.append(action.check)
    if isinstance(action, Wait) and action.target is not None:
        found.append(action.target)
    if isinstance(action, Wait) and action.on == "duration":
        found.append(e.Context(name="logical_date"))
    if isinstance(action, Wait) and action.on == "workflow" and (action.dates is not None or action.behind_seconds % 86400):
        found.append(e.Context(name="logical_date"))
    if isinstance(action, Wait) and action.dates is not None:
        calls.append(action.dates)
    if isinstance(action, Shell) and action.output is not None:
        calls.append(action.output)
    if isinstance(action, Shell) and action.after is not None:
        calls.append(action.after)
    if isinstance(action, StartWorkflow):
        found += [part for part in (action.workflow, action.parameters, action.logical_date) if part is not None]
    for call in calls:
        if isinstance(call, PythonCall):
            found += [value for _, value in call.arguments] + [span.value for span in call.function.spans if span.value is not None]
        elif isinstance(call, Shell):
            found += [part for part in (call.command, call.environment, call.directory, *dict(call.pushes).values()) if part is not None]
    return found


def only_days(workflow: Workflow) -> bool | None:
    """Whether every use of the logical date is a date without a time; None when it is not used."""
    used = False
    for task in workflow.tasks:
        for expr in exprs_of(task):
            days = sum(1 for part in e.walk(expr) if _is_day(part))
            all_ = sum(
                1
                for part in e.walk(expr)
                if isinstance(part, e.Context) and part.name in ("logical_date", "interval_start", "interval_end")
            )
            if days != all_:
                return False
            used = used or days > 0
    return used or None


def _is_day(expr: e.Expr) -> bool:
    if not (isinstance(expr, e.Call) and expr.function == "format_date" and isinstance(expr.args[1], e.Constant)):
        return False
    moment, form = expr.args[0], str(expr.args[1].value)
    return moment == e.Context(name="logical_date") and not any(
        sign in form for sign in ("%H", "%I", "%M", "%S", "%f", "%z", "%Z", "%p", "%c", "%X", "%s")
    )


def _output_wishes(workflow: Workflow) -> dict[tuple[str, str], str]:
    """A good name for each output that somebody uses: what its first Python consumer calls it."""
    wishes: dict[tuple[str, str], str] = {}
    used: list[tuple[str, str]] = []
    for task in workflow.tasks:
        call = task.action.check if isinstance(task.action, Wait) else task.action
        if isinstance(call, PythonCall):
            for parameter, value in call.arguments:
                if isinstance(value, e.TaskOutput):
                    wishes.setdefault((value.task, value.key), parameter)
            for span in call.function.spans:
                if isinstance(span.value, e.TaskOutput) and (name := assigned_name(call.function, span)):
                    wishes.setdefault((span.value.task, span.value.key), name)
        used += [(part.task, part.key) for expr in exprs_of(task) for part in e.walk(expr) if isinstance(part, e.TaskOutput)]
    for owner, key in used:
        wishes.setdefault((owner, key), f"{identifier(owner)}_result" if key == "return_value" else key)
    return wishes
