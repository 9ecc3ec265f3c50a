"""Which files of a folder Airflow would import as DAG files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbook_lib.sources.airflow import _ignore, _zips
from workbook_lib.sources.airflow._layout import configuration, dags_folder

_MENTIONS = (b"airflow", b"dag")
_SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages", "venv"})
_FALSE = ("0", "f", "false", "n", "no", "off")
_SDK = b"airflow.sdk"


@dataclass(frozen=True)
class DagFile:
    """`file` on disk, `shown` as the user named it, `base` the folder that the search began in; `archive` what it was unpacked from.

    `helper`: Airflow would not import it as a DAG file (`core.dag_discovery_safe_mode`).
    """

    file: Path
    shown: str
    base: Path
    named: bool = False
    helper: bool = False
    archive: Path | None = None


@dataclass
class Search:
    """Looks for DAG files; `scratch` is where archives are unpacked, None to leave them out.

    `findings` (code, severity, the rest) fills while it goes: their class is heavy to load. `environment` may hold Airflow's own settings
    (`AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX` ...), `version` decides the default syntax.
    """

    version: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    scratch: Path | None = None
    findings: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def files(self, path: Path, shown: str) -> Iterator[DagFile]:
        """All files below a path (or the path itself) in a stable order."""
        if path.is_file():
            file = path.resolve()
            if not path.name.endswith(".py") and _zips.is_archive(file):
                yield from self._unpacked(file, shown, True)
            else:
                yield DagFile(file, shown, file.parent, named=True)
            return
        base = path.resolve()
        settings = configuration(base, self.environment)
        safe = settings.get("dag_discovery_safe_mode", "").strip().lower() not in _FALSE
        syntax = settings.get("dag_ignore_file_syntax", "").strip().lower()
        walk = _Walk(self, base, shown, syntax)
        for file in walk.folder(base, [], {base}):
            name = str(Path(shown) / file.relative_to(base))
            if file.name.endswith(".py"):
                yield DagFile(file, name, base, helper=safe and _is_helper(file))
            else:
                yield from self._unpacked(file.resolve(), name, False, safe)

    def _unpacked(self, archive: Path, shown: str, named: bool, safe: bool = True) -> Iterator[DagFile]:
        if self.scratch is None:
            return
        folder = self.scratch / f"{len(list(self.scratch.iterdir()))}"
        folder.mkdir()
        done = _zips.unpack(archive, folder)
        for what in done.left_out if done.files or named else ():
            self.tell("airflow.zip_left_out", "warning", f"left out of the archive: {what}", shown, "Unpack the archive, and read that.")
        for file in done.files:
            yield DagFile(file, f"{shown}/{file.name}", folder, named=named, helper=safe and _is_helper(file), archive=archive)

    def tell(self, code: str, severity: str, message: str, file: str, advice: str, line: int = 1) -> None:
        """Note a finding."""
        self.findings.append((code, severity, {"message": message, "file": file, "line": line, "advice": advice}))


def _is_dir(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads in a circle
        return False


@dataclass
class _Walk:
    search: Search
    base: Path
    shown: str
    syntax: str

    def folder(self, here: Path, rules: list[_ignore.Rule], seen: set[Path]) -> Iterator[Path]:
        """Files of one folder, then of those in it; links are followed where they stay in the folder that is read."""
        listing = here / _ignore.NAME
        if listing.is_file():
            rules = [*rules, *self._rules(listing)]
        folders: list[Path] = []
        try:
            entries = sorted(os.scandir(here), key=lambda entry: entry.name)
        except OSError as error:
            why = f"the folder cannot be read: {error.strerror}"
            self.search.tell("tracing.unreadable", "error", why, self._named(here), "Check the folder's permissions.")
            return
        for entry in entries:
            path, is_dir = here / entry.name, _is_dir(entry)
            if entry.name.startswith(".") or (is_dir and entry.name in _SKIPPED_FOLDERS) or _ignore.ignored(path, is_dir, rules):
                continue
            if entry.is_symlink() and not self._stays(path):
                continue
            if is_dir:
                folders.append(path)
            elif path.is_file() and (entry.name.endswith(".py") or _zips.is_archive(path)):
                yield path
        for path in folders:
            real = path.resolve()
            if real in seen:
                message = "a link leads to a folder that is read already; it is not read again (Airflow ends its search with an error)"
                self.search.tell("airflow.link_repeated", "warning", message, self._named(path), "Remove the link.")
                continue
            seen.add(real)
            yield from self.folder(path, rules, seen)

    def _named(self, path: Path) -> str:
        return str(Path(self.shown) / path.relative_to(self.base))

    def _stays(self, path: Path) -> bool:
        try:
            inside = path.resolve(strict=path.is_symlink() and not path.exists()).is_relative_to(self.base)
        except FileNotFoundError:
            inside = True  # to nothing, which is no file
        except (OSError, RuntimeError):
            message = "a link leads in a circle; there is nothing to read"
            self.search.tell("airflow.link_repeated", "warning", message, self._named(path), "Remove the link.")
            return False
        relevant = path.is_dir() or path.name.endswith(".py")
        if not inside and relevant:
            message = "a link leads out of the folder that is read; what is there is not read"
            self.search.tell("airflow.link_outside", "warning", message, self._named(path), "Give its target as a path of its own.")
        return inside

    def _rules(self, listing: Path) -> list[_ignore.Rule]:
        syntax: _ignore.Syntax = "glob" if (self.syntax or self._default()) == "glob" else "regexp"
        made, refused = _ignore.rules(
            listing, dags_folder(listing.parent, self.base), syntax, not (self.search.version or "").startswith("3")
        )
        for line in refused:
            message = f"the line {line.text[:100]!r} is passed over, as Airflow does: {line.why}"
            advice = (
                "Correct it. Airflow 2 reads regular expressions, 3 globs; AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX (--env) says otherwise."
            )
            self.search.tell("airflow.ignore_line", "warning", message, self._named(listing), advice, line.line)
        return made

    def _default(self) -> str:
        """Globs where the files are read as Airflow 3: asked for, or a file of the folder imports `airflow.sdk`."""
        if self.search.version is not None:
            self.syntax = "glob" if self.search.version.startswith("3") else "regexp"
        else:
            self.syntax = "glob" if any(_SDK in _content(file) for file in self.base.rglob("*.py")) else "regexp"
        return self.syntax


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes() if file.is_file() else b""  # a pipe would wait for ever
    except OSError:
        return b""


def looks_like_dag(file: Path) -> bool:
    """Airflow's own test before it imports a file (`core.dag_discovery_safe_mode`)."""
    content = _content(file).lower()
    return all(word in content for word in _MENTIONS)


def _is_helper(file: Path) -> bool:
    """A module without the words `airflow` and `dag` is not imported as a DAG file, in Airflow neither; other trouble is still told."""
    try:
        content = file.read_bytes()
    except OSError:
        return False
    if file.name == "__init__.py" and not content.strip():
        return True
    good = bool(content.strip()) and b"\0" not in content
    return good and not all(word in content.lower() for word in _MENTIONS)


def text_of(path: str) -> str:
    """The text of a file as it was shown: on disk, or inside an archive. OSError or ValueError when there is none."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        text = _zips.text_in(path)
        if text is None:
            raise
        return text
