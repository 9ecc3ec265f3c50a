"""What an exercise shows: text in a terminal, HTML in a notebook."""

from __future__ import annotations

import html
from dataclasses import dataclass


class Code(str):
    """Python code, coloured in a notebook."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        from pygments import highlight  # type: ignore[import-untyped]  # publishes no types
        from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
        from pygments.lexers import PythonLexer  # type: ignore[import-untyped]

        made: str = highlight(self, PythonLexer(), HtmlFormatter(noclasses=True, nobackground=True))
        return made

    def __repr__(self) -> str:
        return str(self)


def code(text: str) -> Code:
    """`text` as code to show."""
    return Code(text)


@dataclass(frozen=True)
class Hint:
    """One of several hints."""

    number: int
    of: int
    text: str

    def __str__(self) -> str:
        return f"Hint {self.number} of {self.of}: {self.text}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        pieces = html.escape(self.text).split("`")
        body = "".join(f"<code>{piece}</code>" if i % 2 else piece for i, piece in enumerate(pieces))
        style = "background:#eef3fb;border-left:4px solid #3465a4;color:#1a1a1a;padding:6px 10px"
        return f'<div style="{style}"><strong>Hint {self.number} of {self.of}.</strong> {body}</div>'
