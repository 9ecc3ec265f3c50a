"""Checks for the reader of a notebook: each says whether a goal is reached, and if not, what to do.

With `WORKBOOK_STRICT_CHECKS=1` in the environment a check that is not passed also stops the notebook, for runs that nobody watches.
"""

from __future__ import annotations

import ast
import functools
import html
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec

from workbook_lib.errors import CheckFailed, InputError
from workbook_lib.teaching._resume import one_line_errors

if TYPE_CHECKING:
    from workbook_lib.migration import Migration
    from workbook_lib.model.run import RunRecord

TEST_SECONDS = 600
STRICT = "WORKBOOK_STRICT_CHECKS"
P = ParamSpec("P")


@dataclass(frozen=True)
class Outcome:
    """Whether a goal is reached: true or false, the message, and a hint where it is not."""

    passed: bool
    message: str
    hint: str = ""

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        end = "" if self.message.endswith((".", "!", "?", "…")) else "."
        return f"{'✓' if self.passed else '✕'} {self.message}{end}" + (f" {self.hint}" if self.hint else "")

    def _repr_html_(self) -> str:
        fill, line = ("#d9f0e6", "#00735a") if self.passed else ("#fbdccb", "#b23c00")
        kind = "passed" if self.passed else "failed"
        return (
            f'<div class="wb-check-{kind}" style="background:{fill};border-left:4px solid {line};color:#1a1a1a;padding:6px 10px">'
            f"{html.escape(str(self))}</div>"
        )

    __repr__ = __str__


def goal(check: Callable[P, Outcome]) -> Callable[P, Outcome]:
    """A check that raises CheckFailed, after its cross was shown, where checks are strict."""

    @functools.wraps(check)
    def asked(*given: P.args, **named: P.kwargs) -> Outcome:
        outcome = check(*given, **named)
        if outcome.passed or os.environ.get(STRICT, "") in ("", "0"):
            return outcome
        one_line_errors()
        _show(outcome)
        raise CheckFailed(str(outcome))

    return asked


def _show(outcome: Outcome) -> None:
    """Show the cross in the notebook, if this is one."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        return
    if get_ipython() is not None:
        display(outcome)  # type: ignore[no-untyped-call]  # IPython has no types


@goal
def was_read(migration: Migration, workflow: str) -> Outcome:
    """Whether the workflow was found in the sources."""
    found = [each.id for each in migration.workflows()]
    if workflow in found:
        return Outcome(True, f"{workflow} was read, with {len(migration.workflow(workflow).tasks)} tasks.")
    return Outcome(
        False, f"{workflow} was not found.", f"Found: {', '.join(found[:8]) or 'nothing'}. Set `workflow` in the parameters to one of them."
    )


@goal
def pilot_choice(migration: Migration, workflow: str) -> Outcome:
    """Whether the workflow is the one that the assessment would pilot first."""
    pilots = migration.assess().pilots
    ranked = [each.id for each in pilots]
    if workflow not in ranked:
        return Outcome(False, f"{workflow} is not in the ranking.", f"Choose one of: {', '.join(ranked[:8]) or 'none'}.")
    place = ranked.index(workflow) + 1
    if pilots[place - 1].against:
        return Outcome(False, f"{workflow} is not fit to be the first: {'; '.join(pilots[place - 1].against)}.", "See the ranking.")
    if place == 1:
        return Outcome(True, f"{workflow} is the best first pilot of {len(ranked)}.")
    return Outcome(False, f"{workflow} is number {place} of {len(ranked)}.", f"Begin with {ranked[0]}: see the reasons in the ranking.")


def same_graph(migration: Migration, workflow: str, text: str | None = None) -> Outcome:
    """Whether the flow, or `text` in its place, compiles and still has the legacy graph. A `text` is only looked at, and stops nothing."""
    return _own_graph(migration, workflow) if text is None else _graph(migration, workflow, text)


@goal
def _own_graph(migration: Migration, workflow: str) -> Outcome:
    return _graph(migration, workflow)


def _graph(migration: Migration, workflow: str, text: str | None = None) -> Outcome:
    found = migration.check(workflow, text)
    if found.same_graph:
        return Outcome(True, str(found))
    hint = "Correct that line." if not found.compiles else "Undo the last edit, or record a decision if you want the difference."
    return Outcome(False, str(found), hint)


@goal
def needs_given(migration: Migration, workflow: str) -> Outcome:
    """Whether everything that has to be given was given."""
    missing = [f"{need.kind} {need.name}" for need in migration.needs(workflow) if need.given is False]
    if not missing:
        return Outcome(True, "Nothing is missing.")
    return Outcome(
        False,
        f"Missing: {', '.join(missing)}.",
        "Give the values with migration.write_inputs(variables={...}, connections={...}, env={...}).",
    )


@goal
def succeeded(record: RunRecord) -> Outcome:
    """Whether a run ended well."""
    bad = [run.id for run in record.tasks if run.state in ("failed", "upstream_failed", "not_run")]
    if record.state == "success" and not bad:
        return Outcome(True, f"The run of {record.workflow} succeeded, with {len(record.tasks)} task instances.")
    told = f"The run of {record.workflow} ended as {record.state}; not well: {', '.join(bad[:5]) or 'none'}."
    return Outcome(False, told, "Read `log_tail` of the first of them in the record; a placeholder fails on purpose.")


@goal
def is_equal(migration: Migration, workflow: str) -> Outcome:
    """Whether the verdict is equal, or explained by decisions, and not stale."""
    verdict = migration.verdict(workflow)
    if verdict is None:
        return Outcome(False, f"{workflow} has no verdict yet.", "Run migration.validate(workflow).")
    if migration.stale(workflow):
        return Outcome(False, f"The verdict of {workflow} is stale: something changed since.", "Run migration.validate(workflow) again.")
    if verdict.verdict.partition(",")[0] in ("equal", "explained", "equal as run", "explained as run"):
        return Outcome(True, verdict.headline)
    rows = [f"{row.id or 'the run'}, {row.aspect}: {row.reason}" for row in verdict.differences[:3]]
    return Outcome(False, verdict.headline, " ".join(rows) or "See the reasons in the table.")


@goal
def stands_alone(migration: Migration) -> Outcome:
    """Whether no file of the project imports the workbook or the legacy package."""
    bound = []
    folder = migration.root / "project"
    for path in sorted(folder.rglob("*.py")):
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError) as error:
            raise InputError(f"does not compile: {error}", file=str(path), advice="Correct it in notebook 02_rewrite.") from error
        names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
        bound += [
            f"{path.relative_to(folder).as_posix()} imports {name}" for name in names if name.split(".")[0] in ("workbook_lib", "airflow")
        ]
    if bound:
        return Outcome(False, "; ".join(bound[:3]) + ".", "Replace what is still needed from there.")
    return Outcome(True, "The project needs neither the workbook nor the legacy system.")


@goal
def own_tests(migration: Migration, only: str = "") -> Outcome:
    """Whether the project's own tests pass, run by pytest with Prefect alone, away from the user's Prefect.

    `only`: words that the tests to run have in their names.
    """
    home = migration.root / ".workbook" / "tests-home"
    quiet = {"PREFECT_HOME": str(home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1", "PREFECT_LOGGING_LEVEL": "ERROR"}
    quiet["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] = "120"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--no-header",
        "--color=no",
        "-p",
        "no:cacheprovider",
        *(["-k", " and ".join(only.split())] if only else []),
        "tests",
    ]
    try:
        done = subprocess.run(
            command, cwd=migration.root / "project", env=kept | quiet, capture_output=True, text=True, timeout=TEST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return Outcome(
            False, f"The tests did not end within {TEST_SECONDS} s.", "Run pytest in the project folder and see which one waits."
        )
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    last = lines[-1].strip("= ") if lines else done.stderr.strip()[-300:]
    if done.returncode == 0:
        return Outcome(True, f"pytest: {last}")
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return Outcome(False, f"pytest: {last}", " ".join(failed[:2]) or "Run pytest in the project folder to see why.")
