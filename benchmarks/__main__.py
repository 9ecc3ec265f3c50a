"""Reading and converting the shipped examples: seconds per workflow, best of three.

    python -m benchmarks [SOURCE]
"""

from __future__ import annotations

import sys
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


def main(source: Path) -> None:
    """Print one line per step."""
    with tempfile.TemporaryDirectory() as folder:
        migration = Migration.create(Path(folder) / "root", source)
        number = len(migration.workflows())
        migration.convert()
        first = migration.workflows()[0].id
        steps: dict[str, Callable[[], object]] = {
            "read": migration.read,
            "assess": migration.assess,
            "convert": migration.convert,
            "check one flow": lambda: migration.check(first),
            "draw one graph": lambda: migration.svg(first),
        }
        print(f"{number} workflows in {source}")
        for name, action in steps.items():
            print(f"{name:16} {best(action):8.3f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLES)
