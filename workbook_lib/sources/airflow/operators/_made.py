"""Small Python functions that say what some operators do, written here once and carried into the flow like any other function."""

from __future__ import annotations

import ast
import re

from workbook_lib.model import expr as x
from workbook_lib.model.action import PythonCall
from workbook_lib.model.expr import Expr
from workbook_lib.model.function import Argument, Function
from workbook_lib.sources.airflow._source import header_end
from workbook_lib.sources.airflow.operators._room import Unfit

_SOURCES = {
    "today_is": '''def today_is(days: list[int]) -> bool:
    """Whether today (UTC) is one of the days of the week; Monday is 1."""
    from datetime import UTC, datetime

    return datetime.now(UTC).isoweekday() in days
''',
    "falls_on": '''def falls_on(moment, days: list[int]) -> bool:
    """Whether the moment falls on one of the days of the week; Monday is 1."""
    return moment.isoweekday() in days
''',
    "choose_by_day": '''def choose_by_day(
    days: list[int], timezone: str, if_true: str | list[str], if_false: str | list[str]
) -> str | list[str]:
    """Choose by whether today is one of the days of the week; Monday is 1."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    return if_true if datetime.now(ZoneInfo(timezone)).isoweekday() in days else if_false
''',
    "choose_by_day_of": '''def choose_by_day_of(
    moment, days: list[int], if_true: str | list[str], if_false: str | list[str]
) -> str | list[str]:
    """Choose by whether the moment falls on one of the days of the week; Monday is 1."""
    return if_true if moment.isoweekday() in days else if_false
''',
    "choose_by_time": '''def choose_by_time(
    lower, upper, if_true: str | list[str], if_false: str | list[str]
) -> str | list[str]:
    """Choose by whether now lies between two moments."""
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    outside = (upper is not None and upper < now) or (lower is not None and lower > now)
    return if_false if outside else if_true
''',
    "choose_by_time_of": '''def choose_by_time_of(
    moment, lower, upper, if_true: str | list[str], if_false: str | list[str]
) -> str | list[str]:
    """Choose by whether the moment lies between two others."""
    outside = (upper is not None and upper < moment) or (lower is not None and lower > moment)
    return if_false if outside else if_true
''',
    "choose_by_clock": '''def choose_by_clock(
    lower: str | None, upper: str | None, timezone: str, if_true: str | list[str], if_false: str | list[str]
) -> str | list[str]:
    """Choose by whether now lies between two times of day; an upper one before the lower one means the next day."""
    from datetime import UTC, datetime, time, timedelta
    from zoneinfo import ZoneInfo

    now = datetime.now(UTC)
    zone = ZoneInfo(timezone)
    first = datetime.combine(now, time.fromisoformat(lower), zone) if lower is not None else None
    last = datetime.combine(now, time.fromisoformat(upper), zone) if upper is not None else None
    if first is not None and last is not None and last < first:
        last += timedelta(days=1)
    outside = (last is not None and last < now) or (first is not None and first > now)
    return if_false if outside else if_true
''',
    "choose_always": '''def choose_always(follow: list[str]) -> list[str]:
    """Go on: without a schedule every run is the latest."""
    return follow
''',
    "choose_if_latest": '''def choose_if_latest(moment, seconds: float, always: bool, follow: list[str]) -> list[str]:
    """Go on when the run stands for the newest interval: the one after it has not ended yet."""
    from datetime import UTC, datetime, timedelta

    return follow if always or datetime.now(UTC) <= moment + timedelta(seconds=seconds) else []
''',
    "choose_if_latest_of": '''def choose_if_latest_of(
    moment, cron: str, timezone: str, steps: int, always: bool, follow: list[str]
) -> list[str]:
    """Go on when the run stands for the newest interval of a cron schedule: the one after it has not ended yet."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from cronsim import CronSim

    times = CronSim(cron, moment.astimezone(ZoneInfo(timezone)))
    ends = [next(times) for _ in range(steps)][-1]
    return follow if always or datetime.now(UTC) <= ends else []
''',
}

_DAYS = {"MONDAY": 1, "TUESDAY": 2, "WEDNESDAY": 3, "THURSDAY": 4, "FRIDAY": 5, "SATURDAY": 6, "SUNDAY": 7}


def made(name: str, **arguments: Expr) -> PythonCall:
    """A call of one of the functions above."""
    source = _SOURCES[name]
    node = ast.parse(source).body[0]
    assert isinstance(node, ast.FunctionDef)
    notes = {arg.arg: ast.unparse(arg.annotation) for arg in node.args.args if arg.annotation is not None}
    function = Function(
        name=name,
        source=source,
        header_end=header_end(source),
        parameters=tuple(Argument(name=arg.arg, annotation=notes.get(arg.arg)) for arg in node.args.args),
        returns=ast.unparse(node.returns) if node.returns is not None else None,
        doc=ast.get_docstring(node),
    )
    return PythonCall(function=function, arguments=tuple((arg.arg, arguments[arg.arg]) for arg in node.args.args))


def week_days(found: Expr | None) -> list[int]:
    """`week_day` as numbers: names, members of WeekDay, or several of them."""
    if isinstance(found, x.ListOf):
        return sorted({day for item in found.items for day in week_days(item)})
    if isinstance(found, x.Constant) and isinstance(found.value, list):
        return sorted({day for item in found.value for day in week_days(x.Constant(value=item))})
    if isinstance(found, x.Constant) and isinstance(found.value, int) and 1 <= found.value <= 7:
        return [found.value]
    text = found.value if isinstance(found, x.Constant) else found.source if isinstance(found, x.Unknown) else ""
    match = re.search(r"(\w+day)\b", str(text), re.IGNORECASE)
    names = [name for name in re.findall(r"[A-Za-z]+", str(text)) if name.upper() in _DAYS]
    if match is None or not names:
        raise Unfit("its `week_day` is not known")
    return sorted({_DAYS[name.upper()] for name in names})
