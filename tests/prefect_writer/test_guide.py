"""MIGRATION.md: the sections on verdicts and decisions, before and after."""

from __future__ import annotations

import pytest
from writer_build import shell, workflow

from workbook_lib.prefect_writer import with_verdicts, write

TWO = [workflow(shell("a", "echo a"), id=name) for name in ("orders", "orders_2")]
NOT_YET = ["- `orders`: not validated yet", "- `orders_2`: not validated yet"]
EQUAL = "equal: in the real run and in 3 rehearsals"


def section(text: str, heading: str) -> list[str]:
    """The lines of a section that are not empty."""
    return [line for line in text.partition(f"## {heading}\n")[2].partition("\n## ")[0].splitlines() if line]


def guide(decisions: dict[str, object] | None = None) -> str:
    return write(TWO, decisions).files["MIGRATION.md"]


@pytest.mark.parametrize(
    ("said", "lines"),
    [
        ({}, NOT_YET),
        ({"orders": EQUAL}, [f"- `orders`: {EQUAL}", NOT_YET[1]]),
        ({"orders_2": "different: a | b\n## c"}, [NOT_YET[0], "- `orders_2`: different: a \\| b ## c"]),
        ({"another": EQUAL}, NOT_YET),
    ],
)
def test_the_verdict(said: dict[str, str], lines: list[str]) -> None:
    text = with_verdicts(guide(), said)
    assert section(text, "Verdict") == ["What `workbook validate` said last:", *lines]
    assert section(text, "Left to you") == section(guide(), "Left to you")


def test_a_newer_verdict_takes_the_place_of_an_older_one() -> None:
    once = with_verdicts(guide(), {"orders": "different: in 2 rehearsals"})
    assert with_verdicts(once, {"orders": EQUAL}) == with_verdicts(guide(), {"orders": EQUAL})


def test_a_guide_without_the_section_stays_as_it_is() -> None:
    assert with_verdicts("# Mine\n\n- `orders`: done\n", {"orders": EQUAL}) == "# Mine\n\n- `orders`: done\n"


@pytest.mark.parametrize(
    ("decisions", "lines"),
    [
        (None, ["Nothing: every flow is to do what the legacy workflow did."]),
        ({"on_failure": "raise"}, ['- everywhere: `on_failure = "raise"`']),
        (
            {"workflows": {"orders": {"schedule": "none", "tasks": {"a": {"retries": 0}}}}},
            ['- in `orders`: `schedule = "none"`', "- in `orders`, task `a`: `retries = 0`"],
        ),
    ],
)
def test_what_was_decided(decisions: dict[str, object] | None, lines: list[str]) -> None:
    assert section(guide(decisions), "Decided") == lines
