"""Which files of a folder Airflow would import as DAG files, and where their sibling modules are looked up."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator
from pathlib import Path

_MENTIONS = (b"airflow", b"dag")
_SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages", "venv"})
_REPOSITORY_MARKS = (".git", "setup.py", "setup.cfg", "pyproject.toml", "requirements.txt", "Dockerfile")


def looks_like_dag(file: Path) -> bool:
    """Airflow's own test before it imports a file (`core.dag_discovery_safe_mode`)."""
    try:
        content = file.read_bytes().lower()
    except OSError:
        return False
    return all(word in content for word in _MENTIONS)


def dag_files(path: Path, shown: str) -> Iterator[tuple[Path, str, Path]]:
    """Python files in a stable order: file, name as the user gave it, folder that the search began in."""
    if path.is_file():
        yield path.resolve(), shown, path.resolve().parent
        return
    base = path.resolve()
    for folder, folders, names in os.walk(base, onerror=None):
        here = Path(folder)
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and name not in _SKIPPED_FOLDERS and not _ignored(base, here / name)
        )
        for name in sorted(names):
            file = here / name
            if name.endswith(".py") and not name.startswith(".") and file.is_file() and not _ignored(base, file):
                yield file, str(Path(shown) / file.relative_to(base)), base


def _ignored(base: Path, path: Path) -> bool:
    """Whether an `.airflowignore` between the base and the file excludes it: regular expressions (2.x), or patterns (3)."""
    for folder in [base, *(parent for parent in reversed(path.parents) if base in parent.parents)]:
        listing = folder / ".airflowignore"
        if not listing.is_file():
            continue
        relative = path.relative_to(folder).as_posix()
        for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
            pattern = re.sub(r"\s*#.*", "", line).strip()
            if pattern and _matches(pattern, relative, path.is_dir()):
                return True
    return False


def _matches(pattern: str, relative: str, is_folder: bool) -> bool:
    if any(sign in pattern for sign in ("^", "$", "\\", ".*", "|", "(", "+")):
        try:
            return re.search(pattern, relative + ("/" if is_folder else "")) is not None
        except re.error:
            return False
    plain = pattern.strip("/")
    if "*" in plain or "?" in plain or "[" in plain:
        return fnmatch.fnmatch(relative, plain) or fnmatch.fnmatch(relative.rpartition("/")[2], plain)
    return plain == relative or plain in relative


def roots_of(file: Path, base: Path) -> list[Path]:
    """Folders in which the sibling modules of a DAG file are looked up, as Airflow and its users set `sys.path`."""
    inside = [base, *(folder for folder in reversed(file.parents) if base in folder.parents)]
    found = [base, base / "dags", base / "plugins", *inside[::-1]]
    outside = _repository(base)
    for folder in outside:
        found += [folder, folder / "dags", folder / "plugins", folder / "src"]
    return [folder for folder in dict.fromkeys(found) if folder.is_dir()]


def _repository(base: Path) -> list[Path]:
    """Folders above the base that belong to the same repository: up to three levels, ending at one that bears a repository's marks."""
    chain: list[Path] = []
    for folder in list(base.parents)[:3]:
        if folder.name in ("site-packages", "dist-packages") or folder == folder.parent:
            return []
        chain.append(folder)
        if any((folder / mark).exists() for mark in _REPOSITORY_MARKS):
            return chain
    return [base.parent] if base.name == "dags" else []


def is_helper(file: Path) -> bool:
    """A module without the words `airflow` and `dag` is not imported as a DAG file, in Airflow neither; other trouble is still told."""
    try:
        content = file.read_bytes()
    except OSError:
        return False
    if file.name == "__init__.py" and not content.strip():
        return True
    good = bool(content.strip()) and b"\0" not in content
    return good and not all(word in content.lower() for word in _MENTIONS)
