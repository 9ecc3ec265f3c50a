"""Tables and texts that the notebooks show; every one is made from data that the library gives elsewhere too."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from workbook_lib.teaching._cards import cards
from workbook_lib.view import Html, Svg, draw

__all__ = [
    "cards", "edited", "files", "findings", "inventory", "needs", "ranking", "run", "scenarios", "statuses", "table", "workflows",
]  # fmt: skip

if TYPE_CHECKING:
    from workbook_lib.assess import Assessment
    from workbook_lib.migration import ConvertReport, Migration
    from workbook_lib.model.run import RunRecord

_STYLE = (
    "<style>.wb-table{border-collapse:collapse;font-size:13px;background:#fff;color:#1a1a1a}.wb-table th,.wb-table td"
    "{text-align:left!important;padding:4px 12px 4px 4px!important;border-bottom:1px solid #ddd;vertical-align:top}"
    ".wb-table th{border-bottom:2px solid #999}</style>"
)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str = "nothing") -> Html:
    """A plain table; without rows the text `empty`."""
    lines = ["<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    if not lines:
        return Html(f"<em>{html.escape(empty)}</em>")
    head = "".join(f"<th>{html.escape(column)}</th>" for column in columns)
    return Html(f'{_STYLE}<table class="wb-table"><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table>')


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return html.escape(str(value)).replace("\n", "<br>")


def workflows(migration: Migration) -> Html:
    """What was read: one line per workflow."""
    rows = [(w.id, len(w.tasks), len(w.groups), w.schedule.text, f"{w.origin.file}:{w.origin.line}") for w in migration.workflows()]
    return table(["workflow", "tasks", "groups", "schedule", "defined in"], rows, empty="no workflow was found")


def findings(migration: Migration) -> Html:
    """What reading lost, guessed or left to a person."""
    rows = [(f.severity, f"{f.file or ''}:{f.line or ''}".strip(":"), f.message, f.advice) for f in migration.findings()]
    return table(["severity", "where", "what", "what to do"], rows, empty="No findings: everything in the sources was understood.")


def inventory(assessment: Assessment) -> Html:
    """What the folder holds and needs, in one line each."""
    found = assessment.inventory
    rows: list[tuple[str, Any]] = [
        ("workflows", found.workflows),
        ("tasks", found.tasks),
        ("tasks that will be converted", found.converted),
    ]
    rows += [(f"operator {each.operator}", f"{each.tasks} tasks, {each.converted} converted") for each in found.operators]
    for kind in ("schedules", "connections", "variables", "pools", "environment", "files", "modules"):
        rows += [(kind, ", ".join(use.name for use in uses))] if (uses := getattr(found, kind)) else []
    rows += [(f"package {each.name}", f"installs beside Prefect: {each.installs}. {each.reason}") for each in found.packages]
    rows += [(f"for a person: {each.cause}", f"{each.count} times. {each.advice or ''}") for each in assessment.human]
    return table(["what", "found"], rows)


def ranking(assessment: Assessment) -> Html:
    """Which workflow to pilot first, and why."""
    rows = [
        (place, each.id, f"{each.score:g}", "; ".join(each.reasons), "; ".join(each.against))
        for place, each in enumerate(assessment.pilots, 1)
    ]
    return table(["", "workflow", "score", "reasons", "against it"], rows)


def statuses(report: ConvertReport) -> Html:
    """What became of each task."""
    rows = [
        (workflow, task["id"], task["status"], (task["finding"] or {}).get("message"))
        for workflow, tasks in report.statuses.items()
        for task in tasks
    ]
    return table(["workflow", "task", "status", "why"], rows)


def needs(migration: Migration, workflow: str | None = None) -> Html:
    """What a workflow needs around it."""
    given = {True: "given", False: "missing", None: "see the deployment"}
    rows = [(need.kind, need.name, given[need.given]) for need in migration.needs(workflow)]
    return table(["kind", "name", "state"], rows, empty="This workflow needs nothing around it.")


def files(migration: Migration) -> Html:
    """The files of the project."""
    folder = migration.root / "project"
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not _hidden(path.relative_to(folder).parts))
    return table(["file", "lines"], [(path.relative_to(folder).as_posix(), len(path.read_bytes().splitlines())) for path in found])


def _hidden(parts: tuple[str, ...]) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in parts)


def edited(migration: Migration, workflow: str, text: str) -> Svg:
    """The legacy graph, with the edges marked that a text of the flow lacks."""
    found = migration.check(workflow, text)
    return draw(migration.workflow(workflow), edges=dict.fromkeys(found.missing, "missing"))


def run(record: RunRecord) -> Html:
    """A run, one line per task instance."""
    rows = [
        (
            run.id + (f"[{run.map_index}]" if run.map_index >= 0 else ""),
            run.state,
            run.attempts,
            _result(run.result),
            "" if run.observed else "by the rules",
        )
        for run in record.tasks
    ]
    return table(["task", "state", "attempts", "result", "state known"], rows)


def _result(result: dict[str, Any]) -> str:
    text = str(result["json"]) if "json" in result else str(result.get("digest", ""))
    return text if len(text) <= 80 else text[:79] + "\u2026"


def scenarios(migration: Migration, workflow: str | None = None) -> Html:
    """The scenarios of the stored verdict and how each was judged."""
    verdict = migration.verdict(workflow)
    rows = [(s.name, s.kind, s.verdict or "left out", s.reason) for s in verdict.scenarios] if verdict else []
    return table(["scenario", "kind", "verdict", "reason"], rows, empty="There is no verdict yet.")
