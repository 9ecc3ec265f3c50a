"""What symbolic values share: their entries, the decisions taken with assumed values, and what a worker collects of both."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

MARK, END = "\ue000", "\ue001"  # private-use characters: not changed by lower(), strip(), title()
UNSET = "\ue002"  # given as a value: it is known that there is none
Expr = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One symbolic value. `inputs` names what to supply, as (kind, name): ("variable", "env").

    `known`: the value is the real one, nothing in it is assumed. `moving`: it was taken from the clock or at random.
    """

    expr: Expr
    value: Any
    known: bool
    inputs: tuple[tuple[str, str], ...] = ()
    moving: bool = False


@dataclass
class Decision:
    """A place where the reading took one way because of an assumed value, or of one from the clock (`moving`)."""

    inputs: tuple[tuple[str, str], ...]
    value: Any
    what: str
    file: str | None
    line: int | None
    moving: bool = False


@dataclass
class Asked:
    """What was asked for while reading: the default in the source, what it is used as, the keys that are taken from it, what it
    decides, and where."""

    default: Expr | None = None
    uses: dict[str, None] = field(default_factory=dict)
    keys: dict[str, None] = field(default_factory=dict)
    decides: dict[str, None] = field(default_factory=dict)
    places: dict[tuple[str | None, int | None], None] = field(default_factory=dict)


@dataclass
class State:
    """What one worker collects; `is_user_file` tells the files of the repository from the library's own."""

    entries: list[Entry] = field(default_factory=list)
    asked: dict[tuple[str, str], Asked] = field(default_factory=dict)
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
    if entry.moving or not entry.known:
        file, line = user_line(2)
        if file is None:  # nobody's code asks: what was built is being written down
            return entry.value
        STATE.decisions.append(Decision(entry.inputs, entry.value, what, file, line, entry.moving and not entry.inputs))
    return entry.value


def ask(kind: str, name: str, default: Expr | None = None, use: str = "") -> None:
    """Note that the user's code asks for an input."""
    asked = STATE.asked.setdefault((kind, name), Asked())
    asked.default = asked.default or default
    if use:
        asked.uses[use] = None
    if len(asked.places) < 20:
        asked.places[user_line(2)] = None


def used(inputs: tuple[tuple[str, str], ...], use: str = "", key: str = "") -> None:
    """Note what a single input is used as, or which key of it is taken."""
    if len(inputs) == 1 and inputs[0] in STATE.asked:
        asked = STATE.asked[inputs[0]]
        if use and len(asked.uses) < 8:
            asked.uses[use] = None
        if key and len(asked.keys) < 40:
            asked.keys[key] = None


def decides(inputs: tuple[tuple[str, str], ...], what: str) -> None:
    """Note what a reading cannot say without an input."""
    for pair in inputs:
        found = STATE.asked.setdefault(pair, Asked()).decides
        if len(found) < 20:
            found[what] = None
