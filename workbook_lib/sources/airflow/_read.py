"""Reads Airflow DAG files: which files of a folder, one sandboxed worker per file, and the model made of the answers.

Light where a reading was kept: what needs the model is imported while the first workers work.
"""

from __future__ import annotations

import importlib
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from workbook_lib.errors import SourceError
from workbook_lib.sources._cache import Cache
from workbook_lib.sources._kept import from_kept, to_keep
from workbook_lib.sources._options import ReadOptions
from workbook_lib.sources._parts import Part
from workbook_lib.sources.airflow._files import DagFile, Search, looks_like_dag
from workbook_lib.sources.airflow._layout import Layout, layout_of
from workbook_lib.sources.tracing import Job, Reply, Tracer, missing_findings

if TYPE_CHECKING:
    from workbook_lib.findings import Finding
    from workbook_lib.sources.airflow._raw import RawFile

_MOST_WAITING = 64  # files whose parts, kept or to come, wait for those before them
_NOTHING = "airflow.no_dag"


def detect(path: str | Path) -> bool:
    """Whether a file, or any file of a folder, looks like an Airflow DAG."""
    with tempfile.TemporaryDirectory(prefix="workbook-zip-") as scratch:
        return any(looks_like_dag(found.file) for found in Search(scratch=Path(scratch)).files(Path(path), str(path)))


def stream(paths: Sequence[str | Path], options: ReadOptions | None = None, *, plain: bool = False) -> Iterator[Part]:
    """What some paths hold, file by file, while others are still traced. `plain`: models may be left out.

    SourceError for a path that does not exist; everything else becomes a finding. Findings about files without DAGs are held back until
    there is something else to tell; when there never is, it is the paths that hold nothing.
    """
    held: list[Part] | None = []
    with ExitStack() as closing:
        reading = _Reading(paths, options or ReadOptions(), closing, plain)
        for part in reading.parts():
            if held is not None and not part.summaries and all(finding.code == _NOTHING for finding in part.findings):
                held.append(part)
                continue
            yield from held or ()
            held = None
            yield part
    if held and reading.found:
        nothing = tuple(_nothing(str(path), "no DAG is defined here") for path in paths)
        held = [Part(files=tuple(file for part in held for file in part.files), findings=nothing)]
    yield from held or ()


def trace(
    paths: Sequence[str | Path], options: ReadOptions, tracer: Tracer | None = None
) -> tuple[list[RawFile], list[Finding], list[str]]:
    """What the workers answered for all files, before any meaning is read into it. A `tracer` that is given stays open."""
    from workbook_lib.sources.airflow._answers import checked

    raws: list[RawFile] = []
    with ExitStack() as closing:
        reading = _Reading(paths, replace(options, cache=None), closing, tracer=tracer)
        findings = [*reading.findings]
        for one in reading.answered():
            raw, found = checked(one.reply, one.job)
            findings += reading.layers(one.reply.missing)
            findings += reading.told(one.file, [*found, *(raw.findings if raw else ())], bool(raw and raw.dags))
            if raw is not None and (raw.dags or not reading.aside(one.file)):
                raws.append(raw)
    if reading.found and not any(raw.dags for raw in raws) and all(finding.code == _NOTHING for finding in findings):
        findings = [_nothing(str(path), "no DAG is defined here") for path in paths]
    return raws, findings, [*reading.files]


@dataclass
class _Waiting:
    """A file on its way: what was kept of it, or else, when it is its turn, the worker's reply."""

    file: DagFile
    job: Job
    key: str | None
    kept: tuple[Part, tuple[str, ...]] | None
    reply: Reply = Reply()


class _Reading:
    """One reading of some paths. `found` are all files, `files` the names of those that count, `findings` those of the search."""

    def __init__(
        self, paths: Sequence[str | Path], options: ReadOptions, closing: ExitStack, plain: bool = False, tracer: Tracer | None = None
    ) -> None:
        self.options, self.plain = options, plain
        self.cache = Cache(options.cache)
        self.tracer = tracer or closing.enter_context(Tracer("airflow"))
        scratch = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="workbook-zip-")))
        if options.cache is None:
            self.tracer.start()  # it gets ready while the files are looked for
        self.found: list[DagFile] = []
        self.findings: list[Finding] = []
        self._search(paths, scratch)
        self._inside = {one.base for one in self.found if _in_dags(one)}
        once = {one.file.resolve(): one for one in reversed(self.found)}
        self.to_read = [one for one in self.found if once[one.file.resolve()] is one]
        self.files = tuple(one.shown for one in self.to_read)
        self.findings += [_twice(one.shown, once[one.file.resolve()].shown) for one in self.found if once[one.file.resolve()] is not one]
        self._told_of_layers = False
        self._layouts: dict[tuple[Path, Path], Layout] = {}

    def _search(self, paths: Sequence[str | Path], scratch: Path) -> None:
        search = Search(version=self.options.version, environment=self.options.environment, scratch=scratch)
        for path in paths:
            if not Path(path).exists():
                raise SourceError("there is no such file or folder.", file=str(path), advice="Check the path.")
            found = list(search.files(Path(path), str(path)))
            if not found:
                what = "the folder holds no Python file" if Path(path).is_dir() else "it is no Python file: its name does not end in .py"
                self.findings.append(_nothing(str(path), what))
            self.found += found
        for root in self.options.roots:
            if not Path(root).is_dir():
                raise SourceError("there is no such folder to look up modules in.", file=root, advice="Check the path given as root.")
        if search.findings:
            from workbook_lib.findings import Finding, Severity

            self.findings += [Finding(code=code, severity=Severity(grade), **more) for code, grade, more in search.findings]

    def answered(self) -> Iterator[_Waiting]:
        """All files but helpers, in order; those that were not kept are traced meanwhile, some ahead of their turn."""
        waiting: deque[_Waiting] = deque()
        try:
            for file in self.to_read:
                if file.helper:
                    continue
                waiting.append(self._begun(file))
                while waiting and (self.tracer.full or len(waiting) >= _MOST_WAITING or waiting[0].kept is not None):
                    yield self._next(waiting)
            while waiting:
                yield self._next(waiting)
            self.cache.tidy()
        finally:
            if waiting:  # nobody will ask for these answers
                self.tracer.close()

    def _begun(self, file: DagFile) -> _Waiting:
        job = _job(file, self.options, self._layouts)
        key = self.cache.key(job) if file.archive is None else None
        kept = from_kept(self.cache.find(key), self.plain)
        if kept is None:
            self.tracer.give(job)
        return _Waiting(file, job, key, kept)

    def _next(self, waiting: deque[_Waiting]) -> _Waiting:
        one = waiting.popleft()
        if one.kept is None:
            importlib.import_module("workbook_lib.sources.airflow._answers")  # while workers work: later they would wait for it
            one.reply = self.tracer.take()
        return one

    def parts(self) -> Iterator[Part]:
        """What the search says, then each file's part; a DAG is read where its id is met first."""
        yield Part(files=self.files, findings=tuple(self.findings))
        seen: dict[str, str] = {}
        for one in self.answered():
            part, missing = one.kept or self._meaning(one)
            layers = self.layers(missing)
            dags = bool(part.summaries) or any(finding.code == "airflow.dag_not_assembled" for finding in part.findings)
            part = replace(part, findings=(*layers, *self.told(one.file, part.findings, dags)))
            doubles = [(line, document) for line, document in part.summaries if document["id"] in seen]
            told = tuple(_duplicate(document["id"], document["file"], line, seen[document["id"]]) for line, document in doubles)
            seen = {document["id"]: one.file.shown for _, document in part.summaries} | seen
            yield part.without({document["id"] for _, document in doubles}, told) if doubles else part

    def _meaning(self, one: _Waiting) -> tuple[Part, tuple[str, ...]]:
        from workbook_lib.sources.airflow._answers import checked, meaning, of_the_day, seen_within

        raw, found = checked(one.reply, one.job)
        if raw is None:
            return Part(findings=tuple(found)), one.reply.missing
        part, looked = meaning(raw, one.job.readable)
        if one.key is not None and one.reply.looked is not None and seen_within(one.reply.looked, one.job.readable):
            self.cache.keep(one.key, to_keep(part, one.reply.missing, of_the_day(part)), [*one.reply.looked, *looked])
        return part, one.reply.missing

    def layers(self, missing: Sequence[str]) -> list[Finding]:
        """Notes about layers of the enclosure that this machine does not have, once."""
        if self._told_of_layers:
            return []
        self._told_of_layers = True
        return missing_findings(missing)

    def aside(self, one: DagFile) -> bool:
        """Whether Airflow does not look there: only what comes of it counts."""
        return one.base in self._inside and not _in_dags(one)

    def told(self, one: DagFile, findings: Sequence[Finding], dags: bool) -> Sequence[Finding]:
        """What there is to say of a file, where these are the findings of its reading."""
        if self.aside(one) and not dags:
            errors = [finding.message for finding in findings if finding.severity == "error"]
            because = f" ({errors[0]})" if errors else ""
            return [_nothing(one.shown, "the file lies outside of the folder of DAGs, and defines no DAG" + because, False)]
        return findings if dags or findings else [_nothing(one.shown, "the file defines no DAG", one.named)]


def _in_dags(one: DagFile) -> bool:
    """Whether the file lies in a folder named as Airflow names its folder of DAGs, below the one that is read."""
    return "dags" in one.file.relative_to(one.base).parts[:-1]


def _job(one: DagFile, options: ReadOptions, layouts: dict[tuple[Path, Path], Layout]) -> Job:
    place = one.file.parent, one.base  # all that a layout depends on
    layout = layouts.get(place) or layout_of(one.file, one.base, [Path(root).resolve() for root in options.roots])
    layouts[place] = layout
    around = layout_of(one.archive, one.archive.parent) if one.archive is not None else None  # an archive lies in a repository as well
    roots = dict.fromkeys((*layout.roots, *(around.roots if around else ())))
    readable = dict.fromkeys((*layout.readable, *(around.readable if around else ())))
    return Job(
        file=str(one.file),
        shown=one.shown,
        base=str(one.base),
        roots=tuple(map(str, roots)),
        readable=tuple(map(str, readable)),
        folders={"dags": str(layout.dags), "home": str(layout.home)},
        seconds=options.seconds,
        memory=options.memory_mb << 20,
        version=options.version,
        variables=options.variables,
        connections=options.connections,
        environment={name: str(value) for name, value in options.environment.items()},
    )


def _duplicate(name: str, file: str, line: int, first: str) -> Finding:
    from workbook_lib.findings import Finding, Severity

    return Finding(
        code="airflow.duplicate_dag",
        severity=Severity.WARNING,
        message=f"the DAG {name!r} is also defined in {first}; that one is read",
        file=file,
        line=line,
        workflow=name,
        advice="Give each DAG an id of its own.",
    )


def _twice(shown: str, first: str) -> Finding:
    from workbook_lib.findings import Finding, Severity

    message = "the file is given twice; it is read once" if shown == first else f"the file is the same as {first}; it is read once"
    advice = "Nothing, if that is meant; else give one of them."
    return Finding(code="airflow.file_twice", severity=Severity.NOTE, message=message, file=shown, line=1, advice=advice)


def _nothing(shown: str, message: str, named: bool = True) -> Finding:
    from workbook_lib.findings import Finding, Severity

    severity = Severity.WARNING if named else Severity.NOTE
    advice = "Give a file or folder with Airflow DAGs."
    return Finding(code="airflow.no_dag", severity=severity, message=message, file=shown, line=1, advice=advice)
