"""An exercise as its notebook uses it: the legacy source, an answer, and `check()`, `hint()`, `solution()`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbook_lib.errors import PilotError, ProjectError, UsageError
from workbook_lib.teaching._checkpoint import FOLDER
from workbook_lib.teaching._resume import one_line_errors
from workbook_lib.teaching._show import table
from workbook_lib.teaching.check import Outcome, goal
from workbook_lib.teaching.exercises import _source
from workbook_lib.teaching.exercises._evidence import Evidence
from workbook_lib.teaching.exercises._lesson import Lesson
from workbook_lib.teaching.exercises._shown import Code, Hint, code

if TYPE_CHECKING:
    from workbook_lib.migration import Migration
    from workbook_lib.view import Html

LEGACY = FOLDER / "exercises" / "legacy"


class Exercise:
    """One exercise in a migration folder that all of them share; it is made when the first one is opened."""

    def __init__(self, lesson: Lesson, root: str | Path) -> None:
        from workbook_lib.migration import Migration

        one_line_errors()
        self.lesson, self.name = lesson, lesson.workflow
        self.migration: Migration = Migration.create(root, LEGACY)
        if not self.migration.converted() or self.name not in self.migration.table():
            self.migration.convert()
        self._hints = 0
        _register(self)

    def legacy(self) -> Code:
        """The DAG, as it was read."""
        return code(Path(self.migration.workflow(self.name).origin.file).read_text("utf-8"))

    def svg(self) -> Any:
        """The DAG's graph."""
        return self.migration.svg(self.name)

    def verdict(self) -> Html:
        """How both engines compare in every scenario: one line per difference."""
        rows = Evidence(self.migration, self.name, {}).verdict.differences
        told = [(row.scenario or "without a run", row.id or "the run", row.aspect, str(row.legacy), str(row.pilot)) for row in rows]
        return table(["scenario", "task", "aspect", "Airflow", "the flow"], told, empty="Everything is equal.")

    def answer(self, text: str) -> str:
        """Save `text` as the flow: what the cell `%%answer` does with its lines."""
        self.migration.save(self.name, text if text.endswith("\n") else text + "\n")
        return f"saved as {self.migration.flow_file(self.name).relative_to(self.migration.root)}; now check()"

    def check(self, **given: Any) -> Outcome:
        """Whether the answer does what Airflow does: its graph, its real run, and every rehearsal."""
        return goal(self._judged)(given)

    def _judged(self, given: dict[str, Any]) -> Outcome:
        found = Evidence(self.migration, self.name, given)
        if self.lesson.judge is None and (left := _left(self.migration.code(self.name))):
            return Outcome(
                False, f"Line {left} is still to be written.", "Put your code where the three dots are, and run that cell again."
            )
        if not found.graph.compiles:
            return Outcome(False, str(found.graph), "Correct that line.")
        try:
            return self._outcome(found)
        except (ProjectError, PilotError, UsageError) as error:
            return Outcome(False, f"The flow cannot be run: {error.message}.", error.advice or "")

    def _outcome(self, found: Evidence) -> Outcome:
        for believed in self.lesson.misconceptions:
            if believed.seen(found):
                return Outcome(False, believed.says, "hint() helps.")
        if self.lesson.judge is not None:
            return Outcome(True, self.lesson.judge(found))
        if not found.graph.same_graph:
            return Outcome(False, str(found.graph), "hint() helps.")
        verdict = found.verdict
        if verdict.verdict.partition(",")[0] in ("equal", "explained", "equal as run", "explained as run"):
            return Outcome(True, f"Solved. {verdict.headline}")
        rows = [f"{row.id or 'the run'}, {row.aspect} ({row.scenario or 'structure'}): {row.reason}" for row in verdict.differences[:2]]
        return Outcome(False, verdict.headline, " ".join(rows))

    def hint(self) -> Hint:
        """The next hint; the last one stays."""
        self._hints = min(self._hints + 1, len(self.lesson.hints))
        return Hint(self._hints, len(self.lesson.hints), self.lesson.hints[self._hints - 1])

    def solution(self) -> Code:
        """An answer that passes."""
        path = _source.path_of(self.name)
        if path is None:
            raise UsageError(f"the solution of {self.name!r} is not here.", advice="It lies in notebooks/exercises/solutions of a clone.")
        return code(_source.answer(path).solution)


def _left(text: str) -> int | None:
    """The first line of an answer that is still three dots."""
    import ast

    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    dots = (node.lineno for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value is Ellipsis)
    return min(dots, default=None)


_OPEN: dict[str, Exercise] = {}


def _register(exercise: Exercise) -> None:
    """Make `%%answer NAME` known to this notebook, if it is one."""
    _OPEN[exercise.name] = exercise
    try:
        from IPython import get_ipython
    except ImportError:
        return
    if (shell := get_ipython()) is not None:
        shell.register_magic_function(_answer, "cell", "answer")


def _answer(line: str, cell: str) -> str:
    """`%%answer NAME`: the lines of the cell become the answer of the exercise."""
    name = line.strip()
    if name not in _OPEN:
        raise UsageError(f"the exercise {name!r} is not open.", advice=f"Open: {', '.join(_OPEN) or 'none'}.")
    return _OPEN[name].answer(cell)
