"""Cards from the reader's own workflow: for each construct that it uses, its lines on both sides, and what there is to watch."""

from __future__ import annotations

import html
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbook_lib.errors import ProjectError
from workbook_lib.model.workflow import Task, Workflow
from workbook_lib.teaching import _where
from workbook_lib.teaching._concepts import Concept, concepts
from workbook_lib.teaching._snippets import Snippet, snippets

if TYPE_CHECKING:
    from workbook_lib.migration import Migration

MOST_NAMES = 4


@dataclass(frozen=True)
class Card:
    """One construct: what it is, where it stands on both sides (`preview`: as it would be written today), and what holds here."""

    concept: Concept
    legacy: tuple[Snippet, ...]
    prefect: tuple[Snippet, ...]
    here: str
    preview: bool = False

    def __str__(self) -> str:
        concept = self.concept
        legacy = "\n".join(map(str, self.legacy)) or "(no line of its own)"
        prefect = "\n".join(map(str, self.prefect)) or "(no line of its own)"
        airflow, flow = f"Airflow. {concept.legacy}", f"Prefect. {concept.prefect}"
        lines = [f"== {concept.title} ==", f"Here: {self.here}", airflow, legacy, flow, prefect, f"Take care. {concept.care}"]
        return "\n".join(lines)

    def to_html(self) -> str:
        """The card for a notebook."""
        concept = self.concept
        sides = "".join(
            f'<div style="flex:1 1 320px;min-width:0"><p><strong>{name}.</strong> {marked(text)} <a href="{html.escape(url)}">more</a></p>'
            f"{''.join(one.to_html() for one in found) or '<p><em>no line of its own</em></p>'}</div>"
            for name, text, url, found in (
                ("Airflow", concept.legacy, concept.legacy_url, self.legacy),
                ("Prefect" + (", as it would be written" if self.preview else ""), concept.prefect, concept.prefect_url, self.prefect),
            )
        )
        head = f"<strong>{html.escape(concept.title)}</strong>: {marked(self.here)}"
        care = f"<p><strong>Take care.</strong> {marked(concept.care)}</p>"
        row = f'<div style="display:flex;flex-wrap:wrap;gap:12px">{sides}</div>'
        return f"<details><summary>{head}</summary>{row}{care}</details>"


class Cards(tuple[Card, ...]):
    """The cards of a workflow: HTML in a notebook, text elsewhere."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return "".join(card.to_html() for card in self) or "<em>Nothing to explain: one task after another.</em>"

    def __str__(self) -> str:
        return "\n\n".join(map(str, self))

    __repr__ = __str__


def cards(migration: Migration, workflow: str | None = None) -> Cards:
    """A card for each construct that the workflow uses; before it is converted, with the lines that would be written today."""
    read = migration.workflow(workflow)
    found = concepts(read)
    if migration.converted() and read.id in migration.table():
        project, preview = migration.root / "project", False
        sides = _prefect(found, read, project)
    else:
        with tempfile.TemporaryDirectory(prefix="workbook-") as folder:
            project, preview = Path(folder), True
            _write(migration, read, project)
            sides = _prefect(found, read, project)
    hide = migration.store.masker()
    legacy = migration.root / "legacy"
    made = [
        Card(concept, snippets(_where.legacy(concept.key, read), legacy), sides[concept.key], _here(concept.key, read), preview)
        for concept in found
    ]
    return Cards(Card(one.concept, _hidden(one.legacy, hide.text), _hidden(one.prefect, hide.text), one.here, one.preview) for one in made)


def _hidden(found: tuple[Snippet, ...], hide: Callable[[str], str]) -> tuple[Snippet, ...]:
    return tuple(Snippet(one.file, tuple((number, hide(text)) for number, text in one.lines), one.more) for one in found)


def _write(migration: Migration, workflow: Workflow, folder: Path) -> None:
    from workbook_lib.prefect_writer import write

    write([workflow], migration.decisions.plain()).save(folder)


def _prefect(found: tuple[Concept, ...], workflow: Workflow, project: Path) -> dict[str, tuple[Snippet, ...]]:
    """Per construct its lines in the project; none where its code cannot be read."""
    import tomllib

    from workbook_lib.prefect_reader import read_flow

    nothing: dict[str, tuple[Snippet, ...]] = {concept.key: () for concept in found}
    try:
        program = read_flow(project, workflow.id)
        entry = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["tool"]["migration"]["workflows"][workflow.id]
        file, _, flow = str(entry["entrypoint"]).rpartition(":")
        text = (project / file).read_text("utf-8")
    except (ProjectError, OSError, ValueError, KeyError):
        return nothing
    if program.problems:
        return nothing
    date = str(entry.get("logical_date", {}).get("parameter", ""))
    return {
        key: snippets(((file, line) for line in _where.generated(key, workflow, program, text, flow, date)), project) for key in nothing
    }


def _here(key: str, workflow: Workflow) -> str:
    """What holds in this workflow, in one line."""
    tasks = list(_where.TASKS[key](workflow))
    return _SAID[key](tasks, workflow) if key in _SAID else _names(tasks)


def _names(tasks: list[Task]) -> str:
    more = f" and {len(tasks) - MOST_NAMES} more" if len(tasks) > MOST_NAMES else ""
    return _quoted(task.id for task in tasks[:MOST_NAMES]) + more or "the whole workflow"


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _each(tasks: list[Task], said: Callable[[Task], str]) -> str:
    """What is said of tasks, those of whom the same is said together."""
    groups: dict[str, list[Task]] = {}
    for task in tasks:
        groups.setdefault(said(task), []).append(task)
    return "; ".join(f"{what}: {_names(those)}" for what, those in groups.items())


def _attempts(task: Task) -> str:
    pause = f"{task.retry.delay_seconds:g} s apart" + (", growing" if task.retry.exponential else "")
    return f"{task.retry.retries} more {'attempt' if task.retry.retries == 1 else 'attempts'}, {pause}"


def _mapped(task: Task) -> str:
    assert task.mapping is not None
    lists = len(task.mapping.over)
    return "one instance per element" if lists < 2 or task.mapping.form != "product" else f"every combination of {lists} lists"


_SAID: dict[str, Callable[[list[Task], Workflow], str]] = {
    "dependencies": lambda tasks, w: f"{len(w.edges)} {'arrow' if len(w.edges) == 1 else 'arrows'} between {len(w.tasks)} tasks",
    "trigger_rules": lambda tasks, w: _each(tasks, lambda task: f"`{task.join_rule}`"),
    "retries": lambda tasks, w: _each(tasks, _attempts),
    "mapping": lambda tasks, w: _each(tasks, _mapped),
    "branch": lambda tasks, w: "; ".join(f"`{task.id}` decides about {_quoted(w.downstream(task.id))}" for task in tasks),
    "groups": lambda tasks, w: _quoted(group.id for group in w.groups),
    "pools": lambda tasks, w: _each(tasks, lambda task: f"`{task.pool}`"),
}


def marked(text: str) -> str:
    """Text with `code` in it as HTML; ids in it are somebody else's text."""
    pieces = html.escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if i % 2 else piece for i, piece in enumerate(pieces))
