"""How to read: what all rooms below `sources` are given. Light, for a reading that comes from the cache."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from workbook_lib.errors import InputError, UsageError

if TYPE_CHECKING:
    from workbook_lib.model._base import Json

LEAST_MEMORY = 64


@dataclass(frozen=True)
class ReadOptions:
    """How to read. `version` is the legacy system's, None to recognise it per file.

    `variables`, `connections` and `environment` are values known beforehand, in the form of `airflow variables|connections export`;
    `roots` are folders in which modules are looked up before all others (what PYTHONPATH adds where the files run);
    `seconds` and `memory_mb` limit what one file may use; `cache` is a folder where readings are kept, None to keep none.
    """

    version: str | None = None
    variables: dict[str, Json] = field(default_factory=dict)
    connections: dict[str, Json] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    roots: tuple[str, ...] = ()
    seconds: float = 10.0
    memory_mb: int = 1024
    cache: Path | None = None

    def __post_init__(self) -> None:
        if self.seconds <= 0:
            raise UsageError(f"seconds={self.seconds:g} leaves no time to read.", advice="Give more than 0.")
        if self.memory_mb < LEAST_MEMORY:
            raise UsageError(f"memory_mb={self.memory_mb} is too little to read in.", advice=f"Give at least {LEAST_MEMORY}.")


_FORM = "Give a file as `airflow variables export` writes it."


def load_values(path: str | Path) -> dict[str, Json]:
    """The values in a file of variables, connections or environment; InputError when it is not a JSON object."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}.", file=str(path), advice=_FORM) from error
    except ValueError as error:
        line = getattr(error, "lineno", None)
        raise InputError("is not JSON.", file=str(path), line=line, advice=_FORM) from error
    if not isinstance(document, dict):
        raise InputError("holds no JSON object.", file=str(path), advice=_FORM)
    return document
