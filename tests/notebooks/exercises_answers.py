"""Wrong answers: per exercise what is believed, and the lines of the solution that it changes, before -> after."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Wrong:
    """A wrong answer: the solution with parts replaced, or other values given to `check`, and the misconception that is to be named."""

    exercise: str
    belief: str
    before: str = ""
    after: str = ""
    given: dict[str, Any] = field(default_factory=dict)


LOGGED = '        get_run_logger().exception("A task failed; drop runs all the same")\n'
WRONG = (
    Wrong(
        "passing_data",
        "the result is printed",
        '    return [{"order": 1, "cents": 700}, {"order": 2, "cents": 500}]',
        '    print([{"order": 1, "cents": 700}, {"order": 2, "cents": 500}])',
    ),
    Wrong("passing_data", "the task itself is handed over", "    orders = read()\n    amount = total(orders)", "    amount = total(read)"),
    Wrong("passing_data", "the task is called again for its value", "    report(amount)", "    report(total(read()))"),
    Wrong(
        "passing_data",
        "the value is written down",
        "    orders = read()\n    amount = total(orders)",
        '    read.submit()\n    amount = total([{"order": 1, "cents": 1200}])',
    ),
    Wrong("waiting", "submit waits", "wait_for=[stop_run]", ""),
    Wrong(
        "waiting",
        "one after the other is the same",
        "    measure_run = measure.submit(wait_for=[stop_run])\n    start_run = start.submit(wait_for=[move_run])",
        "    start_run = start.submit(wait_for=[move_run])\n    measure_run = measure.submit(wait_for=[start_run])",
    ),
    Wrong("waiting", "a failed task fails the flow", "    return [start_run, measure_run]", "    measure_run.wait()"),
    Wrong(
        "trigger_rule",
        "the rule can be left out",
        f"    try:\n        make()\n        fill()\n    except Exception:\n{LOGGED}    return drop(return_state=True)",
        "    make()\n    fill()\n    drop()",
    ),
    Wrong("trigger_rule", "all_done means on failure", f"{LOGGED}    return drop(return_state=True)", "        drop()"),
    Wrong(
        "trigger_rule",
        "the worst task decides about the run",
        f"    except Exception:\n{LOGGED}    return drop(return_state=True)",
        "    finally:\n        drop()",
    ),
)
