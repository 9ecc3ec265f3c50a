"""Where a thing was made: the frames within the user's files, taken cheaply and worked out later."""

from __future__ import annotations

import ast
import sys
from types import CodeType
from typing import Any, NamedTuple

from workbook_lib.sources.tracing._entries import STATE

SOURCES: dict[str, tuple[str, ast.Module]] = {}  # file name as compiled -> source text and tree, filled by the loader
NAMES: dict[str, str] = {}  # file name as compiled -> as the user named it


def display(file: str) -> str:
    """The file as the user named it."""
    return NAMES.get(file, file)


# Frames of their own up to Python 3.11, part of the function around them in later versions; here they never count as frames.
_INLINED = frozenset({"<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>"})
_DEEPEST = 40
_LIBRARY = __file__.partition("workbook_lib")[0] + "workbook_lib/"
_users: dict[str, bool] = {}  # file name as compiled -> whether it is the user's
# By the id of a code object, which is kept: instructions whose positions somebody may ask for, and those positions.
_wanted: dict[int, tuple[CodeType, set[int]]] = {}
_positions: dict[int, dict[int, tuple[int, int, int, int]]] = {}


class Spot(NamedTuple):
    """One frame of the user's files: where it was. `own`: an `__init__` of what was being made; `direct`: called by the next one itself."""

    code: CodeType
    instruction: int
    own: bool
    direct: bool

    @property
    def file(self) -> str:
        """The file as compiled."""
        return self.code.co_filename

    def position(self) -> tuple[int, int, int, int]:
        """Start line, start column, end line, end column of the expression that was being worked out."""
        found = _positions.get(id(self.code), {})
        if self.instruction not in found:
            wanted = _wanted[id(self.code)][1]
            found = {}
            for number, (line, end_line, column, end_column) in enumerate(self.code.co_positions()):
                if number * 2 in wanted:
                    line = line or self.code.co_firstlineno
                    found[number * 2] = (line, column or 0, end_line or line, end_column or 0)
            _positions[id(self.code)] = found
        return found.get(self.instruction, (self.code.co_firstlineno, 0, self.code.co_firstlineno, 0))


class Trail:
    """The user's frames that led to something, innermost first. Cheap to take; what it means is worked out when somebody asks."""

    __slots__ = ("_origin", "spots", "views")

    def __init__(self, spots: tuple[Spot, ...]) -> None:
        self.spots = spots
        self._origin: dict[str, Any] | None = None
        self.views: list[Any] | None = None  # what `_provenance` makes of it

    @property
    def origin(self) -> dict[str, Any]:
        """In the form of `Origin`: without the code of the thing's own class, which is not the place where it is made."""
        if self._origin is None:
            self._origin = self._made()
        return self._origin

    def _made(self) -> dict[str, Any]:
        frames: list[dict[str, Any]] = []
        first: tuple[int, int] | None = None
        line = 0
        for spot in self.spots:
            if spot.own:
                continue
            at = spot.position()
            first = first or _start(spot.file, at)
            line = line or (first[0] if not frames else at[0])
            if spot.code.co_name in _INLINED:
                continue
            frames.append({"file": display(spot.file), "line": line, "function": spot.code.co_name})
            line = 0
        if first is None or not frames:
            return {"file": "", "line": 1, "column": 0, "stack": []}
        return {"file": frames[0]["file"], "line": first[0], "column": first[1], "stack": frames[::-1]}

    @property
    def place(self) -> tuple[str, int, int] | None:
        """Compiled file, end line and end column of the innermost call."""
        spot = next((one for one in self.spots if not one.own), None)
        return (spot.file, *spot.position()[2:]) if spot is not None else None


def _start(file: str, at: tuple[int, int, int, int]) -> tuple[int, int]:
    """Where the call begins: the position of `a\\n.b()` begins at the dot."""
    found = call_at((file, at[2], at[3]))
    return (found[0].lineno, found[0].col_offset) if found is not None else at[:2]


def _initialises(frame: Any, made: Any) -> bool:
    """Whether a frame is an `__init__` of `made` itself: its class's code, not the place where it is made."""
    code = frame.f_code
    return code.co_name == "__init__" and code.co_argcount > 0 and frame.f_locals.get(code.co_varnames[0]) is made


def trail(made: Any = None, deepest: int = _DEEPEST) -> Trail:
    """Where the user's code is now; `made` is what is being made."""
    spots: list[Spot] = []
    direct = True
    frame: Any = sys._getframe(1)
    while frame is not None and len(spots) < deepest:
        code = frame.f_code
        users = _users.get(code.co_filename)
        if users is None:
            own = code.co_filename.startswith(_LIBRARY)  # the sources may lie in a checkout of this library
            users = _users[code.co_filename] = not own and STATE.is_user_file(code.co_filename)
        if users:
            _wanted.setdefault(id(code), (code, set()))[1].add(frame.f_lasti)
            spots.append(Spot(code, frame.f_lasti, made is not None and _initialises(frame, made), direct))
        direct = users
        frame = frame.f_back
    return Trail(tuple(spots))


def call_at(place: tuple[str, int, int] | None) -> tuple[ast.Call, str] | None:
    """The call expression that ends at a place, with its file's text."""
    from workbook_lib.sources.tracing._scopes import index

    found = index(place[0]) if place is not None else None
    node = found.calls.get(place[1:]) if found is not None and place is not None else None
    return (node, SOURCES[place[0]][0]) if node is not None and place is not None else None


def class_place(cls: type) -> tuple[str, int] | None:
    """File and line of a class of the user's files, found through its methods or its module's tree."""
    module = sys.modules.get(cls.__module__)
    file = getattr(module, "__file__", None)
    if file not in SOURCES:
        return None
    for node in ast.walk(SOURCES[file][1]):
        if isinstance(node, ast.ClassDef) and node.name == cls.__name__:
            return display(file), node.lineno
    return None
