"""Where a thing was made: the frames within the user's files, and the source text of the call."""

from __future__ import annotations

import ast
import sys
from functools import lru_cache
from typing import Any

from workbook_lib.sources.tracing._entries import STATE

SOURCES: dict[str, tuple[str, ast.Module]] = {}  # file name as compiled -> source text and tree, filled by the loader
NAMES: dict[str, str] = {}  # file name as compiled -> as the user named it


def display(file: str) -> str:
    """The file as the user named it."""
    return NAMES.get(file, file)


def _position(frame: Any) -> tuple[int, int, int, int]:
    """Start line, start column, end line, end column of the instruction that a frame is at."""
    positions = list(frame.f_code.co_positions())
    line, end_line, column, end_column = positions[frame.f_lasti // 2]
    return line or frame.f_lineno, column or 0, end_line or frame.f_lineno, end_column or 0


def _initialises(frame: Any, made: Any) -> bool:
    """Whether a frame is an `__init__` of `made` itself: its class's code, not the place where it is made."""
    code = frame.f_code
    return code.co_name == "__init__" and code.co_argcount > 0 and frame.f_locals.get(code.co_varnames[0]) is made


def here(made: Any = None) -> tuple[dict[str, Any], tuple[str, int, int] | None]:
    """The origin of what is being made now (as `Origin`), and (compiled file, end line, end column) of the innermost call."""
    frames: list[dict[str, Any]] = []
    innermost: tuple[Any, tuple[int, int, int, int]] | None = None
    frame: Any = sys._getframe(1)
    while frame is not None and len(frames) < 30:
        code = frame.f_code
        if STATE.is_user_file(code.co_filename) and not (made is not None and _initialises(frame, made)):
            if innermost is None:
                innermost = (frame, _position(frame))
            line = innermost[1][0] if not frames else frame.f_lineno
            frames.append({"file": display(code.co_filename), "line": line, "function": code.co_name})
        frame = frame.f_back
    if innermost is None:
        return {"file": "", "line": 1, "column": 0, "stack": []}, None
    frame, (line, column, end_line, end_column) = innermost
    origin = {"file": frames[0]["file"], "line": line, "column": column, "stack": frames[::-1]}
    return origin, (frame.f_code.co_filename, end_line, end_column)


@lru_cache(maxsize=64)
def _calls(file: str) -> dict[tuple[int, int], ast.Call]:
    tree = SOURCES[file][1] if file in SOURCES else None
    found: dict[tuple[int, int], ast.Call] = {}
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Call) and node.end_lineno is not None and node.end_col_offset is not None:
            found.setdefault((node.end_lineno, node.end_col_offset), node)
    return found


def call_at(place: tuple[str, int, int] | None) -> tuple[ast.Call, str] | None:
    """The call expression that ends at a place, with its file's text."""
    if place is None or place[0] not in SOURCES:
        return None
    node = _calls(place[0]).get(place[1:])
    return (node, SOURCES[place[0]][0]) if node is not None else None


def argument_sources(place: tuple[str, int, int] | None, positional: tuple[str, ...] = ()) -> list[list[str]]:
    """Source text of the arguments of the call at `place`: keywords by name, positional ones by the names given."""
    found = call_at(place)
    if found is None:
        return []
    node, source = found
    lines = _lines(source)
    pairs = list(zip(positional, (arg for arg in node.args if not isinstance(arg, ast.Starred)), strict=False))
    pairs += [(keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg]
    return [[name, segment(lines, value)] for name, value in pairs]


@lru_cache(maxsize=8)
def _lines(source: str) -> tuple[bytes, ...]:
    return tuple(line.encode() for line in source.splitlines(keepends=True))


def segment(lines: tuple[bytes, ...], node: ast.expr) -> str:
    """Source text of a node; columns count UTF-8 bytes."""
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    if first == last:
        return lines[first][node.col_offset : node.end_col_offset].decode(errors="replace")
    middle = [lines[first][node.col_offset :], *lines[first + 1 : last], lines[last][: node.end_col_offset]]
    return b"".join(middle).decode(errors="replace")


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
