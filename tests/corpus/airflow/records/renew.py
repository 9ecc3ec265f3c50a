"""Make the records of the shipped examples and of Airflow's bundled example DAGs again, with the real Airflow.

    python tests/corpus/airflow/records/renew.py examples [NAME ...]  # <example>/records/<dag_id>.json
    python tests/corpus/airflow/records/renew.py exercises  # notebooks/exercises/legacy/records/<dag_id>.json
    python tests/corpus/airflow/records/renew.py bundled [--airflow 3.3.2] [--work DIR]  # bundled_<version>.json; DIR keeps what is done
    python tests/corpus/airflow/records/renew.py bundled --airflow 3.3.2 NAME ...  # in that file the real runs of these DAGs only

Everything is run twice. States and attempts that differ are refused; results that differ become masks. Times are left out, so that
the same behaviour gives the same bytes. The interpreter is the one that `workbook_lib.sources.airflow.engine.environment` finds.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from workbook_lib.errors import WorkbookError
from workbook_lib.migration import sources_digest
from workbook_lib.model.run import REAL, RunRecord, Scenario
from workbook_lib.model.workflow import Workflow
from workbook_lib.sources.airflow.engine import environment, run_several, structure
from workbook_lib.validation import masks, scenarios

ROOT = Path(__file__).resolve().parents[4]
EXAMPLES = ROOT / "notebooks" / "examples" / "airflow"
EXERCISES = ROOT / "notebooks" / "exercises" / "legacy"
KINDS = ("variables", "connections", "env")
# Folders of example DAGs in an installed Airflow, by version, and where they lie in the folder that is run.
FOLDERS = {"2.11.2": {"example_dags": ""}, "3.3.2": {"example_dags": "", "providers/standard/example_dags": "standard"}}
LOGICAL_DATE = "2024-01-01T00:00:00+00:00"
TIME_LIMIT = 60.0
# Airflow registers the timetable of one of its examples only when it loads its examples' plugins itself, under their own name.
BUNDLED_INPUTS = {"env": {"AIRFLOW__CORE__LOAD_EXAMPLES": "True", "AIRFLOW__CORE__PLUGINS_FOLDER": "none"}}

Same = tuple[tuple[str, int, str, int], ...]


def steady(record: RunRecord) -> RunRecord:
    """The record without what differs between any two runs: times and messages."""
    tasks = tuple(task.model_copy(update={"start": None, "end": None, "log_tail": ""}) for task in record.tasks)
    return record.model_copy(update={"tasks": tasks})


def course(record: RunRecord) -> tuple[str, Same]:
    """What has to be the same in two runs: the end, and per task instance its state and attempts."""
    return str(record.state), tuple((task.id, task.map_index, str(task.state), task.attempts) for task in record.tasks)


def read_workflows(folder: Path, work: Path) -> dict[str, Workflow]:
    """The workflows of a folder as the Airflow room reads them."""
    from workbook_lib.sources.airflow import read

    return {workflow.id: workflow for workflow in read([folder]).workflows}


def example(folder: Path, work: Path) -> list[Path]:
    """Write the records of one example folder, "again" the second real run; the paths written."""
    written: list[Path] = []
    inputs = {kind: json.loads(path.read_text()) for kind in KINDS if (path := folder / "inputs" / f"{kind}.json").is_file()}
    for workflow in read_workflows(folder, work).values():
        runs = [(workflow, scenario) for scenario in (REAL, *scenarios(workflow))]
        first = twice(runs, folder, work, inputs)
        found = [mask.model_dump(mode="json") for one, other in first if one.scenario == REAL.name for mask in masks(one, other)]
        target = folder / "records" / f"{workflow.id}.json"
        target.parent.mkdir(exist_ok=True)
        made_from = sources_digest(folder, workflow, inputs)
        document = {"schema": 1, "made_from": made_from, "masks": found, "records": [steady(one).document() for one, _ in first]}
        target.write_text(json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
        written.append(target)
    return written


def twice(runs: list[tuple[Workflow, Scenario]], folder: Path, work: Path, inputs: dict[str, Any]) -> list[tuple[RunRecord, RunRecord]]:
    """Both records of each run; WorkbookError when they took another course or did not end."""
    given: dict[str, Any] = {"inputs": inputs, "logical_date": LOGICAL_DATE, "time_limit": TIME_LIMIT}
    every = list(run_several([*runs, *runs], legacy=folder, work=work, **given))
    pairs = list(zip(every[: len(runs)], every[len(runs) :], strict=True))
    for one, other in pairs:
        if one.problem or other.problem:
            raise WorkbookError(f"{one.workflow!r} ({one.scenario}): {one.problem or other.problem}.")
        if course(one) != course(other):
            raise WorkbookError(f"{one.workflow!r} ({one.scenario}) ended differently when it was run again.")
    return pairs


def bundled_records(version: str) -> Path:
    """The file of the records of the examples that are bundled with an Airflow version."""
    return Path(__file__).parent / f"bundled_{version.replace('.', '_')}.json"


def bundled_folder(version: str, work: Path) -> Path:
    """A copy below `work` of the examples that the engine's interpreter has."""
    code = "import importlib.util as u; print(u.find_spec('airflow').submodule_search_locations[0])"
    done = subprocess.run([str(environment(version).python), "-c", code], capture_output=True, text=True, check=True)
    copied = work / "examples"
    for name, place in FOLDERS[version].items():
        shutil.copytree(Path(done.stdout.strip()) / name, copied / place, dirs_exist_ok=True, ignore=lambda *_: {"__pycache__"})
    return copied


def bundled(version: str, work: Path, seconds: float) -> None:
    """Run every bundled DAG twice for real and in all rehearsals; what is done already in `work` is not done again.

    After `seconds` the document is written with what is there: it lists the DAGs `not_run`, each DAG the scenarios `not_rehearsed`.
    """
    end = time.monotonic() + seconds
    folder, engine, target = bundled_folder(version, work), environment(version), bundled_records(version)
    workflows, errors = structure(legacy=folder, work=work, inputs=BUNDLED_INPUTS, engine=engine)
    if errors:
        raise WorkbookError(f"Airflow could not import {next(iter(errors))}: {next(iter(errors.values()))}")
    journal = work / "journal.jsonl"
    done = {(entry["round"], entry["record"]["workflow"], entry["scenario"]): entry["record"] for entry in _lines(journal)}
    wanted = list(_wanted(workflows.values()))
    endless = {workflow for (number, workflow, scenario), record in done.items() if scenario == key(REAL) and record["problem"]}
    missing = [
        (number, workflow, scenario)
        for number, workflow, scenario in wanted
        if (number, workflow.id, key(scenario)) not in done and not (scenario == REAL and workflow.id in endless)
    ]
    print(f"{len(wanted)} runs, {len(missing)} to do", file=sys.stderr)
    pairs = [(workflow, scenario) for _, workflow, scenario in missing]
    given: dict[str, Any] = {"inputs": BUNDLED_INPUTS, "logical_date": LOGICAL_DATE, "time_limit": TIME_LIMIT}
    records = run_several(pairs, legacy=folder, work=work, engine=engine, **given)
    with journal.open("a") as lines, contextlib.closing(records):
        for (number, workflow, scenario), record in zip(missing, records, strict=True):
            entry = {"round": number, "scenario": key(scenario), "record": steady(record).document()}
            lines.write(json.dumps(entry) + "\n")
            lines.flush()
            done[number, workflow.id, key(scenario)] = entry["record"]
            if time.monotonic() > end:
                break
    entries = {workflow.id: _bundled_entry(workflow, done) for workflow in workflows.values()}
    document = {
        "schema": 1,
        "airflow": version,
        "logical_date": LOGICAL_DATE,
        "time_limit": TIME_LIMIT,
        "dags": {dag_id: entry for dag_id, entry in entries.items() if entry is not None},
        "not_run": [dag_id for dag_id, entry in entries.items() if entry is None],
    }
    text = json.dumps(document, indent=None, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    target.write_text(text.replace(str(work), "<work>") + "\n")  # the place of a run stays out; its value is masked
    print(f"{target}: {target.stat().st_size} bytes", file=sys.stderr)


def again(version: str, names: list[str], work: Path) -> None:
    """Run these bundled DAGs twice for real, and put that into their version's records; the rehearsals stay."""
    folder, engine, target = bundled_folder(version, work), environment(version), bundled_records(version)
    document = json.loads(target.read_text())
    runs: list[tuple[Workflow | str, Scenario]] = [(name, REAL) for name in names for _ in (1, 2)]
    given: dict[str, Any] = {"inputs": BUNDLED_INPUTS, "logical_date": LOGICAL_DATE, "time_limit": TIME_LIMIT}
    records = [steady(record) for record in run_several(runs, legacy=folder, work=work, engine=engine, **given)]
    for first, second in zip(records[::2], records[1::2], strict=True):
        text = json.dumps(_real(first, second)).replace(str(work), "<work>")
        document["dags"][first.workflow] |= json.loads(text)
    target.write_text(json.dumps(document, separators=(",", ":"), ensure_ascii=False, sort_keys=True) + "\n")


def key(scenario: Scenario) -> str:
    """A digest of all that a scenario says."""
    return hashlib.sha256(scenario.model_dump_json().encode()).hexdigest()[:16]


def _lines(journal: Path) -> Iterator[dict[str, Any]]:
    if journal.exists():
        for line in journal.read_text().splitlines():
            yield json.loads(line)


def _wanted(workflows: Iterable[Workflow]) -> Iterator[tuple[int, Workflow, Scenario]]:
    """The real runs of all DAGs first, then those in which all succeed; last those in which a task skips that perhaps never does."""
    every = list(workflows)
    yield from ((number, workflow, REAL) for workflow in every for number in (1, 2))
    rehearsals = [(1, workflow, scenario) for workflow in every for scenario in scenarios(workflow)]
    yield from sorted(rehearsals, key=lambda entry: (entry[2].name.endswith(" skips"), entry[2].name != "all succeed"))


def _bundled_entry(workflow: Workflow, done: dict[tuple[int, str, str], dict[str, Any]]) -> dict[str, Any] | None:
    """What is known about one DAG; None before it was run. A run that did not end is not repeated."""
    found = [RunRecord.from_json(done[at]) for number in (1, 2) if (at := (number, workflow.id, key(REAL))) in done]
    if not found or (len(found) == 1 and not found[0].problem):
        return None
    first, second = found[0], found[-1]
    every = [(scenario, done.get((1, workflow.id, key(scenario)))) for scenario in scenarios(workflow)]
    rehearsed = [(scenario, RunRecord.from_json(record)) for scenario, record in every if record is not None]
    return _real(first, second) | {
        "not_rehearsed": [scenario.name for scenario, record in every if record is None],
        "rehearsals": [
            {"scenario": scenario.model_dump(mode="json", exclude_defaults=True), "record": _slim(record)} for scenario, record in rehearsed
        ],
    }


def _real(first: RunRecord, second: RunRecord) -> dict[str, Any]:
    """What two real runs of a DAG tell."""
    ended = not first.problem and not second.problem
    hidden = masks(first, second) if ended and course(first) == course(second) else ()
    return {
        "ended": ended,
        "same_course_twice": ended and course(first) == course(second),
        "same_twice": ended and first.document() == second.document(),
        "masks": [mask.model_dump(mode="json") for mask in hidden],
        "real": _slim(first),
    }


def _slim(record: RunRecord) -> dict[str, Any]:
    return record.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def main(arguments: list[str]) -> int:
    """Run the command; 2 with one line on standard error when it failed."""
    parser = argparse.ArgumentParser(description="Make the records of Airflow's runs again.")
    parser.add_argument("what", choices=["examples", "exercises", "bundled"])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--airflow", default="2.11.2", choices=list(FOLDERS), help="the Airflow whose examples are run (bundled)")
    parser.add_argument("--work", type=Path, help="a folder that keeps what is done")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so many seconds (bundled)")
    given = parser.parse_intermixed_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        work = given.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        try:
            if given.what == "bundled" and given.names:
                again(given.airflow, given.names, work)
                return 0
            if given.what == "bundled":
                bundled(given.airflow, work, given.seconds)
                return 0
            names = given.names or sorted(folder.name for folder in EXAMPLES.iterdir() if folder.is_dir())
            for folder in [EXERCISES] if given.what == "exercises" else [EXAMPLES / name for name in names]:
                for path in example(folder, work):
                    print(path.relative_to(ROOT))
        except WorkbookError as error:
            print(error, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
