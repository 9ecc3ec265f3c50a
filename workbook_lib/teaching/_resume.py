"""Opening a notebook in the middle of the path: finds the state in the migration folder, or says which notebook makes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workbook_lib.errors import UsageError, WorkbookError

if TYPE_CHECKING:
    from workbook_lib.migration import Migration

Step = Literal["sources", "project", "verdict"]

_MADE_BY: dict[Step, tuple[str, str]] = {
    "sources": ("00_start_here", "Migration.create(root, source)"),
    "project": ("02_rewrite", "migration.convert()"),
    "verdict": ("05_validate", "migration.validate(workflow)"),
}


def resume(root: str | Path, workflow: str, needs: Step = "sources") -> Migration:
    """Open the migration at `root`; UsageError names the notebook and the call that make what is missing."""
    one_line_errors()
    from workbook_lib.migration import Migration

    if not (Path(root) / ".workbook" / "migration.json").is_file():
        raise _missing(f"{root} is not a migration folder yet", "sources")
    migration = Migration(root)
    migration.workflow(workflow)
    if needs != "sources" and not (migration.root / "project" / "pyproject.toml").is_file():
        raise _missing(f"{root} has no project yet", "project")
    if needs != "sources":
        migration.code(workflow)
    if needs == "verdict" and migration.verdict(workflow) is None:
        raise _missing(f"{workflow} has no verdict yet", "verdict")
    return migration


def _missing(what: str, step: Step) -> UsageError:
    notebook, call = _MADE_BY[step]
    return UsageError(f"{what}.", advice=f"Run the notebook {notebook} first, or call {call}.")


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
