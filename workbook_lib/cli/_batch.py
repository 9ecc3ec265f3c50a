"""`workbook batch`."""

from __future__ import annotations

import argparse
from typing import TextIO

from workbook_lib.batch import Batch, Options, Report, Stopped, to_junit
from workbook_lib.cli._documents import error_document
from workbook_lib.cli._output import BAD, DONE, LEFT, document, one_line, say, show_findings
from workbook_lib.cli._read import write_file
from workbook_lib.migration import Migration


def batch(arguments: argparse.Namespace, stdout: TextIO) -> int:
    """Run the notebooks 01-05 for every workflow."""
    options = Options(
        jobs=arguments.jobs, workflows=tuple(arguments.workflow or ()), notebooks=arguments.notebooks, inputs=arguments.inputs,
        agreed=arguments.yes, record=arguments.record, limit=arguments.time_limit, dask=arguments.dask,
    )  # fmt: skip
    try:
        report = Batch(arguments.path, arguments.out, options, say).run()
    except Stopped as stopped:
        _tell(stopped.report, arguments, stdout, {**error_document("stopped")})
        say("stopped; the same command goes on where it was")
        return BAD
    _tell(report, arguments, stdout, {})
    return DONE if report.good else LEFT


def _tell(report: Report, arguments: argparse.Namespace, stdout: TextIO, more: dict[str, object]) -> None:
    if arguments.junit:
        migration = Migration(report.root)
        found = [migration.verdict(row.id) for row in report.rows if row.verdict is not None]
        write_file(arguments.junit, to_junit(report, [verdict for verdict in found if verdict is not None]))
    if arguments.json:
        stdout.write(document(report.document() | more))
        return
    for row in report.rows:
        why = row.reason or row.headline
        stdout.write(one_line(f"{row.id}: {row.outcome}" + (f" ({why})" if why and not row.good else "")) + "\n")
    stdout.write(one_line(f"index: {report.index}") + "\n")
    show_findings(report.findings)
    waiting = sum(bool(row.executes) for row in report.rows)
    if waiting:
        say(f"real runs of {waiting} workflows were left out; the index lists what they execute. Give --yes to agree.")
