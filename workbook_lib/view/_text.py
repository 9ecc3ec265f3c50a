"""Text in a drawing: escaping, widths, short forms, ids. Ids, labels and docs are hostile: each goes through here once."""

from __future__ import annotations

import html
import unicodedata


def escape(text: str) -> str:
    """`text` for XML content or a quoted attribute; what XML forbids or what would reorder the line becomes U+FFFD."""
    return html.escape("".join(_visible(c) for c in text), quote=True)


def _visible(char: str) -> str:
    if char in "\n\t":
        return char
    return "\ufffd" if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn"} else char


def slug(text: str) -> str:
    """`text` as part of an XML id; two different texts never give the same slug."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else f":{ord(c):x}:" for c in text)


def shorten(text: str, limit: int) -> str:
    """`text` in at most `limit` characters, the middle left out: beginnings and ends tell names apart."""
    line = " ".join(text.split()) or "\u2423"
    if len(line) <= limit:
        return line
    tail = (limit - 1) // 2
    return line[: limit - 1 - tail] + "\u2026" + line[-tail:]


def width(text: str, size: float) -> float:
    """About how wide `text` is in a sans-serif font of `size` pixels, rather too wide than too narrow."""
    return sum(_advance(c) for c in text) * size


def _advance(char: str) -> float:
    if char in "iljI.,:;|!'`ft()[] ":
        return 0.4
    if char in "mwMW@%\u2026" or unicodedata.east_asian_width(char) in "WF":
        return 1.0
    return 0.72 if char.isupper() else 0.62
