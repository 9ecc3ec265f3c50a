"""Where things stand in a piece of source, and the marks that are put there."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from itertools import islice

from workbook_lib.model.expr import Expr
from workbook_lib.model.function import Span
from workbook_lib.sources.airflow._source import offsets


@dataclass
class Marks:
    """The result: spans in order, reasons why the piece still needs Airflow, and what it can do."""

    spans: list[Span] = field(default_factory=list)
    blockers: list[str] = field(default_factory=list)
    may_skip: bool = False
    hands_over: bool = False  # a check that gives (done, value)
    notes: list[str] = field(default_factory=list)  # what is nearly, but not quite the same
    tells: int = 0  # `yield` statements that tell of updated assets, and are calls then

    def remark(self, text: str) -> None:
        """Note what is not quite the same, once."""
        if text not in self.notes:
            self.notes.append(text)

    def block(self, reason: str) -> None:
        """Note a reason once."""
        if reason not in self.blockers:
            self.blockers.append(reason)


class Places:
    """Offsets of nodes in `source`, and the spans made there."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.marks = Marks()
        self.at = offsets(source)
        self.joined: ast.JoinedStr | None = None

    def ends(self, node: ast.AST) -> tuple[int, int]:
        first = self.at(node.lineno, node.col_offset)  # type: ignore[attr-defined]
        return first, self.at(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def text(self, node: ast.AST) -> str:
        start, end = self.ends(node)
        return self.source[start:end]

    def span(self, node: ast.AST, kind: str, value: Expr | None = None, key: str | None = None, argument: str = "") -> None:
        start, end = self.ends(node)
        if isinstance(node, ast.expr) and not is_text_of(self.source[start:end], node):
            found = self.sought(node)
            if found is None:
                self.marks.block(
                    f"`{shortened(ast.unparse(node))}` stands in a text over several lines, where Python does not tell its place"
                )
                return
            start, end = found
        if kind == "drop" and isinstance(node, ast.stmt):
            start, end = self.whole_line(start, end)
        self.marks.spans.append(Span(start=start, end=end, kind=kind, value=value, key=key, argument=argument))

    def sought(self, node: ast.expr) -> tuple[int, int] | None:
        """Where an expression really stands in the format string around it: Python before 3.12 misplaces it in joined strings."""
        if self.joined is None:
            return None
        first, last = self.ends(self.joined)
        taken = {span.start for span in self.marks.spans}
        width = len(ast.unparse(node))  # quotes and spaces may differ; the width in the source is near
        root = node
        while not isinstance(root, ast.Name) and (children := [c for c in ast.iter_child_nodes(root) if isinstance(c, ast.expr)]):
            root = children[0]
        if not isinstance(root, ast.Name):
            return None
        for match in islice(re.finditer(rf"\b{re.escape(root.id)}\b", self.source[first:last]), 50):
            start = first + match.start()
            for end in range(start + max(1, width - 10), min(last, start + width + 40)):
                if start not in taken and is_text_of(self.source[start:end], node) and not self.source[start:end].endswith(" "):
                    return start, end
        return None

    def whole_line(self, start: int, end: int) -> tuple[int, int]:
        """A statement that stands alone on its lines goes with its indentation and its line end."""
        begin = self.source.rfind("\n", 0, start) + 1
        finish = self.source.find("\n", end)
        finish = len(self.source) if finish < 0 else finish + 1
        alone = not self.source[begin:start].strip() and not self.source[end:finish].strip()
        return (begin, finish) if alone else (start, end)

    def blocked(self, node: ast.AST, reason: object) -> None:
        self.marks.block(f"`{shortened(self.text(node))}` {reason}")


def is_text_of(text: str, node: ast.expr) -> bool:
    """Whether `text` is the source of `node`: inside of f-strings, Python before 3.12 may give wrong places."""
    try:
        return ast.dump(ast.parse(f"({text})", mode="eval").body) == ast.dump(node)
    except SyntaxError:
        return False


def shortened(text: str) -> str:
    """A piece of source in one line, for messages."""
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."
