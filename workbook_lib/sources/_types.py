"""What all rooms below `sources` are given, and what they answer."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import Field

from workbook_lib.errors import InputError
from workbook_lib.findings import Finding
from workbook_lib.model._base import Frozen, Json
from workbook_lib.model.workflow import Workflow


class ReadOptions(Frozen):
    """How to read. `version` is the legacy system's, None to recognise it per file.

    `variables`, `connections` and `environment` are values known beforehand, in the form of `airflow variables|connections export`;
    `roots` are folders in which modules are looked up before all others (what PYTHONPATH adds where the files run);
    `seconds` and `memory_mb` limit what one file may use.
    """

    version: str | None = None
    variables: dict[str, Json] = Field(default_factory=dict)
    connections: dict[str, Json] = Field(default_factory=dict)
    environment: dict[str, str] = Field(default_factory=dict)
    roots: tuple[str, ...] = ()
    seconds: float = Field(default=10.0, gt=0)
    memory_mb: int = Field(default=1024, ge=64)


class ReadResult(Frozen):
    """What a folder or some files hold. `files` are those that were read, as the user named them.

    `modules` are sibling modules that the files imported: (dotted name, file).
    """

    workflows: tuple[Workflow, ...] = ()
    findings: tuple[Finding, ...] = ()
    files: tuple[str, ...] = ()
    modules: tuple[tuple[str, str], ...] = ()


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
