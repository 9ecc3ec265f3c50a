"""A verdict for the terminal."""

from __future__ import annotations

import json
import unicodedata

from workbook_lib.model._base import Json
from workbook_lib.validation._rows import ASPECTS, Judgement, TaskVerdict
from workbook_lib.validation._shared import REMARK
from workbook_lib.validation._verdict import Verdict

MARKS = {Judgement.EQUAL: "=", Judgement.EXPLAINED: "~", Judgement.NOT_COMPARABLE: "?", Judgement.DIFFERENT: "X", None: "."}
RUN = "(the run)"
MOST_ROWS = 20
STEERING = ("Cc", "Cf", "Cs", "Zl", "Zp")  # Unicode categories: control, format, surrogate, line and paragraph separator


def as_text(verdict: Verdict, *, most: int = MOST_ROWS) -> str:
    """Headline, a matrix of tasks and aspects, and at most `most` rows that are not equal, with both values."""
    lines = [f"{plain(verdict.workflow)}: {plain(verdict.headline)}", ""]
    aspects = [aspect for aspect in ASPECTS if aspect in verdict.aspects]
    tasks = task_ids(verdict)
    width = max((len(plain(task or RUN)) for task in tasks), default=0)
    lines.append(" " * (width + 2) + "  ".join(aspects))
    for task in tasks:
        marks = (MARKS[verdict.of_task(task, aspect)].center(len(aspect)) for aspect in aspects)
        lines.append(f"{plain(task or RUN):{width}}  {'  '.join(marks)}".rstrip())
    lines += ["", "= equal   ~ explained   ? not comparable   X different   . nothing to compare"]
    rows = worth_reading(verdict)
    for row in rows[:most]:
        lines += ["", f"{row.verdict}: {plain(label(row))}, {row.aspect}{plain(in_scenario(row))}", f"  {plain(row.reason)}"]
        if row.legacy is not None or row.pilot is not None:
            lines += [f"  legacy: {plain(show(row.legacy))}", f"  pilot:  {plain(show(row.pilot))}"]
    if len(rows) > most:
        lines += ["", f"... and {len(rows) - most} more; the report and --json list them all."]
    lines += ["", *(plain(line) for line in facts(verdict))]
    return "\n".join(lines) + "\n"


def worth_reading(verdict: Verdict) -> list[TaskVerdict]:
    """The rows that are not equal, and equal ones with a remark; the worst first, in a stable order."""
    order = [Judgement.DIFFERENT, Judgement.NOT_COMPARABLE, Judgement.EXPLAINED, Judgement.EQUAL]
    rows = [row for row in verdict.tasks if row.verdict is not Judgement.EQUAL or _remark(row)]
    return sorted(rows, key=lambda row: order.index(row.verdict))


def _remark(row: TaskVerdict) -> bool:
    """Whether an equal row says more than that; elsewhere its reason only names what was compared."""
    return bool(row.reason) and (row.aspect in ("structure", "schedule") or row.reason.startswith(REMARK))


def task_ids(verdict: Verdict) -> list[str]:
    """The ids of all rows, in their order; the run itself (id "") last."""
    ids = list(dict.fromkeys(row.id for row in verdict.tasks))
    return [task for task in ids if task] + [task for task in ids if not task]


def label(row: TaskVerdict) -> str:
    """A row's task instance for people."""
    return RUN if not row.id else row.id if row.map_index < 0 else f"{row.id} [{row.map_index}]"


def in_scenario(row: TaskVerdict) -> str:
    """`, in the real run` or `, in "a fails"`; empty where nothing ran."""
    if not row.scenario:
        return ""
    return ", in the real run" if row.scenario == "real" else f', in "{row.scenario}"'


def show(value: Json, limit: int = 300) -> str:
    """A compared value on one line: a state with its attempts in words, else JSON; cut after `limit` characters."""
    if value is None:
        return "nothing"
    if isinstance(value, dict) and value.keys() >= {"state"} and value.keys() <= {"state", "attempts", "observed"}:
        attempts = value.get("attempts")
        more = "" if attempts is None else f", {attempts} attempt{'' if attempts == 1 else 's'}"
        return f"{value['state']}{more}{'' if value.get('observed', True) else ', filled in'}"
    if isinstance(value, dict) and value.keys() == {"absent"}:
        return "nothing returned"
    if isinstance(value, dict) and value.keys() == {"json"}:
        value = value["json"]
    text = value if isinstance(value, str) and not value.startswith("{") else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def facts(verdict: Verdict) -> list[str]:
    """What the verdict rests on: scenarios, states filled in, what was masked, what is unfinished."""
    run = [scenario for scenario in verdict.scenarios if scenario.verdict is not None]
    left_out = len(verdict.scenarios) - len(run)
    equal = sum(scenario.verdict is Judgement.EQUAL for scenario in run)
    lines = [f"Scenarios: {equal} of {len(run)} equal" + (f"; {left_out} left out" if left_out else "") + "."]
    lines.append(f"States filled in by the rules, because the flow never created the task: {verdict.filled_in} of {verdict.instances}.")
    if verdict.masks:
        shown = ", ".join(f"{mask.id or 'output'} {mask.text}" for mask in verdict.masks[:5])
        lines.append(f"Masked, because two legacy runs differ there: {shown}" + (" ..." if len(verdict.masks) > 5 else "."))
    else:
        lines.append("Nothing was masked.")
    if verdict.placeholders:
        lines.append(f"Placeholders or seeded tasks: {', '.join(verdict.placeholders)}.")
    if verdict.unproven:
        lines.append(f"Bodies that ran in neither real run, so that nothing is known of what they do: {', '.join(verdict.unproven)}.")
    return lines


def plain(text: str) -> str:
    """Text that cannot steer a terminal or break a line: control and direction characters are shown as escapes."""
    return "".join(char if unicodedata.category(char) not in STEERING else ascii(char)[1:-1] for char in text)
