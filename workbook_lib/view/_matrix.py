"""A verdict as a table: one row per task instance, one column per aspect, colour and mark in every cell, the reason in its tooltip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workbook_lib.view._looks import FILLED, MARKS, look
from workbook_lib.view._text import escape

_ORDER = ("equal", "explained", "not comparable", "different")  # as validation ranks them
_NAMES = ("structure", "schedule", "states", "order", "results", "updates", "calls", "outputs")


class Html(str):
    """HTML text that a notebook shows."""

    __slots__ = ()

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/html": str(self), "text/plain": f"<table, {len(self)} characters of HTML>"}


def matrix(document: Mapping[str, Any], *, scenario: str | None = None, headline: str = "", stale: bool = False) -> Html:
    """The table for a verdict's document (as `workbook validate --json` prints it); with `scenario` only rows that belong to it."""
    rows = [row for row in document.get("tasks", []) if scenario is None or row.get("scenario", "") in ("", scenario)]
    present = {str(row["aspect"]) for row in rows}
    aspects = [name for name in _NAMES if name in present] + sorted(present - set(_NAMES))
    cells: dict[tuple[str, int], dict[str, list[Mapping[str, Any]]]] = {}
    for row in rows:
        cells.setdefault((str(row["id"]), int(row.get("map_index", -1))), {}).setdefault(str(row["aspect"]), []).append(row)
    head = "".join(f"<th>{escape(name)}</th>" for name in aspects)
    body = "".join(_row(key, found, aspects) for key, found in sorted(cells.items(), key=lambda item: (item[0][0] == "", item[0])))
    verdict = str(document.get("verdict", ""))
    title = f"{escape(str(document.get('workflow', '')))}: <strong>{escape(verdict)}</strong>"
    if headline and headline != verdict:
        title += f"<br>{escape(headline)}"
    if stale:
        title += "<br><strong>Stale</strong>: the sources, the project or an engine changed since. Validate again."
    return Html(
        f'<div class="wb-verdict"><style>{_style()}</style><p>{_badge(verdict)} {title}</p>'
        f"<table><thead><tr><th>task</th>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _row(key: tuple[str, int], found: Mapping[str, list[Mapping[str, Any]]], aspects: Iterable[str]) -> str:
    name = (key[0] or "the run itself") + (f"[{key[1]}]" if key[1] >= 0 else "")
    cells = "".join(_cell(found.get(aspect, [])) for aspect in aspects)
    return f'<tr data-task="{escape(key[0])}"><th>{escape(name)}</th>{cells}</tr>'


def _cell(rows: list[Mapping[str, Any]]) -> str:
    if not rows:
        return '<td class="wb-none" title="does not apply">&middot;</td>'
    rank = {name: place for place, name in enumerate(_ORDER)}
    worst = max((str(row["verdict"]) for row in rows), key=lambda name: rank.get(name, len(rank)))
    told = [row for row in rows if str(row["verdict"]) == worst]
    lines = [worst + (f" in {len(told)} of {len(rows)} scenarios" if len(rows) > 1 else "")]
    for row in told[:5]:
        where = f"{row['scenario']}: " if row.get("scenario") else ""
        if row.get("reason"):
            lines.append(where + str(row["reason"]))
        elif worst != "equal":
            lines.append(f"{where}legacy {row.get('legacy')!r}, pilot {row.get('pilot')!r}")
    return f'<td class="wb-v-{worst.replace(" ", "_")}" title="{escape(chr(10).join(lines))}">{_badge(worst)}</td>'


def _badge(name: str) -> str:
    known = next((known for known in reversed(_ORDER) if name.startswith(known)), name)
    if known == "equal" != name:  # "equal in rehearsal, 2 placeholders" must never look like equal
        known = "not comparable"
    key = known.replace(" ", "_")
    seen = look(key)
    fill = seen.line if seen.mark in FILLED else "none"
    return (
        f'<svg width="14" height="14" viewBox="-7 -7 14 14" role="img" aria-label="{escape(name)}">'
        f'<path d="{MARKS[seen.mark]}" stroke="{seen.line}" fill="{fill}" stroke-width="1.8"/></svg>'
    )


def _style() -> str:
    rules = [
        ".wb-verdict{background:#fff;color:#1a1a1a;padding:8px;overflow:auto;font-family:system-ui,'Segoe UI',Helvetica,Arial,sans-serif}",
        ".wb-verdict table{border-collapse:separate;border-spacing:2px;font-size:12px}.wb-verdict p{margin:0 0 8px 0;font-size:14px}",
        ".wb-verdict th{text-align:left;font-weight:500;padding:3px 8px;background:#f7f7f5;color:#1a1a1a}",
        ".wb-verdict thead th{font-weight:600}",
        ".wb-verdict td{text-align:center;padding:2px 10px;min-width:44px;border-radius:3px}.wb-verdict .wb-none{color:#999}",
        ".wb-verdict td svg,.wb-verdict p svg{vertical-align:middle;display:inline}",
    ]
    for name in _ORDER:
        seen = look(name.replace(" ", "_"))
        rules.append(f".wb-verdict .wb-v-{name.replace(' ', '_')}{{background:{seen.fill};outline:1px solid {seen.line}}}")
    return "".join(rules)
