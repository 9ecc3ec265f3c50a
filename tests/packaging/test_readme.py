"""The README's table of what is supported is what the code supports."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workbook_lib.model.join_rules import JoinRule
from workbook_lib.sources.airflow.operators import DECORATORS, OPERATORS

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
PEOPLE = {"ApprovalOperator", "HITLBranchOperator", "HITLEntryOperator", "HITLOperator"}  # placeholders, though a rule knows them
SENSORS = {name for name in OPERATORS if "Sensor" in name}


@pytest.mark.parametrize(
    ("row", "names"),
    [
        ("Operators", set(OPERATORS) - SENSORS - PEOPLE),
        ("Sensors", SENSORS),
        ("TaskFlow", set(DECORATORS)),
        ("Trigger rules", {str(rule) for rule in JoinRule}),
    ],
)
def test_supported(row, names):
    line = next(line for line in README.splitlines() if line.startswith(f"| {row} |"))
    assert re.findall(r"`([^`]+)`", line.split("|")[2]) == sorted(names)


def test_every_link_and_picture_is_there():
    root = Path(__file__).parents[2]
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in target]
    assert targets
    assert [target for target in targets if not (root / target).exists()] == []
