"""The verdict as a whole: what it takes to be equal, and that anything less is never called so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from validation_build import changed, flow, program, records

from workbook_lib.errors import UsageError
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.run import RunRecord, State
from workbook_lib.model.workflow import RetryPolicy, Schedule, Workflow
from workbook_lib.validation import Verdict, as_text, judge

SALES = flow(
    "extract >> total >> choose >> publish >> notify >> cleanup; choose >> hold >> notify",
    {
        "choose": {"steers": "branch"},
        "notify": {"join_rule": JoinRule.NONE_FAILED_MIN_ONE_SUCCESS},
        "cleanup": {"join_rule": JoinRule.ALL_DONE},
        "total": {"retry": RetryPolicy(retries=1, delay_seconds=30)},
    },
    schedule=Schedule(kind="cron", cron="0 6 * * *", text="0 6 * * *"),
)
RESULTS = {"extract": [700, 500], "total": 1200, "choose": "publish"}
TABLE = '[tool.migration.workflows.w]\nentrypoint = "flows/w.py:w"\n'
DEPLOYMENT = 'deployments:\n- {name: w, entrypoint: "flows/w.py:w", schedules: [{cron: "0 6 * * *", timezone: UTC}]}\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(TABLE)
    (tmp_path / "prefect.yaml").write_text(DEPLOYMENT)
    return tmp_path


def verdict(project: Path, legacy: dict[str, RunRecord] | None = None, pilot: dict[str, RunRecord] | None = None, **more: Any) -> Verdict:
    workflow: Workflow = more.pop("workflow", SALES)
    return judge(
        workflow,
        more.pop("program", program(workflow)),
        records(workflow, "airflow", RESULTS) if legacy is None else legacy,
        records(workflow, "prefect", RESULTS) if pilot is None else pilot,
        project=project,
        **more,
    )


def test_equal_when_everything_agrees(project: Path) -> None:
    found = verdict(project)
    assert (found.verdict, found.headline) == ("equal", "equal: in the real run and in 11 rehearsals; 1 task body never ran: hold")
    assert found.aspects == dict.fromkeys(("structure", "schedule", "states", "order", "results"), "equal")
    assert {scenario.verdict for scenario in found.scenarios} == {"equal"}
    assert found.filled_in > 0


def test_code_that_was_edited_is_never_simply_equal(project: Path) -> None:
    found = verdict(project, edited=("total", "REGIONS"))
    said = "in the real run and in 11 rehearsals; 1 task body never ran: hold; changed by hand since it was written: total, REGIONS"
    assert (found.verdict, found.headline) == ("equal as run, 2 edited", f"equal as run, 2 edited: {said}")
    assert verdict(project, edited=("total",), placeholders={"publish"}).verdict == "equal in rehearsal, 1 placeholder, 1 edited"
    late = records(SALES, "prefect", RESULTS)
    late["real"] = changed(late["real"], "total", result={"json": 1})
    assert verdict(project, pilot=late, edited=("total",)).verdict == "different"


def test_the_document_has_exactly_the_keys_of_the_contract(project: Path) -> None:
    document = verdict(project).document()
    assert list(document) == ["schema", "verdict", "workflow", "aspects", "tasks", "scenarios", "masks", "unproven", "edited"]
    assert {tuple(row) for row in document["tasks"]} == {("id", "map_index", "aspect", "verdict", "legacy", "pilot", "reason", "scenario")}


@pytest.mark.parametrize("engine", ["legacy", "pilot"])
@pytest.mark.parametrize("name", ["real", "total fails"])
def test_a_missing_record_is_never_equal(project: Path, engine: str, name: str) -> None:
    both = {"legacy": records(SALES, "airflow", RESULTS), "pilot": records(SALES, "prefect", RESULTS)}
    del both[engine][name]
    found = verdict(project, **both)
    who = "the legacy record" if engine == "legacy" else "the pilot's record"
    missing = f"{who} of the real run is missing" if name == "real" else "1 of 11 rehearsals is missing"
    assert (found.verdict, found.headline) == ("not comparable", f"not comparable: {missing}")


def test_no_records_at_all(project: Path) -> None:
    found = verdict(project, legacy={}, pilot={})
    assert found.headline == "not comparable: the records of both engines of the real run are missing; 11 of 11 rehearsals are missing"


def test_a_rehearsal_alone_makes_the_whole_different(project: Path) -> None:
    pilot = records(SALES, "prefect", RESULTS)
    pilot["publish fails"] = changed(pilot["publish fails"], "publish", state=State.SUCCESS)
    found = verdict(project, pilot=pilot)
    assert (found.verdict, [(row.id, row.scenario) for row in found.differences]) == ("different", [("publish", "publish fails")])


def test_a_placeholder_never_gives_plain_equal(project: Path) -> None:
    pilot = records(SALES, "prefect", RESULTS)
    pilot["real"] = changed(pilot["real"], "publish", state=State.SUCCESS, seeded=True)
    assert verdict(project, pilot=pilot, placeholders={"publish"}).verdict == "equal in rehearsal, 1 placeholder"
    assert verdict(project, placeholders={"publish", "hold"}).verdict == "equal in rehearsal, 2 placeholders"
    assert verdict(project, pilot=pilot).verdict == "equal in rehearsal, 1 placeholder"


def test_a_failed_placeholder_spoils_only_what_comes_after_it(project: Path) -> None:
    pilot = records(SALES, "prefect", RESULTS)
    failed = changed(pilot["real"], "publish", state=State.FAILED)
    failed = changed(failed, "notify", state=State.UPSTREAM_FAILED, observed=False, attempts=0)
    pilot["real"] = failed
    assert verdict(project, pilot=pilot, placeholders={"publish"}).verdict == "equal in rehearsal, 1 placeholder"
    pilot["real"] = changed(failed, "total", result={"json": 1})
    assert verdict(project, pilot=pilot, placeholders={"publish"}).verdict == "different"


def test_a_missing_real_run_with_placeholders_says_so(project: Path) -> None:
    pilot = records(SALES, "prefect", RESULTS)
    del pilot["real"]
    found = verdict(project, pilot=pilot, placeholders={"publish"})
    assert found.headline == "equal in rehearsal, 1 placeholder: the pilot's record of the real run is missing"


def test_a_decision_explains_what_it_brings_about_and_nothing_else(project: Path) -> None:
    pilot = records(SALES, "prefect", RESULTS)
    pilot["total fails"] = pilot["total fails"].model_copy(update={"state": State.FAILED})
    decisions = {"workflows": {"w": {"on_failure": "raise"}}}
    assert verdict(project, pilot=pilot).verdict == "different"
    found = verdict(project, pilot=pilot, decisions=decisions)
    assert found.headline == "explained: decided: on_failure = 'raise' (workflow w); 1 task body never ran: hold"
    pilot["real"] = changed(pilot["real"], "total", result={"json": 1})
    assert verdict(project, pilot=pilot, decisions=decisions).verdict == "different"


def test_an_accepted_difference_holds_for_one_aspect_of_one_task(project: Path) -> None:
    pilot = records(SALES, "prefect", RESULTS)
    pilot["real"] = changed(pilot["real"], "total", result={"json": 1})
    decisions = {"workflows": {"w": {"tasks": {"total": {"accept": {"results": "rounded on purpose"}}}}}}
    found = verdict(project, pilot=pilot, decisions=decisions)
    assert (found.verdict, found.of_task("total", "results")) == ("explained", "explained")
    pilot["real"] = changed(pilot["real"], "extract", result={"json": 1})
    assert verdict(project, pilot=pilot, decisions=decisions).verdict == "different"


def test_two_records_of_one_scenario_are_refused(project: Path) -> None:
    twice = [*records(SALES, "airflow").values(), *records(SALES, "airflow").values()]
    with pytest.raises(UsageError) as error:
        judge(SALES, program(SALES), twice, [], project=project)
    assert str(error.value) == "two legacy records of the scenario 'real' were given. Give the newer one only."


def test_a_verdict_is_stored_and_loaded(project: Path) -> None:
    found = verdict(project, placeholders={"hold"})
    assert Verdict.from_json(found.to_json()) == found


BROKEN = "the flow itself raised ParameterBindError: no argument 'amount' at flows/w.py:12"


@pytest.mark.parametrize("name", ["real", "total fails"])
@pytest.mark.parametrize("placeholders", [(), ("publish",)])
def test_a_flow_that_raised_by_itself_is_different(project: Path, name: str, placeholders: tuple[str, ...]) -> None:
    pilot = records(SALES, "prefect", RESULTS)
    pilot[name] = pilot[name].model_copy(update={"problem": BROKEN})
    found = verdict(project, pilot=pilot, placeholders=placeholders)
    assert found.verdict == "different"
    assert [(row.id, row.aspect, row.scenario, row.reason) for row in found.differences] == [("", "states", name, BROKEN)]
    assert [scenario.reason for scenario in found.scenarios if scenario.name == name] == [BROKEN]


CHOOSE = flow("a >> choose; " + "; ".join(f"choose >> {arm}" for arm in "bcdef"), {"choose": {"steers": "branch"}}, schedule=SALES.schedule)


def test_bodies_that_no_real_run_started_are_named(project: Path) -> None:
    found = verdict(project, records(CHOOSE, "airflow"), records(CHOOSE, "prefect"), workflow=CHOOSE)
    assert found.unproven == ("c", "d", "e", "f")
    assert found.document()["unproven"] == ["c", "d", "e", "f"]
    assert found.headline.endswith("rehearsals; 4 task bodies never ran: c, d, e and 1 more")
    assert "ran in neither real run, so that nothing is known of what they do: c, d, e, f." in as_text(found)
    assert Verdict.from_json(found.to_json()).unproven == found.unproven


def test_a_placeholder_is_not_named_a_second_time(project: Path) -> None:
    found = verdict(project, placeholders={"hold"})
    assert (found.unproven, found.headline) == (
        (),
        "equal in rehearsal, 1 placeholder: in 11 rehearsals; the real run is not comparable",
    )


def test_without_a_real_run_nothing_is_said_of_bodies(project: Path) -> None:
    assert verdict(project, legacy={}).unproven == ()
