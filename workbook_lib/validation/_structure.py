"""Compares a workflow with the flow's code as it stands, without running either: tasks, order, firing condition, configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from workbook_lib.errors import ModelError
from workbook_lib.model._base import Json
from workbook_lib.model.evaluate import fill, played, run_state, simulate
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.run import Scenario, TaskRun
from workbook_lib.model.stopping import raced
from workbook_lib.model.workflow import Task, Workflow, closure, topological
from workbook_lib.validation._limits import compare_limits
from workbook_lib.validation._order import QUALIFIES
from workbook_lib.validation._pairs import pairs
from workbook_lib.validation._protocols import FlowProgram, Gap, Graph, Node
from workbook_lib.validation._rows import AspectResult, Judgement, TaskVerdict
from workbook_lib.validation.scenarios import is_mapped, plan

BUDGET = 2_000_000  # a simulation takes time with the square of the tasks: about a minute for all scenarios together
Shown = dict[tuple[str, int], dict[str, Json]]
WAITS_FOR_ALL = (JoinRule.ALL_DONE, JoinRule.ALL_DONE_MIN_ONE_SUCCESS, JoinRule.ALL_DONE_SETUP_SUCCESS)


def compare_structure(workflow: Workflow, program: FlowProgram | None) -> list[AspectResult]:
    """One row per difference, and one row per task without any; "waits without need" is a remark on an equal row.

    `program` is None when the flow cannot be read at all. Code that was not followed makes everything not comparable.
    """
    if program is None:
        return [_row("", Judgement.NOT_COMPARABLE, "the flow's code could not be read")]
    if workflow.kind != "dataflow":
        return [_row("", Judgement.NOT_COMPARABLE, "the structure of control-flow workflows is not compared yet")]
    if program.problems:
        return [_row("", Judgement.NOT_COMPARABLE, _at(problem.line, problem.message)) for problem in program.problems]
    if program.unfollowed:
        return [_row("", Judgement.NOT_COMPARABLE, _gap(gap)) for gap in program.unfollowed]
    graph = program.graph()
    nodes = program.tasks
    rows = [*_tasks(workflow, nodes), *_configured(workflow, nodes), *compare_limits(workflow, program)]
    rows += [*_order(workflow, graph, nodes), *_firing(workflow, program)]
    wrong = {row.id for row in rows}
    waits = _waits(workflow, graph)
    rows += [_row(task.id, Judgement.EQUAL, waits.get(task.id, "")) for task in workflow.tasks if task.id not in wrong]
    return rows


def _tasks(workflow: Workflow, nodes: Mapping[str, Node]) -> Iterator[AspectResult]:
    known = {task.id for task in workflow.tasks}
    for task in workflow.tasks:
        if task.id not in nodes:
            yield _row(task.id, Judgement.DIFFERENT, "the flow has no such task", task.operator, None)
    for task_id in nodes:
        if task_id not in known:
            yield _row(task_id, Judgement.DIFFERENT, "the legacy workflow has no such task", None, task_id)


def _configured(workflow: Workflow, nodes: Mapping[str, Node]) -> Iterator[AspectResult]:
    for task in workflow.tasks:
        if task.id in nodes:
            yield from _configuration(task, is_mapped(workflow, task), nodes[task.id])


def _configuration(task: Task, mapped: bool, node: Node) -> Iterator[AspectResult]:
    if node.mapped != mapped:
        sides = ("legacy workflow", "flow") if mapped else ("flow", "legacy workflow")
        reason = f"runs once per element in the {sides[0]}, once in the {sides[1]}"
        yield _row(task.id, Judgement.DIFFERENT, reason, {"mapped": mapped}, {"mapped": node.mapped})
    retries = task.retry.retries
    if node.retries < 0:
        yield _row(task.id, Judgement.NOT_COMPARABLE, "only a run of the flow can tell its retries", {"retries": retries})
    elif node.retries != retries:
        reason = f"{_number(retries)} in the legacy workflow, {_number(node.retries)} in the flow"
        yield _row(task.id, Judgement.DIFFERENT, reason, {"retries": retries}, {"retries": node.retries})
    elif retries and not _same_delays(task, node.delays):
        values = {"retry_delay_seconds": _delays(task)}, {"retry_delay_seconds": [*node.delays]}
        yield _row(task.id, Judgement.DIFFERENT, "the delays before retries differ", *values)
    if node.timeout != task.timeout_seconds:
        limits = {"timeout_seconds": task.timeout_seconds}, {"timeout_seconds": node.timeout}
        yield _row(task.id, Judgement.DIFFERENT, "the timeouts differ", *limits)


def _number(retries: int) -> str:
    return {0: "no retries", 1: "1 retry"}.get(retries, f"{retries} retries")


def _delays(task: Task) -> list[float]:
    """The delays as configured; with exponential backoff the shortest that Airflow draws (it draws up to twice as long)."""
    retry = task.retry
    if not retry.exponential:
        return [retry.delay_seconds] * retry.retries
    most = retry.max_delay_seconds if retry.max_delay_seconds is not None else 24 * 3600.0
    return [min(retry.delay_seconds * retry.multiplier**number, most) for number in range(retry.retries)]


def _same_delays(task: Task, found: Sequence[float]) -> bool:
    wanted = _delays(task)
    given = list(found) or [0.0]
    # One delay holds for all; of a list that is too short the last one does (Prefect's own reading).
    given = (given + [given[-1]] * len(wanted))[: len(wanted)]
    if task.retry.exponential:
        return all(low <= delay <= 2 * low for low, delay in zip(wanted, given, strict=True))
    return given == wanted


def _order(workflow: Workflow, graph: Graph, nodes: Mapping[str, Node]) -> Iterator[AspectResult]:
    strong, weak = _required(workflow)
    races = set(graph.races)
    for task in workflow.tasks:
        if task.id not in nodes:
            continue
        after = graph.after.get(task.id, frozenset())
        for earlier in [other.id for other in workflow.tasks if other.id in nodes]:
            pair = (earlier, task.id)
            if pair in strong and earlier in after and pair in races:
                reason = f"waits for {earlier!r} only while nothing fails"
                yield _row(task.id, Judgement.DIFFERENT, reason, f"after {earlier}", "not after a failure")
            elif pair in strong | weak and earlier not in after and not (pair in weak and pair in races):
                yield _row(task.id, Judgement.DIFFERENT, f"does not wait for {earlier!r}", f"after {earlier}", "no order")


def _required(workflow: Workflow) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Pairs that the rules order in every run, and pairs that they order only while nothing fails.

    A task that needs only one of its upstream tasks is not ordered behind any single one of several. A task with several upstream
    tasks that never runs may be decided early, so what comes before it is ordered behind it only while all goes well.
    """
    tasks = {task.id: task for task in workflow.tasks}
    upstream = {task.id: tuple(dict.fromkeys(workflow.upstream(task.id))) for task in workflow.tasks}
    always: dict[str, set[str]] = {}
    mostly: dict[str, set[str]] = {}
    for task_id in topological(workflow):
        always[task_id], mostly[task_id] = set(), set()
        rule = tasks[task_id].join_rule
        if rule is JoinRule.ALWAYS or (rule in QUALIFIES and len(upstream[task_id]) > 1):
            continue
        for direct in upstream[task_id]:
            always[task_id].add(direct)
            mostly[task_id] |= {direct} | mostly[direct]
            if len(upstream[direct]) == 1 or tasks[direct].join_rule in WAITS_FOR_ALL:
                always[task_id] |= always[direct]
    strong = {(earlier, later) for later, found in always.items() for earlier in found}
    return strong, {(earlier, later) for later, found in mostly.items() for earlier in found} - strong


def _waits(workflow: Workflow, graph: Graph) -> dict[str, str]:
    """Remarks on tasks that wait for others without need."""
    before: dict[str, set[str]] = {task.id: set() for task in workflow.tasks}
    for earlier, later in closure(workflow).items():
        for task_id in later:
            before[task_id].add(earlier)
    remarks: dict[str, str] = {}
    for task in workflow.tasks:
        extra = sorted(graph.after.get(task.id, frozenset()) - before[task.id] - {task.id})
        if extra:
            more = f" and {len(extra) - 3} more" if len(extra) > 3 else ""
            remarks[task.id] = f"waiting: it also waits for {', '.join(map(repr, extra[:3]))}{more}, without need"
    return remarks


def _firing(workflow: Workflow, program: FlowProgram) -> Iterator[AspectResult]:
    """For each task the first scenario in which the flow's code lets it end otherwise than the rules say."""
    seen: set[str] = set()
    whole = (*plan(workflow).scenarios, *pairs(workflow))
    most = max(10, BUDGET // max(1, len(workflow.tasks)) ** 2)
    chosen = whole[:: -(-len(whole) // most)]  # evenly over all tasks, "all succeed" among them
    if len(chosen) < len(whole):
        remark = f"simulated in {len(chosen)} of {len(whole)} scenarios, because the workflow is large; the rehearsals judge the others"
        yield _row("", Judgement.EQUAL, remark)
    for scenario in chosen:
        try:
            runs, state = simulate(workflow, scenario)
        except ModelError as error:
            yield _row("", Judgement.NOT_COMPARABLE, str(error), scenario=scenario.name)
            return
        found = program.simulate(scenario)
        if found.unfollowed:
            yield _row("", Judgement.NOT_COMPARABLE, _gap(found.unfollowed[0]), scenario=scenario.name)
            return
        filled = fill(workflow, found.runs)
        expected = {(run.id, run.map_index): _shown(run) for run in runs}
        actual = {(run.id, run.map_index): _shown(run) for run in filled}
        if others := raced(workflow, scenario):
            expected = _as_raced(workflow, scenario, others, expected, actual)
            state = run_state(workflow, filled)
        for key in dict.fromkeys((*expected, *actual)):
            one, other = expected.get(key), actual.get(key)
            if one != other and key[0] not in seen:
                seen.add(key[0])
                reason = f"in the scenario {scenario.name!r} the rules let it end {_text(one)}, the flow {_text(other)}"
                yield _row(key[0], Judgement.DIFFERENT, reason, one, other, scenario.name, key[1])
        for key in found.cut_off:
            if key[0] not in seen:
                seen.add(key[0])
                reason = f"in the scenario {scenario.name!r} the flow may end before it: nothing waits for it then"
                yield _row(key[0], Judgement.DIFFERENT, reason, expected.get(key), None, scenario.name, key[1])
        if found.state is not state and "" not in seen:
            seen.add("")
            reason = f"in the scenario {scenario.name!r} the run ends {state} by the rules, {found.state} in the flow"
            yield _row("", Judgement.DIFFERENT, reason, {"state": state}, {"state": found.state}, scenario.name)


def _as_raced(workflow: Workflow, scenario: Scenario, others: frozenset[str], expected: Shown, actual: Shown) -> Shown:
    """What is expected, where of tasks side by side with the failure that stops a run two ends are right: as without it, and skipped."""
    plain = {(run.id, run.map_index): _shown(run) for run in played(workflow, scenario).runs()}
    skipped = {"state": "skipped", "attempts": 0}
    sure = {key: shown for key, shown in expected.items() if key[0] not in others}
    right = {key: shown for key, shown in actual.items() if key[0] in others and shown in (plain.get(key), skipped)}
    wrong = {key: plain.get(key, skipped) for key in actual if key[0] in others and key not in right}
    return sure | right | wrong


def _shown(run: TaskRun) -> dict[str, Json]:
    return {"state": str(run.state), "attempts": run.attempts}


def _text(shown: dict[str, Json] | None) -> str:
    if shown is None:
        return "not at all"
    return f"{shown['state']} after {shown['attempts']} attempts" if shown["attempts"] > 1 else str(shown["state"])


def _gap(gap: Gap) -> str:
    return _at(gap.line, gap.reason)


def _at(line: int | None, text: str) -> str:
    return f"line {line}: {text}" if line else text


def _row(
    task: str, verdict: Judgement, reason: str, legacy: Json = None, pilot: Json = None, scenario: str = "", index: int = -1
) -> AspectResult:
    return TaskVerdict(
        id=task, map_index=index, aspect="structure", verdict=verdict, legacy=legacy, pilot=pilot, reason=reason, scenario=scenario
    )
