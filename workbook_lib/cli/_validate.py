"""`workbook validate`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, TextIO
from xml.etree import ElementTree

from workbook_lib.cli._documents import error_document
from workbook_lib.cli._output import BAD, DONE, LEFT, document, one_line, say
from workbook_lib.cli._read import write_file
from workbook_lib.cli._run import agree
from workbook_lib.errors import EngineError, FolderError, InputError, PilotError, PilotStopped, ProjectError, ServerError
from workbook_lib.migration import Migration
from workbook_lib.model.run import REAL

if TYPE_CHECKING:
    from workbook_lib.validation import Verdict

GOOD = ("equal", "explained", "equal as run", "explained as run")


def validate(arguments: argparse.Namespace, stdout: TextIO) -> int:
    """Judge one workflow, or all that were converted."""
    migration = Migration(arguments.root)
    for path in migration.conflicts():
        say(f"conflict: project/{path} waits to be settled; see `workbook resolve`. Your own file is what is judged.")
    names = [migration.workflow(arguments.workflow).id] if arguments.workflow else converted(migration)
    agree([line for name in names for line in to_run(migration, name)], arguments.yes)
    verdicts: list[Verdict] = []
    failed: list[str] = []
    for name in names:
        try:
            verdicts.append(migration.validate(name, record=engine_installed(migration, name), progress=say))
        except (InputError, PilotError, EngineError) as error:  # one workflow that cannot be judged does not keep the others from it
            if isinstance(error, (FolderError, ServerError, PilotStopped)) or len(names) == 1:
                raise
            failed.append(str(error))
            say(failed[-1])
    if not verdicts:
        raise ProjectError("none of the workflows could be judged.", file=arguments.root, advice=f"The first of {len(failed)}: {failed[0]}")
    if arguments.junit:
        write_file(arguments.junit, junit(verdicts))
    if arguments.json:
        stdout.write(document(joined(verdicts) | (error_document(one_line("; ".join(failed))) if failed else {})))
    else:
        for verdict in verdicts:
            stdout.write(one_line(f"{verdict.workflow}: {verdict.headline}") + "\n")
            stdout.write(one_line(f"report: {migration.report(verdict.workflow)}") + "\n")
    if failed:
        return BAD
    return DONE if all(verdict.verdict.partition(",")[0] in GOOD for verdict in verdicts) else LEFT


def converted(migration: Migration) -> list[str]:
    """The workflows that the project holds, in the order of the sources."""
    table = migration.table()
    return [workflow.id for workflow in migration.workflows() if workflow.id in table] or [migration.workflow().id]


def to_run(migration: Migration, name: str) -> list[str]:
    """What will be executed; empty when every record is there and fresh."""
    runs = [scenario for scenarios in migration.missing_runs(name).values() for scenario in scenarios]
    real = REAL if any(scenario.kind == "real" for scenario in runs) else None
    return migration.consent(name, real or runs[0]) if runs else []


def engine_installed(migration: Migration, name: str) -> bool:
    """Whether the legacy engine's environment exists; making one is offered where records are missing, never forced."""
    try:
        migration.engine(name)
    except EngineError as error:
        missing = len(migration.missing_runs(name)["legacy"])
        if missing:
            say(f"{name}: {missing} records of the legacy engine are missing or stale. {error}")
        return False
    except AttributeError:
        return False
    return True


def joined(verdicts: list[Verdict]) -> dict[str, Any]:
    """One document: a single verdict as it is; of several the worst, with all of them under `workflows`."""
    documents = [verdict.document() for verdict in verdicts]
    if len(documents) == 1:
        return documents[0]
    order = [
        "equal",
        "explained",
        "equal as run",
        "explained as run",
        "equal in rehearsal",
        "explained in rehearsal",
        "not comparable",
        "different",
    ]
    worst = max(documents, key=lambda one: order.index(str(one["verdict"]).partition(",")[0]))
    aspects: dict[str, str] = {}
    for one in documents:
        for aspect, judgement in one["aspects"].items():
            aspects[aspect] = max(aspects.get(aspect, "equal"), judgement, key=order.index)
    return {
        "schema": 1,
        "verdict": worst["verdict"],
        "workflow": None,
        "aspects": aspects,
        "tasks": [row | {"workflow": one["workflow"]} for one in documents for row in one["tasks"]],
        "scenarios": [row | {"workflow": one["workflow"]} for one in documents for row in one["scenarios"]],
        "masks": [row | {"workflow": one["workflow"]} for one in documents for row in one["masks"]],
        "workflows": documents,
    }


def junit(verdicts: list[Verdict]) -> str:
    """The verdicts as one JUnit report."""
    from workbook_lib.validation import to_junit

    if len(verdicts) == 1:
        return to_junit(verdicts[0])
    top = ElementTree.Element("testsuites")
    for verdict in verdicts:
        top.extend(ElementTree.fromstring(to_junit(verdict)))
    return ElementTree.tostring(top, encoding="unicode", xml_declaration=True) + "\n"
