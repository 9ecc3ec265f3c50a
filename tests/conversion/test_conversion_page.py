"""`docs/conversion.md` against its data, and the data against the other count of the same files (`tests/corpus/airflow/packages`)."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "corpus" / "airflow" / "conversion"
sys.path.insert(0, str(FOLDER))

import conversion_table  # noqa: E402

DOCUMENT: dict[str, Any] = json.loads((FOLDER / "conversion.json").read_text())
READ = {(row["package"], row["version"]): row for row in json.loads((FOLDER.parent / "packages" / "corpus.json").read_text())["packages"]}


def test_the_page_is_made_of_the_data() -> None:
    text = conversion_table.PAGE.read_text()
    assert text.split(conversion_table.BEGIN)[1].split(conversion_table.END)[0].strip() == conversion_table.section(DOCUMENT)


def test_no_task_is_lost_between_reading_and_writing() -> None:
    counted = {(row["name"], row["version"]): (row["dags"], row["tasks"]) for row in DOCUMENT["packages"]}
    read = {key: [entry for entry in row["files"].values() if entry["dags"]] for key, row in READ.items()}
    expected = {key: (sum(one["dags"] for one in files), sum(one["tasks"] for one in files)) for key, files in read.items()}
    assert counted == {key: expected[key] for key in counted}
    assert len(counted) >= 20


def test_every_task_is_converted_or_a_placeholder() -> None:
    rows = [*DOCUMENT["packages"], *DOCUMENT["repositories"]]
    assert [row["name"] for row in rows if row["converted"] + sum(row["placeholders"].values()) != row["tasks"]] == []
    assert sum(row["tasks"] for row in rows) > 2000


def test_every_project_is_written_and_imports() -> None:
    rows = [*DOCUMENT["packages"], *DOCUMENT["repositories"]]
    failed = {(row["name"], gate): row["failed"][gate] for row in rows for gate in ("write", "compile", "import", "files", "table")}
    assert {key: number for key, number in failed.items() if number} == {}
    assert sum(row["projects"] for row in rows) > 300
