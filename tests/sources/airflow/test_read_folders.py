"""Folders of the machine that reads a DAG file never get into what is read from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbook_lib.model.expr import Unknown
from workbook_lib.sources import read

DAG = """
import os, tempfile
from datetime import datetime
from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG("folders", start_date=datetime(2024, 1, 1), schedule=None):
    BashOperator(task_id="a", bash_command={command})
"""


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        ('f"ls {tempfile.gettempdir()}"', "'ls <folder of the reading>'"),
        ('"ls " + os.path.expanduser("~/x")', "'ls <folder of the reading>/x'"),
        ('"ls " + os.getcwd()', "'ls <folder of the reading>'"),
    ],
)
def test_a_folder_of_the_reading_is_not_a_value(tmp_path: Path, command: str, kept: str) -> None:
    (tmp_path / "dag.py").write_text(DAG.format(command=command))
    result = read([tmp_path])
    (workflow,) = result.workflows
    assert dict(workflow.task("a").arguments)["bash_command"] == Unknown(source=kept, reason="a folder of the machine that read the file")
    assert [finding.code for finding in result.findings] == ["airflow.argument_unknown"]
    assert read([tmp_path]).workflows == result.workflows
