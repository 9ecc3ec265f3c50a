"""What two texts of the legacy engine share although they differ: a pilot's text must have that too."""

from __future__ import annotations

import calendar
import re

FREE = "…"  # stands for a word that differs
_LONGEST = 2000  # characters; of longer texts nothing is kept
_NAMES = {
    name.lower() for names in (calendar.day_name, calendar.day_abbr, calendar.month_name, calendar.month_abbr) for name in names if name
}
_NUMBER = re.compile(r"[^A-Za-z]*[0-9][^A-Za-z]*([TZ][^A-Za-z]*)*|AM|PM|UTC|GMT")


def shared(first: str, second: str) -> str:
    """The words of both texts, `FREE` for each that differs; empty where they have another number of words, or nothing in common."""
    one, other = first.split(), second.split()
    if len(one) != len(other) or max(len(first), len(second)) > _LONGEST:
        return ""
    words = [left if left == right else FREE for left, right in zip(one, other, strict=True)]
    return " ".join(words) if any(word != FREE for word in words) else ""


def has(text: str, like: str) -> bool:
    """Whether a text says what `like` keeps; of numbers, dates and times only that there is one: two runs of one day share the date."""
    words, wanted = text.split(), like.split()
    if not like:
        return True
    return len(words) == len(wanted) and all(
        word == want or want == FREE or _of_a_kind(word, want) for word, want in zip(words, wanted, strict=True)
    )


def _of_a_kind(word: str, want: str) -> bool:
    return _moving(word) and _moving(want)


def _moving(word: str) -> bool:
    return word.strip(",;.()[]").lower() in _NAMES or _NUMBER.fullmatch(word) is not None
