"""What a run of either engine left in its working folder, as digests: a file by its bytes, a SQLite file table by table by its rows."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from workbook_lib.model.run import Output

_SQLITE = b"SQLite format 3\x00"
_IGNORED = ("__pycache__", ".pytest_cache")


def outputs(folder: Path) -> tuple[Output, ...]:
    """All files below `folder`, sorted by path; a table has the path `<file>#<table>`."""
    found: list[Output] = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and not set(path.relative_to(folder).parts) & set(_IGNORED):
            found += _digests(path, path.relative_to(folder).as_posix())
    return tuple(found)


def _digests(path: Path, name: str) -> Iterator[Output]:
    content = path.read_bytes()
    if content.startswith(_SQLITE):
        yield from (Output(path=f"{name}#{table}", digest=digest) for table, digest in _tables(path))
    elif not name.endswith(("-wal", "-shm", "-journal")):
        yield Output(path=name, digest="sha256:" + hashlib.sha256(content).hexdigest())


def _tables(path: Path) -> Iterator[tuple[str, str]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        names = connection.execute("select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name")
        for (table,) in names.fetchall():
            quoted = '"' + table.replace('"', '""') + '"'
            cursor = connection.execute(f"select * from {quoted}")
            columns = [column[0] for column in cursor.description]
            rows = sorted(repr(row) for row in cursor.fetchall())
            text = "\n".join([repr(columns), *rows])
            yield table, "sha256:" + hashlib.sha256(text.encode()).hexdigest()
