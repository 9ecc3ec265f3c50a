"""What tasks say of the assets that they update, as the real Airflow stored it, against the flow's own events in a real run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbook_lib.model.run import RunRecord
from workbook_lib.model.workflow import Workflow
from workbook_lib.pilot import Session
from workbook_lib.prefect_writer import write
from workbook_lib.sources import ReadOptions, read
from workbook_lib.validation import compare_runs

CASES = Path(__file__).parents[1] / "corpus" / "airflow" / "asset_cases"
FLOW = "flows/says_more.py"
pytestmark = pytest.mark.pilot


@pytest.fixture(scope="module", params=["2.11.2", "3.3.2"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Workflow, RunRecord, Session]]:
    """A project on disk, the workflow, Airflow's record of it, and a session."""
    version = request.param
    root = tmp_path_factory.mktemp("updates")
    (workflow,) = read([CASES / "dags"], ReadOptions(version=version.rpartition(".")[0])).workflows
    project = write([workflow])
    assert {status.status for info in project.flows.values() for status in info.tasks.values()} == {"converted"}
    for path, text in project.files.items():
        target = root / "project" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    (record,) = json.loads((CASES / f"records_{version.replace('.', '_')}.json").read_text())
    with Session(root) as session:
        yield root / "project" / FLOW, workflow, RunRecord.from_json(record), session


def rows(workflow: Workflow, legacy: RunRecord, session: Session) -> dict[str, set[str]]:
    """The verdicts about updates, each with its tasks."""
    pilot = session.run(workflow, logical_date=legacy.logical_date)
    found: dict[str, set[str]] = {}
    for row in compare_runs(workflow, legacy, pilot):
        if row.aspect == "updates":
            found.setdefault(str(row.verdict), set()).add(row.id)
    return found


TOLD = {"says_of_one", "says_at_the_second_try", "says_by_yield", "says_by_alias", "says_nothing", "says_afterwards"}


def test_the_flow_tells_what_airflow_stored(case: tuple[Path, Workflow, RunRecord, Session]) -> None:
    _, workflow, legacy, session = case
    assert rows(workflow, legacy, session) == {"equal": TOLD}


def test_a_hook_or_a_word_less_is_different(case: tuple[Path, Workflow, RunRecord, Session]) -> None:
    file, workflow, legacy, session = case
    whole = file.read_text()
    try:
        file.write_text(re.sub(r"@task\((.*?)(, )?on_completion=\[\w+\](, )?", r"@task(\1", whole))
        assert rows(workflow, legacy, session) == {"different": TOLD}
        file.write_text(whole.replace('"second"', '"third"').replace('"twice"', '"thrice"'))
        assert rows(workflow, legacy, session) == {
            "equal": TOLD - {"says_at_the_second_try", "says_by_yield"},
            "different": {"says_at_the_second_try", "says_by_yield"},
        }
    finally:
        file.write_text(whole)
