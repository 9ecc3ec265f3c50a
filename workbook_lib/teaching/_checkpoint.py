"""Beginning in the middle of the path: what the notebooks before one leave behind, made by their calls and seen to pass their checks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from workbook_lib.errors import CheckFailed, UsageError
from workbook_lib.model.run import REAL
from workbook_lib.teaching import _kept_runs, check

if TYPE_CHECKING:
    from workbook_lib.migration import Migration

Progress = Callable[[str], None]
NOTEBOOKS = ("00_start_here", "01_assess", "02_rewrite", "03_integrate", "04_pilot", "05_validate", "06_hand_over")
FOLDER = Path(__file__).parents[2] / "notebooks"
EXAMPLES = FOLDER / "examples"
EXAMPLE = "daily_sales"
PILOTED = 3  # the real run, a rehearsal in which all goes well, and one in which a task fails: what notebook 04 does


def examples() -> dict[str, Path]:
    """The shipped examples by name; empty where only the package is installed."""
    return {path.name: path for path in sorted(EXAMPLES.glob("*/*")) if path.is_dir()}


def example(name: str = EXAMPLE) -> Path:
    """The folder of a shipped example; UsageError lists those that there are."""
    found = examples()
    if name not in found:
        there = ", ".join(found) or "none, because the notebooks are not installed beside the package; work in a clone of the repository"
        raise UsageError(f"there is no example {name!r}.", advice=f"Examples: {there}.")
    return found[name]


def notebook(number: str | int) -> int:
    """Which of the guided notebooks `number` means: 4, "04" or "04_pilot"."""
    text = str(number).partition("_")[0]
    if not text.isascii() or not text.isdigit() or int(text) >= len(NOTEBOOKS):
        raise UsageError(f"there is no notebook {number!r}.", advice=f"Name one of: {', '.join(name[:2] for name in NOTEBOOKS)}.")
    return int(text)


def checkpoint(
    number: str | int,
    root: str | Path = "my_migration",
    source: str | Path | None = None,
    workflow: str | None = None,
    progress: Progress | None = None,
    kept: Path = _kept_runs.FOLDER,
) -> Migration:
    """The migration folder as the notebooks before `number` leave it; what is there already is kept, with all edits.

    `source`: the legacy sources, by default a shipped example. `kept`: runs recorded before, taken where nothing has changed since.
    Without them the flow is run for 05 and 06: to call this is your consent to what `migration.consent(workflow)` lists. CheckFailed
    when a notebook's own check does not pass.
    """
    from workbook_lib.migration import Migration

    last = notebook(number)
    migration = Migration.create(root, example() if source is None else source)
    name = migration.workflow(workflow or _first(migration)).id
    tell = progress or (lambda line: None)
    for done, (what, step) in zip(NOTEBOOKS[:last], _STEPS, strict=False):
        tell(f"as after {done}: {what}")
        if not (outcome := step(migration, name, kept)):
            advice = f"Do the notebook {done} by hand, or begin in a folder of its own."
            raise CheckFailed(f"the check of {done} does not pass. {outcome}", advice=advice)
    return migration


def _first(migration: Migration) -> str | None:
    """The workflow to begin with; None leaves it to the migration to say what there is."""
    pilots = migration.assess().pilots
    return pilots[0].id if pilots else None


# What each notebook leaves behind, and whether its own check passes.


def _read(migration: Migration, workflow: str, kept: Path) -> check.Outcome:
    """Also for 01, which leaves nothing: whichever workflow was named is gone on with."""
    return check.was_read(migration, workflow)


def _convert(migration: Migration, workflow: str, kept: Path) -> check.Outcome:
    if not migration.converted() or workflow not in migration.table():
        migration.convert()
    return check.same_graph(migration, workflow)


def _give(migration: Migration, workflow: str, kept: Path) -> check.Outcome:
    """Values come with the example, or lie in the folder."""
    return check.needs_given(migration, workflow)


def _pilot(migration: Migration, workflow: str, kept: Path) -> check.Outcome:
    from workbook_lib.pilot import Session

    scenarios = migration.scenarios(workflow)[:PILOTED]
    _kept_runs.adopt(migration, workflow, scenarios, kept)
    waiting = migration.missing_runs(workflow)["pilot"]
    with Session(migration.root) as session:
        for scenario in scenarios:
            if scenario in waiting:
                migration.pilot(workflow, scenario, session=session)
    record = migration.store.record("pilot", workflow, REAL.name)
    return check.Outcome(False, "there is no record of the run") if record is None else check.succeeded(record)


def _validate(migration: Migration, workflow: str, kept: Path) -> check.Outcome:
    _kept_runs.adopt(migration, workflow, migration.scenarios(workflow), kept)
    if migration.stale(workflow):
        migration.validate(workflow)
    return check.is_equal(migration, workflow)


_STEPS: tuple[tuple[str, Callable[[Migration, str, Path], check.Outcome]], ...] = (
    ("the sources are read", _read),
    ("the workflow is chosen", _read),
    ("the project is written", _convert),
    ("what is needed is given", _give),
    ("the flow was run", _pilot),
    ("the verdict is there", _validate),
)
