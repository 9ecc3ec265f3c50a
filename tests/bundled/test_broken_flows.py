"""A flow that was broken by hand is never called equal: each edit is validated as a user would, against the recorded Airflow runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbook_lib import Migration

EXAMPLES = Path(__file__).parents[2] / "notebooks" / "examples" / "airflow"
# What is done to the flow of the maintenance example: (text, its replacement).
EDITS = {
    "drop an edge": ("empty_inbox_run = submit(empty_inbox, after=[verify_run])", "empty_inbox_run = submit(empty_inbox)"),
    "swap a rule": ('rule="none_failed"', 'rule="all_done"'),
    "return None": ("    return len(lines)\n", "    return None\n"),
    "run a skipped task": ("compress, after=[something_to_do_run], gates=[something_to_do_run]", "compress, after=[something_to_do_run]"),
    "drop the retries": ("retries=2, retry_delay_seconds=[300, 600], ", ""),
}
pytestmark = pytest.mark.pilot


@pytest.fixture(scope="module")
def migration(tmp_path_factory: pytest.TempPathFactory) -> Migration:
    made = Migration.create(tmp_path_factory.mktemp("broken") / "root", EXAMPLES / "maintenance")
    made.convert()
    return made


def test_untouched_it_is_equal(migration: Migration) -> None:
    verdict = migration.validate("log_maintenance")
    assert (verdict.verdict, [row.reason for row in verdict.differences]) == ("equal", [])


@pytest.mark.parametrize("edit", EDITS)
def test_broken_it_is_different(migration: Migration, edit: str) -> None:
    text = migration.code("log_maintenance")
    before, after = EDITS[edit]
    assert text.count(before) == 1
    migration.save("log_maintenance", text.replace(before, after))
    try:
        verdict = migration.validate("log_maintenance")
    finally:
        migration.save("log_maintenance", text)
    assert verdict.verdict == "different"
    assert verdict.differences
