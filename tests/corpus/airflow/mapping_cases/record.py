"""Record what both Airflows do with the DAGs beside this file, or those of another folder: ids, states, attempts and values only.

python tests/corpus/airflow/mapping_cases/record.py [--of tests/corpus/airflow/stopping_cases] 2.11.2 3.3.2
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from workbook_lib.model.run import REAL, RunRecord, Scenario
from workbook_lib.sources import ReadOptions, read
from workbook_lib.sources.airflow.engine import environment, run_several
from workbook_lib.validation import scenarios

HERE = Path(__file__).parent
LOGICAL_DATE = "2024-01-01T00:00:00+00:00"


def entry(scenario: Scenario, record: RunRecord) -> dict[str, Any]:
    """One run: what was scripted, how each instance ended (state, attempts and, in a real run, the result), how the run did."""
    runs = sorted(record.tasks, key=lambda run: (run.id, run.map_index))
    tasks = {f"{run.id}[{run.map_index}]": [str(run.state), run.attempts] for run in runs}
    results = {f"{run.id}[{run.map_index}]": run.result["json"] for run in runs if "json" in run.result} if scenario == REAL else {}
    said = scenario.model_dump(mode="json", exclude_defaults=True)
    return {"scenario": said, "state": str(record.state), "tasks": tasks} | ({"results": results} if results else {})


def main(folder: Path, versions: list[str]) -> None:
    """Write `recorded_<version>.json` for each version."""
    for version in versions:
        workflows = read([folder / "dags"], ReadOptions(version=version.rpartition(".")[0])).workflows
        pairs = [(workflow, scenario) for workflow in workflows for scenario in (REAL, *scenarios(workflow))]
        document: dict[str, list[dict[str, Any]]] = {}
        with tempfile.TemporaryDirectory() as work:
            given: dict[str, Any] = {"work": Path(work), "logical_date": LOGICAL_DATE, "engine": environment(version)}
            for (workflow, scenario), record in zip(pairs, run_several(pairs, legacy=folder / "dags", **given), strict=True):
                if record.problem:
                    raise SystemExit(f"{workflow.id} ({scenario.name}): {record.problem}")
                document.setdefault(workflow.id, []).append(entry(scenario, record))
        save(folder, version, document)


def save(folder: Path, version: str, document: dict[str, Any]) -> None:
    """One line a run, so that differences show."""
    lines = [
        json.dumps(name) + ": [\n  " + ",\n  ".join(json.dumps(run, sort_keys=True) for run in runs) + "\n ]"
        for name, runs in sorted(document.items())
    ]
    target = folder / f"recorded_{version.replace('.', '_')}.json"
    target.write_text("{\n " + ",\n ".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Record cases.")
    parser.add_argument("versions", nargs="+")
    parser.add_argument("--of", type=Path, default=HERE)
    given = parser.parse_args()
    main(given.of.resolve(), given.versions)
