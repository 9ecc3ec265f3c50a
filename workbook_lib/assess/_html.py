"""The assessment as one page: no script, no address outside, everything escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from workbook_lib.assess._report import Assessment, Cause, Use
from workbook_lib.assess._tables import COMPLEXITY, PILOT

STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")

_TONES = {
    "convert": "good", "convert with placeholders": "fair", "rethink": "bad", "retire candidate": "soft", "yes": "good", "no": "bad",
    "unknown": "fair", "low": "good", "medium": "fair", "high": "bad", "error": "bad", "warning": "fair",
}  # fmt: skip
MOST_NAMES = 4
MOST_PILOTS = 12


def to_html(assessment: Assessment) -> str:
    """One self-contained page."""
    sections = [
        _head(assessment),
        _pilots(assessment),
        _workflows(assessment),
        _human(assessment),
        _between(assessment),
        _inventory(assessment),
    ]
    body = "\n".join([*sections, _formulas()])
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Migration assessment</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _head(assessment: Assessment) -> str:
    inventory = assessment.inventory
    share = f"{inventory.converted / inventory.tasks:.0%}" if inventory.tasks else "none"
    figures = [
        (inventory.workflows, "workflows"), (inventory.tasks, "tasks"), (share, "of the tasks convert"),
        (len(assessment.human), "causes left to a human"), (len(assessment.waves), "waves"), (len(inventory.connections), "connections"),
    ]  # fmt: skip
    cards = "".join(f'<div class="figure"><b>{escape(str(number))}</b>{escape(name)}</div>' for number, name in figures)
    lead = "What the legacy workflows are made of, and where to begin."
    return f'<h1>Migration assessment</h1>\n<p class="soft">{lead}</p>\n<div class="figures">{cards}</div>'


def _pilots(assessment: Assessment) -> str:
    first = assessment.first
    if first is None:
        lead = '<p class="first">No workflow is fit to be the first; the reasons stand below.</p>'
    else:
        lead = f'<p class="first">Pilot <b>{escape(first.id)}</b> first ({first.score:g} of 100): {escape(", ".join(first.reasons))}.</p>'
    rows = [
        [
            escape(pilot.id),
            f'<span class="bar"><i style="width:{pilot.score:.0f}%"></i></span> {pilot.score:g}'
            if not pilot.against
            else _tone("not first", "bad"),
            escape("; ".join(pilot.against or pilot.reasons)),
        ]
        for pilot in assessment.pilots
    ]
    heads = ("Workflow", "Fitness", "Why")
    rest = f"<details><summary>and {len(rows) - MOST_PILOTS} more</summary>\n{_table(heads, rows[MOST_PILOTS:])}</details>"
    shown = _table(heads, rows[:MOST_PILOTS]) + (rest if len(rows) > MOST_PILOTS else "")
    return f"<h2>Which workflow to pilot first</h2>\n{lead}\n{shown}"


def _workflows(assessment: Assessment) -> str:
    wave = {name: one.number for one in assessment.waves for name in one.workflows}
    rows = [
        [
            f"{escape(one.id)}<br><span class='soft'>{escape(one.file)}:{one.line}</span>",
            escape(one.schedule),
            f"{one.tasks - len(one.placeholders)} / {one.tasks}",
            f"{_tone(one.level)} <span class='soft'>{one.complexity:g}</span>",
            str(wave.get(one.id, "")),
            f"{_tone(one.disposition)}<br><span class='soft'>{escape('; '.join(one.reasons))}</span>",
        ]
        for one in assessment.workflows
    ]
    heads = ("Workflow", "Schedule", "Converted", "Complexity", "Wave", "What to do")
    return "<h2>Workflows</h2>\n" + _table(heads, rows, numbers=(2, 4))


def _human(assessment: Assessment) -> str:
    rows = [
        [
            f"{escape(one.cause)}<br><span class='soft'>{escape(_more(one))}</span>",
            _tone(one.severity),
            str(one.count),
            escape(_few(one.workflows)),
            f"{one.hours:g}",
        ]
        for one in assessment.human
    ]
    if not rows:
        return "<h2>What is left to a human</h2>\n<p>Nothing.</p>"
    return "<h2>What is left to a human</h2>\n" + _table(("Cause", "Severity", "Times", "Workflows", "Hours (hint)"), rows, numbers=(2, 4))


def _between(assessment: Assessment) -> str:
    verbs = {"waits_for": "is awaited by", "starts": "starts", "asset": "produces an asset for"}
    rows = [[escape(tie.before or "(outside)"), verbs[tie.kind], escape(tie.after), escape(tie.via or tie.task or "")]
            for tie in (*assessment.ties, *assessment.outside)]  # fmt: skip
    parts = ["<h2>Between workflows</h2>"]
    parts.append(_table(("Workflow", "", "Workflow", "By"), rows) if rows else "<p>No workflow depends on another.</p>")
    parts += [f'<p class="bad">These wait for each other in a circle: {escape(", ".join(circle))}.</p>' for circle in assessment.cycles]
    waves = "; ".join(f"{wave.number}: {_few(wave.workflows, 12)}" for wave in assessment.waves)
    parts.append(f"<p>Waves: {escape(waves)}</p>" if waves else "")
    return "\n".join(parts)


def _inventory(assessment: Assessment) -> str:
    inventory = assessment.inventory
    operators = [
        [f"<code>{escape(one.operator)}</code>", escape(one.family), str(one.tasks), str(one.converted), escape(_few(one.workflows))]
        for one in inventory.operators
    ]
    parts = ["<h2>Operators</h2>", _table(("Class", "Kind", "Tasks", "Converted", "Workflows"), operators, numbers=(2, 3))]
    packages = [[escape(one.name), f"{_tone(one.installs)} <span class='soft'>{escape(one.reason)}</span>", escape(_few(one.workflows))]
                for one in inventory.packages]  # fmt: skip
    if packages:
        parts += ["<h2>Packages</h2>", _table(("Package", "Installs beside Prefect", "Workflows"), packages)]
    needs: list[tuple[str, Sequence[Use]]] = [
        ("Connection", inventory.connections), ("Variable", inventory.variables), ("Pool", inventory.pools),
        ("Environment", inventory.environment), ("File", inventory.files), ("Shared module", inventory.modules),
        ("Schedule", inventory.schedules),
    ]  # fmt: skip
    rows = [[kind, escape(use.name), escape(_few(use.workflows))] for kind, uses in needs for use in uses]
    parts += ["<h2>What the workflows need</h2>", _table(("Kind", "Name", "Workflows"), rows) if rows else "<p>Nothing.</p>"]
    return "\n".join(parts)


def _formulas() -> str:
    complexity = "; ".join(f"{weight:g} x {meaning}" for weight, meaning in COMPLEXITY.values())
    pilot = "; ".join(f"{points:g} (at most {most:g}) {meaning}" for points, most, meaning in PILOT.values())
    return (
        f"<details><summary>How the figures are made</summary>\n<p>Complexity: {escape(complexity)}.</p>\n"
        f"<p>Fitness to be first: 100 less {escape(pilot)}. Never one that others wait for.</p>\n"
        "<p>Hours are a hint for planning, not an estimate.</p></details>"
    )


def _more(cause: Cause) -> str:
    return " ".join(text for text in (cause.example if cause.example != cause.cause else "", cause.advice) if text)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    marks = ['class="number"' if index in numbers else "" for index in range(len(heads))]
    head = "".join(f"<th {mark}>{escape(name)}</th>" for name, mark in zip(heads, marks, strict=True))
    body = "\n".join("<tr>" + "".join(f"<td {mark}>{cell}</td>" for cell, mark in zip(row, marks, strict=True)) + "</tr>" for row in rows)
    return f"<table>\n<tr>{head}</tr>\n{body}\n</table>"


def _tone(word: str, tone: str | None = None) -> str:
    return f'<span class="{tone or _TONES.get(word, "soft")}">{escape(word)}</span>'


def _few(names: Sequence[str], most: int = MOST_NAMES) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
