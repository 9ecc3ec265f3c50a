"""Lines of code as a card shows them: whole statements where they are short, each with its file and number."""

from __future__ import annotations

import ast
import html
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MOST_LINES = 8  # of one statement, and of one snippet
Place = tuple[str, int]  # a file's path and a line from 1


@dataclass(frozen=True)
class Snippet:
    """Some lines of a file, with their numbers; `more` lines of the same kind are not shown."""

    file: str
    lines: tuple[tuple[int, str], ...]
    more: int = 0

    def __str__(self) -> str:
        width = len(str(self.lines[-1][0])) if self.lines else 1
        shown = [f"{number:>{width}}  {text}".rstrip() for number, text in self.lines]
        return "\n".join([f"{self.file}:", *shown, *([_more(self.more)] if self.more else [])])

    def to_html(self) -> str:
        """The snippet for a notebook; code is somebody else's text, and escaped."""
        body = "\n".join(f'<span style="color:#767676">{number:>4}</span>  {html.escape(text)}' for number, text in self.lines)
        more = f"<div><em>{_more(self.more)}</em></div>" if self.more else ""
        style = "background:#f6f6f6;color:#1a1a1a;padding:6px;overflow:auto;margin:2px 0"
        return f'<div><code>{html.escape(self.file)}</code></div><pre style="{style}">{body}</pre>{more}'


def _more(lines: int) -> str:
    return f"and {lines} more {'line' if lines == 1 else 'lines'}"


def snippets(places: Iterable[Place], root: Path) -> tuple[Snippet, ...]:
    """One snippet a file below `root`; a place elsewhere, or in a file that cannot be read, is left out."""
    wanted: dict[Path, list[int]] = {}
    for file, line in places:
        path = Path(file) if Path(file).is_absolute() else root / file
        if path.is_relative_to(root):
            wanted.setdefault(path, []).append(line)
    found = (_snippet(path, lines, root) for path, lines in wanted.items())
    return tuple(one for one in found if one is not None)


def _snippet(path: Path, wanted: list[int], root: Path) -> Snippet | None:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    lines = text.splitlines()
    spans = _statements(text)
    kept: dict[int, None] = {}
    for line in wanted:
        first, last = spans.get(line, (line, line))
        kept |= dict.fromkeys(number for number in range(first, last + 1) if 1 <= number <= len(lines))
    shown = sorted(list(kept)[:MOST_LINES])
    return Snippet(path.relative_to(root).as_posix(), tuple((n, lines[n - 1]) for n in shown), len(kept) - len(shown)) if shown else None


def _statements(text: str) -> dict[int, tuple[int, int]]:
    """Per line the smallest statement around it, where that is short; of a compound statement the head alone."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[int, tuple[int, int]] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt):
            continue
        inside: list[ast.stmt] = getattr(node, "body", [])
        last = min(inside[0].lineno - 1, node.lineno) if inside else node.end_lineno or node.lineno
        if node.lineno <= last < node.lineno + MOST_LINES:
            found |= dict.fromkeys(range(node.lineno, last + 1), (node.lineno, last))
    return found
