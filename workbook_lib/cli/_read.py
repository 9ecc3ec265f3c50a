"""`workbook read`: nothing of Prefect is loaded here, and the model only where a file is read anew."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from workbook_lib.cli._documents import SCHEMA, error_document
from workbook_lib.cli._inputs import Missing
from workbook_lib.cli._output import BAD, DONE, document, one_line, say, show_findings, status
from workbook_lib.errors import InputError, UsageError
from workbook_lib.sources import Part, ReadOptions, load_inputs, stream
from workbook_lib.sources._cache import default_folder

if TYPE_CHECKING:
    from workbook_lib.findings import Finding

INPUTS = ("variables", "connections", "env")
NO_WORKFLOW = "no workflow was found"


def run(arguments: argparse.Namespace, stdout: TextIO) -> int:
    """Read the paths and print the workflows; as lines, each file's are printed before the last file is read."""
    given = _given(arguments)
    wanted = Missing(given)
    documents: list[dict[str, Any]] = []
    findings: list[Finding] = []
    code, reason, any_workflow = DONE, "", False
    for part in _hidden(_parts(arguments, given), given):
        code = max(code, status(part.findings))
        reason = reason or next((finding.message for finding in part.findings if finding.severity.needs_human), "")
        any_workflow = any_workflow or bool(part.summaries)
        if arguments.missing_inputs:
            wanted.add(part.workflows, part.asked)
        if arguments.jsonl:
            _print_lines(part, arguments.full, stdout)
        else:
            documents += _documents(part, arguments.full)
            findings += part.findings
    if arguments.missing_inputs:
        write_file(arguments.missing_inputs, json.dumps(wanted.document(), indent=2) + "\n")
    answer = {"schema": SCHEMA, "workflows": documents, "findings": [finding.public() for finding in findings]}
    if not any_workflow:
        code = BAD
        message = one_line(f"{', '.join(arguments.paths)}: {NO_WORKFLOW}" + (f": {reason}" if reason else "."))
        answer |= error_document(message)
        say(message)
    if arguments.json and not arguments.jsonl:
        stdout.write(document(answer))
    elif not arguments.jsonl:
        for item in documents:
            size = f"{len(item['tasks'])} tasks, {len(item['edges'])} edges"
            stdout.write(one_line(f"{item['id']}: {size}, {item['schedule'] or 'no schedule'} ({item['file']})") + "\n")
        if code != BAD:
            show_findings(findings)
    return code


def _given(arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """The values of the file of all inputs, and of those for one kind, which go first."""
    together = load_inputs(arguments.inputs) if arguments.inputs else {}
    return {name: {**together.get(name, {}), **values(getattr(arguments, name))} for name in INPUTS}


def _parts(arguments: argparse.Namespace, given: Mapping[str, dict[str, Any]]) -> Iterator[Part]:
    """What the paths hold; those that do not exist are told of first."""
    options = ReadOptions(
        version=arguments.airflow,
        variables=given["variables"],
        connections=given["connections"],
        environment=given["env"],
        cache=None if arguments.no_cache or arguments.missing_inputs else default_folder(),
    )
    there = [path for path in arguments.paths if Path(path).exists()]
    missing = [path for path in arguments.paths if path not in there]
    if missing:
        yield Part(findings=tuple(map(_missing, missing)))
    if there:
        yield from stream(there, options, plain=not arguments.full and not arguments.missing_inputs)


def _missing(path: str) -> Finding:
    from workbook_lib.findings import Finding, Severity

    message = "there is no such file or folder"
    return Finding(code="read.missing", severity=Severity.ERROR, message=message, file=path, advice="Check the path.")


def _hidden(parts: Iterable[Part], given: Mapping[str, dict[str, Any]]) -> Iterator[Part]:
    """The same without the secrets that were given."""
    if not any(given.values()):
        yield from parts
        return
    from workbook_lib.migration import Masker, known

    hide = Masker(known(given))
    for part in parts:
        yield replace(part, findings=tuple(map(hide.model, part.findings)))


def _documents(part: Part, full: bool) -> Iterator[dict[str, Any]]:
    """One document a workflow; `full` adds under `model` everything that was read."""
    for number, (_, summary) in enumerate(part.summaries):
        yield summary | ({"model": part.workflows[number].model_dump(mode="json", by_alias=True)} if full else {})


def _print_lines(part: Part, full: bool, stdout: TextIO) -> None:
    for workflow in _documents(part, full):
        stdout.write(document({"schema": SCHEMA, "workflow": workflow}))
    for finding in part.findings:
        stdout.write(document({"schema": SCHEMA, "finding": finding.public()}))
    stdout.flush()


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
