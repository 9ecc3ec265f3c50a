"""When a task may run, by the name of its trigger rule.

Upstream tasks end as "success", "failed", "upstream_failed" (they could not run) or "skipped", each in its round.
"""

from __future__ import annotations

from collections.abc import Iterable

BAD = ("failed", "upstream_failed")

# The ends of an upstream task that decide a rule at once, before the others have ended.
EARLY = {
    "all_success": (*BAD, "skipped"),
    "all_failed": ("success", "skipped"),
    "all_skipped": (*BAD, "success"),
    "one_success": ("success",),
    "one_failed": BAD,
    "one_done": ("success", "failed"),
    "none_failed": BAD,
    "none_failed_min_one_success": BAD,
    "none_skipped": ("skipped",),
    "all_done_min_one_success": ("skipped",),
}


def _bad(states: list[str]) -> bool:
    return any(state in BAD for state in states)


# What stands in the way of a task, given how its upstream tasks (and, of these, the setups) ended; None lets it run.
RULES = {
    "all_success": lambda states, _: "upstream_failed" if _bad(states) else "skipped" if "skipped" in states else None,
    "all_failed": lambda states, _: "skipped" if "success" in states or "skipped" in states else None,
    "all_done": lambda states, _: None,
    "all_skipped": lambda states, _: None if set(states) == {"skipped"} else "skipped",
    "one_success": lambda states, _: None if "success" in states else "upstream_failed" if _bad(states) else "skipped",
    "one_failed": lambda states, _: None if _bad(states) else "skipped",
    "one_done": lambda states, _: None if "success" in states or "failed" in states else "skipped",
    "none_failed": lambda states, _: "upstream_failed" if _bad(states) else None,
    "none_failed_min_one_success": lambda states, _: "upstream_failed" if _bad(states) else None if "success" in states else "skipped",
    "none_skipped": lambda states, _: "skipped" if "skipped" in states else None,
    "always": lambda states, _: None,
    "all_done_setup_success": lambda _, setups: (
        None if not setups or "success" in setups else "upstream_failed" if _bad(setups) else "skipped"
    ),
    "all_done_min_one_success": lambda states, _: "skipped" if "skipped" in states else None if "success" in states else "upstream_failed",
}


def decide(rule: str, ends: Iterable[tuple[int, str]], setups: Iterable[str] = ()) -> tuple[int, str | None]:
    """The round in which `rule` is decided, and what stands in the way; `ends` are the rounds and ends of the upstream tasks."""
    if rule == "never":
        return 0, "skipped"
    ended = sorted(ends)
    if not ended or rule == "always":
        return 0, None
    now = next((seen for seen, end in ended if end in EARLY.get(rule, ())), ended[-1][0])
    return now, RULES[rule]([end for seen, end in ended if seen <= now], list(setups))
