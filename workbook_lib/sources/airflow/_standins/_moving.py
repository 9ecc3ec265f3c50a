"""Values that are taken from the clock or at random while a file is read: written down, they would be today's.

Such a value is a symbol from the moment it is read (`tracing/_calls.py`), and so is whatever is computed from it; here it is told in which
arguments they arrived.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from workbook_lib.sources.airflow._standins._params import Param, ParamsDict
from workbook_lib.sources.airflow._standins._state import report
from workbook_lib.sources.tracing._exprs import clean
from workbook_lib.sources.tracing._symbols import entries_in

_Sources = Callable[[], list[list[str]]]
_ELSEWHERE = frozenset({"start_date", "end_date", "task_id", "dag_id"})  # told in other words, or where they are used


def moves(value: Any) -> bool:
    """Whether anything in a value is taken from the clock or at random."""
    if isinstance(value, ParamsDict):
        return any(moves(value.get_param(name)) for name in value)
    if isinstance(value, dict):
        return any(moves(item) for item in (*value, *value.values()))
    return any(entry.moving for entry in entries_in(value.value if isinstance(value, Param) else value))


def refused_anyway(name: str, source: str) -> bool:
    """Whether a bound of a sensor or branch names the clock directly: its operator's rule refuses that with a reason of its own."""
    return name.startswith("target_") and re.search(r"\b(now|utcnow|today)\(", source) is not None


def _text(sources: list[list[str]], name: str) -> str:
    return next((text for key, text in sources if key == name), "")


def tell(what: str, arguments: Iterable[tuple[str, Any]], sources: _Sources, origin: dict[str, Any], **place: Any) -> None:
    """Tell which arguments are taken from the clock or at random; `sources`: the texts of the arguments, by name."""
    for name, value in arguments:
        if name not in _ELSEWHERE and moves(value) and not (name.startswith("target_") and refused_anyway(name, _text(sources(), name))):
            report(
                "airflow.parse_time_value", "warning",
                f"the argument `{clean(str(name))}` of {what} is taken from the clock or at random when the DAG file is read; "
                "the model holds the value of this reading",
                advice="Work it out when the task runs, or pass it as a parameter.", file=origin["file"], line=origin["line"], **place,
            )  # fmt: skip
