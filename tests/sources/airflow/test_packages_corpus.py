"""The DAG files of many packages (`tests/corpus/airflow/packages`): the published table against its data, and a part of them read again.

The comparison with Airflow itself is `make corpus`; its outcome is in `corpus.json`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from read_helpers import SHARED

FOLDER = Path(__file__).parents[2] / "corpus" / "airflow" / "packages"
sys.path.insert(0, str(FOLDER))

import corpus_fetching  # noqa: E402
import corpus_reading  # noqa: E402
import corpus_table  # noqa: E402

DOCUMENT: dict[str, Any] = json.loads((FOLDER / "corpus.json").read_text())
ROWS = {f"{row['package']}-{row['version']}": row for row in DOCUMENT["packages"]}
# Small downloads: Airflow's own examples, examples of a provider from 2022, system tests with what lies beside them.
AGAIN = ("apache-airflow-core-3.1.8", "apache-airflow-providers-amazon-3.4.0", "apache-airflow-providers-microsoft-azure-15.2.1")


def test_the_table_of_the_readme_is_made_of_the_data() -> None:
    text = corpus_table.README.read_text()
    shown = text.split(corpus_table.BEGIN)[1].split(corpus_table.END)[0].strip()
    assert shown == corpus_table.section(DOCUMENT)


def test_all_packages_of_the_list_are_in_it() -> None:
    assert list(ROWS) == [package.key for package in corpus_fetching.packages()]
    assert sum(len(row["files"]) for row in ROWS.values()) >= 900


def test_every_file_is_answered_and_what_is_left_has_a_reason() -> None:
    entries = {name: entry for row in ROWS.values() for name, entry in row["files"].items()}
    assert [name for name, entry in entries.items() if "unanswered" in entry] == []
    assert {name for _, name, _ in corpus_table.left(DOCUMENT)} == set(corpus_table.REASONS)


@pytest.mark.corpus
@pytest.mark.parametrize("key", AGAIN)
def test_reading_gives_what_was_compared(key: str) -> None:
    package = next(one for one in corpus_fetching.packages() if one.key == key)
    home = corpus_fetching.fetch(package)
    files = {name: home / name for name in ROWS[key]["files"]}
    answers = corpus_reading.read(package, files, None, SHARED)
    assert {name: corpus_reading.digest(answers[name]["dags"]) for name in files} == {
        name: entry["structure"] for name, entry in ROWS[key]["files"].items()
    }
    assert sum(len(answer["dags"]) for answer in answers.values()) >= 20
