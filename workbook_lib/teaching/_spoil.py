"""For an exercise: a flow with one thing wrong, found by trying, so that it works for every workflow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from workbook_lib.errors import UsageError

if TYPE_CHECKING:
    from workbook_lib.migration import Migration


def spoil(migration: Migration, workflow: str) -> str:
    """The flow's code with two neighbouring lines swapped, or one left out, so that it still compiles and its graph differs."""
    found = ""
    for text in _mistakes(migration.code(workflow)):
        check = migration.check(workflow, text)
        if check.compiles and check.verdict == "different":
            if check.missing:
                return text
            found = found or text
    if not found:
        raise UsageError(f"no single line of {workflow!r} changes its graph.", advice="Change the flow by hand.")
    return found


def _mistakes(code: str) -> Iterator[str]:
    """From the end, because flows stand behind their tasks."""
    lines = code.splitlines(keepends=True)
    for number in range(len(lines) - 1, 0, -1):
        above, line = lines[number - 1 : number + 1]
        if line.strip() and _indent(above) == _indent(line) > 0:
            yield "".join([*lines[: number - 1], line, above, *lines[number + 1 :]])
    for number in range(len(lines) - 1, 0, -1):
        if _indent(lines[number]) > 0:
            yield "".join(lines[:number] + lines[number + 1 :])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip()) if line.strip() else 0
