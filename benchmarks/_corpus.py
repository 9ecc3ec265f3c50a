"""DAG files of the size and kind that repositories hold, as many as wanted; each differs in its ids. About 90 lines a file."""

from __future__ import annotations

from pathlib import Path

_HEAD = '''"""Loads {name} once a day."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from pathlib import Path

from airflow import DAG
from airflow.models import Variable
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import BranchPythonOperator, PythonOperator
from airflow.utils.task_group import TaskGroup
from airflow.utils.trigger_rule import TriggerRule

log = logging.getLogger(__name__)
DEFAULTS = {{
    "owner": "team-{team}",
    "depends_on_past": False,
    "email": ["alerts@example.com"],
    "email_on_failure": False,
    "retries": 2,
    "retry_delay": timedelta(minutes=5),
}}
REGIONS = ["north", "south", "east", "west"]
LIMIT = 1_000
FOLDER = Path("/data/{name}")


def extract(region: str, ds: str, **context) -> dict:
    """Rows of one region, as counts by kind."""
    rows = []
    for number in range(LIMIT):
        if number % 7 == 0:
            continue
        rows.append({{"region": region, "day": ds, "number": number, "kind": "ab"[number % 2]}})
    log.info("%s: %d rows", region, len(rows))
    counts: dict[str, int] = {{}}
    for row in rows:
        counts[row["kind"]] = counts.get(row["kind"], 0) + 1
    return counts


def check(ti, **context) -> str:
    """Which way to go on."""
    counts = [ti.xcom_pull(task_ids=f"extract.{{region}}") for region in REGIONS]
    total = sum(sum(count.values()) for count in counts if count)
    if total > LIMIT * len(REGIONS) // 2:
        return "load"
    log.warning("only %d rows", total)
    return "skip"


def report(text: str = "done") -> str:
    """A line for the log."""
    return json.dumps({{"name": "{name}", "text": text.strip().upper()}})
'''

_CLASSIC = """

with DAG(
    dag_id="{name}",
    default_args=DEFAULTS,
    description="Loads {name}",
    schedule="{minute} 3 * * *",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    tags=["load", "team-{team}"],
    max_active_runs=1,
    doc_md=__doc__,
) as dag:
    start = EmptyOperator(task_id="start")
    with TaskGroup("extract") as extracting:
        for region in REGIONS:
            PythonOperator(task_id=region, python_callable=extract, op_kwargs={{"region": region}})
    choose = BranchPythonOperator(task_id="choose", python_callable=check)
    load = BashOperator(
        task_id="load",
        bash_command="load.sh {{{{ ds }}}} {{{{ params.target }}}}",
        params={{"target": "warehouse"}},
        env={{"MODE": "{{{{ var.value.mode }}}}"}},
    )
    skip = EmptyOperator(task_id="skip")
    verify = [
        BashOperator(task_id=f"verify_{{part}}", bash_command=f"verify.sh {{part}} {{{{{{{{ ds_nodash }}}}}}}}")
        for part in ("sums", "keys")
    ]
    end = PythonOperator(
        task_id="end", python_callable=report, op_args=["{{{{ run_id }}}}"], trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS
    )
    start >> extracting >> choose >> [load, skip]
    load >> verify >> end
    skip >> end
"""

_TASKFLOW = """
from airflow.decorators import dag, task, task_group


@dag(dag_id="{name}", schedule=timedelta(hours=6), start_date=datetime(2024, 1, 1), catchup=False, default_args=DEFAULTS, tags=["flow"])
def build():
    @task
    def regions() -> list[str]:
        return REGIONS

    @task(retries=3)
    def fetch(region: str, ds: str | None = None) -> dict:
        return extract(region, str(ds))

    @task_group
    def summary(counts: list[dict]):
        @task
        def total(counts: list[dict]) -> int:
            return sum(sum(count.values()) for count in counts)

        @task
        def tell(number: int) -> None:
            log.info("%s", report(str(number)))

        tell(total(counts))

    @task.bash
    def clean() -> str:
        return "rm -rf /tmp/{name}"

    summary(fetch.expand(region=regions())) >> clean()


build()
"""

_FACTORY = """

def build(kind: str, steps: list[str]) -> DAG:
    with DAG(f"{name}_{{kind}}", default_args=DEFAULTS, schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False) as made:
        last = EmptyOperator(task_id="start")
        for step in steps:
            following = BashOperator(
                task_id=step,
                bash_command=f"run.sh {{kind}} {{step}} {{{{{{{{ ds }}}}}}}}",
                retries=int(Variable.get("retries", default_var=1)),
            )
            last >> following
            last = following
        last >> PythonOperator(task_id="report", python_callable=report, trigger_rule="all_done")
    return made


for kind, steps in {{"full": ["copy", "merge", "index", "check"], "delta": ["copy", "merge"]}}.items():
    globals()[f"{name}_{{kind}}"] = build(kind, steps)
"""
_FORMS = (_CLASSIC, _TASKFLOW, _FACTORY)


def write(folder: Path, count: int) -> int:
    """Fill a folder with `count` files, forty to a subfolder; the number of lines."""
    lines = 0
    for number in range(count):
        text = (_HEAD + _FORMS[number % len(_FORMS)]).format(name=f"job_{number:05}", team=number % 9, minute=number % 60)
        place = folder / f"area_{number // 40:03}" / f"job_{number:05}.py"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        lines += text.count("\n")
    return lines
