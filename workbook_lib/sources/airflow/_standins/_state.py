"""What one traced file builds up; fresh in every worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Session:
    """Stacks of the `with` blocks that are open, the DAGs made, and what was supplied for reading."""

    version: str = "2.11"
    dag_stack: list[Any] = field(default_factory=list)
    group_stack: list[Any] = field(default_factory=list)
    setup_stack: list[Any] = field(default_factory=list)
    registered: list[Any] = field(default_factory=list)
    made: list[Any] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    connections: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    dags_folder: str = ""
    home: str = ""
    file: str = ""
    module: Any = None

    @property
    def is_3(self) -> bool:
        """Whether the file is read as Airflow 3 would."""
        return self.version.startswith("3")


SESSION = Session()


class NotGiven:
    """The default of an argument that was not given."""

    def __repr__(self) -> str:
        return "NOTSET"

    def __bool__(self) -> bool:
        return False


NOTSET = NotGiven()


def report(
    code: str, severity: str, message: str, *, advice: str | None = None, line: int | None = None, file: str | None = None, **more: Any
) -> None:
    """Note a finding, at the user's current line unless told otherwise."""
    from workbook_lib.sources.tracing._entries import user_line
    from workbook_lib.sources.tracing._stack import display

    if line is None:
        place, line = user_line(2)
        file = display(place) if place else file
    SESSION.findings.append({"code": code, "severity": severity, "message": message, "file": file, "line": line, "advice": advice, **more})
