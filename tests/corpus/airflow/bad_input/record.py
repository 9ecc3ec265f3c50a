"""Asks an Airflow what it says of the cases beside this file, and prints where that differs from what is recorded.

Run by an engine's own Python: `AIRFLOW_HOME=$(mktemp -d) ENGINE/bin/python record.py`; the exit status is 1 when something differs.
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
import sys
import tempfile
import warnings
from pathlib import Path

import yaml

HERE = Path(__file__).parent
IMPORTS = {
    "2": """from datetime import date, datetime, timedelta; from airflow import DAG; from airflow.decorators import dag, task, task_group;
from airflow.models import Variable; from airflow.models.baseoperator import chain; from airflow.models.param import Param;
from airflow.operators.bash import BashOperator; from airflow.operators.empty import EmptyOperator;
from airflow.operators.python import BranchPythonOperator, PythonOperator; from airflow.utils.task_group import TaskGroup;
START = datetime(2024, 1, 1)""",
    "3": """from datetime import date, datetime, timedelta;
from airflow.sdk import DAG, Param, TaskGroup, Variable, chain, dag, task, task_group;
from airflow.providers.standard.operators.bash import BashOperator; from airflow.providers.standard.operators.empty import EmptyOperator;
from airflow.providers.standard.operators.python import BranchPythonOperator, PythonOperator; START = datetime(2024, 1, 1)""",
}


def header(version: str) -> str:
    """What each case imports, on one line: the line before its first."""
    return IMPORTS[version].replace("\n", " ") + "\n"


def said(bag: object) -> str:
    """What a DagBag holds, or the last line of why it holds nothing."""
    errors = list(bag.import_errors.values())  # type: ignore[attr-defined]
    if not errors:
        dags = bag.dags  # type: ignore[attr-defined]
        return "ok: " + "; ".join(f"{key}[{','.join(sorted(dags[key].task_ids))}]" for key in sorted(dags))
    last = [line for line in errors[0].strip().splitlines() if line.strip()][-1]
    last = re.sub(r"^(?:\w+\.)+(\w+:)", r"\1", last)
    return "import error: " + re.sub(r"(must be one of|, Attribute\(name|more than one D[aA][gG]:).*", r"\1 ...", last)[:140]


def main() -> int:
    """Compare; print what differs."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    import airflow

    version = airflow.__version__[0]
    if version == "2":
        from airflow.models.dagbag import DagBag
    else:
        from airflow.dag_processing.dagbag import DagBag
    different = 0
    with tempfile.TemporaryDirectory() as folder:
        for case in yaml.safe_load((HERE / "cases.yaml").read_text()):
            file = Path(folder, case["name"].replace(" ", "_") + ".py")
            file.write_text(header(version) + case["source"] + "# airflow dag\n")
            more = {"include_examples": False} if version == "2" else {"bundle_name": "cases"}
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                now = said(DagBag(str(file), **more))
            recorded = case[f"airflow_{version}"]
            if now not in recorded.split(" or ok: ")[0:1] + [f"ok: {other}" for other in recorded.split(" or ok: ")[1:]]:
                different += 1
                print(f"{case['name']}: {now}\n    recorded: {recorded}")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
