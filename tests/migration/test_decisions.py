"""decisions.toml: the most specific wins, and comments survive."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbook_lib.errors import RecordError
from workbook_lib.migration import Decisions

TEXT = """# ours
on_failure = "keep"  # as Airflow

[workflows."a.b"]
on_failure = "raise"
retries = 3

[workflows."a.b".tasks.t]
retries = 0
"""


def at(tmp_path: Path, text: str = TEXT) -> Decisions:
    (tmp_path / "decisions.toml").write_text(text)
    return Decisions(tmp_path / "decisions.toml")


@pytest.mark.parametrize(
    ("key", "place", "value"),
    [
        ("on_failure", {}, "keep"),
        ("on_failure", {"workflow": "other"}, "keep"),
        ("on_failure", {"workflow": "a.b"}, "raise"),
        ("on_failure", {"workflow": "a.b", "task": "t"}, "raise"),
        ("retries", {"workflow": "a.b", "task": "t"}, 0),
        ("retries", {"workflow": "a.b", "task": "u"}, 3),
        ("retries", {}, None),
        ("workflows", {}, None),
    ],
)
def test_the_most_specific_wins(tmp_path: Path, key: str, place: dict[str, str], value: object) -> None:
    assert at(tmp_path).get(key, **place) == value


def test_setting_keeps_comments_and_order(tmp_path: Path) -> None:
    decisions = at(tmp_path)
    decisions.set("retries", 5, workflow="a.b", task="t")
    assert decisions.path.read_text() == TEXT.replace("retries = 0", "retries = 5")


def test_a_new_place_is_made_and_taken_back(tmp_path: Path) -> None:
    decisions = Decisions(tmp_path / "decisions.toml")
    decisions.set("retries", 1, workflow="w", task="t")
    decisions.set("on_failure", "raise")
    assert decisions.plain() == {"on_failure": "raise", "workflows": {"w": {"tasks": {"t": {"retries": 1}}}}}
    decisions.set("on_failure", None)
    assert decisions.effective("w", "t") == {"retries": 1}


def test_a_broken_file_is_one_clear_message(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"decisions\.toml: not TOML: .* Correct the file\.$"):
        at(tmp_path, "a = ").plain()
