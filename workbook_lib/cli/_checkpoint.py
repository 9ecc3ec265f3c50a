"""`workbook checkpoint`."""

from __future__ import annotations

import argparse
from typing import TextIO

from workbook_lib.cli._output import DONE, document, one_line, say
from workbook_lib.teaching import checkpoint as reach
from workbook_lib.teaching import example


def checkpoint(arguments: argparse.Namespace, stdout: TextIO) -> int:
    """Make the folder from a shipped example, whose flow is run without being asked: nothing of it is the user's."""
    migration = reach(arguments.notebook, arguments.out, example(arguments.example), progress=say)
    workflows = [workflow.id for workflow in migration.workflows()]
    if arguments.json:
        stdout.write(document({"schema": 1, "root": str(migration.root), "notebook": arguments.notebook, "workflows": workflows}))
    else:
        stdout.write(one_line(f"{migration.root} holds {', '.join(workflows)}: open notebook {arguments.notebook} on it") + "\n")
    return DONE
