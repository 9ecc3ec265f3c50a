"""The README's scoreboard is counted from the committed rows, and no row says *different*."""

from __future__ import annotations

import pytest
from bundled_project import dag_ids
from scoreboard import README, VERSIONS, committed, table, written


@pytest.mark.parametrize("version", VERSIONS)
def test_a_row_for_every_dag(version: str) -> None:
    assert sorted(committed()[version]) == dag_ids(version)


def test_the_readme_shows_the_table_of_today() -> None:
    text = README.read_text(encoding="utf-8")
    assert table(committed()) in text
    assert written(text, committed()) == text


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_is_different(version: str) -> None:
    assert [dag_id for dag_id, found in committed()[version].items() if "different" in found.values()] == []
