"""Two equal records, one thing changed: it must become different; and what can prove nothing must be not comparable."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from validation_build import changed, flow, real, record

from workbook_lib.errors import UsageError
from workbook_lib.model.action import Nothing
from workbook_lib.model.expr import TaskOutput
from workbook_lib.model.function import Origin
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.run import Output, RunRecord, Scenario, State, TaskRun
from workbook_lib.model.workflow import Edge, Group, Mapping, RetryPolicy, Task, Workflow
from workbook_lib.validation import Judgement, Mask, TaskVerdict, compare_runs, scenarios
from workbook_lib.validation._values import compare_results

W = flow(
    "list >> load >> choose >> publish >> clean; choose >> hold >> clean",
    {
        "list": {"retry": RetryPolicy(retries=1)},
        "load": {"mapping": Mapping(over=(("x", TaskOutput(task="list")),))},
        "choose": {"steers": "branch"},
        "clean": {"join_rule": JoinRule.ALL_DONE},
    },
)
RESULTS = {"list": ["a", "b"], "load": {"rows": [1, 2], "at": "noon"}, "choose": "publish"}
OUTPUTS = (Output(path="out.csv", digest="sha256:1"),)
BEFORE_CLEAN = {"start": "2026-01-01T00:05:00+00:00", "end": "2026-01-01T00:05:01+00:00"}
BETWEEN = {"start": "2026-01-01T00:02:31+00:00", "end": "2026-01-01T00:02:32+00:00"}
Change = Callable[[RunRecord], RunRecord]


def pair(scenario: Scenario | None = None) -> tuple[RunRecord, RunRecord]:
    legacy, pilot = (record(W, scenario or real(W), engine, RESULTS) for engine in ("airflow", "prefect"))
    calls = ({"sql": "select 1"},)
    more = {"outputs": OUTPUTS}
    return changed(legacy, "publish", calls=calls).model_copy(update=more), changed(pilot, "publish", calls=calls).model_copy(update=more)


def unequal(rows: list[TaskVerdict]) -> list[tuple[str, int, str, str]]:
    return [(row.id, row.map_index, row.aspect, str(row.verdict)) for row in rows if row.verdict is not Judgement.EQUAL]


def without(task: str, index: int = -1) -> Change:
    return lambda run: run.model_copy(update={"tasks": tuple(t for t in run.tasks if (t.id, t.map_index) != (task, index))})


def added(task: str, index: int = -1) -> Change:
    extra = TaskRun(id=task, map_index=index, state=State.SUCCESS, attempts=1, **BETWEEN)
    return lambda run: run.model_copy(update={"tasks": (*run.tasks, extra)})


def having(task: str, index: int = -1, **fields: object) -> Change:
    return lambda run: changed(run, task, index, **fields)


def setting(**fields: object) -> Change:
    return lambda run: run.model_copy(update=fields)


@pytest.mark.parametrize(
    ("result", "is_read", "reasons"),
    [
        ({"absent": True}, False, ["only the pilot returned a value"]),
        ({"absent": True, "kept": False}, False, []),
        ({"absent": True, "kept": False}, True, ["only the pilot returned a value"]),
    ],
)
def test_an_answer_that_the_legacy_engine_does_not_keep_is_left_out_unless_a_task_reads_it(
    result: dict[str, bool], is_read: bool, reasons: list[str]
) -> None:
    legacy, pilot = pair()
    clean = W.task("clean").model_copy(update={"mapping": Mapping(over=(("x", TaskOutput(task="choose")),))})
    workflow = W.model_copy(update={"tasks": tuple(clean if is_read and task.id == "clean" else task for task in W.tasks)})
    rows = compare_results(workflow, changed(legacy, "choose", result=result), pilot, ())
    assert [row.reason for row in rows if row.id == "choose"] == reasons


def test_equal_records_have_equal_rows_of_every_aspect() -> None:
    rows = compare_runs(W, *pair())
    assert unequal(rows) == []
    assert {row.aspect for row in rows} == {"states", "order", "results", "calls", "outputs"}
    assert {row.scenario for row in rows} == {"real"}


DIFFERENT: dict[str, tuple[Change, list[tuple[str, int, str]]]] = {
    "an attempt more": (having("list", attempts=2), [("list", -1, "states")]),
    "no attempt": (having("publish", attempts=0), [("publish", -1, "states")]),
    "failed instead of success": (having("load", 1, state=State.FAILED), [("load", 1, "states")]),
    "skipped instead of success": (having("publish", state=State.SKIPPED), [("publish", -1, "states")]),
    "success instead of skipped": (
        having("hold", state=State.SUCCESS, attempts=1, observed=True, **BEFORE_CLEAN),
        [("hold", -1, "states")],
    ),
    "upstream_failed instead of skipped": (having("hold", state=State.UPSTREAM_FAILED), [("hold", -1, "states")]),
    "a skipped task ran": (having("hold", attempts=1, observed=True, **BEFORE_CLEAN), [("hold", -1, "states")]),
    "never ran": (having("clean", state=State.NOT_RUN, observed=False, attempts=0, start=None, end=None), [("clean", -1, "states")]),
    "a task instance less": (without("load", 1), [("load", 1, "states"), ("load", 1, "results")]),
    "a task instance more": (added("load", 2), [("load", 2, "states")]),
    "a task twice": (added("clean"), [("clean", -1, "states")]),
    "an unknown task": (added("other"), [("other", -1, "states")]),
    "the run failed": (setting(state=State.FAILED), [("", -1, "states")]),
    "started too early": (having("publish", start="2026-01-01T00:03:10+00:00"), [("publish", -1, "order")]),
    "started before what it need not read": (having("clean", start="2026-01-01T00:00:01+00:00"), [("clean", -1, "order")]),
    "a result lost": (having("choose", result={"absent": True}), [("choose", -1, "results")]),
    "a result changed": (having("load", 0, result={"json": {"rows": [1, 3], "at": "noon"}}), [("load", 0, "results")]),
    "a float for an integer": (having("load", 0, result={"json": {"rows": [1.0, 2], "at": "noon"}}), [("load", 0, "results")]),
    "a text for a number": (having("load", 0, result={"json": {"rows": ["1", 2], "at": "noon"}}), [("load", 0, "results")]),
    "true for one": (having("load", 0, result={"json": {"rows": [True, 2], "at": "noon"}}), [("load", 0, "results")]),
    "a key more": (having("load", 0, result={"json": {"rows": [1, 2], "at": "noon", "x": None}}), [("load", 0, "results")]),
    "the order of a list": (having("list", result={"json": ["b", "a"]}), [("list", -1, "results")]),
    "a result of a task that returns nothing": (having("clean", result={"json": 0}), [("clean", -1, "results")]),
    "a digest of something else": (having("list", result={"digest": "sha256:0"}), [("list", -1, "results")]),
    "a call less": (having("publish", calls=()), [("publish", -1, "calls")]),
    "another call": (having("publish", calls=({"sql": "select 2"},)), [("publish", -1, "calls")]),
    "a file less": (setting(outputs=()), [("", -1, "outputs")]),
    "a file more": (setting(outputs=(*OUTPUTS, Output(path="x", digest="sha256:2"))), [("", -1, "outputs")]),
    "another content": (setting(outputs=(Output(path="out.csv", digest="sha256:2"),)), [("", -1, "outputs")]),
}


@pytest.mark.parametrize(("change", "expected"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_a_changed_pilot_is_different(change: Change, expected: list[tuple[str, int, str]]) -> None:
    legacy, pilot = pair()
    assert unequal(compare_runs(W, legacy, change(pilot))) == [(*key, "different") for key in expected]


LEGACY_STATES = [name for name, (_, rows) in DIFFERENT.items() if rows[0][2] != "order" and "never" not in name and "twice" not in name]


@pytest.mark.parametrize("name", LEGACY_STATES)
def test_a_changed_legacy_record_is_different_as_well(name: str) -> None:
    legacy, pilot = pair()
    change, expected = DIFFERENT[name]
    found = unequal(compare_runs(W, change(legacy), pilot))
    assert found == [(*key, "different") for key in expected]


def test_rehearsals_compare_states_order_and_calls_only() -> None:
    legacy, pilot = pair(scenarios(W)[0])
    pilot = having("choose", result={"json": 1})(pilot).model_copy(update={"outputs": ()})
    rows = compare_runs(W, legacy, pilot)
    assert unequal(rows) == []
    assert {(row.aspect, row.scenario) for row in rows} == {(aspect, "all succeed") for aspect in ("states", "order", "calls")}


def test_a_rehearsal_in_which_the_legacy_engine_left_the_script_proves_nothing() -> None:
    legacy, pilot = pair(scenarios(W)[0])
    legacy = having("publish", state=State.FAILED)(legacy)
    rows = compare_runs(W, legacy, pilot, script=scenarios(W)[0])
    assert unequal(rows) == [("", -1, "states", "not comparable")]
    assert rows[0].reason == "the legacy engine refused 'publish' before its body, which was to succeed"


def by_both(change: Change) -> Callable[[RunRecord, RunRecord], tuple[RunRecord, RunRecord]]:
    return lambda legacy, pilot: (change(legacy), change(pilot))


def unobserved(run: RunRecord) -> RunRecord:
    return run.model_copy(update={"tasks": tuple(task.model_copy(update={"observed": False}) for task in run.tasks)})


NOT_COMPARABLE: dict[str, tuple[Callable[[RunRecord, RunRecord], tuple[RunRecord, RunRecord]], list[tuple[str, int, str]], str]] = {
    "the same engine": (lambda a, b: (a, a), [("", -1, "states")], "both records come from the same engine"),
    "other dates": (
        lambda a, b: (a, b.model_copy(update={"logical_date": "2024-01-02"})),
        [("", -1, "states")],
        "the two runs stand for different logical dates",
    ),
    "nothing observed by the pilot": (lambda a, b: (a, unobserved(b)), [("", -1, "states")], "no task of the pilot's run was observed"),
    "no task in the legacy record": (
        lambda a, b: (a.model_copy(update={"tasks": ()}), b),
        [("", -1, "states")],
        "no task of the legacy engine's run was observed",
    ),
    "a run that was stopped": (
        lambda a, b: (a, b.model_copy(update={"problem": "the time limit of 60 s"})),
        [("", -1, "states")],
        "the pilot run did not end by itself: the time limit of 60 s",
    ),
    "a task that neither shows": (
        by_both(without("clean")),
        [("clean", -1, "states")],
        "neither record shows this task",
    ),
    "a legacy state that is not known": (
        lambda a, b: (having("hold", state=State.NOT_RUN)(a), b),
        [("hold", -1, "states")],
        "the legacy record does not show how this task instance ended",
    ),
    "a legacy task twice": (
        lambda a, b: (added("clean")(a), b),
        [("clean", -1, "states")],
        "the legacy record holds this task instance more than once",
    ),
    "a seeded task in a rehearsal": (
        lambda a, b: (a.model_copy(update={"scenario": "x"}), having("publish", seeded=True)(b).model_copy(update={"scenario": "x"})),
        [("publish", -1, "states")],
        "seeded: its value was given to it instead of running it",
    ),
    "a success that nobody saw": (
        lambda a, b: (a, having("clean", observed=False)(b)),
        [("clean", -1, "states")],
        "nobody saw it end success, and the rules alone cannot say so",
    ),
    "no times": (
        lambda a, b: (a, having("publish", start=None)(b)),
        [("publish", -1, "order")],
        "the pilot recorded no start or end of 'publish'",
    ),
    "no end of what it waits for": (
        lambda a, b: (a, having("publish", end="soon")(b)),
        [("clean", -1, "order")],
        "the pilot recorded no start or end of 'publish'",
    ),
    "a legacy run out of order itself": (
        by_both(having("publish", start="2026-01-01T00:03:10+00:00")),
        [("publish", -1, "order")],
        "the legacy run itself started it before 'choose' ended",
    ),
    "a value without a stable form": (
        by_both(having("list", result={"digest": "type:DataFrame"})),
        [("list", -1, "results")],
        "the value has no stable form; only the name of its type is known",
    ),
}


@pytest.mark.parametrize(("change", "expected", "reason"), NOT_COMPARABLE.values(), ids=NOT_COMPARABLE.keys())
def test_not_comparable(
    change: Callable[[RunRecord, RunRecord], tuple[RunRecord, RunRecord]], expected: list[tuple[str, int, str]], reason: str
) -> None:
    rows = compare_runs(W, *change(*pair()))
    assert unequal(rows) == [(*key, "not comparable") for key in expected]
    assert [row.reason for row in rows if row.verdict is Judgement.NOT_COMPARABLE] == [reason]


def test_a_placeholder_or_seeded_task_is_not_comparable_in_a_real_run() -> None:
    legacy, pilot = pair()
    expected = [("publish", -1, aspect, "not comparable") for aspect in ("states", "order", "calls", "results")]
    assert unequal(compare_runs(W, legacy, pilot, placeholders={"publish"})) == expected
    assert unequal(compare_runs(W, legacy, having("publish", seeded=True)(pilot))) == expected
    assert unequal(compare_runs(W, *pair(scenarios(W)[0]), placeholders={"publish"})) == []


def test_outputs_are_not_comparable_when_a_task_was_seeded() -> None:
    legacy, pilot = pair()
    rows = compare_runs(W, legacy, having("hold", seeded=True)(pilot).model_copy(update={"outputs": ()}))
    assert [row.verdict for row in rows if row.aspect == "outputs"] == ["not comparable"]


def test_a_filled_in_task_whose_body_ran_in_the_legacy_engine_is_different() -> None:
    legacy, pilot = pair()
    rows = compare_runs(W, having("hold", attempts=1)(legacy), pilot)
    assert unequal(rows) == [("hold", -1, "states", "different")]
    assert next(row.reason for row in rows if row.id == "hold") == "its body started once in the legacy engine; the flow never created it"


def test_a_long_value_and_its_digest_are_equal() -> None:
    legacy, pilot = pair()
    digest = {"digest": "sha256:3554d2b8a1e34099053865de8576d1460b807430ec8c6b85315c9607ba93d308"}
    assert unequal(compare_runs(W, having("list", result=digest)(legacy), pilot)) == []
    masked = compare_runs(W, having("list", result=digest)(legacy), pilot, (Mask(id="list", path=(0,), kinds=("string",)),))
    assert unequal(masked) == [("list", -1, "results", "not comparable")]


def test_records_of_another_workflow_or_scenario_are_refused() -> None:
    legacy, pilot = pair()
    with pytest.raises(UsageError, match=r"^a record of workflow 'v' cannot be compared for workflow 'w'\.$"):
        compare_runs(W, legacy, pilot.model_copy(update={"workflow": "v"}))
    with pytest.raises(UsageError, match=r"^a run of scenario 'real' cannot be compared with one of scenario 'all succeed'\.$"):
        compare_runs(W, legacy, pair(scenarios(W)[0])[1])


def order(workflow: Workflow, scenario: Scenario, **starts: str) -> list[tuple[str, str]]:
    legacy, pilot = record(workflow, scenario, "airflow"), record(workflow, scenario, "prefect")
    for task, start in starts.items():
        pilot = changed(pilot, task, start=f"2026-01-01T00:{start}+00:00")
    return [(row.id, str(row.verdict)) for row in compare_runs(workflow, legacy, pilot) if row.aspect == "order"]


def fails(workflow: Workflow, task: str) -> Scenario:
    return next(scenario for scenario in scenarios(workflow) if scenario.name == f"{task} fails")


@pytest.mark.parametrize(
    ("rule", "early", "verdict"),
    [
        (JoinRule.ALL_SUCCESS, "00:31", "different"),
        (JoinRule.ALL_DONE, "00:31", "different"),
        (JoinRule.ONE_SUCCESS, "00:31", "equal"),
        (JoinRule.ONE_SUCCESS, "00:29", "different"),
        (JoinRule.ONE_DONE, "00:31", "equal"),
        (JoinRule.ONE_DONE, "00:29", "different"),
    ],
)
def test_rules_that_need_one_upstream_task_may_start_early(rule: JoinRule, early: str, verdict: str) -> None:
    workflow = flow("a >> c; b >> c", {"c": {"join_rule": rule}})
    assert order(workflow, scenarios(workflow)[0], c=early) == [("c", verdict)]


def test_one_failed_may_start_with_the_first_failure() -> None:
    workflow = flow("a >> c; b >> c", {"c": {"join_rule": JoinRule.ONE_FAILED}})
    assert order(workflow, fails(workflow, "a"), c="00:31") == [("c", "equal")]
    assert order(workflow, fails(workflow, "b"), c="00:31") == [("c", "different")]


def test_always_waits_for_nothing() -> None:
    workflow = flow("a >> c", {"c": {"join_rule": JoinRule.ALWAYS}})
    assert order(workflow, scenarios(workflow)[0], c="00:01") == []


def test_a_blocked_task_hands_the_order_on_only_when_nothing_else_could_block_it() -> None:
    one = flow("a >> c >> d; z >> d", {"d": {"join_rule": JoinRule.ALL_DONE}})
    assert order(one, fails(one, "a"), d="00:01") == [("d", "different")]
    several = flow("a >> c >> d; b >> c", {"d": {"join_rule": JoinRule.ALL_DONE}})
    assert order(several, fails(several, "a"), d="00:31") == []


def test_instances_of_a_mapped_group_wait_for_their_own_peers() -> None:
    mapped = Mapping(over=(("x", TaskOutput(task="list")),))
    tasks = tuple(Task(id=name, operator="O", action=Nothing(), group=None if name == "list" else "g") for name in ("list", "a", "b"))
    workflow = Workflow(
        id="w",
        system="airflow",
        version="2.11",
        origin=Origin(file="w.py", line=1),
        tasks=tasks,
        groups=(Group(id="g", mapping=mapped),),
        edges=(Edge(source="list", target="a"), Edge(source="a", target="b")),
    )
    legacy, pilot = (record(workflow, scenarios(workflow)[0], engine) for engine in ("airflow", "prefect"))
    assert [(t.id, t.map_index) for t in pilot.tasks] == [("list", -1), ("a", 0), ("a", 1), ("b", 0), ("b", 1)]
    early = changed(pilot, "b", 0, start="2026-01-01T00:01:31+00:00")
    assert unequal(compare_runs(workflow, legacy, early)) == []
    too_early = changed(pilot, "b", 1, start="2026-01-01T00:01:31+00:00")
    assert unequal(compare_runs(workflow, legacy, too_early)) == [("b", 1, "order", "different")]


UPDATE = {"asset": "s3://a", "extra": {"rows": 2}}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((UPDATE,), (UPDATE,), ["equal"]),
        ((UPDATE,), (), ["different"]),
        ((), (UPDATE,), ["different"]),
        ((UPDATE,), (UPDATE, UPDATE), ["different"]),
        ((UPDATE,), ({"asset": "s3://a", "extra": {}},), ["different"]),
        ((UPDATE,), ({"asset": "s3://b", "extra": {"rows": 2}},), ["different"]),
        ((), (), []),
        (None, (UPDATE,), ["not comparable"]),
        (None, ({"asset": "s3://a", "extra": {}},), []),
        ((UPDATE,), None, ["not comparable"]),
    ],
)
def test_updates_of_assets_are_compared_where_both_runs_recorded_them(one: object, other: object, expected: list[str]) -> None:
    legacy, pilot = pair()
    rows = compare_runs(W, having("publish", updates=one)(legacy), having("publish", updates=other)(pilot))
    assert [str(row.verdict) for row in rows if row.aspect == "updates"] == expected


def test_a_record_of_before_keeps_its_bytes() -> None:
    legacy, _ = pair()
    assert "updates" not in legacy.model_dump_json()
    assert RunRecord.from_json(legacy.document()) == legacy
    told = having("publish", updates=(UPDATE,))(legacy)
    assert RunRecord.from_json(told.document()) == told


def test_a_real_run_in_which_the_legacy_engine_refused_a_task_proves_nothing() -> None:
    legacy, pilot = pair()
    refused = having("publish", state=State.FAILED, refused="inactive")(legacy)
    (row,) = compare_runs(W, refused, pilot)
    assert (str(row.verdict), row.reason) == ("not comparable", "the legacy engine refused 'publish' before its body: inactive")
    assert RunRecord.from_json(refused.document()) == refused
