"""Classes with the name of a known operator: Airflow's own are known, those of others are not."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tests.sources.airflow.read_helpers import trace_text
from workbook_lib.sources.airflow import read


def kinds(tmp_path: Path, imports: str, statement: str) -> tuple[str, str]:
    """What the task `t` becomes, and why it is a placeholder."""
    lines = ["from datetime import datetime", "from airflow import DAG", *textwrap.dedent(imports).strip().splitlines()]
    lines += ["with DAG('d', start_date=datetime(2024, 1, 1), schedule=None):", f"    {statement}"]
    (tmp_path / "dag.py").write_text("\n".join(lines) + "\n")
    result = read([tmp_path / "dag.py"])
    action = result.workflows[0].task("t").action
    return action.kind, getattr(action, "missing", "")


BASH = "BashOperator(task_id='t', bash_command='echo')"


@pytest.mark.parametrize(
    ("imports", "statement"),
    [
        ("from airflow.operators import BashOperator", BASH),
        ("from airflow.operators.bash_operator import BashOperator", BASH),
        ("from airflow.operators import bash_operator", f"bash_operator.{BASH}"),
        ("from airflow.operators.bash import BashOperator", BASH),
        ("from airflow.providers.standard.operators.bash import BashOperator", BASH),
        ("from airflow.operators.bash import BashOperator as Base\nclass BashOperator(Base):\n    pass", BASH),
        ("from airflow.contrib.sensors.bash_sensor import BashSensor", "BashSensor(task_id='t', bash_command='true')"),
    ],
)
def test_airflows_own_classes_and_what_derives_from_them(tmp_path: Path, imports: str, statement: str) -> None:
    assert kinds(tmp_path, imports, statement)[0] in ("shell", "wait")


@pytest.mark.parametrize(
    ("imports", "statement", "missing"),
    [
        ("from acme.operators import BashOperator", BASH, "no rule for BashOperator of acme.operators"),
        ("import acme.operators", f"acme.operators.{BASH}", "no rule for BashOperator of acme.operators"),
        (
            "from airflow.providers.acme.operators.bash import BashOperator",
            BASH,
            "no rule for BashOperator of airflow.providers.acme.operators.bash",
        ),
        ("from acme.operators import BashOperator\nclass Own(BashOperator):\n    pass", f"Own{BASH[12:]}", "no rule for Own"),
        (
            "from airflow.models import BaseOperator\nclass EmptyOperator(BaseOperator):\n    pass",
            "EmptyOperator(task_id='t')",
            "no rule for EmptyOperator of dag",
        ),
        ("from acme.tasks import Load", "Load(task_id='t', table='x')", "no rule for Load"),
    ],
)
def test_classes_of_others_are_placeholders(tmp_path: Path, imports: str, statement: str, missing: str) -> None:
    assert kinds(tmp_path, imports, statement) == ("opaque", missing)


def test_a_foreign_class_takes_part_in_the_graph() -> None:
    source = """
    from acme.operators import Load
    with DAG("d", start_date=datetime(2024, 1, 1)):
        Load(task_id="a") >> Load.partial(task_id="b").expand(table=["x", "y"]) >> T("c")
    """
    raw, findings = trace_text(source)
    assert raw is not None
    assert [(edge.source, edge.target) for edge in raw.dags[0].edges] == [("a", "b"), ("b", "c")]
    assert [task.operator for task in raw.dags[0].tasks] == ["Load", "Load", "EmptyOperator"]
    assert findings == []
