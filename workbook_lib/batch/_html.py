"""The index: one self-contained page with a row a workflow; no address outside, everything escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from workbook_lib.batch._rows import Book, Report, Row
from workbook_lib.errors import sentences
from workbook_lib.findings import Finding

_HERE = Path(__file__)
STYLE = _HERE.with_name("index.css").read_text(encoding="utf-8")
SCRIPT = _HERE.with_name("index.js").read_text(encoding="utf-8")
# Nothing is loaded, nothing is sent; only the style and the script of the page itself are run.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_HEADS = (
    ("Workflow", ""), ("Outcome", ""), ("Tasks", "number"), ("Converted", "number"), ("Pilot", "word"), ("Findings", "number"),
    ("Seconds", "number"), ("Notebooks", ""),
)  # fmt: skip
_MARKS = {"run": ("✓", "good"), "failed": ("✕", "bad"), "left out": ("–", "soft"), "not reached": ("·", "soft")}
_ORDER = ("different", "failed", "timed out", "stopped", "not comparable", "not agreed", "no verdict")  # the worst first
MOST = 200  # things that a row or a table lists


def to_html(report: Report) -> str:
    """The page. Links lead to the executed notebooks and reports in the same migration folder."""
    rows = sorted(report.rows, key=_rank)
    body = "\n".join([_head(report), _table(rows, report.findings), _elsewhere(report.elsewhere), _foot(report)])
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(_title(report))}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        f"<script>\n{SCRIPT}</script>\n</body>\n</html>\n"
    )


def _title(report: Report) -> str:
    good = sum(row.good for row in report.rows)
    return f"{good} of {len(report.rows)} workflows do the same"


def _head(report: Report) -> str:
    tasks, converted = sum(row.tasks for row in report.rows), sum(row.converted for row in report.rows)
    figures = [
        (str(len(report.rows)), "workflows"),
        (str(sum(row.good for row in report.rows)), "equal or explained"),
        (str(sum(row.verdict == "different" for row in report.rows)), "different"),
        (str(sum(row.state in ("failed", "timed out", "stopped") for row in report.rows)), "not done"),
        (f"{converted * 100 // tasks}%" if tasks else "none", "of the tasks converted"),
        (str(sum(finding.severity.needs_human for finding in report.findings)), "findings for a person"),
    ]
    cards = "".join(f"<div><dt>{_text(name)}</dt><dd>{_text(number)}</dd></div>" for number, name in figures)
    notes = []
    if report.stopped:
        notes.append("This batch is not through: the same command goes on where it was.")
    if not report.agreed:
        notes.append("Nobody agreed to real runs (<code>--yes</code>), so they were left out; each row lists what they would execute.")
    lines = "".join(f'<p class="note">{note}</p>' for note in notes)
    return f'<h1>{_text(_title(report))}</h1>\n<p class="soft">{_text(report.source)}</p>\n<dl class="figures">{cards}</dl>\n{lines}'


def _table(rows: Sequence[Row], findings: Sequence[Finding]) -> str:
    heads = "".join(f'<th scope="col" class="{kind}">{_text(name)}</th>' for name, kind in _HEADS)
    told: dict[str | None, list[Finding]] = {}
    for finding in findings:
        told.setdefault(finding.workflow, []).append(finding)
    body = "\n".join(_row(row, told.get(row.id, [])) for row in rows)
    caption = "<caption>One row a workflow, the worst first. A heading sorts by its column.</caption>"
    return f'<table id="workflows">\n{caption}\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>'


def _row(row: Row, findings: Sequence[Finding]) -> str:
    tone = "good" if row.good else "bad" if row.state != "done" or row.verdict == "different" else "fair"
    words = [f'<b class="{tone}">{_text(row.outcome)}</b>']
    if why := row.explanation.removeprefix(f"{row.verdict}: "):
        words.append(f'<br><span class="soft">{_text(why)}</span>')
    if row.report:
        words.append(f'<br><a href="{_link(row.report)}">Report<span class="unseen"> on {_text(row.id)}</span></a>')
    if row.executes:
        shown = "".join(f"<li><pre>{_text(line)}</pre></li>" for line in row.executes[:MOST])
        words.append(f"<details><summary>What its runs would execute</summary><ul>{shown}</ul></details>")
    if waiting := [finding for finding in findings if finding.severity.needs_human]:
        lines = "".join(f"<li>{_finding(finding)}</li>" for finding in waiting[:MOST])
        words.append(f"<details><summary>What is left to a person</summary><ul>{lines}</ul></details>")
    left = row.warnings + row.errors
    notes = f"{row.notes} note{'s' if row.notes > 1 else ''}"
    told = f"{left} <span class='soft'>and {notes}</span>" if row.notes else str(left)
    cells = [
        ("", "".join(words), str(_rank(row)[0])),
        ("number", str(row.tasks), str(row.tasks)),
        ("number", "none" if row.percent is None else f"{row.percent}%", str(-1 if row.percent is None else row.percent)),
        ("word", _text(row.pilot or "none"), row.pilot or ""),
        ("number", told, str(left)),
        ("number", f"{row.seconds:.0f}" + (" <span class='soft'>before</span>" if row.reused else ""), f"{row.seconds:.1f}"),
        ("", _books(row), str(sum(book.state == "run" for book in row.notebooks))),
    ]
    first = f'<th scope="row" data-sort="{_text(row.id)}">{_text(row.id)}<br><span class="soft">{_text(row.file)}</span></th>'
    rest = "".join(f'<td class="{kind}" data-sort="{_text(key)}">{cell}</td>' for kind, cell, key in cells)
    return f"<tr>{first}{rest}</tr>"


def _finding(finding: Finding) -> str:
    place = ", ".join(str(part) for part in (finding.task, finding.line and f"line {finding.line}") if part)
    return f"{_text(sentences(finding.message, finding.advice))}" + (f" <span class='soft'>({_text(place)})</span>" if place else "")


def _books(row: Row) -> str:
    links = '<ul class="books">' + "".join(f"<li>{_book(book, row.id)}</li>" for book in row.notebooks) + "</ul>"
    said = [book.message for book in row.notebooks if book.message and book.message not in row.reason]
    said += [f"✕ {cross}" for book in row.notebooks for cross in book.crosses if not row.headline or not cross.startswith(row.headline)]
    return links + "".join(f'<p class="soft">{_text(text)}</p>' for text in dict.fromkeys(said))


def _book(book: Book, workflow: str) -> str:
    mark, tone = _MARKS[book.state]
    name = f'{_text(book.name)}<span class="unseen"> of {_text(workflow)}</span>'
    link = f'<a href="{_link(book.path)}">{name}</a>' if book.path else name
    state = f'<span class="{tone}" role="img" aria-label="{_text(book.state)}" title="{_text(book.state)}">{mark}</span>'
    return f"{state} {link}"


def _elsewhere(findings: Sequence[Finding]) -> str:
    if not findings:
        return ""
    lines = []
    for finding in findings[:MOST]:
        place = ":".join(str(part) for part in (finding.file, finding.line) if part is not None)
        said = f"{_text(finding.message)} <span class='soft'>{_text(finding.advice or '')}</span>"
        tone = "bad" if finding.severity == "error" else "fair"
        lines.append(f"<tr><td><b class='{tone}'>{_text(str(finding.severity))}</b></td><td>{_text(place)}</td><td>{said}</td></tr>")
    more = f"<p>and {len(findings) - MOST} more; <code>--json</code> lists them all</p>" if len(findings) > MOST else ""
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("Severity", "Where", "What"))
    return f"<h2>Beside the workflows</h2>\n<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>{''.join(lines)}</tbody>\n</table>{more}"


def _foot(report: Report) -> str:
    return f'<p class="soft">The project: {_text(report.root)}/project. Executed notebooks open in JupyterLab.</p>'


def _rank(row: Row) -> tuple[int, str]:
    """The worst first: what differs or was not done, then what is open, then what is good."""
    if row.good:
        return len(_ORDER) + 1, row.id
    word = row.outcome.partition(",")[0]
    return (_ORDER.index(word) if word in _ORDER else len(_ORDER)), row.id


def _link(path: str) -> str:
    return escape(quote(f"../{path}"))


def _text(text: str) -> str:
    """Escaped, and without the characters that turn the direction of text or are not to be seen."""
    return escape("".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text))
