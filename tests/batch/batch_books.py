"""A repository of three workflows, one broken and one that hangs, and notebooks that are small enough to be run often."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import psutil

DAG = """
from datetime import datetime
from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG("{name}", start_date=datetime(2024, 1, 1), schedule=None) as dag:
    BashOperator(task_id="one", bash_command="{command}") >> BashOperator(task_id="two", bash_command="echo 2")
"""
NAMES = ("broken", "good", "hangs")

HANGING = "HANGING"  # names a file: while it is there, `hangs` hangs, and leaves the number of its process in it
# `workflow` decides what happens: `broken` raises, `hangs` waits, with a process in a session of its own, until somebody ends it.
STEPS = {
    "01_assess": 'print("looking at", workflow)',
    "02_rewrite": """
import os, pathlib, subprocess, time
hanging = pathlib.Path(os.environ["HANGING"])
print("before it")
assert workflow != "broken", "the notebook is broken"
if workflow == "hangs" and hanging.exists():
    child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    hanging.write_text(str(child.pid))
    time.sleep(1000)
""",
}


def notebooks(folder: Path, steps: Mapping[str, str] = STEPS, tags: Mapping[str, str] | None = None) -> Path:
    """A folder with one notebook per step, with the parameters that the guided ones have; `tags`: step -> tag of its cell."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in steps.items():
        given = nbformat.v4.new_code_cell('root = ""\nsource = ""\nworkflow = ""', metadata={"tags": ["parameters"]})
        cell = nbformat.v4.new_code_cell(source.strip(), metadata={"tags": [tags[name]] if tags and name in tags else []})
        book = nbformat.v4.new_notebook(
            cells=[given, cell], metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        )
        nbformat.write(book, folder / f"{name}.ipynb")
    return folder


def repository(folder: Path, *names: str, command: str = "echo 1") -> Path:
    """A DAG file per name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or NAMES:
        (folder / f"{name}.py").write_text(DAG.format(name=name, command=command))
    return folder


def book(root: Path, workflow: str, name: str) -> Any:
    """An executed notebook, as data."""
    return json.loads((root / "batch" / workflow / f"{name}.ipynb").read_text(encoding="utf-8"))


def printed(root: Path, workflow: str, name: str) -> str:
    """All that it printed."""
    outputs = [output for cell in book(root, workflow, name)["cells"] for output in cell.get("outputs", [])]
    return "".join("".join(output["text"]) for output in outputs if output["output_type"] == "stream")


def gone(pid: int, seconds: float = 10) -> bool:
    """Whether a process has ended, or does so in a moment; what was only not yet asked for its end counts as ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False
