"""Whatever is changed in a pilot's records: the verdict is "equal" only if they say the same as the legacy records, modulo masks."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from validation_build import flow, program, records

from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.run import RunRecord, State, TaskRun
from workbook_lib.model.workflow import RetryPolicy
from workbook_lib.validation import Mask, judge

W = flow("a >> b >> d; a >> c >> d", {"a": {"retry": RetryPolicy(retries=1)}, "d": {"join_rule": JoinRule.ALL_DONE}})
RESULTS = {"a": {"n": 1, "at": "noon"}, "d": [1, {"x": None}]}
LEGACY, PILOT = records(W, "airflow", RESULTS), records(W, "prefect", RESULTS)
MASK = Mask(id="a", path=("at",), kinds=("string",))

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0, "", "noon", "1"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["n", "at", "x"]), inner, max_size=2),
    max_leaves=4,
)
results = st.one_of(
    st.just({"absent": True}),
    st.builds(lambda value: {"json": value}, json_values),
    st.sampled_from([{"json": RESULTS["a"]}, {"json": RESULTS["a"] | {"at": "dusk"}}, {"digest": "sha256:0"}, {"digest": "type:X"}]),
)
fields = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["a", "b", "c", "d", "e"]),
        "map_index": st.sampled_from([-1, 0]),
        "state": st.sampled_from(list(State)),
        "attempts": st.integers(0, 2),
        "observed": st.booleans(),
        "seeded": st.booleans(),
        "result": results,
    },
)
changes = st.tuples(st.sampled_from(sorted(PILOT)), st.sampled_from(["edit", "drop", "repeat", "state", "lose"]), st.integers(0, 3), fields)


def apply(pilot: dict[str, RunRecord], name: str, what: str, place: int, new: dict[str, Any]) -> None:
    run = pilot.get(name)
    if run is None or place >= len(run.tasks):
        return
    tasks = list(run.tasks)
    if what == "edit":
        tasks[place] = TaskRun.model_validate(tasks[place].model_dump() | new)
    elif what == "drop":
        del tasks[place]
    elif what == "repeat":
        tasks.append(tasks[place])
    elif what == "lose":
        del pilot[name]
        return
    state = State.SUCCESS if run.state is State.FAILED and what == "state" else State.FAILED if what == "state" else run.state
    pilot[name] = run.model_copy(update={"tasks": tuple(tasks), "state": state})


def said(runs: dict[str, RunRecord]) -> dict[str, Any]:
    """What records say that counts, as text, so that 1, 1.0 and True stay apart; a null result counts as none."""
    found: dict[str, Any] = {}
    for name, run in runs.items():
        tasks = []
        for task in run.tasks:
            result = copy.deepcopy(task.result)
            if task.id == "a" and isinstance(result.get("json"), dict) and isinstance(result["json"].get("at"), str):
                result["json"]["at"] = "masked"
            shown = sorted(result["json"].items()) if isinstance(result.get("json"), dict) else result.get("json")
            value = repr((shown, result.get("digest"))) if name == "real" else ""
            tasks.append((task.id, task.map_index, str(task.state), task.attempts, task.seeded, value))
        found[name] = (str(run.state), sorted(tasks))
    return found


def verdict(project: Path, pilot: dict[str, RunRecord]) -> str:
    return judge(W, program(W), LEGACY, pilot, masks=(MASK,), project=project).verdict


def described(folder: Path) -> Path:
    (folder / "pyproject.toml").write_text('[tool.migration.workflows.w]\nentrypoint = "flows/w.py:w"\n')
    (folder / "prefect.yaml").write_text('deployments: [{name: w, entrypoint: "flows/w.py:w"}]\n')
    return folder


def test_unchanged_records_are_equal(tmp_path: Path) -> None:
    assert verdict(described(tmp_path), PILOT) == "equal"


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(changes, min_size=1, max_size=3))
def test_equal_means_that_the_records_say_the_same(tmp_path: Path, edits: list[tuple[str, str, int, dict[str, Any]]]) -> None:
    pilot = dict(PILOT)
    for edit in edits:
        apply(pilot, *edit)
    if verdict(described(tmp_path), pilot) == "equal":
        # A state that the rules filled in has no attempts of its own; all others are compared to the letter.
        assert said(pilot) == said(LEGACY)
