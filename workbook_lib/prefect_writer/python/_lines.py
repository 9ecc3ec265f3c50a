"""Breaks lines of generated code that ruff's formatter leaves too long: strings, comments; what must stay as it is gets a `noqa`."""

from __future__ import annotations

import ast
import io
import json
import re
import textwrap
import tokenize
from collections.abc import Callable

_STRING = re.compile(r"""^(?P<indent>[ ]*)(?P<prefix>f?)(?P<quote>["'])(?P<text>.*)(?P=quote)(?P<comma>,?)$""")
# What code may be that was brought along as it was; anything else that ruff finds is a fault of the writer's.
EXCUSED = ("E501", "E721", "E722", "E731", "E741", "F841")
_SPLITS = re.compile(r"(?<= )")


def wrapped(text: str, width: int) -> str:
    """A docstring's text with its long lines broken at spaces; each keeps its indentation."""
    lines = []
    for line in text.split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        fits = len(line) <= width
        lines += [line] if fits else textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)


def break_long(source: str, width: int) -> str:
    """`source` with long comments, and long strings that stand alone on their line, on several lines; the same program."""
    lines: list[str] = []
    inside = _within_blocks(source)
    for number, line in enumerate(source.split("\n"), 1):
        long = len(line) > width and number not in inside
        match = _STRING.match(line) if long else None
        lines += _broken(match, width) if match else _comment(line, width) if long and line.lstrip().startswith("# ") else [line]
    result = "\n".join(lines)
    return result if result != source and _same(source, result) else source


def _broken(match: re.Match[str], width: int) -> list[str]:
    indent, prefix, quote = match["indent"], match["prefix"], match["quote"]
    room = width - len(indent) - len(prefix) - 2 - len(match["comma"])
    pieces: list[str] = []
    for word in _SPLITS.split(match["text"]):
        if pieces and (len(pieces[-1]) + len(word) <= room or (prefix and pieces[-1].count("{") != pieces[-1].count("}"))):
            pieces[-1] += word
        else:
            pieces.append(word)
    made = [f"{indent}{prefix if '{' in piece or '}' in piece else ''}{quote}{piece}{quote}" for piece in pieces]
    return [*made[:-1], made[-1] + match["comma"]]


def _comment(line: str, width: int) -> list[str]:
    indent = line[: line.index("#")] + "# "
    return textwrap.wrap(line.strip(), width, initial_indent=indent[:-2], subsequent_indent=indent, break_long_words=False)


def _within_blocks(source: str) -> set[int]:
    """The numbers of the lines that a string of several lines covers."""
    found: set[int] = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.STRING and token.end[0] > token.start[0]:
                found |= set(range(token.start[0], token.end[0] + 1))
    except (tokenize.TokenError, IndentationError):
        return set(range(source.count("\n") + 2))
    return found


def _same(before: str, after: str) -> bool:
    try:
        return ast.dump(ast.parse(before)) == ast.dump(ast.parse(after))
    except SyntaxError:
        return False


def reflow_docstrings(source: str, width: int) -> str:
    """`source` with the paragraphs of its docstrings filled anew where one of their lines is too long."""
    lines = source.split("\n")
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)]
    for node in sorted(nodes, key=lambda node: getattr(node, "lineno", 0), reverse=True):
        if ast.get_docstring(node) is None:
            continue
        text = node.body[0]
        start, end = text.lineno - 1, text.end_lineno or text.lineno
        if max(map(len, lines[start:end])) > width - 3:
            indent = " " * text.col_offset
            paragraphs = (ast.get_docstring(node) or "").split("\n\n")
            filled = "\n\n".join(
                textwrap.fill(" ".join(one.split()), width - 3, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
                for one in paragraphs
            )
            lines[start:end] = f'{indent}"""{filled.strip()}\n{indent}"""'.split("\n")
    return "\n".join(lines)


def excuse(source: str, check: Callable[[str], str]) -> str:
    """`source` with a `noqa` on each line that `check` (ruff's findings as JSON) still finds fault with: code as it was brought along."""
    wanted: dict[int, set[str]] = {}
    for finding in json.loads(check(source) or "[]"):
        if finding["code"] in EXCUSED or str(finding["code"]).startswith(("B", "PT", "RET", "SIM", "UP")):
            wanted.setdefault(finding["noqa_row"], set()).add(finding["code"])
    lines = source.split("\n")
    for row, codes in wanted.items():
        lines[row - 1] += f"  # noqa: {', '.join(sorted(codes))}"
    return "\n".join(lines)
