"""Record what the real Airflow reads of the cases in `inputs/`, with their values set: `expected.json` beside each.

Run with the engine's Python (see workbook_lib/sources/airflow/README.md):
    AIRFLOW_HOME=<scratch> <engine>/bin/python tests/corpus/airflow/record_inputs.py
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def environment(inputs: dict[str, Any]) -> dict[str, str]:
    """The values of a file of inputs as Airflow takes them from the environment."""
    found = {name: os.environ[name] for name in ("PATH", "HOME", "AIRFLOW_HOME") if name in os.environ}
    for name, value in inputs.get("variables", {}).items():
        found[f"AIRFLOW_VAR_{name.upper()}"] = value if isinstance(value, str) else json.dumps(value)
    for name, value in inputs.get("connections", {}).items():
        found[f"AIRFLOW_CONN_{name.upper()}"] = value if isinstance(value, str) else json.dumps(value)
    return found | dict(inputs.get("env", {}))


def main() -> None:
    for case in sorted(path.parent for path in HERE.glob("inputs/*/dag.py")):
        inputs = json.loads((case / "inputs.json").read_text())
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "dag.py").write_text((case / "dag.py").read_text())
            command = [sys.executable, str(HERE / "dump_dagbag.py"), str(case / "expected.json"), folder]
            subprocess.run(command, check=True, env=environment(inputs), stdout=sys.stderr)


if __name__ == "__main__":
    main()
