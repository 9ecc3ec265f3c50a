"""What symbolic values share: their entries, the decisions taken with assumed values, and what a worker collects of both."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

MARK, END = "\ue000", "\ue001"  # private-use characters: not changed by lower(), strip(), title()
Expr = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One symbolic value. `inputs` names what to supply, as (kind, name): ("variable", "env")."""

    expr: Expr
    value: Any
    known: bool
    inputs: tuple[tuple[str, str], ...] = ()


@dataclass
class Decision:
    """A place where the reading took one way because of an assumed value."""

    inputs: tuple[tuple[str, str], ...]
    value: Any
    what: str
    file: str | None
    line: int | None


@dataclass
class State:
    """What one worker collects; `is_user_file` tells the files of the repository from the library's own."""

    entries: list[Entry] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    is_user_file: Callable[[str], bool] = lambda name: False


STATE = State()


def constant(value: Any) -> Expr:
    """A literal JSON value as an expression."""
    return {"kind": "constant", "value": value}


def user_line(depth: int = 1) -> tuple[str | None, int | None]:
    """File and line of the innermost frame in the user's own files."""
    frame: Any = sys._getframe(depth)
    while frame is not None:
        if STATE.is_user_file(frame.f_code.co_filename):
            return frame.f_code.co_filename, frame.f_lineno
        frame = frame.f_back
    return None, None


def decide(entry: Entry, what: str) -> Any:
    """The value to go on with; an assumption is recorded with the place where it decides."""
    if not entry.known:
        file, line = user_line(2)
        STATE.decisions.append(Decision(entry.inputs, entry.value, what, file, line))
    return entry.value
