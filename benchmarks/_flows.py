"""What generated flows cost beside flows written by hand, and beside Airflow's `dag.test()` on the same DAG."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from workbook_lib.prefect_writer import write
from workbook_lib.sources import ReadOptions, read

_HERE = Path(__file__).parent
_EXAMPLES = _HERE.parent / "notebooks" / "examples" / "airflow"
_PORTS = _HERE.parent / "tests" / "ports" / "flows"
NUMBER = 100

_DAG = """from datetime import datetime
from airflow.decorators import dag, task

@task
def add(x: int = 0) -> int:
    return x + 1

@task
def total(numbers: list) -> int:
    return sum(numbers)

@dag(dag_id="{name}", schedule=None, start_date=datetime(2024, 1, 1), catchup=False)
def made():
{body}

made()
"""
_BODIES = {
    "chain": [f"x = add.override(task_id='add_{n}')({'x' if n else ''})" for n in range(NUMBER)],
    "parallel": [f"add.override(task_id='add_{n}')({n})" for n in range(NUMBER)],
    "mapped": [f"total(add.expand(x=list(range({NUMBER}))))"],
}
_HAND = """from prefect import flow, task
from prefect.futures import wait

@task
def add(x: int = 0) -> int:
    return x + 1

@task
def total(numbers: list) -> int:
    return sum(numbers)

@flow
def by_hand():
{body}
"""
_HANDS = {
    "chain": ["x = add.with_options(task_run_name='add_0')()"]
    + [f"x = add.with_options(task_run_name='add_{n}')(x)" for n in range(1, NUMBER)],
    "parallel": [f"return [add.with_options(task_run_name=f'add_{{n}}').submit(n) for n in range({NUMBER})]"],
    "mapped": [f"numbers = add.map(list(range({NUMBER})))", "wait(numbers)", "total(numbers.result())"],
}
_SHIPPED = {"daily_sales": "daily_sales", "orders_by_customer": "taskflow_mapping", "shop_stock": "shop_repository"}
QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1", "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL", "PREFECT_LOGGING_TO_API_ENABLED": "false",
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One DAG: its folder, the project made of it, the entrypoints of the generated flow and of the one written by hand."""

    name: str
    dags: Path
    project: Path
    written: str
    by_hand: str


def cases(work: Path) -> list[Case]:
    """The three shapes of 100 tasks, and shipped examples."""
    found = []
    for name, body in _BODIES.items():
        dags = work / name / "dags"
        dags.mkdir(parents=True)
        (dags / f"{name}.py").write_text(_DAG.format(name=name, body="\n".join(f"    {line}" for line in body)), encoding="utf-8")
        hand = _HAND.format(body="\n".join(f"    {line}" for line in _HANDS[name]))
        found.append(_case(name, dags, work / name, hand, "by_hand"))
    for name, example in _SHIPPED.items():
        hand = (_PORTS / f"port_{name}.py").read_text(encoding="utf-8")
        found.append(_case(name, _EXAMPLES / example, work / name, hand, name))
    return found


def _case(name: str, dags: Path, work: Path, hand: str, function: str) -> Case:
    project = work / "project"
    made = write(list(read([dags], ReadOptions(version="2.11")).workflows))
    made.save(project)
    for fixtures in dags.glob("fixtures/*"):
        os.symlink(fixtures, project / fixtures.name)
    (project / "by_hand.py").write_text(hand, encoding="utf-8")
    return Case(name, dags, project, str(project / made.flows[name].entrypoint), f"{project / 'by_hand.py'}:{function}")


def measured(case: Case, pairs: int) -> dict[str, list[list[float]] | list[int]]:
    """Seconds by pair (generated, by hand), and how many task runs and requests each makes."""
    words = [sys.executable, str(_HERE / "_flow_child.py"), str(case.project), str(pairs), case.written, case.by_hand]
    home = {"PREFECT_HOME": str(case.project.parent / "prefect"), "HOME": str(case.project.parent)}
    done = subprocess.run(words, env={**os.environ, **QUIET, **home}, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{case.name}: {done.stderr[-1500:]}")
    found: dict[str, list[list[float]] | list[int]] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def dag_test(case: Case, python: str, home: Path, runs: int) -> list[float]:
    """Seconds of Airflow's `dag.test()`, in an environment with its own database."""
    quiet = {"AIRFLOW_HOME": str(home), "HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    quiet["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"
    if not (home / "airflow.db").exists():
        home.mkdir(parents=True, exist_ok=True)
        subprocess.run([python, "-m", "airflow", "db", "migrate"], env={**os.environ, **quiet}, capture_output=True, check=True)
    words = [python, str(_HERE / "_dagtest.py"), str(case.dags), case.name, str(runs)]
    done = subprocess.run(words, env={**os.environ, **quiet}, cwd=case.project, capture_output=True, text=True, check=True)
    seconds: list[float] = json.loads(done.stdout.strip().splitlines()[-1])
    return seconds


def lines(work: Path, pairs: int, python: str | None, only: Collection[str] = ()) -> list[str]:
    """The table, of all cases or `only` some: ratios of pairs (lowest, median, highest), task runs, requests, ratio to Airflow."""
    shown = []
    for case in [case for case in cases(work) if not only or case.name in only]:
        found = measured(case, pairs)
        seconds = [(float(a), float(b)) for a, b in found["seconds"]]  # type: ignore[misc]
        ratios = sorted(a / b for a, b in seconds)
        own = statistics.median(a for a, _ in seconds)
        line = f"  {case.name:20} generated / by hand {ratios[0]:6.2f} {statistics.median(ratios):6.2f} {ratios[-1]:6.2f} (at most 1.05)"
        line += f"   task runs {found['task_runs'][0]} / {found['task_runs'][1]}, requests {found['requests'][0]} / {found['requests'][1]}"
        if python is not None:
            airflow = statistics.median(dag_test(case, python, work / "airflow", 1))
            line += f"   {own:.2f} s; dag.test() {airflow:.2f} s, ratio {own / airflow:.2f} (at most 0.50)"
        shown.append(line)
        print(line, flush=True)
    return shown
