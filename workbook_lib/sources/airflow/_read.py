"""Reads Airflow DAG files: which files of a folder, one sandboxed worker per file, and the model made of the answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from workbook_lib.errors import SourceError
from workbook_lib.findings import Finding, Severity
from workbook_lib.model.workflow import Workflow
from workbook_lib.sources._types import ReadOptions, ReadResult
from workbook_lib.sources.airflow._files import dag_files, is_helper, looks_like_dag, roots_of
from workbook_lib.sources.airflow._raw import RawFile
from workbook_lib.sources.tracing import Job, Reply, Tracer, failure_finding


def detect(path: str | Path) -> bool:
    """Whether a file, or any file of a folder, looks like an Airflow DAG."""
    return any(looks_like_dag(file) for file, _, _ in dag_files(Path(path), str(path)))


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

    return assemble(raw)


def trace(
    paths: Sequence[str | Path], options: ReadOptions, tracer: Tracer | None = None
) -> tuple[list[RawFile], list[Finding], list[str]]:
    """What the workers answered for all files, before any meaning is read into it. A `tracer` that is given stays open."""
    if tracer is None:
        with Tracer("airflow") as own:
            return trace(paths, options, own)
    raws: list[RawFile] = []
    findings: list[Finding] = []
    files: dict[Path, str] = {}
    jobs: list[tuple[Path, str, Path, bool]] = []
    for path in paths:
        if not Path(path).exists():
            raise SourceError("there is no such file or folder.", file=str(path), advice="Check the path.")
        found = list(dag_files(Path(path), str(path)))
        if not found:
            what = "the folder holds no Python file" if Path(path).is_dir() else "it is no Python file: its name does not end in .py"
            findings.append(_nothing(str(path), what))
        jobs += [(file, shown, base, Path(path).is_file()) for file, shown, base in found]
    warned = False
    for file, shown, base, named in jobs:
        if file in files:
            continue
        files[file] = shown
        if not named and is_helper(file):
            continue
        job = _job(file, shown, base, options)
        reply = tracer.trace(job)
        raw, found_here = _checked(reply, job)
        findings += found_here
        if reply.answer is not None and not reply.landlock and not warned:
            warned = True
            findings.append(_no_landlock())
        if raw is not None:
            raws.append(raw)
            findings += raw.findings
            if not raw.dags and not raw.findings:
                findings.append(_nothing(shown, "the file defines no DAG", named))
    if jobs and not any(raw.dags for raw in raws) and all(finding.code == "airflow.no_dag" for finding in findings):
        findings = [_nothing(str(path), "no DAG is defined here") for path in paths]
    return raws, findings, list(files.values())


def _job(file: Path, shown: str, base: Path, options: ReadOptions) -> Job:
    roots = roots_of(file, base)
    return Job(
        file=str(file),
        shown=shown,
        base=str(base),
        roots=tuple(map(str, roots)),
        readable=tuple(dict.fromkeys(map(str, (base, file.parent, *roots)))),
        seconds=options.seconds,
        memory=options.memory_mb << 20,
        version=options.version,
        variables=options.variables,
        connections=options.connections,
        environment={name: str(value) for name, value in options.environment.items()},
    )


def _checked(reply: Reply, job: Job) -> tuple[RawFile | None, list[Finding]]:
    """The answer as typed data; it comes from a process that ran somebody's program."""
    if reply.failure is not None or reply.answer is None:
        return None, [failure_finding(reply, job)]
    try:
        raw = RawFile.model_validate(reply.answer)
    except (ValidationError, RecursionError):
        return None, [failure_finding(Reply(failure="garbled"), job)]
    return raw.model_copy(update={"file": job.shown}), []


def _nothing(shown: str, message: str, named: bool = True) -> Finding:
    severity = Severity.WARNING if named else Severity.NOTE
    advice = "Give a file or folder with Airflow DAGs."
    return Finding(code="airflow.no_dag", severity=severity, message=message, file=shown, line=1, advice=advice)


def _no_landlock() -> Finding:
    return Finding(
        code="tracing.no_landlock",
        severity=Severity.NOTE,
        message="this system has no Landlock: files are read behind the audit hook and the limits alone",
        advice="On Linux 5.13 or newer, or in WSL, the kernel encloses the reading as well.",
    )
