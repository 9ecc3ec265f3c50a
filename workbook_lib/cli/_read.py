"""`workbook read`: nothing of Prefect is loaded here."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, TextIO

from workbook_lib.cli._documents import error_document, missing_inputs, read_document, workflow_document
from workbook_lib.cli._output import BAD, document, one_line, say, show_findings, status
from workbook_lib.errors import InputError, UsageError
from workbook_lib.findings import Finding, Severity
from workbook_lib.migration import Masker, known

INPUTS = ("variables", "connections", "env")
NO_WORKFLOW = "no workflow was found"


def run(arguments: argparse.Namespace, stdout: TextIO) -> int:
    """Read the paths and print the workflows."""
    from workbook_lib.sources import ReadOptions, ReadResult, read

    given = {name: values(getattr(arguments, name)) for name in INPUTS}
    options = ReadOptions(
        version=arguments.airflow,
        variables=given["variables"],
        connections=given["connections"],
        environment=given["env"],
        roots=tuple(arguments.root),
    )
    there = [path for path in arguments.paths if Path(path).exists()]
    result = read(there, options) if there else ReadResult()
    missing = [
        Finding(
            code="read.missing",
            severity=Severity.ERROR,
            message="there is no such file or folder",
            file=path,
            advice="Check the path.",
        )
        for path in arguments.paths
        if path not in there
    ]
    hide = Masker(known(given))
    result = result.model_copy(update={"findings": (*missing, *map(hide.model, result.findings))})
    if arguments.missing_inputs:
        write_file(arguments.missing_inputs, json.dumps(missing_inputs(result.workflows, result.findings, given), indent=2) + "\n")
    answer = read_document(result.workflows, result.findings, full=arguments.full)
    code = status(result.findings) if result.workflows else BAD
    if code == BAD:
        reason = next((f.message for f in result.findings if f.severity.needs_human), "")
        message = one_line(f"{', '.join(arguments.paths)}: {NO_WORKFLOW}" + (f": {reason}" if reason else "."))
        answer |= error_document(message)
        say(message)
    if arguments.jsonl:
        for workflow in result.workflows:
            stdout.write(document({"schema": 1, "workflow": workflow_document(workflow, full=arguments.full)}))
        for finding in result.findings:
            stdout.write(document({"schema": 1, "finding": finding.public()}))
    elif arguments.json:
        stdout.write(document(answer))
    else:
        for item in answer["workflows"]:
            size = f"{len(item['tasks'])} tasks, {len(item['edges'])} edges"
            stdout.write(one_line(f"{item['id']}: {size}, {item['schedule'] or 'no schedule'} ({item['file']})") + "\n")
        if code != BAD:
            show_findings(result.findings)
    return code


def values(file: str | None) -> dict[str, Any]:
    """A file of values: a JSON object, or lines NAME=value."""
    if file is None:
        return {}
    try:
        text = Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}.", file=file, advice="Give a file of values.") from error
    except UnicodeDecodeError as error:
        raise InputError("is not UTF-8 text.", file=file, advice="Give a file of values, as JSON.") from error
    if text.lstrip()[:1] in ("{", "["):
        try:
            found = json.loads(text)
        except ValueError as error:
            raise InputError(f"not JSON: {error}.", file=file, advice="Export it again.") from error
        if not isinstance(found, dict):
            raise InputError("holds no JSON object.", file=file, advice='It looks like {"name": value, ...}.')
        return found
    pairs: dict[str, Any] = {}
    for number, line in enumerate(text.splitlines(), 1):
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not equals or not name.strip():
            raise InputError("not NAME=value.", file=file, line=number, advice="Write one value a line, or a JSON object.")
        pairs[name.strip()] = value.strip().strip("'\"")
    return pairs


def write_file(file: str, text: str) -> None:
    """Write a result file; UsageError when it cannot be."""
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}.", advice="Give another place.") from error
