"""Reads Airflow DAG files: which files of a folder, one sandboxed worker per file, and the model made of the answers."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from workbook_lib.errors import SourceError
from workbook_lib.findings import Finding, Severity
from workbook_lib.model.workflow import Workflow
from workbook_lib.sources._types import ReadOptions, ReadResult
from workbook_lib.sources.airflow._files import DagFile, Search, looks_like_dag, text_of
from workbook_lib.sources.airflow._layout import layout_of
from workbook_lib.sources.airflow._raw import RawFile
from workbook_lib.sources.tracing import Job, Reply, Tracer, blocked_findings, failure_finding, missing_findings


def detect(path: str | Path) -> bool:
    """Whether a file, or any file of a folder, looks like an Airflow DAG."""
    with tempfile.TemporaryDirectory(prefix="workbook-zip-") as scratch:
        return any(looks_like_dag(found.file) for found in Search(scratch=Path(scratch)).files(Path(path), str(path)))


def read(paths: Sequence[str | Path], options: ReadOptions | None = None) -> ReadResult:
    """Read files and folders of DAGs. SourceError for a path that does not exist; everything else becomes a finding."""
    options = options or ReadOptions()
    raws, findings, files = trace(paths, options)
    workflows: list[Workflow] = []
    seen: dict[str, str] = {}
    for raw in raws:
        made, more = _assembled(raw)
        findings += more
        for workflow in made:
            if workflow.id in seen:
                findings.append(_duplicate(workflow, seen[workflow.id]))
                continue
            seen[workflow.id] = raw.file
            workflows.append(workflow)
    modules = dict.fromkeys(pair for raw in raws for pair in raw.modules)
    return ReadResult(workflows=tuple(workflows), findings=tuple(findings), files=tuple(files), modules=tuple(modules))


def _duplicate(workflow: Workflow, first: str) -> Finding:
    return Finding(
        code="airflow.duplicate_dag",
        severity=Severity.WARNING,
        message=f"the DAG {workflow.id!r} is also defined in {first}; that one is read",
        file=workflow.origin.file,
        line=workflow.origin.line,
        workflow=workflow.id,
        advice="Give each DAG an id of its own.",
    )


def _assembled(raw: RawFile) -> tuple[list[Workflow], list[Finding]]:
    """The model of one file's DAGs."""
    from workbook_lib.sources.airflow.assemble import assemble

    return assemble(raw, texts=text_of)


def trace(
    paths: Sequence[str | Path], options: ReadOptions, tracer: Tracer | None = None
) -> tuple[list[RawFile], list[Finding], list[str]]:
    """What the workers answered for all files, before any meaning is read into it. A `tracer` that is given stays open."""
    if tracer is None:
        with Tracer("airflow") as own:
            return trace(paths, options, own)
    with tempfile.TemporaryDirectory(prefix="workbook-zip-") as scratch:
        return _traced(paths, options, tracer, Path(scratch))


def _traced(
    paths: Sequence[str | Path], options: ReadOptions, tracer: Tracer, scratch: Path
) -> tuple[list[RawFile], list[Finding], list[str]]:
    raws: list[RawFile] = []
    findings: list[Finding] = []
    files: dict[Path, str] = {}
    jobs: list[DagFile] = []
    search = Search(version=options.version, environment=options.environment, scratch=scratch)
    for path in paths:
        if not Path(path).exists():
            raise SourceError("there is no such file or folder.", file=str(path), advice="Check the path.")
        found = list(search.files(Path(path), str(path)))
        if not found:
            what = "the folder holds no Python file" if Path(path).is_dir() else "it is no Python file: its name does not end in .py"
            findings.append(_nothing(str(path), what))
        jobs += found
    for root in options.roots:
        if not Path(root).is_dir():
            raise SourceError("there is no such folder to look up modules in.", file=root, advice="Check the path given as root.")
    findings += [Finding(code=code, severity=Severity(grade), **more) for code, grade, more in search.findings]
    inside = {one.base for one in jobs if _in_dags(one)}
    warned = False
    for one in jobs:
        if one.file.resolve() in files:
            continue
        files[one.file.resolve()] = one.shown
        if one.helper:
            continue
        job = _job(one, options)
        reply = tracer.trace(job)
        raw, found_here = _checked(reply, job)
        if not warned:
            warned = True
            findings += missing_findings(reply.missing)
        aside = one.base in inside and not _in_dags(one)  # Airflow does not look there: only what comes of it counts
        if aside and (raw is None or not raw.dags):
            why = [*found_here, *(raw.findings if raw is not None else ())]
            findings.append(_nothing(one.shown, "the file lies outside of the folder of DAGs, and defines no DAG" + _because(why), False))
            continue
        findings += found_here
        if raw is not None:
            raws.append(raw)
            findings += raw.findings
            if not raw.dags and not raw.findings:
                findings.append(_nothing(one.shown, "the file defines no DAG", one.named))
    if jobs and not any(raw.dags for raw in raws) and all(finding.code == "airflow.no_dag" for finding in findings):
        findings = [_nothing(str(path), "no DAG is defined here") for path in paths]
    return raws, findings, list(files.values())


def _in_dags(one: DagFile) -> bool:
    """Whether the file lies in a folder named as Airflow names its folder of DAGs, below the one that is read."""
    return "dags" in one.file.relative_to(one.base).parts[:-1]


def _because(why: Sequence[Finding]) -> str:
    errors = [finding.message for finding in why if finding.severity is Severity.ERROR]
    return f" ({errors[0]})" if errors else ""


def _job(one: DagFile, options: ReadOptions) -> Job:
    layout = layout_of(one.file, one.base, [Path(root).resolve() for root in options.roots])
    around = layout_of(one.archive, one.archive.parent) if one.archive is not None else None  # an archive lies in a repository as well
    roots = dict.fromkeys((*layout.roots, *(around.roots if around else ())))
    readable = dict.fromkeys((*layout.readable, *(around.readable if around else ())))
    return Job(
        file=str(one.file),
        shown=one.shown,
        base=str(one.base),
        roots=tuple(map(str, roots)),
        readable=tuple(map(str, readable)),
        seconds=options.seconds,
        memory=options.memory_mb << 20,
        version=options.version,
        variables=options.variables,
        connections=options.connections,
        environment={name: str(value) for name, value in options.environment.items()},
    )


def _checked(reply: Reply, job: Job) -> tuple[RawFile | None, list[Finding]]:
    """The answer as typed data; it comes from a process that ran somebody's program."""
    blocked = blocked_findings(reply, job)
    if reply.failure is not None or reply.answer is None:
        return None, [failure_finding(reply, job), *blocked]
    try:
        raw = RawFile.model_validate(reply.answer)
    except (ValidationError, RecursionError):
        return None, [failure_finding(Reply(failure="garbled"), job), *blocked]
    return raw.model_copy(update={"file": job.shown, "findings": (*raw.findings, *blocked)}), []


def _nothing(shown: str, message: str, named: bool = True) -> Finding:
    severity = Severity.WARNING if named else Severity.NOTE
    advice = "Give a file or folder with Airflow DAGs."
    return Finding(code="airflow.no_dag", severity=severity, message=message, file=shown, line=1, advice=advice)
