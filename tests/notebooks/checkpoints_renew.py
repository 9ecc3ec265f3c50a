"""Make the recorded runs of the shipped examples' flows again: `python tests/notebooks/checkpoints_renew.py [EXAMPLE ...]`.

They are what `workbook checkpoint` takes instead of running a flow; a stale one costs seconds and nothing else.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from workbook_lib.teaching import _kept_runs, checkpoint, example

EXAMPLES = ("daily_sales",)


def renew(name: str) -> Path:
    """Run an example's flow in all its scenarios, without the old recordings, and keep what it did."""
    with tempfile.TemporaryDirectory() as folder:
        migration = checkpoint("06", Path(folder) / "root", example(name), kept=Path(folder) / "none")
        workflow = migration.workflow().id
        path = _kept_runs.FOLDER / f"{workflow}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(_kept_runs.document(migration, workflow), indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    return path


if __name__ == "__main__":
    for name in sys.argv[1:] or EXAMPLES:
        print(renew(name))
