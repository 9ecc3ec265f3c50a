"""For an exercise: a flow with one thing wrong, found by trying, so that it works for every workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbook_lib.errors import UsageError

if TYPE_CHECKING:
    from workbook_lib.migration import Migration


def spoil(migration: Migration, workflow: str) -> str:
    """The flow's code without one line, chosen from the end, so that it still compiles and its graph differs."""
    lines = migration.code(workflow).splitlines(keepends=True)
    for number in range(len(lines) - 1, -1, -1):
        if not lines[number].startswith((" ", "\t")) or not lines[number].strip():
            continue
        text = "".join(lines[:number] + lines[number + 1 :])
        found = migration.check(workflow, text)
        if found.compiles and found.verdict == "different":
            return text
    raise UsageError(f"no single line of {workflow!r} changes its graph.", advice="Change the flow by hand.")
