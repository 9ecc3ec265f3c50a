"""What MIGRATION.md tells to do before the first run: limits for pools, runs of the past."""

from __future__ import annotations

import re
from pathlib import Path

from workbook_lib.prefect_writer import write
from workbook_lib.sources import ReadOptions, read

DAGS = """
from datetime import datetime, timedelta
from airflow import DAG
from airflow.operators.bash import BashOperator

with DAG("daily", schedule="@daily", start_date=datetime(2024, 1, 1), catchup=True):
    BashOperator(task_id="a", bash_command="echo {{ ds }}", pool="two words", pool_slots=2)
with DAG("irregular", schedule="0 6 * * 1-5", start_date=datetime(2024, 1, 1), catchup=True):
    BashOperator(task_id="a", bash_command="echo {{ ts }}", pool="db")
with DAG("without_dates", schedule="@daily", start_date=datetime(2024, 1, 1), catchup=True):
    BashOperator(task_id="a", bash_command="echo")
"""
LIMITS = ["prefect gcl create db --limit SLOTS", "prefect gcl create 'two words' --limit SLOTS"]
PAST = [
    "d=2024-01-01",
    'while [[ "$d" < "$(date -I)" ]]; do',
    '  prefect deployment run daily/daily --param day="$d"',
    '  d=$(date -I -d "$d + 1 day")',
    "done",
    "prefect deployment run irregular/irregular --param logical_date=DATE",
]


def test_commands_are_told(tmp_path: Path) -> None:
    source = tmp_path / "dags.py"
    source.write_text(DAGS, encoding="utf-8")
    guide = write(list(read([source], ReadOptions(version="2.11")).workflows)).files["MIGRATION.md"]
    blocks = [block.splitlines() for block in re.findall(r"```bash\n(.*?)```", guide, re.DOTALL)]
    assert blocks == [LIMITS, PAST]
