"""The errors of the library, one tree.

WorkbookError
├── UsageError           the call itself is wrong: a bad option, an unknown workflow
├── InputError           a legacy source, project or record that cannot be used as it is
│   ├── SourceError      a legacy file: missing, unreadable, without a workflow
│   ├── FolderError      a migration folder that cannot be read or written: missing, full disk, no permission, in use
│   ├── ProjectError     a generated project or an edited flow that does not compile or import
│   └── RecordError      a stored JSON document of an unknown shape or version
├── ModelError           a workflow that breaks the model's own rules (mixed kinds, dangling edge)
├── EngineError          the legacy engine's environment is missing, or the engine failed
├── PilotError           a pilot could not be run to an end
│   ├── ServerError      the local Prefect server did not start or did not answer
│   └── PilotStopped     the time limit, Ctrl-C or the stop button ended the run
├── CheckFailed          a goal of a notebook is not reached, where checks were asked to be strict
└── MergeConflict        regenerating met edits that it may not overwrite

Each error says what is wrong, where (file, line, column when known), and what to do next; `str(error)` is that message and
nothing else, so that the command line can print it on one line.
"""

from __future__ import annotations


def sentences(message: str, advice: str | None) -> str:
    """A message and its advice in one line; the message gets an end mark where it has none."""
    if not advice:
        return message
    return f"{message} {advice}" if message.rstrip().endswith((".", "!", "?", "…", ":")) else f"{message.rstrip()}. {advice}"


class WorkbookError(Exception):
    """Base of all errors; `message`, `file`, `line`, `column` and `advice` are kept as given."""

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        advice: str | None = None,
    ) -> None:
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        self.advice = advice
        super().__init__(message)

    def __str__(self) -> str:
        place = ""
        if self.file:
            place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None) + ": "
        return place + sentences(self.message, self.advice)


class UsageError(WorkbookError):
    """The call is wrong: an option, a name or a combination that cannot work."""


class InputError(WorkbookError):
    """Something given by the user cannot be used as it is."""


class SourceError(InputError):
    """A legacy source that is missing, unreadable or holds no workflow."""


class FolderError(InputError):
    """A migration folder that cannot be read or written."""


class ProjectError(InputError):
    """A project or an edited flow that does not compile, import or hold the workflow asked for."""


class RecordError(InputError):
    """A stored document whose shape or schema version is not known."""


class ModelError(WorkbookError):
    """A workflow that breaks the model's own rules."""


class EngineError(WorkbookError):
    """The legacy engine is not there or failed."""


class PilotError(WorkbookError):
    """A pilot could not be run to an end."""


class ServerError(PilotError):
    """The local Prefect server did not start or did not answer."""


class PilotStopped(PilotError):
    """A time limit or the user ended the pilot."""


class CheckFailed(WorkbookError):
    """A goal of a notebook is not reached, and whoever runs it asked for strict checks."""


class MergeConflict(WorkbookError):
    """Regenerating a project met edits of the user that it may not overwrite."""
