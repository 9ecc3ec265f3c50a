"""`workbook pilot` and `workbook record`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

from workbook_lib.cli._convert import opened
from workbook_lib.cli._output import DONE, LEFT, NotAgreed, document, one_line, say
from workbook_lib.errors import UsageError
from workbook_lib.migration import Migration
from workbook_lib.model.run import RunRecord, State


def pilot(arguments: argparse.Namespace, stdout: TextIO) -> int:
    """Run a converted workflow and print its record."""
    migration = Migration(arguments.root)
    scenario = migration.scenario(arguments.workflow, arguments.scenario)
    options: dict[str, Any] = {"params": parameters(arguments.param)}
    if arguments.logical_date is not None:
        options["logical_date"] = moment(arguments.logical_date).isoformat()
    agree(migration.consent(arguments.workflow, scenario), arguments.yes)
    return _answer(migration.pilot(arguments.workflow, scenario, real_delays=arguments.real_delays, **options), arguments, stdout)


def record(arguments: argparse.Namespace, stdout: TextIO) -> int:
    """Run a workflow with the legacy engine and print its record."""
    with opened(arguments.root) as migration:
        scenario = migration.scenario(arguments.workflow, arguments.scenario)
        migration.engine(arguments.workflow)  # before asking for consent: without an engine nothing is executed
        agree(migration.consent(arguments.workflow, scenario), arguments.yes)
        made = migration.record(arguments.workflow, [scenario], real_delays=arguments.real_delays)
        return _answer(made[0], arguments, stdout)


def _answer(made: RunRecord, arguments: argparse.Namespace, stdout: TextIO) -> int:
    if arguments.json:
        stdout.write(document(made.document()))
    else:
        for run in made.tasks:
            name = run.id if run.map_index < 0 else f"{run.id}[{run.map_index}]"
            stdout.write(one_line(f"{name}: {run.state}" + ("" if run.observed else " (by the rules)")) + "\n")
        stdout.write(one_line(f"{made.workflow} on {made.engine} {made.version}, {made.scenario}: {made.state}") + "\n")
    return DONE if made.state is State.SUCCESS else LEFT


def agree(lines: Sequence[str], yes: bool) -> None:
    """Consent to what will be executed: by --yes, or asked on a terminal."""
    if yes:
        return
    show_list(lines)
    if not sys.stdin or not sys.stdin.isatty():
        raise NotAgreed(lines, f"nothing was run: it executes {len(lines)} things, which are listed.", advice="Give --yes to agree.")
    say("All this is executed. Agree? [y/N]")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise NotAgreed(lines, "not agreed; nothing was run.")


def show_list(lines: Sequence[str]) -> None:
    """What will be executed, whole; the further lines of a command stand below its first."""
    say("This executes:")
    for line in lines:
        first, *rest = line.splitlines() or [line]
        say(first, margin=2)
        for more in rest:
            say(more, margin=6)


def parameters(pairs: Sequence[str]) -> dict[str, Any]:
    """`k=v` pairs; v is JSON where it can be, else text."""
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"--param {pair!r} is not K=V.", advice="Write it as --param day=2024-01-01.")
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found


def moment(text: str) -> datetime:
    """An ISO date or time, in UTC unless it says otherwise."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--logical-date {text!r} is no ISO date.", advice="Write it as 2024-01-01 or 2024-01-01T06:00:00Z.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
