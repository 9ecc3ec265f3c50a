"""One task from all sides: where the legacy source makes it, what stands for it in the project, what is known and found of it."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from workbook_lib.errors import UsageError
from workbook_lib.findings import Finding
from workbook_lib.migration import _disk, _sources
from workbook_lib.migration._spoken import spoken
from workbook_lib.model._base import Frozen, Json
from workbook_lib.model.expr import Constant
from workbook_lib.model.function import ArgumentSource, Function, Origin
from workbook_lib.model.workflow import Task, Workflow

if TYPE_CHECKING:
    from workbook_lib.migration._migration import Migration

AROUND = 400  # lines kept before and after what is marked; a file is shown whole when no more is left out
MOST_ROWS = 40


class Mark(Frozen):
    """Lines `first` to `last` (from 1) of a listing, and what they are."""

    first: int
    last: int
    what: str


class Listing(Frozen):
    """A piece of a file, beginning at the line `start`; `file` is below legacy/ or project/."""

    file: str
    text: str
    start: int = 1
    marks: tuple[Mark, ...] = ()


class Given(Frozen):
    """An argument: its value as it was understood, and where (`file`, `line`) and how (`written`, `bound_to`) the source gives it.

    A value is empty where the source says as much, and for settings that are not kept as arguments (`retries` ...); a place is missing
    for what no source line gives.
    """

    name: str
    value: str = ""
    written: str = ""
    bound_to: str = ""
    file: str = ""
    line: int | None = None


class Row(Frozen):
    """Of one aspect of the verdict: the worst judgement, and what was not equal."""

    aspect: str
    verdict: str
    scenario: str = ""
    reason: str = ""
    legacy: Json = None
    pilot: Json = None


class TaskView(Frozen):
    """What is known of a task. `status`, `state` and `verdict` are classes of the drawing, empty where nothing is known yet.

    `legacy` and `generated` are one listing a file, what the task does first; `generated` is empty before converting.
    `problem` says why the project's code does not tell where the task is.
    """

    workflow: str
    id: str
    operator: str
    trigger_rule: str
    doc: str = ""
    upstream: tuple[str, ...] = ()
    downstream: tuple[str, ...] = ()
    status: str = ""
    state: str = ""
    verdict: str = ""
    legacy: tuple[Listing, ...] = ()
    generated: tuple[Listing, ...] = ()
    problem: str = ""
    arguments: tuple[Given, ...] = ()
    findings: tuple[Finding, ...] = ()
    aspects: tuple[Row, ...] = ()
    differences: tuple[Row, ...] = ()

    def document(self) -> dict[str, Any]:
        """The view as JSON data."""
        return self.model_dump(mode="json")


def task_view(migration: Migration, workflow: Workflow, task_id: str, home: Path) -> TaskView:
    """All that the migration folder knows of a task; `home` is where the legacy sources were copied from."""
    if task_id not in {task.id for task in workflow.tasks}:
        some = ", ".join(task.id for task in workflow.tasks[:8]) + (" ..." if len(workflow.tasks) > 8 else "")
        raise UsageError(f"{workflow.id} has no task {task_id!r}.", advice=f"Name one of: {some}.")
    task, legacy = workflow.task(task_id), migration.root / "legacy"
    places = _Places(legacy)
    for what, origin in _origins(task):
        places.add(origin, what)
    generated, problem = _generated(migration, workflow.id, task_id)
    looks = {by: migration.colours(workflow.id, by).get(task_id, "") for by in ("status", "state", "verdict")}
    aspects, differences = _verdict(migration, workflow.id, task_id)
    view = TaskView(
        workflow=workflow.id,
        id=task_id,
        operator=task.operator,
        trigger_rule=str(task.join_rule),
        doc=task.doc or "",
        upstream=workflow.upstream(task_id),
        downstream=workflow.downstream(task_id),
        legacy=places.listings(),
        generated=generated,
        problem=problem,
        arguments=tuple(_arguments(task, legacy)),
        findings=tuple(_findings(migration, workflow, task_id, places, home)),
        aspects=aspects,
        differences=differences,
        **looks,
    )
    return migration.store.masker().model(view)


class _Places:
    """Marked lines by file; files outside of `folder` are only known by their name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.marks: dict[Path, list[Mark]] = {}
        self._texts: dict[Path, str | None] = {}

    def add(self, origin: Origin, what: str) -> None:
        """Mark what begins there: a definition, or a call."""
        path = _here(origin.file, self.folder)
        if path is None:
            return
        tree = _tree(self.text(path) or "")
        self.mark(path, origin.line, _end(tree, origin) if tree else origin.line, what)

    def mark(self, path: Path, first: int, last: int, what: str) -> None:
        """Mark lines, the same only once."""
        known = self.marks.setdefault(path, [])
        if all((mark.first, mark.last) != (first, last) for mark in known):
            known.append(Mark(first=first, last=last, what=what))

    def text(self, path: Path) -> str | None:
        """A file's text, None when it cannot be read."""
        if path not in self._texts:
            try:
                self._texts[path] = _disk.read_text(path)
            except (UnicodeDecodeError, OSError):
                self._texts[path] = None
        return self._texts[path]

    def listings(self) -> tuple[Listing, ...]:
        """The pieces of files that hold what was marked."""
        return tuple(_cut(path.relative_to(self.folder).as_posix(), text, tuple(marks)) for path, marks in self.marks.items()
                     if (text := self.text(path)) is not None)  # fmt: skip


def _here(file: str, legacy: Path) -> Path | None:
    """The file below `legacy`, also when the migration folder was moved since it was read; None for a file that is not there."""
    path = Path(file)
    if path.is_relative_to(legacy):
        return path
    parts = path.parts[len(path.parts) - path.parts[::-1].index(legacy.name) :] if legacy.name in path.parts else ()
    moved = legacy.joinpath(*parts)
    return moved if parts and moved.is_file() else None


def _cut(file: str, text: str, marks: tuple[Mark, ...]) -> Listing:
    lines = text.splitlines()
    start = max(min(mark.first for mark in marks) - AROUND, 1)
    end = min(max(mark.last for mark in marks) + AROUND, len(lines))
    if end - start >= 6 * AROUND:  # marks far apart: what makes the task counts
        end = marks[0].last + AROUND
        start = max(marks[0].first - AROUND, 1)
    kept = tuple(mark for mark in marks if start <= mark.first and mark.last <= end)
    return Listing(file=file, text="\n".join(lines[start - 1 : end]), start=start, marks=kept)


def _tree(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _end(tree: ast.Module, origin: Origin) -> int:
    """The last line of the largest call or definition that begins at the origin."""
    kinds = ast.Call | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
    nodes = [node for node in ast.walk(tree) if isinstance(node, kinds) and _first(node) <= origin.line == node.lineno]
    there = [node for node in nodes if node.col_offset == origin.column] or nodes[:1]
    return max((node.end_lineno or node.lineno for node in there), default=origin.line)


def _first(node: Any) -> int:
    lines: list[int] = [node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))]
    return min(lines)


def _origins(task: Task) -> Iterator[tuple[str, Origin]]:
    """The functions that the task runs, and what makes it."""
    for function in _functions(task.action):
        if function.origin is not None:
            yield f"the function {function.name}", function.origin
    if task.origin is not None:
        yield "makes the task", task.origin
    for event, function in task.callbacks:
        if function.origin is not None:
            yield f"on {event}: {function.name}", function.origin
    for frame in reversed(task.origin.stack[:-1] if task.origin else ()):
        yield "called from here", Origin(file=frame.file, line=frame.line)


def _functions(value: Any) -> Iterator[Function]:
    if isinstance(value, Function):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _functions(getattr(value, name))


def _generated(migration: Migration, workflow: str, task_id: str) -> tuple[tuple[Listing, ...], str]:
    """The function that stands for the task, and the line of the flow that runs it."""
    program = migration.program(workflow) if migration.converted() and workflow in migration.table() else None
    if program is None:
        return (), "not converted yet"
    path = migration.flow_file(workflow)
    project = migration.root / "project"
    places = _Places(project)
    text = places.text(path)
    if text is None:
        return (), f"{path.relative_to(project)} cannot be read"
    node = program.tasks.get(task_id) if not program.problems else None
    if node is None:
        what = program.problems[0] if program.problems else None
        problem = f"{what.message} (line {what.line})" if what else "the flow's code has no task run of this name"
        return (_cut(path.relative_to(project).as_posix(), text, (Mark(first=1, last=1, what="the flow"),)),), problem
    for where, function in _definitions(project, path, text, node.function):
        places.mark(where, _first(function), function.end_lineno or function.lineno, f"the task {node.function}")
    places.mark(path, node.line, node.line, "runs it in the flow")
    return places.listings(), ""


def _definitions(project: Path, path: Path, text: str, name: str) -> Iterator[tuple[Path, Any]]:
    """Where the function is defined: in the flow's file, or in a module of the project from which it is imported."""
    tree = _tree(text)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            yield path, node
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            there = project / (node.module.replace(".", "/") + ".py")
            given = next((alias.name for alias in node.names if (alias.asname or alias.name) == name), None)
            if given and there != path and there.is_file():
                yield from _definitions(project, there, _disk.read_text(there) or "", given)


def _arguments(task: Task, legacy: Path) -> Iterator[Given]:
    """All that the task was given: with its place what the source gives, and what has no place of its own."""
    values = dict(task.arguments)
    for source in task.argument_sources:
        value = values.pop(source.name, None)
        yield _given(source.name, "" if value is None or _literally(value, source.text) else spoken(value), source, legacy)
    for name, value in values.items():
        yield Given(name=name, value=spoken(value))


def _literally(value: Any, written: str) -> bool:
    """Whether the source says no less than the value."""
    try:
        return isinstance(value, Constant) and bool(ast.literal_eval(written) == value.value)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return False


def _given(name: str, value: str, source: ArgumentSource, legacy: Path) -> Given:
    path = _here(source.file, legacy)
    file = path.relative_to(legacy).as_posix() if path else Path(source.file).name
    bound = source.bound_to.text if source.bound_to else ""
    return Given(name=name, value=value, written=source.text, bound_to=bound, file=file, line=source.line if source.file else None)


def _findings(migration: Migration, workflow: Workflow, task_id: str, places: _Places, home: Path) -> Iterator[Finding]:
    """Those of the task, those at the lines that make it, and what its conversion left."""
    told = set()
    legacy = migration.root / "legacy"
    status = migration.statuses(workflow.id)[task_id].finding
    for finding in [*migration.findings(), *([status] if status else [])]:
        copy = _sources.at_copy(finding, legacy, home)
        marks = places.marks.get(Path(copy.file or ""), [])
        at = (
            finding.task is None
            and finding.workflow in (None, workflow.id)
            and any(m.first <= (finding.line or 0) <= m.last for m in marks)
        )
        mine = finding.task == task_id and finding.workflow in (None, workflow.id)
        key = finding.code, finding.message, copy.file, finding.line
        if (mine or at) and key not in told:
            told.add(key)
            yield finding


def _verdict(migration: Migration, workflow: str, task_id: str) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """Each aspect that was looked at with its worst judgement, and the rows that are not equal."""
    verdict = migration.verdict(workflow)
    if verdict is None:
        return (), ()
    rows = [row for row in verdict.tasks if row.id == task_id]
    counts = Counter(row.aspect for row in rows)
    aspects = tuple(
        Row(aspect=aspect, verdict=str(verdict.of_task(task_id, aspect)), reason=f"{counts[aspect]} compared") for aspect in counts
    )
    unequal = [row for row in rows if row.verdict != "equal"]
    return aspects, tuple(
        Row(aspect=r.aspect, verdict=str(r.verdict), scenario=r.scenario, reason=r.reason, legacy=r.legacy, pilot=r.pilot)
        for r in unequal[:MOST_ROWS]
    )
