"""A verdict as one self-contained HTML file: no network, no script, hostile text escaped."""

from __future__ import annotations

import base64
import html
from importlib.resources import files
from itertools import groupby

from workbook_lib.model.workflow import Workflow
from workbook_lib.validation._rows import ASPECTS, Judgement, TaskVerdict
from workbook_lib.validation._text import RUN, in_scenario, label, plain, show, task_ids, worth_reading
from workbook_lib.validation._verdict import Verdict

WORDS = {
    Judgement.EQUAL: ("equal", "✓"),
    Judgement.EXPLAINED: ("explained", "≈"),
    Judgement.NOT_COMPARABLE: ("open", "?"),
    Judgement.DIFFERENT: ("different", "✗"),
    None: ("none", "·"),
}
MEANING = {
    "structure": "the code has the same tasks, order, firing condition, retries and timeouts",
    "schedule": "the deployment runs when the legacy workflow runs",
    "states": "each task ends in the same state after as many attempts",
    "order": "nothing starts before what it must wait for has ended",
    "results": "each task returns the same value",
    "updates": "each task tells of the same updates of assets, with the same extra information",
    "calls": "each task asks the same of the outside world",
    "outputs": "the same files and tables are left behind",
}
FIRST_OPEN = 8  # rows shown without a click


def report_html(verdict: Verdict, workflow: Workflow | None = None, svg: str | None = None) -> str:
    """The report. `svg` is a drawing of the graph, shown as an image, so that nothing inside of it can run."""
    style = files("workbook_lib.validation").joinpath("report.css").read_text("utf-8")
    parts = [
        _head(verdict, workflow),
        _matrix(verdict),
        _rows(verdict),
        _drawing(svg),
        _scenarios(verdict),
        _masked(verdict),
        _unfinished(verdict),
        _unproven(verdict),
    ]
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(verdict.workflow)}: {_text(verdict.verdict)}</title>\n<style>\n{style}</style></head>\n<body><main>\n"
        + "\n".join(part for part in parts if part)
        + "\n</main></body></html>\n"
    )


def _head(verdict: Verdict, workflow: Workflow | None) -> str:
    kind = _kind(verdict.verdict)
    rehearsals = [scenario for scenario in verdict.scenarios if scenario.kind == "rehearsal" and scenario.verdict is not None]
    equal = sum(scenario.verdict is Judgement.EQUAL for scenario in rehearsals)
    real = next((str(scenario.verdict) for scenario in verdict.scenarios if scenario.kind == "real"), "missing")
    figures = [
        ("real run", real),
        ("rehearsals equal", f"{equal} of {len(rehearsals)}"),
        ("states filled in", f"{verdict.filled_in} of {verdict.instances}"),
        ("values masked", str(len(verdict.masks))),
        ("placeholders", str(len(verdict.placeholders))),
        ("bodies never run", str(len(verdict.unproven))),
    ]
    cards = "".join(f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in figures)
    rest = verdict.headline.removeprefix(verdict.verdict).removeprefix(": ")
    system = f"{workflow.system} {workflow.version} → Prefect 3 · {workflow.origin.file}" if workflow is not None else ""
    return (
        f'<header class="{kind}"><p class="path">{_text(system)}</p><h1>{_text(verdict.workflow)}</h1>'
        f'<p class="verdict">{_text(_capital(verdict.verdict))}</p><p class="why">{_text(_capital(rest))}</p></header>\n'
        f'<dl class="figures">{cards}</dl>'
    )


def _matrix(verdict: Verdict) -> str:
    aspects = [aspect for aspect in ASPECTS if aspect in verdict.aspects]
    heads = "".join(f'<th scope="col" title="{_text(MEANING[aspect])}">{aspect}</th>' for aspect in aspects)
    lines = [_matrix_row("All", [verdict.aspects[aspect] for aspect in aspects], "sum")]
    cells: dict[tuple[str, str], Judgement] = {}
    order = list(Judgement)
    for row in verdict.tasks:
        place = (row.id, row.aspect)
        cells[place] = max(cells.get(place, row.verdict), row.verdict, key=order.index)
    lines += [_matrix_row(task or RUN, [cells.get((task, aspect)) for aspect in aspects]) for task in task_ids(verdict)]
    signs = [(str(word or "nothing to compare"), kind, sign) for word, (kind, sign) in WORDS.items()]
    legend = " ".join(f'<span><b class="mark {kind}">{sign}</b> {word}</span>' for word, kind, sign in signs)
    explained = "".join(f"<li><b>{aspect}</b>: {_text(MEANING[aspect])}</li>" for aspect in aspects)
    return (
        "<section><h2>Tasks and aspects</h2><p>The worst of all scenarios and instances.</p>"
        f'<div class="wide"><table class="matrix"><thead><tr><th scope="col">task</th>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
        f'<p class="legend">{legend}</p><details><summary>What the aspects mean</summary><ul>{explained}</ul></details></section>'
    )


def _matrix_row(task: str, judgements: list[Judgement | None], kind: str = "") -> str:
    cells = "".join(f"<td>{_mark(judgement)}</td>" for judgement in judgements)
    return f'<tr class="{kind}"><th scope="row">{_text(task)}</th>{cells}</tr>'


def _mark(judgement: Judgement | None) -> str:
    kind, sign = WORDS[judgement]
    word = str(judgement or "nothing to compare")
    return f'<b class="mark {kind}" title="{word}" role="img" aria-label="{word}">{sign}</b>'


def _rows(verdict: Verdict) -> str:
    parts: list[str] = []
    for judgement, group in groupby(worth_reading(verdict), key=lambda row: row.verdict):
        rows = list(group)
        title = {
            Judgement.DIFFERENT: "What differs",
            Judgement.NOT_COMPARABLE: "What could not be compared",
            Judgement.EXPLAINED: "What differs by decision",
            Judgement.EQUAL: "Remarks",
        }[judgement]
        body = "".join(_row(row) for row in rows[:FIRST_OPEN])
        if len(rows) > FIRST_OPEN:
            more = "".join(_row(row) for row in rows[FIRST_OPEN:])
            body += f"<details><summary>{len(rows) - FIRST_OPEN} more</summary>{more}</details>"
        parts.append(f'<section><h2>{title} <span class="count">{len(rows)}</span></h2>{body}</section>')
    return "\n".join(parts)


def _row(row: TaskVerdict) -> str:
    kind, _ = WORDS[row.verdict]
    place = f"{row.aspect}{in_scenario(row)}"
    values = ""
    if row.legacy is not None or row.pilot is not None:
        values = "".join(
            f"<div><dt>{side}</dt><dd><code>{_text(show(value, 2000))}</code></dd></div>"
            for side, value in (("legacy", row.legacy), ("pilot", row.pilot))
        )
        values = f'<dl class="values">{values}</dl>'
    head = f"<h3>{_text(label(row))} <small>{_text(place)}</small></h3><p>{_text(_capital(row.reason))}</p>"
    return f'<article class="{kind}">{head}{values}</article>'


def _drawing(svg: str | None) -> str:
    if not svg:
        return ""
    data = base64.b64encode(svg.encode("utf-8", "replace")).decode()
    image = f'<img alt="The graph of tasks" src="data:image/svg+xml;base64,{data}">'
    return f'<section><h2>The graph</h2><div class="wide">{image}</div></section>'


def _scenarios(verdict: Verdict) -> str:
    lines = []
    for scenario in verdict.scenarios:
        mark = _mark(scenario.verdict) if scenario.verdict is not None else '<b class="mark none" title="left out">–</b>'
        name = "the real run" if scenario.kind == "real" else scenario.name
        reason = scenario.reason if scenario.verdict is not None else f"left out: {scenario.reason}"
        lines.append(f'<tr><td>{mark}</td><th scope="row">{_text(name)}</th><td>{_text(reason)}</td></tr>')
    return (
        "<section><h2>Scenarios</h2><p>The real run executes the tasks; in a rehearsal both engines run the same graph with scripted "
        "outcomes.</p>"
        f'<div class="wide"><table class="scenarios"><tbody>{"".join(lines)}</tbody></table></div></section>'
    )


def _masked(verdict: Verdict) -> str:
    if not verdict.masks:
        return "<section><h2>Masked</h2><p>Nothing: every value was compared as it is.</p></section>"
    lines = "".join(
        f"<li><b>{_text(mask.id or 'output')}{f' [{mask.map_index}]' if mask.map_index >= 0 else ''}</b> <code>{_text(mask.text)}</code> "
        f"({_text(' or '.join(mask.kinds))})</li>"
        for mask in verdict.masks
    )
    why = "Two runs of the legacy engine itself differ there; only the type was compared."
    return f"<section><h2>Masked</h2><p>{why}</p><ul>{lines}</ul></section>"


def _unfinished(verdict: Verdict) -> str:
    if not verdict.placeholders:
        return ""
    lines = "".join(f"<li><b>{_text(task)}</b></li>" for task in verdict.placeholders)
    return (
        "<section><h2>Placeholders</h2><p>Not converted yet, or given their recorded value: only rehearsals judge their states and "
        f"order.</p><ul>{lines}</ul></section>"
    )


def _unproven(verdict: Verdict) -> str:
    if not verdict.unproven:
        return ""
    lines = "".join(f"<li><b>{_text(task)}</b></li>" for task in verdict.unproven)
    why = "These bodies ran in neither real run: nothing is known of what they do. A real run with inputs that lead there would show."
    return f"<section><h2>Bodies that never ran</h2><p>{why}</p><ul>{lines}</ul></section>"


def _kind(verdict: str) -> str:
    for judgement in (Judgement.EQUAL, Judgement.EXPLAINED, Judgement.DIFFERENT):
        if verdict == judgement:
            return WORDS[judgement][0]
    return "open"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _text(text: str) -> str:
    """Text for HTML, also inside of attributes; control and direction characters are shown as escapes."""
    return html.escape(plain(text), quote=True)
