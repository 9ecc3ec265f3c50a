"""What a run left behind in its folder: one digest per file, of the content that counts."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from pathlib import Path

from workbook_lib.model.run import Output

_SQLITE = b"SQLite format 3\0"


def outputs(folder: Path) -> tuple[Output, ...]:
    """Files below `folder`, sorted by path, without caches. Links are not followed."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in names:
            path = Path(place) / name
            if path.is_file() and not path.is_symlink() and not name.endswith(("-journal", "-wal", "-shm")):
                found.append(Output(path=path.relative_to(folder).as_posix(), digest="sha256:" + digest(path)))
    return tuple(sorted(found, key=lambda output: output.path))


def digest(path: Path) -> str:
    """Of a SQLite database the digest of its dump, because its bytes differ between equal tables; else of the bytes."""
    with path.open("rb") as stream:
        if stream.read(len(_SQLITE)) == _SQLITE:
            try:
                with sqlite3.connect(path) as connection:
                    return hashlib.sha256("\n".join(connection.iterdump()).encode()).hexdigest()
            except sqlite3.DatabaseError:
                pass  # it only looks like a database: its bytes count
        stream.seek(0)
        return hashlib.file_digest(stream, "sha256").hexdigest()
