"""Values that are taken from the clock or at random while a file is read: an argument -> whether it is told."""

from __future__ import annotations

import pytest
from read_helpers import built, trace_text

HEAD = """
import random, secrets, time, uuid
from datetime import date
from random import randint
TODAY = datetime.now() - timedelta(days=1)
STAMP = TODAY.strftime("%Y")
RUN = f"run-{uuid.uuid4()}"
FIXED = datetime(2024, 1, 1)
def stamp(): return f"x{time.time()}"
def fixed(): return "x"
def later(): return datetime.now()
"""
MOVING = [
    "str(datetime.now())",
    "STAMP",
    "f'echo {STAMP}'",
    "'echo ' + RUN",
    "stamp()",
    "[date.today().isoformat()]",
    "{'a': str(randint(1, 2))}",
    "random.choice(['a', 'b'])",
    "secrets.token_hex(8)",
    "datetime.utcnow().isoformat()",
]
FIXED = ["'{{ ds }}'", "str(FIXED)", "fixed()", "later", "lambda: datetime.now()", "'datetime.now()'", "FIXED.year"]


@pytest.mark.parametrize("argument", MOVING)
def test_todays_value_in_an_argument_is_told(argument: str) -> None:
    built(f"{HEAD}\nwith DAG('d'):\n    EmptyOperator(task_id='a', x={argument})", findings=("airflow.parse_time_value",))


@pytest.mark.parametrize("argument", FIXED)
def test_what_stays_the_same_is_not(argument: str) -> None:
    built(f"{HEAD}\nwith DAG('d'):\n    EmptyOperator(task_id='a', x={argument})")


def test_a_factory_hands_it_on() -> None:
    source = """
        def make(name, day, more=""):
            EmptyOperator(task_id=name, x=f"{day}{more}")
        with DAG("d"):
            make("a", "2024-01-01")
            make("b", datetime.now())
            make("c", "x", more=datetime.now())
    """
    _, findings = trace_text(source)
    assert [(finding.code, finding.task) for finding in findings] == [("airflow.parse_time_value", name) for name in "bc"]


def test_names_belong_to_their_functions() -> None:
    source = """
        @task
        def body():
            day = datetime.now()
        def make():
            moment = datetime.now()
            EmptyOperator(task_id="a", x=moment.year)
        with DAG("d"):
            day = "x"
            EmptyOperator(task_id="b", x=day)
            make()
    """
    _, findings = trace_text(source)
    assert [(finding.code, finding.task) for finding in findings] == [("airflow.parse_time_value", "a")]
    assert findings[0].message == (
        "the argument `x` of the task 'a' is taken from the clock or at random when the DAG file is read; "
        "the model holds the value of this reading"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        "start_date=TODAY",
        "start_date=datetime.now()",
        "default_args={'start_date': TODAY}",
        "default_args=dict(start_date=datetime.utcnow())",
        "default_args=ARGS",
    ],
)
def test_a_start_date_of_today_is_left_out(arguments: str) -> None:
    source = f"{HEAD}\nARGS = {{'start_date': TODAY, 'retries': 1}}\nwith DAG('d', {arguments}):\n    T('a')"
    assert built(source, findings=("airflow.moving_date",)).start_date is None


def test_arguments_of_the_dag() -> None:
    built("with DAG('d', params={'day': str(datetime.now())}):\n    T('a')", findings=("airflow.parse_time_value",))
    built("with DAG('d', default_args={'env': str(datetime.now())}):\n    T('a')", findings=("airflow.parse_time_value",))
