"""Runs a project's flows in a process of its own against one local Prefect server, and says what happened.

`run` and `run_many` return RunRecords; `Session` runs several workflows in one process; `server` is the server itself, `release` lets
go of it. Nothing here edits the project, and nothing is left behind: no process, nothing in the user's home.
"""

from __future__ import annotations

from workbook_lib.pilot._run import Event, Session, run, run_many
from workbook_lib.pilot._server import Server, release, server

__all__ = ["Event", "Server", "Session", "release", "run", "run_many", "server"]
