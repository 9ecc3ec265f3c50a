"""Copying the legacy sources into the migration folder: regular files only, no links out, within limits."""

from __future__ import annotations

import ast
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from workbook_lib.errors import FolderError, SourceError
from workbook_lib.findings import Finding, Severity
from workbook_lib.migration._disk import refusals

MAX_FILE = 20_000_000
MAX_TOTAL = 500_000_000
MAX_FILES = 50_000
SKIPPED_FOLDERS = frozenset(
    {".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".mypy_cache", ".pytest_cache", ".ipynb_checkpoints"}
)
BESIDE = ("fixtures", "records", "inputs")  # folders beside a workflow file that belong to it: data, recorded runs, values


def absolute(path: str | Path) -> Path:
    """An absolute path without `..`: what lies below it can be told by its parts."""
    given = Path(path)
    return given.resolve() if ".." in given.parts else given.absolute()


def at_source(finding: Finding, legacy: Path, source: Path) -> Finding:
    """Point to the user's own file, where a correction belongs, instead of its copy; to the copy when that file is gone."""
    if finding.file is None or not Path(finding.file).is_relative_to(legacy):
        return finding
    own = (source.parent if source.is_file() else source) / Path(finding.file).relative_to(legacy)
    return finding.model_copy(update={"file": str(own)}) if own.is_file() else finding


def at_copy(finding: Finding, legacy: Path, source: Path) -> Finding:
    """The other way round: point to the copy of a file of the user's."""
    folder = home(source)
    if folder is None or finding.file is None or not Path(finding.file).is_relative_to(folder) or Path(finding.file).is_relative_to(legacy):
        return finding
    return finding.model_copy(update={"file": str(legacy / Path(finding.file).relative_to(folder))})


def home(source: Path) -> Path | None:
    """The folder of which ROOT/legacy is a copy, while it is there."""
    return source.parent if source.is_file() else source if source.is_dir() and source != Path() else None


def told_at_source(document: str, legacy: Path, source: Path) -> str:
    """A JSON document that names the user's own files instead of their copies, which may be gone soon."""
    folder = home(source)
    inside, own = (json.dumps(f"{path}/", ensure_ascii=False)[1:-1] for path in (legacy, folder))
    return document if folder is None else document.replace(inside, own)


def copy(source: Path, root: Path) -> list[Finding]:
    """Replace ROOT/legacy by a copy of `source` (a file or a folder), with a finding for all that was left out."""
    if not source.exists():
        raise SourceError("there is no such file or folder", file=str(source), advice="Give the path of a workflow file or of its folder.")
    legacy = root / "legacy"
    findings: list[Finding] = []
    total = files = 0
    with refusals(legacy, "copying the legacy sources"):
        root.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=".legacy-", dir=root))
        try:
            os.chmod(staged, 0o755)
            for relative, path in _files(source, root, findings):
                size = path.stat().st_size
                if size > MAX_FILE:
                    findings.append(_left_out(path, f"it is larger than {MAX_FILE // 1_000_000} MB"))
                    continue
                total, files = total + size, files + 1
                if total > MAX_TOTAL or files > MAX_FILES:
                    raise SourceError(
                        f"more than {MAX_TOTAL // 1_000_000} MB or {MAX_FILES} files to copy",
                        file=str(source),
                        advice="Name the folder of the workflow files instead of a whole disk.",
                    )
                target = staged / relative
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
                os.chmod(target, 0o755 if path.stat().st_mode & 0o111 else 0o644)
            _swap(staged, legacy)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    return findings


def _swap(staged: Path, legacy: Path) -> None:
    """Put `staged` in the place of `legacy`."""
    if legacy.is_symlink() or legacy.is_file():
        raise FolderError("a link or file stands where the legacy sources belong", file=str(legacy), advice="Move it away.")
    if legacy.exists():
        old = Path(tempfile.mkdtemp(prefix=".legacy-", dir=legacy.parent))
        os.replace(legacy, old / "legacy")
        os.replace(staged, legacy)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.replace(staged, legacy)


def _left_out(path: Path, reason: str) -> Finding:
    return Finding(
        code="migration.left-out",
        severity=Severity.WARNING,
        message=f"{path.name!r} was not copied: {reason}",
        file=str(path),
        advice="Put a copy of it beside the sources when a workflow needs it.",
    )


def _files(source: Path, root: Path, findings: list[Finding]) -> Iterator[tuple[Path, Path]]:
    """(relative path, real file) of all that belongs to `source`."""
    if source.is_file():
        folder = source.parent
        for path in sorted(imports(source, folder)):
            yield path.relative_to(folder), path
        for name in BESIDE:
            if (folder / name).is_dir():
                for relative, path in _walk(folder / name, root, findings):
                    yield Path(name) / relative, path
    elif source.is_dir():
        yield from _walk(source, root, findings)
    else:
        raise SourceError("neither a file nor a folder", file=str(source), advice="Give the path of a workflow file or of its folder.")


def _walk(top: Path, root: Path, findings: list[Finding]) -> Iterator[tuple[Path, Path]]:
    inside, own = top.resolve(), root.resolve()
    for folder, folders, names in os.walk(top, followlinks=False):
        here = Path(folder)
        for name in list(folders):
            path = here / name
            if path.is_symlink():
                findings.append(_left_out(path, "it is a link to a folder"))
            if path.is_symlink() or name in SKIPPED_FOLDERS or path.resolve() == own:
                folders.remove(name)
        folders.sort()
        for name in sorted(names):
            path = here / name
            if path.is_symlink():
                real = _target(path)
                if real is None or not real.is_relative_to(inside) or not real.is_file():
                    findings.append(_left_out(path, "it is a link that leads out of the sources or nowhere"))
                    continue
            if not stat.S_ISREG(path.stat().st_mode):
                findings.append(_left_out(path, "it is no regular file"))
                continue
            yield path.relative_to(top), path


def _target(link: Path) -> Path | None:
    """Where a link leads in the end; None for links in a circle."""
    try:
        return link.resolve()
    except (OSError, RuntimeError):  # RuntimeError before Python 3.13
        return None


def imports(source: Path, *folders: Path) -> set[Path]:
    """`source` and the files below `folders` that it imports, directly or not; what cannot be parsed imports nothing."""
    found, waiting = {source}, [source]
    while waiting:
        try:
            tree = ast.parse(waiting.pop().read_bytes())
        except (SyntaxError, ValueError, RecursionError, MemoryError, OSError):
            continue
        for dotted in _imported(tree):
            for path in (path for folder in folders for path in _module_files(folder, dotted)):
                if path not in found and not path.is_symlink():
                    found.add(path)
                    waiting.append(path)
    return found


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" if node.module else alias.name for alias in node.names)


def _module_files(folder: Path, dotted: str) -> Iterator[Path]:
    """The files below `folder` that importing `dotted` runs: the packages on the way and the module itself."""
    here = folder
    for part in filter(None, dotted.split(".")):
        if (here / f"{part}.py").is_file():
            yield here / f"{part}.py"
            return
        here = here / part
        if not here.is_dir():
            return
        if (here / "__init__.py").is_file():
            yield here / "__init__.py"
