"""Hypothesis strategies for descriptions of DAGs (`fuzz_source` says what is in one).

Two shapes: tangled (random edges, every rule, much that goes wrong) and orderly (what people draw: chains, forks, joins, branches that
come together again, short circuits, a last task that cleans up), so that every form of flow that the writer knows is reached. In every
fifth DAG tasks stand in a group that is mapped as a whole; every eighth stops at its first failed task, and has no other rule than
all_success.
"""

from __future__ import annotations

from typing import Any

from fuzz_source import Dag, Task, full_id
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

RULES = (
    "all_success", "all_failed", "all_done", "all_skipped", "one_success", "one_failed", "one_done", "none_failed",
    "none_failed_min_one_success", "none_skipped", "always",
)  # fmt: skip
HASTY = ("always", "one_success", "one_failed", "one_done")  # rules that do not wait for all upstream tasks
NEWER = ("all_done_min_one_success",)  # rules that Airflow 3 added
FREQUENT = ("all_success", "all_done", "none_failed", "none_failed_min_one_success", "one_success", "one_failed")
LISTS: tuple[list[Any], ...] = ([], [1], [1, 2, 3], ["p1", "q2"])
MOST_TASKS = 15
EVERY = 5  # of so many DAGs one has a mapped group
EVERY_STOPPING = 8  # and one stops at its first failed task


def draw_dags(number: int, start: int, version: str) -> list[Dag]:
    """`number` descriptions, the same for the same `start` (and version of Hypothesis)."""
    return [
        _draw(f"{start}/{index}", version, expanded=index % EVERY == EVERY - 1, stops=index % EVERY_STOPPING == EVERY_STOPPING - 1)
        for index in range(number)
    ]


def _draw(name: str, version: str, expanded: bool, stops: bool) -> Dag:
    """The last of a few examples: the first ones are the simplest, later ones vary what came before."""
    found: list[Dag] = []

    @seed(name)
    @settings(max_examples=4, phases=[Phase.generate], database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(dags(version, expanded, stops))
    def collect(dag: Dag) -> None:
        found.append(dag)

    collect()
    return found[-1]


@st.composite
def dags(draw: st.DrawFn, version: str, expanded: bool = False, stops: bool = False) -> Dag:
    """A DAG that Airflow accepts; with a mapped group when it is to be `expanded`; it `stops` at its first failed task or not."""
    dag = draw(st.one_of(tangled(version), tangled(version), orderly()))
    dag["airflow"] = version
    if stops:
        dag["stops"] = True
        for task in dag["tasks"]:
            task.pop("rule", None)
    if expanded:
        _expanded_group(draw, dag)
    else:
        _group(draw, dag)
    for task in dag["tasks"]:
        _fill(draw, dag, task)
    _around(draw, dag)
    _hand_over(draw, dag)
    return clean(dag)


@st.composite
def tangled(draw: st.DrawFn, version: str) -> Dag:
    """Any edges between tasks in order, any rules."""
    rules = [*RULES, *(NEWER if version == "3.3" else ()), *FREQUENT, *["all_success"] * 4]
    number = draw(st.integers(2, MOST_TASKS))
    tasks: list[Task] = [{"id": f"t{index}"} for index in range(number)]
    edges = []
    for index in range(1, number):
        width = draw(st.sampled_from([0, 1, 1, 1, 2, 2, 3]))
        near = draw(st.lists(st.integers(1, 4), min_size=width, max_size=width, unique=True))
        edges += [[f"t{index - back}", f"t{index}"] for back in sorted(near) if index - back >= 0]
        tasks[index]["rule"] = draw(st.sampled_from(rules))
        tasks[index]["odd"] = draw(st.integers(0, 3)) == 0
    tasks[0]["odd"] = draw(st.integers(0, 3)) == 0
    for task in tasks:
        after = [second for first, second in edges if first == task["id"]]
        if after:
            task["steers"] = draw(st.sampled_from(["", "", "", "", "branch", "short_circuit"]))
    return {"shape": "tangled", "tasks": tasks, "edges": edges}


@st.composite
def orderly(draw: st.DrawFn) -> Dag:
    """Regions in a row, and perhaps a task at the end that runs whatever happened."""
    dag: Dag = {"shape": "orderly", "tasks": [], "edges": []}
    last = _region(draw, dag, [], depth=0)
    if draw(st.booleans()):
        _task(dag, last, rule="all_done")
    return dag


def _task(dag: Dag, after: list[str], **fields: Any) -> str:
    name = f"t{len(dag['tasks'])}"
    dag["tasks"].append({"id": name} | fields)
    dag["edges"] += [[first, name] for first in after]
    return name


def _region(draw: st.DrawFn, dag: Dag, after: list[str], depth: int) -> list[str]:
    for _ in range(draw(st.integers(1, 3))):
        if len(dag["tasks"]) >= MOST_TASKS - 5:
            break
        kind = draw(st.sampled_from(["task", "task", "fork", "branch", "gate"] if depth < 2 else ["task"]))
        odd = draw(st.sampled_from([False, False, True]))
        if kind == "task":
            after = [_task(dag, after, odd=odd)]
        elif kind == "fork":
            after = [_task(dag, after, odd=odd and index == 0) for index in range(draw(st.integers(2, 3)))]
        elif kind == "gate":
            after = [_task(dag, after, steers="short_circuit")]
        else:
            branch = _task(dag, after, steers="branch")
            arms = [_region(draw, dag, [branch], depth + 1) for _ in range(draw(st.integers(1, 3)))]
            ends = [end for arm in arms for end in arm]
            ends += [branch] if draw(st.integers(0, 4)) == 0 else []
            after = [
                _task(dag, ends, rule=draw(st.sampled_from(["none_failed_min_one_success", "none_failed", "all_done", "one_success"])))
            ]
    return after or [_task(dag, [])]


def _after(dag: Dag, name: str) -> list[str]:
    return [second for first, second in dag["edges"] if first == name]


def _before(dag: Dag, name: str) -> list[str]:
    return [first for first, second in dag["edges"] if second == name]


def _group(draw: st.DrawFn, dag: Dag) -> None:
    """Put runs of tasks into groups, one perhaps in another; let some edges name a group."""
    number = len(dag["tasks"])
    dag["groups"] = []
    if number < 3 or draw(st.integers(0, 2)):
        return
    first = draw(st.integers(0, number - 2))
    last = draw(st.integers(first + 1, min(number - 1, first + 5)))
    dag["groups"].append({"id": "g1"})
    for task in dag["tasks"][first : last + 1]:
        task["group"] = "g1"
    if last - first > 1 and draw(st.booleans()):
        dag["groups"].append({"id": "g2", "parent": "g1"})
        for task in dag["tasks"][first + 1 : last]:
            task["group"] = "g2"
    places = {task["id"]: index for index, task in enumerate(dag["tasks"])}
    for edge in dag["edges"]:
        source, target = places[edge[0]], places[edge[1]]
        if source < first <= target <= last and draw(st.integers(0, 3)) == 0:
            edge[1] = "g1"
        elif first <= source <= last < target and draw(st.integers(0, 3)) == 0:
            edge[0] = "g1"
    dag["edges"] = [edge for index, edge in enumerate(dag["edges"]) if edge not in dag["edges"][:index]]


def _expanded_group(draw: st.DrawFn, dag: Dag) -> None:
    """Put a run of tasks into a group with elements; every edge across its border names the group, as tasks inside have no name outside."""
    number = len(dag["tasks"])
    first = draw(st.integers(0, number - 2)) if number > 2 else 0
    last = draw(st.integers(min(first + 1, number - 1), min(number - 1, first + 4)))
    dag["groups"] = [{"id": "g1", "over": draw(st.sampled_from([[1], [1, 2, 3], ["p1", "q2"]]))}]
    inside = {task["id"] for task in dag["tasks"][first : last + 1]}
    for task in dag["tasks"]:
        if task["id"] in inside:
            task["group"] = "g1"
            task["rule"] = "all_done" if task.get("rule") == "always" else task.get("rule", "all_success")  # refused there
    ends = [[name if (name in inside) == (other in inside) or name not in inside else "g1" for name, other in (edge, edge[::-1])]
            for edge in dag["edges"]]  # fmt: skip
    dag["edges"] = [edge for index, edge in enumerate(ends) if edge not in ends[:index]]


def _in_mapped(dag: Dag, task: Task) -> bool:
    """Whether the group around a task is mapped as a whole."""
    return any(group["id"] == task.get("group") and "over" in group for group in dag["groups"])


def _fill(draw: st.DrawFn, dag: Dag, task: Task) -> None:
    """What a task does, how it is written, what it is mapped over."""
    calm = dag["shape"] == "orderly" and not task.get("odd")
    odd = task.pop("odd", False)
    task["retries"] = draw(st.sampled_from([0, 0, 0, 1, 2]))
    after = _after(dag, task["id"])
    if task.get("steers") == "branch" and after:
        task["kind"] = draw(st.sampled_from(["taskflow", "taskflow", "python"]))
        form = draw(st.sampled_from(["one", "one", "one", "if", "if", "list"]))
        size = {"one": (1, 1), "if": (1, 1), "list": (0, 3)}[form]
        task["answer"] = draw(st.lists(st.sampled_from(after), min_size=size[0], max_size=size[1], unique=True))
        task["form"] = form
        if form == "if":
            task["other"] = draw(st.sampled_from(after))
    elif task.get("steers") == "short_circuit":
        task["kind"] = draw(st.sampled_from(["taskflow", "python"]))
        task["answer"] = draw(st.sampled_from([False, True, 0, "yes"] if not calm else [False, True, True]))
        task["sweeps"] = draw(st.sampled_from([True, True, False]))
    else:
        task.pop("steers", None)
        task["kind"] = draw(st.sampled_from(["taskflow"] * 5 + ["python"] * 2 + ["bash", "empty"]))
    if task["kind"] == "empty":
        task["retries"] = 0
        return
    if odd:
        task["does"] = draw(st.sampled_from(["skip", "fail", "fail", "final", "recover"]))
        if task["does"] == "recover":
            task["times"] = draw(st.integers(1, 2))
            task["retries"] = draw(st.integers(1, 2))
            task["count"] = draw(st.sampled_from(["file", "file", "try_number"]))
        if task["kind"] == "bash" and task["does"] in ("recover", "final"):
            task["does"] = "fail"
    if task.get("steers") or task["kind"] == "bash":
        return
    returns = draw(st.sampled_from(["", "", "", "list", "list", "keys", "none", "records"]))
    if returns == "list":
        task["value"] = draw(st.sampled_from(LISTS))
    elif returns == "records":
        task["value"] = [{"x": element} for element in draw(st.sampled_from(LISTS))]
    elif returns == "none":
        task["value"] = None
    elif returns == "keys":
        task["keys"] = ["a", "b"]
    if returns == "" and draw(st.integers(0, 5)) == 0:
        task["pushes"] = "k"
    if not _in_mapped(dag, task):
        _map(draw, dag, task)
    elif task.get("does") and draw(st.booleans()):
        task["at"] = draw(st.sampled_from([1, 2]))


def _map(draw: st.DrawFn, dag: Dag, task: Task) -> None:
    if "value" in task or "keys" in task or draw(st.integers(0, 4)):
        return
    made = {other["id"]: other for other in dag["tasks"]}
    lists = [name for name in _before(dag, task["id"]) if name in made and isinstance(made[name].get("value"), list)]
    plain = [name for name in lists if not any(isinstance(element, dict) for element in made[name]["value"])]
    records = [name for name in lists if name not in plain or not made[name]["value"]]
    chained = [name for name in _before(dag, task["id"]) if name in made and made[name].get("map")]
    over: list[dict[str, Any]]
    form = "product"
    constant = {"list": draw(st.sampled_from([[1], [1, 2, 3], ["p1", "q2"]]))}
    choice = draw(st.sampled_from(["task", "task", "chained", "records", "zip", "product", "constant"]))
    taskflow = task["kind"] == "taskflow"
    if choice == "task" and plain and taskflow:
        over = [{"task": draw(st.sampled_from(plain))}]
    elif choice == "chained" and chained and taskflow:
        over = [{"task": draw(st.sampled_from(chained))}]
    elif choice == "records" and taskflow:
        form, over = "records", [{"task": draw(st.sampled_from(records))}] if records else [constant]
    elif choice == "zip" and len(plain) > 1 and taskflow:
        form, over = "zip", [{"task": name} for name in plain[:2]]
    elif choice == "product" and taskflow:
        over = [{"task": plain[0]} if plain else {"list": [5, 6]}, constant]
    else:
        over = [constant]
    task["map"] = {"form": form, "over": over} | ({"fixed": True} if draw(st.integers(0, 3)) == 0 else {})
    if task.get("does", "succeed") != "succeed" and draw(st.booleans()):
        task["at"] = draw(st.sampled_from([1, 2]))


def _around(draw: st.DrawFn, dag: Dag) -> None:
    """Make a task a setup and one behind it its teardown; sometimes a teardown alone."""
    if draw(st.integers(0, 3)):
        return
    made = {task["id"]: task for task in dag["tasks"]}
    plain = [name for name, task in made.items() if not task.get("steers") and not task.get("map") and not _in_mapped(dag, task)]
    setups = [
        name
        for name in plain
        if all(other in made and made[other].get("rule", "all_success") == "all_success" for other in _after(dag, name))
        and not any("g" in edge[0] and _within(dag, name, edge[0]) for edge in dag["edges"])
    ]
    if not setups:
        return
    setup = draw(st.sampled_from(setups))
    index = [task["id"] for task in dag["tasks"]].index(setup)
    later = [task["id"] for task in dag["tasks"][index + 1 :] if task["id"] in plain]
    made[setup]["setup"] = True
    if later and draw(st.integers(0, 5)):
        teardown = made[draw(st.sampled_from(later))]
        teardown["teardown"] = [setup] if draw(st.integers(0, 5)) else []
        teardown["counts"] = draw(st.booleans())
        teardown.pop("rule", None)


def _within(dag: Dag, name: str, group: str) -> bool:
    return group in full_id(dag, name).split(".")[:-1]


def _hand_over(draw: st.DrawFn, dag: Dag) -> None:
    """Let tasks take what tasks in front of them hand over."""
    made = {task["id"]: task for task in dag["tasks"]}
    order = list(made)
    for task in dag["tasks"]:
        if task["kind"] == "empty" or task.get("steers") or task.get("rule") in HASTY or draw(st.integers(0, 2)) == 0:
            continue  # what a hasty task finds of others depends on the time
        hasty = any(made[name].get("rule") in HASTY for name in _above(dag, task["id"]) if name in made)
        near = [name for name in _before(dag, task["id"]) if name in made] + _beyond(dag, task)
        far = [name for name in order[: order.index(task["id"])] if not hasty and name not in near and name in _above(dag, task["id"])]
        pool = near * 4 + far
        sources = [name for name in pool if made[name]["kind"] != "empty" and not made[name].get("steers")]
        if not sources:
            continue
        for name in draw(st.lists(st.sampled_from(sources), max_size=2, unique=True)):
            how = draw(st.sampled_from(["argument", "argument", "argument", "pull", "template", "context"]))
            if task["kind"] == "bash":
                how = "template"
            elif how == "template" and task["kind"] == "taskflow" and task.get("map"):
                how = "argument"
            apart = _in_mapped(dag, made[name]) and not _in_mapped(dag, task)
            if how == "argument" and apart:
                how = "pull"
            if how == "template" and (task.get("map") or made[name].get("map") or _in_mapped(dag, made[name])):
                continue  # as text Airflow shows an object there, not what the instances handed over
            take = {"from": name, "how": how}
            if made[name].get("keys") and task["kind"] != "bash":
                take["key"] = draw(st.sampled_from(made[name]["keys"]))
            elif made[name].get("pushes") and how in ("pull", "context") and not made[name].get("map") and not apart:
                take["key"] = made[name]["pushes"]
            _edge_by(dag, take, task)
            task.setdefault("takes", []).append(take)


def _beyond(dag: Dag, task: Task) -> list[str]:
    """The tasks next to it beyond the border of a mapped group: the group's last ones, or those in front of the group."""
    names = {group["id"] for group in dag["groups"] if "over" in group}
    groups = names.intersection(_before(dag, task["id"])) | (names & {task.get("group")} if not _before(dag, task["id"]) else set())
    inside = [other["id"] for other in dag["tasks"] if other.get("group") in groups]
    if task["id"] in inside:
        return [name for group in groups for name in _before(dag, group)]
    return [name for name in inside if not set(_after(dag, name)) & set(inside)]


def _edge_by(dag: Dag, take: dict[str, Any], task: Task) -> None:
    """An argument is an edge as well; a setup's direct followers must keep the plain rule."""
    setup = next(other for other in dag["tasks"] if other["id"] == take["from"]).get("setup")
    if setup and task.get("rule", "all_success") != "all_success" and "teardown" not in task:
        take["how"] = "pull"


def _above(dag: Dag, name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for before in _before(dag, waiting.pop()):
            if before not in found:
                found.add(before)
                waiting.append(before)
    return found


def clean(dag: Dag) -> Dag:
    """Without what says nothing."""
    dag.pop("shape", None)
    for task in dag["tasks"]:
        for key, usual in (("rule", "all_success"), ("retries", 0), ("steers", ""), ("does", "succeed"), ("odd", False), ("counts", False)):
            if task.get(key) == usual and key in task:
                del task[key]
    for key in ("groups", "edges"):
        if not dag.get(key):
            dag.pop(key, None)
    return dag
