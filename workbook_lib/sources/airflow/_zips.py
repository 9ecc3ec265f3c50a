"""DAG files packed in a zip archive: unpacked into a folder of the reading, with nothing outside of it and within limits.

Airflow imports the modules at the top level of such an archive, and looks for their imports inside it.
https://airflow.apache.org/docs/apache-airflow/stable/core-concepts/dags.html#packaging-dags
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

MAX_MEMBERS, MAX_FILE, MAX_TOTAL = 5_000, 20_000_000, 64_000_000
_SUFFIXES = (".zip", ".egg", ".pyz")
_MAGIC = b"PK\x03\x04"
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError)


@dataclass
class Unpacked:
    """Python files at the top level, in order; `left_out` says what was not unpacked and why."""

    files: list[Path] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def is_archive(file: Path) -> bool:
    """Whether Airflow would open the file as an archive: its content decides, not its name."""
    try:
        with file.open("rb") as stream:
            return stream.read(4) == _MAGIC or (file.suffix in _SUFFIXES and zipfile.is_zipfile(file))
    except OSError:
        return False


def unpack(archive: Path, folder: Path) -> Unpacked:
    """Unpack what is harmless into `folder`."""
    done = Unpacked()
    try:
        with zipfile.ZipFile(archive) as opened:
            left = MAX_TOTAL
            members = opened.infolist()
            if len(members) > MAX_MEMBERS:
                done.left_out.append(f"all but the first {MAX_MEMBERS} of {len(members)} members")
            for member in members[:MAX_MEMBERS]:
                left -= _member(opened, member, folder, left, done)
    except _BROKEN as error:
        done.left_out.append(f"the archive cannot be read: {_line(error)}")
    done.files = sorted(one for one in folder.glob("*.py") if one.is_file())
    if (folder / "__init__.py").is_file():
        done.left_out.append("`__init__.py` at the top level, which makes no package of an archive")
        done.files.remove(folder / "__init__.py")
    if not done.files and any(folder.glob("*.pyc")):
        done.left_out.append("compiled modules (.pyc): only source is read")
    return done


def _member(opened: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, left: int, done: Unpacked) -> int:
    """Unpack one member; how many bytes it took."""
    name = member.filename
    if member.is_dir():
        return 0
    why = _refused(member, left)
    target = folder.joinpath(*PurePosixPath(name).parts) if why is None else folder
    if why is None:
        try:
            if target.exists():
                why = "the name occurs twice"
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened.open(member) as stream, target.open("xb") as out:
                    return _copied(stream.read, out.write, min(MAX_FILE, left))
        except _BROKEN as error:
            why = _line(error)
            target.unlink(missing_ok=True)
    done.left_out.append(f"{name[:100]!r}: {why}")
    return 0


def _copied(read: object, write: object, most: int) -> int:
    size = 0
    while chunk := read(1 << 16):  # type: ignore[operator]
        size += len(chunk)
        if size > most:
            raise ValueError("it is larger than its header says")
        write(chunk)  # type: ignore[operator]
    return size


def _refused(member: zipfile.ZipInfo, left: int) -> str | None:
    name, parts = member.filename, PurePosixPath(member.filename).parts
    if not parts or ".." in parts or name.startswith("/") or "\\" in name or ":" in parts[0] or "\0" in name:
        return "its name leads out of the archive"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "it is a link"
    if member.flag_bits & 1:
        return "it is encrypted"
    if member.file_size > min(MAX_FILE, left):
        return "it is too large"
    return None


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def text_in(path: str) -> str | None:
    """The text of a file inside an archive, named as `folder/archive.zip/module.py`; None when there is none."""
    for archive, inner in _splits(Path(path)):
        if archive.is_file() and is_archive(archive):
            try:
                with zipfile.ZipFile(archive) as opened:
                    member = opened.getinfo(inner)
                    return opened.read(member).decode("utf-8") if member.file_size <= MAX_FILE else None
            except (*_BROKEN, KeyError):
                return None
    return None


def _splits(path: Path) -> Iterator[tuple[Path, str]]:
    for archive in path.parents:
        yield archive, path.relative_to(archive).as_posix()
