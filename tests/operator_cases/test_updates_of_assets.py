"""What tasks say of the assets that they update, and read of earlier updates: the real Airflow's records against real runs of the flows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from workbook_lib.model.run import RunRecord
from workbook_lib.model.workflow import Workflow
from workbook_lib.pilot import Session
from workbook_lib.prefect_writer import write
from workbook_lib.sources import ReadOptions, read
from workbook_lib.validation import compare_runs

CASES = Path(__file__).parents[1] / "corpus" / "airflow" / "asset_cases"
pytestmark = pytest.mark.pilot


class Case(NamedTuple):
    """The folder of the flows, the workflows and Airflow's records of them by id, and a session."""

    flows: Path
    workflows: dict[str, Workflow]
    records: dict[str, RunRecord]
    session: Session


@pytest.fixture(scope="module", params=["2.11.2", "3.3.2"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    """A project on disk, and what Airflow recorded."""
    version = request.param
    root = tmp_path_factory.mktemp("updates")
    workflows = {one.id: one for one in read([CASES / "dags"], ReadOptions(version=version.rpartition(".")[0])).workflows}
    project = write(list(workflows.values()))
    assert {status.status for info in project.flows.values() for status in info.tasks.values()} == {"converted"}
    project.save(root / "project")
    records = map(RunRecord.from_json, json.loads((CASES / f"records_{version.replace('.', '_')}.json").read_text()))
    with Session(root) as session:
        yield Case(root / "project" / "flows", workflows, {record.workflow: record for record in records}, session)


def rows(case: Case, workflow: str = "says_more", aspect: str = "updates") -> dict[str, set[str]]:
    """The verdicts about an aspect, each with its tasks."""
    legacy = case.records[workflow]
    pilot = case.session.run(case.workflows[workflow], logical_date=legacy.logical_date)
    found: dict[str, set[str]] = {}
    for row in compare_runs(case.workflows[workflow], legacy, pilot):
        if row.aspect == aspect:
            found.setdefault(str(row.verdict), set()).add(row.id)
    return found


TOLD = {"says_of_one", "says_at_the_second_try", "says_by_yield", "says_by_alias", "says_nothing", "says_afterwards"}


def test_the_flow_tells_what_airflow_stored(case: Case) -> None:
    assert rows(case) == {"equal": TOLD}


def test_a_hook_or_a_word_less_is_different(case: Case) -> None:
    file = case.flows / "says_more.py"
    whole = file.read_text()
    try:
        file.write_text(re.sub(r"@task\((.*?)(, )?on_completion=\[\w+\](, )?", r"@task(\1", whole))
        assert rows(case) == {"different": TOLD}
        file.write_text(whole.replace('"second"', '"third"').replace('"twice"', '"thrice"'))
        assert rows(case) == {
            "equal": TOLD - {"says_at_the_second_try", "says_by_yield"},
            "different": {"says_at_the_second_try", "says_by_yield"},
        }
    finally:
        file.write_text(whole)


READ = {"reads_all", "reads_the_last", "reads_by_alias"}


def test_what_an_awaited_flow_told_is_read_and_what_earlier_runs_told_is_not(case: Case) -> None:
    for _ in ("once", "and again"):
        assert rows(case, "reads", "results") == {"equal": READ}
    assert rows(case, "reads_alone", "results") == {"equal": {"reads_none", "reads_none_by_alias"}}
    assert rows(case, "reads_alone", "states") == {"equal": {"reads_none", "reads_none_by_alias", "fails_without", ""}}


def test_reading_what_was_not_told_so_is_different(case: Case) -> None:
    file = case.flows / "tells.py"
    whole = file.read_text()
    try:
        file.write_text(whole.replace("30", "31"))
        assert rows(case, "reads", "results") == {"different": READ}
    finally:
        file.write_text(whole)
