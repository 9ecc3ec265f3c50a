"""How a task that runs once per element is started: mapped by itself, or standing in a mapped task group.

In a mapped group an instance belongs to the instances of the other tasks with the same element, its peers: it waits for them alone
and takes their results.
"""

from __future__ import annotations

from workbook_lib.model import expr as e
from workbook_lib.model._lengths import enclosing, finds_answer, literal, looks_at_all, looks_at_all_first, mapping_of
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.workflow import Mapping, Task, Workflow
from workbook_lib.prefect_writer.python._expr import literal as shown
from workbook_lib.prefect_writer.tasks._code import Parameter, TaskCode, is_default

_INDEX = e.Context(name="map_index")


class Mapped:
    """What is mapped in a workflow."""

    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow
        self.tasks = {task.id: task for task in workflow.tasks}
        self.over = {task.id: mapping for task in workflow.tasks if (mapping := mapping_of(workflow, task)) is not None}
        self.groups = {task.id: group.id for task in workflow.tasks if (group := enclosing(workflow, task)) is not None}

    def peers(self, task_id: str) -> frozenset[str]:
        """The other tasks of the mapped group around a task."""
        group = self.groups.get(task_id)
        return frozenset(other for other, around in self.groups.items() if around == group and other != task_id) if group else frozenset()

    def looks_at_all(self, task: Task) -> bool:
        """Whether the rule asks all instances of the peers."""
        return task.id in self.groups and looks_at_all(self.workflow, task, self.groups[task.id])

    def looks_at_all_first(self, task: Task) -> bool:
        """Whether it does so before there are elements."""
        return task.id in self.groups and not self.exist_from_start(task.id) and looks_at_all_first(self.workflow, task)

    def finds_answer(self, branch: str, task_id: str) -> bool:
        """Whether a branch can skip a task; not where it never finds its instances."""
        if branch in self.peers(task_id):
            return True
        if branch in self.over:
            return False
        return not self.exist_from_start(task_id) or finds_answer(self.workflow, 0, -1)

    def exist_from_start(self, task_id: str) -> bool:
        """Whether the instances are there before anything has run."""
        mapping = self.over.get(task_id)
        return mapping is not None and literal(mapping) and bool(size(mapping))


def size(mapping: Mapping) -> int | None:
    """How many elements stand in the source; None where that is not known."""
    total = 1
    for _, over in mapping.over:
        length = _length(over)
        if length is None:
            return None
        total *= length
    return total if mapping.form == "product" or len(mapping.over) == 1 else None


def _length(over: e.Expr) -> int | None:
    if isinstance(over, e.ListOf | e.DictOf):
        return len(over.items)
    return len(over.value) if isinstance(over, e.Constant) and isinstance(over.value, list | dict) else None


def maps_constants(mapping: Mapping | None) -> bool:
    """Whether `.map` goes over the elements as they are: one list that stands in the source, not empty."""
    if mapping is None or (mapping.form == "product" and len(mapping.over) != 1) or mapping.form == "records":
        return False
    return all(
        isinstance(over, e.ListOf | e.Constant)
        and not isinstance(getattr(over, "value", None), dict)
        and not e.tasks_in([over])
        and _length(over)
        for _, over in mapping.over
    )


def against_map(task: Task, code: TaskCode, mapped: Mapped) -> str | None:
    """Why `.map` would not mean the same for a task of a mapped group; None when it does."""
    group, peers = mapped.groups[task.id], mapped.peers(task.id)
    if not maps_constants(mapped.over[task.id]):
        return f"{task.id} stands in the mapped group {group}, of which more is known only when it runs"
    values = [parameter.value for parameter in code.parameters if not is_default(parameter)]
    handed = {value.task for value in values if isinstance(value, e.TaskOutput)}
    inside = e.tasks_in(values)
    before = set(mapped.workflow.upstream(task.id)) & peers
    if code.marker or before - handed or (inside & peers) - handed:
        return f"{task.id} waits for tasks of its mapped group whose results it does not take"
    if not handed & peers and not any(isinstance(value, e.Element) for value in values):
        return f"{task.id} takes nothing of the elements of its mapped group"
    return None


def sources(mapping: Mapping) -> set[str]:
    """The tasks that hand over what is mapped over."""
    return e.tasks_in(over for _, over in mapping.over)


def needs_elements(task: Task, code: TaskCode, mapped: Mapped) -> bool:
    """Whether a task has to be told its elements; else there are as many runs as of a peer that it cannot do without."""
    taken = any(isinstance(parameter.value, e.Element) for parameter in code.parameters)
    upstream, peers = set(mapped.workflow.upstream(task.id)), mapped.peers(task.id)
    others = bool(upstream - peers) and not mapped.exist_from_start(task.id)  # these decide before there are elements
    return taken or others or not upstream & peers or task.join_rule is not JoinRule.ALL_SUCCESS


def elements(mapping: Mapping, parameters: tuple[Parameter, ...]) -> tuple[list[tuple[str, e.Expr]], list[str], bool]:
    """For each list the name that its elements go by, which of the names the task takes, and whether these are all."""
    names = {parameter.value.name: parameter.name for parameter in parameters if isinstance(parameter.value, e.Element)}
    over = [(names.get(name, name), value) for name, value in mapping.over]
    if mapping.form == "records":
        return over, list(names.values()), False
    return over, list(names.values()), set(names) == {name for name, _ in mapping.over}


def index_of(parameters: tuple[Parameter, ...]) -> str | None:
    """The parameter that takes the number of the run."""
    return next((parameter.name for parameter in parameters if parameter.value == _INDEX), None)


def options(task: Task, code: TaskCode, mapped: Mapped, over: str) -> list[str]:
    """`takes` and `index` of `submit_each`."""
    mapping = mapped.over[task.id]
    _, takes, every = elements(mapping, code.parameters)
    found = []
    if over and not every and (task.id in mapped.groups or code.marker):
        found.append(f"takes={shown(list(takes))}")
    if index := index_of(code.parameters):
        found.append(f"index={shown(index)}")
    return found
