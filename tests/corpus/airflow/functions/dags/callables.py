"""Callables of every kind, each with what it gives: what a task returns is compared with what Airflow itself got."""

import functools
import math
from datetime import datetime

from airflow import DAG
from callable_helpers import Adder, decorated, loud, plain

try:
    from airflow.providers.standard.operators.python import PythonOperator
except ImportError:
    from airflow.operators.python import PythonOperator


def adds(n):
    def inner(ds):
        return f"{n} {ds}"

    return inner


def remembers(rows):
    label = rows["a"]

    def inner():
        return [label, rows]

    return inner


@loud
def own(a):
    return a


@functools.cache
def cached(a):
    return a * 2


def collected(names=[]):  # noqa: B006
    return names


adder = Adder(10)
tables = []
for table in ("orders", "customers"):
    tables.append(table.upper())


def all_tables():
    return tables


def last_table():
    return table


with DAG("callables", start_date=datetime(2024, 1, 1), schedule="@daily", catchup=False) as dag:

    def op(task_id, function, *args, **kwargs):
        return PythonOperator(task_id=task_id, python_callable=function, op_args=list(args), op_kwargs=kwargs)

    for n in range(2):
        op(f"loop_lambda_{n}", lambda: n)  # noqa: B023
        op(f"loop_default_{n}", lambda n=n: n)

        def body():
            return n  # noqa: B023

        op(f"loop_def_{n}", body)
    op("lambda_with_context", lambda **context: context["ds"])
    op("two_lambdas", lambda: "first") >> op("second_lambda", lambda: "second")
    op("closure_5", adds(5))
    op("closure_six", adds("six"))
    op("closure_of_data", remembers({"a": [1]}))
    op("partial_first", functools.partial(plain, 1))
    op("partial_word", functools.partial(plain, b=7), 3)
    op("partial_twice", functools.partial(functools.partial(plain, 1), b=4))
    op("object_called", Adder(3), 4)
    op("module_object_called", adder, 4)
    op("method", Adder(3).times, 4)
    op("static_method", Adder.same, 4)
    op("class_method", Adder.named, 4)
    op("decorated_elsewhere", decorated, 1)
    op("decorated_here", own, a=1)
    op("cached_function", cached, 4)
    op("default_list", collected)
    op("changed_global", all_tables)
    op("loop_global", last_table)
    op("c_function", math.sqrt, 4)
    op("builtin_len", len, [1, 2])
    op("prints", print, "a", "b")
    op("counted", functools.partial(sorted, [3, 1, 2]))
