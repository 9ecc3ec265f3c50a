"""Whether an edited flow compiles and still has the legacy graph; static, fast enough for every keystroke."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Check:
    """The state of an edited flow.

    `compiles`; else `error`, `line`, `column` say where not. `verdict` is "equal", "explained", "not comparable" or "different" for the
    structure, None when it does not compile; `differences` holds one sentence per row that is not equal. `missing` are edges
    (source, target) of the legacy graph between tasks that the code does not order.
    """

    compiles: bool
    verdict: str | None = None
    error: str = ""
    line: int | None = None
    column: int | None = None
    differences: tuple[str, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    rows: tuple[Any, ...] = field(default=(), repr=False)

    @property
    def same_graph(self) -> bool:
        """Whether the structure was compared and nothing differs."""
        return self.verdict in ("equal", "explained")

    def __str__(self) -> str:
        if not self.compiles:
            place = f"line {self.line}" + (f", column {self.column}" if self.column else "") if self.line else "the file"
            return f"Does not compile: {self.error} ({place})."
        if self.same_graph:
            return "Compiles, and has the same graph as the legacy workflow."
        if self.verdict == "not comparable":
            return "Compiles, but a part of it could not be followed: " + "; ".join(self.differences[:3])
        return "Compiles, but its graph differs: " + "; ".join(self.differences[:3])


def compiles(text: str, name: str) -> Check:
    """Only whether the text is Python, without conflict markers."""
    from workbook_lib.migration._merge import has_markers

    marker = has_markers(text)
    if marker is not None:
        return Check(False, error="a conflict marker is left; keep one side and delete the markers", line=marker)
    try:
        compile(text, name, "exec", dont_inherit=True)
    except SyntaxError as error:
        return Check(False, error=error.msg, line=error.lineno, column=error.offset)
    except (ValueError, RecursionError, MemoryError) as error:
        return Check(False, error=str(error) or type(error).__name__)
    return Check(True)
