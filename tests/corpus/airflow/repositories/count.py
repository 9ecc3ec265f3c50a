"""Reads whole repositories as a user would, and writes the table in the room's README: `python count.py [--write] NAME@COMMIT=PATH ...`.

Nothing is fetched: PATH is a copy of the repository. Values for a second reading lie beside it, in PATH.inputs/variables.json,
connections.json and env.json; what of the structure is still open then is counted as *left*.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from workbook_lib.cli._inputs import Missing
from workbook_lib.sources import ReadOptions, ReadResult, read, stream

README = Path(__file__).resolve().parents[4] / "workbook_lib" / "sources" / "airflow" / "README.md"
BEGIN, END = "<!-- repositories: written by tests/corpus/airflow/repositories/count.py -->", "<!-- end of the repositories -->"
TITLES = ("repository", "commit", "Python files", "give DAGs", "DAGs", "tasks", "asked for", "open without values", "left")
# Findings that leave something open in tasks, edges or schedules.
OPEN = frozenset(
    {"airflow.assumed_value", "airflow.assumed_setting", "airflow.environment_whole", "airflow.schedule_unknown", "airflow.inert_decision", "airflow.dags_by_package"}
)
_SECONDS = 120.0  # this counts; it does not measure speed


def open_findings(result: ReadResult) -> list[str]:
    """What leaves the structure open, one line each."""
    chosen = [found for found in result.findings if found.code in OPEN and found.severity != "note" or found.severity == "error"]
    return [f"{found.code} {found.file}:{found.line} {found.message}" for found in chosen]


def row(name: str, commit: str, path: Path) -> list[Any]:
    """One line of the table."""
    result = read(path, ReadOptions(seconds=_SECONDS))
    given = {kind: _values(Path(f"{path}.inputs") / f"{kind}.json") for kind in ("variables", "connections", "env")}
    options = ReadOptions(
        seconds=_SECONDS,
        variables=given["variables"],
        connections=given["connections"],
        environment={name: str(value) for name, value in given["env"].items()},
    )
    filled = read(path, options)
    wanted = Missing({kind: {} for kind in given})
    for part in stream([path], options):
        wanted.add(part.workflows, part.asked)
    document = wanted.document()
    left = open_findings(filled)
    for line in left:
        print(f"left in {name}: {line}", file=sys.stderr)
    files = {workflow.origin.file for workflow in filled.workflows}
    tasks = sum(len(workflow.tasks) for workflow in filled.workflows)
    asked = sum(len(document[kind]) for kind in given)
    return [name, commit[:8], len(filled.files), len(files), len(filled.workflows), tasks, asked, len(open_findings(result)), len(left)]


def _values(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text())) if file.is_file() else {}


def table(rows: list[list[Any]]) -> str:
    """The rows as Markdown."""
    lines = [TITLES, ("---", "---", *["--:"] * (len(TITLES) - 2)), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def main(arguments: list[str]) -> None:
    """Print the table, or write it."""
    rows = []
    for argument in arguments:
        if argument == "--write":
            continue
        name, _, path = argument.partition("=")
        repository, _, commit = name.partition("@")
        rows.append(row(repository, commit, Path(path)))
    text = table(rows)
    print(text)
    if "--write" in arguments:
        before, rest = README.read_text().split(BEGIN)
        README.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    main(sys.argv[1:])
