"""The library's own steps on the shipped examples, within one process: seconds, best of three."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from workbook_lib.migration import Migration

EXAMPLES = Path(__file__).parents[1] / "notebooks" / "examples" / "airflow"


def best(action: Callable[[], object], times: int = 3) -> float:
    """Seconds of the fastest of some runs."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        found.append(time.perf_counter() - start)
    return min(found)


def steps(source: Path = EXAMPLES) -> list[str]:
    """One line per step."""
    with tempfile.TemporaryDirectory() as folder:
        migration = Migration.create(Path(folder) / "root", source)
        number = len(migration.workflows())
        migration.convert()
        first = migration.workflows()[0].id
        found: dict[str, Callable[[], object]] = {
            "read": migration.read,
            "assess": migration.assess,
            "convert": migration.convert,
            "check one flow": lambda: migration.check(first),
            "draw one graph": lambda: migration.svg(first),
        }
        return [f"  {f'{name}, {number} workflows':44} {best(action):8.3f}" for name, action in found.items()]
