"""Reads conditions on a task's result: `== "a"`, `in ("a", "b")`, `"a" in x`, truth, `not`, `and`."""

from __future__ import annotations

from typing import Any

from workbook_lib.prefect_reader._program import Choice
from workbook_lib.prefect_reader._values import Marked, Unknown, abstract_in, runs_in


def choices(test: Any, holds: bool, line: int) -> tuple[Choice, ...]:
    """What is known of the results of tasks where `test` holds (or does not); a choice without values: it depends on that task."""
    if isinstance(test, Marked):
        if test.mark == "not":
            return choices(test.value, not holds, line)
        if test.mark in ("And", "Or"):
            if holds is (test.mark == "And"):
                return tuple(choice for part in test.value for choice in choices(part, holds, line))
            return _vague(test, line)
        return _comparison(test, holds, line)
    if isinstance(test, Unknown) and test.result is not None:
        return (Choice(test.result.id, (True,), holds, line),)
    return _vague(test, line)


def _comparison(test: Marked, holds: bool, line: int) -> tuple[Choice, ...]:
    left, right = test.value if isinstance(test.value, tuple) and len(test.value) == 2 else (None, None)
    negative = test.mark in ("NotEq", "NotIn", "IsNot")
    if test.mark in ("Eq", "NotEq", "Is", "IsNot"):
        for result, value in ((left, right), (right, left)):
            if isinstance(result, Unknown) and result.result is not None and not abstract_in(value):
                return (Choice(result.result.id, (value,), holds is not negative, line),)
    if test.mark in ("In", "NotIn"):
        if isinstance(left, Unknown) and left.result is not None and isinstance(right, list | tuple) and not abstract_in(right):
            return (Choice(left.result.id, tuple(right), holds is not negative, line),)
        if isinstance(right, Unknown) and right.result is not None and not abstract_in(left):
            return (Choice(right.result.id, (left,), holds is not negative, line),)
    return _vague(test, line)


def _vague(test: Any, line: int) -> tuple[Choice, ...]:
    return tuple(Choice(run.id, (), True, line) for run in runs_in(test))
