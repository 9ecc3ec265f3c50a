"""Mutants that mean the same as the flow, each with a reason that can be checked."""

from __future__ import annotations

import re

# (pattern over "subject | operator | where", reason).
EQUIVALENT: tuple[tuple[str, str], ...] = (
    (
        r"log_maintenance \| change_delay \| verify: (300 -> 301\.0|600 -> 601\.0)$",
        "Airflow's exponential backoff itself draws this delay, between 300 and 600 s and between 600 and 1200 s; "
        "`tests/validation/test_structure.py` holds the bounds.",
    ),
    (
        r"\| change_schedule \| another time zone$",
        "The schedule is an interval in seconds, as the legacy time delta is: a zone without summer time moves no run.",
    ),
    (
        r"daily_sales \| call_for_submit \| daily_sales: cleanup\(return_state=True\) -> cleanup\(\)$",
        "When `cleanup` fails, the call raises and the flow fails, as with the failed state returned; when it succeeds, both complete.",
    ),
)


def reason(key: str) -> str:
    """Why a mutant is equivalent; empty when it is not listed."""
    return next((why for pattern, why in EQUIVALENT if re.search(pattern, key)), "")
