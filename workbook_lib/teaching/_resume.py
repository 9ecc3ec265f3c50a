"""Opening a notebook in the middle of the path: finds the state in the migration folder, or says which notebook makes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workbook_lib.errors import UsageError, WorkbookError

if TYPE_CHECKING:
    from workbook_lib.migration import Migration

Step = Literal["sources", "project", "verdict"]

# What a notebook needs: which one makes it, and the first one that has it.
_MADE_BY: dict[Step, tuple[str, str]] = {
    "sources": ("00_start_here", "01"),
    "project": ("02_rewrite", "03"),
    "verdict": ("05_validate", "06"),
}


def resume(root: str | Path, workflow: str, needs: Step = "sources", checkpoint: str | Path | None = None) -> Migration:
    """Open the migration at `root`; UsageError names the notebook that makes what is missing, and the line that goes on without it.

    `checkpoint`: legacy sources. What is missing is then made from them, as if the notebooks before had been done; for the verdict
    the flow is run, to which this call is your consent.
    """
    one_line_errors()
    from workbook_lib.migration import Migration
    from workbook_lib.teaching._checkpoint import checkpoint as made

    if checkpoint is not None and _lacks(root, workflow, needs):
        return made(_MADE_BY[needs][1], root, checkpoint, workflow, print)
    if found := _lacks(root, workflow, needs):
        what, step = found
        notebook, number = _MADE_BY[step][0], _MADE_BY[needs][1]
        line = "migration = resume(root, workflow" + (f', needs="{needs}"' if needs != "sources" else "") + ", checkpoint=source)"
        command = f"workbook checkpoint {number} --out {Path(root).absolute()}"
        advice = f"Run the notebook {notebook} first, or go on from a checkpoint: with the line `{line}`, or in a terminal `{command}`."
        raise UsageError(f"{what}.", advice=advice)
    migration = Migration(root)
    migration.workflow(workflow)
    if needs != "sources":
        migration.code(workflow)
    return migration


def _lacks(root: str | Path, workflow: str, needs: Step) -> tuple[str, Step] | None:
    """What is missing at `root`, and which step makes it."""
    from workbook_lib.migration import Migration

    if not (Path(root) / ".workbook" / "migration.json").is_file():
        return f"{root} is not a migration folder yet", "sources"
    migration = Migration(root)
    if needs != "sources" and not migration.converted():
        return f"{root} has no project yet", "project"
    if needs == "verdict" and migration.verdict(workflow) is None:
        return f"{workflow} has no verdict yet", "verdict"
    return None


def one_line_errors() -> None:
    """Show our errors in this notebook as their message alone; all others keep their traceback."""
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    if shell is not None:
        shell.set_custom_exc((WorkbookError,), _show)


def _show(shell: Any, kind: type[BaseException], error: BaseException, trace: Any, tb_offset: int | None = None) -> list[str]:
    lines = [f"{kind.__name__}: {error}"]
    shell._showtraceback(kind, error, lines)
    return lines
