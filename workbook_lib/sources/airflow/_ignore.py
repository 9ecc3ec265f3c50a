"""`.airflowignore` as Airflow reads it: regular expressions (the default up to 2), or globs as in `.gitignore` (the default since 3).

https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/dags.html#airflowignore
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

NAME = ".airflowignore"
Syntax = Literal["regexp", "glob"]
_COMMENT = re.compile(r"\s*#.*")
_LONGEST, _MOST_STARS = 1000, 8  # Python matches by trying: a hostile line must not take for ever
_NOT_IN_RE2 = re.compile(r"\(\?(?:[=!]|<[=!])|\\[1-9]|\(\?P=|\(\?>|[*+?}]\+")


@dataclass(frozen=True)
class Rule:
    """One line. `decides(path, is_dir)` is True to leave the path out, False to keep it after all, None when it says nothing of it."""

    decides: Callable[[Path, bool], bool | None]


@dataclass(frozen=True)
class Refused:
    """A line that is passed over, and why."""

    line: int
    text: str
    why: str


def rules(listing: Path, base: Path, syntax: Syntax, re2: bool = True) -> tuple[list[Rule], list[Refused]]:
    """What one file says. Regular expressions are searched in the path below `base`, globs below the file's own folder.

    `re2`: by the rules of RE2, which Airflow 2 uses; 3 uses Python's own.
    """
    made: list[Rule] = []
    refused: list[Refused] = []
    for number, pattern in _lines(listing):
        try:
            rule = _glob(pattern, listing.parent) if syntax == "glob" else _regexp(pattern, base, re2)
        except ValueError as error:
            refused.append(Refused(number, pattern, str(error)))
            continue
        if rule is not None:
            made.append(rule)
    return made, refused


def ignored(path: Path, is_dir: bool, found: list[Rule]) -> bool:
    """Whether the rules leave a path out; the last one that says something of it decides."""
    said = [verdict for rule in found if (verdict := rule.decides(path, is_dir)) is not None]
    return bool(said) and said[-1]


def _lines(listing: Path) -> Iterator[tuple[int, str]]:
    try:
        text = listing.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        pattern = _COMMENT.sub("", line)
        if pattern:
            yield number, pattern


def _regexp(pattern: str, base: Path, re2: bool) -> Rule:
    if len(pattern) > _LONGEST:
        raise ValueError("it is too long")
    if re2 and _NOT_IN_RE2.search(pattern):
        raise ValueError("the regular expressions of Airflow 2 (RE2) know no look-around and no back references")
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"it is no regular expression ({error})") from error
    if _explodes(pattern):
        raise ValueError("it repeats what repeats itself, which may take for ever")
    return Rule(lambda path, is_dir: True if compiled.search(path.relative_to(base).as_posix()) else None)


def _explodes(pattern: str) -> bool:
    """Whether matching may take exponential time: RE2 would not, Python's engine does."""
    from re import _parser  # type: ignore[attr-defined]  # the only parser of regular expressions that the standard library has

    def inner(tree: Any, repeated: bool) -> bool:
        for name, value in tree:
            kind = str(name)
            unbounded = kind in ("MAX_REPEAT", "MIN_REPEAT") and value[1] > 100
            if repeated and (unbounded or kind == "BRANCH"):
                return True
            for part in value if isinstance(value, (list, tuple)) else ():
                parts = part if isinstance(part, list) else [part]
                if any(isinstance(one, _parser.SubPattern) and inner(one, repeated or unbounded) for one in parts):
                    return True
        return False

    tree = _parser.parse(pattern)
    return inner(tree, False) or sum(str(name) in ("MAX_REPEAT", "MIN_REPEAT") and value[1] > 100 for name, value in tree) > 6


def _glob(pattern: str, folder: Path) -> Rule | None:
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern  # loaded only where such a file is: reading has to start fast

    if pattern.strip() == "/":
        return None
    if len(pattern) > _LONGEST or len(re.findall(r"\*+", pattern)) > _MOST_STARS:
        raise ValueError("it has too many stars")
    try:
        compiled = GitIgnoreSpecPattern(pattern)
    except ValueError as error:
        raise ValueError(f"it is no pattern ({error})") from error
    include, bare = compiled.include, pattern.removeprefix("!")
    if include is None:
        return None
    anchored = bare.startswith("/") or "/" in bare.rstrip("/")
    folders_only = bare.rstrip().endswith("/")

    def decides(path: Path, is_dir: bool) -> bool | None:
        if folders_only and not is_dir:
            return None
        name = (path.relative_to(folder).as_posix() if anchored else path.name) + ("/" if is_dir else "")
        return include if compiled.match_file(name) is not None else None

    return Rule(decides)
