"""Tasks that run once per element: over constants and outputs, several arguments, records, zip, concat, map, again and reduced."""

from datetime import datetime

from airflow.decorators import dag, task
from airflow.exceptions import AirflowSkipException

try:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.empty import EmptyOperator
except ImportError:
    from airflow.operators.bash import BashOperator
    from airflow.operators.empty import EmptyOperator

ONCE = {"schedule": None, "start_date": datetime(2024, 1, 1), "catchup": False}


@task
def numbers():
    return [1, 2, 3]


@task
def letters():
    return ["a", "b"]


@task
def nothing():
    return []


@task
def table():
    return {"one": 1, "two": 2}


@task
def records():
    return [{"x": 1, "y": 2}, {"x": 3, "y": 4}]


@task
def add(x, y=10):
    return x + y


@task
def show(item):
    return repr(item)


@task
def total(values):
    return sum(values)


@task
def joined(values):
    return [str(value) for value in values]


@dag(**ONCE)
def tasks_constants():
    total(add.expand(x=[1, 2, 3]))


@dag(**ONCE)
def tasks_dict():
    joined(show.expand(item={"a": 1, "b": 2}))


@dag(**ONCE)
def tasks_dict_output():
    joined(show.expand(item=table()))


@dag(**ONCE)
def tasks_output():
    total(add.expand(x=numbers()))


@dag(**ONCE)
def tasks_product():
    total(add.expand(x=numbers(), y=[10, 20]))


@dag(**ONCE)
def tasks_product_constants():
    total(add.expand(x=[1, 2, 3], y=[10, 20]))


@dag(**ONCE)
def tasks_partial():
    total(add.partial(y=100).expand(x=numbers()))


@dag(**ONCE)
def tasks_partial_output():
    @task
    def one():
        return 1000

    total(add.partial(y=one()).expand(x=numbers()))


@dag(**ONCE)
def tasks_records():
    total(add.expand_kwargs([{"x": 1, "y": 2}, {"x": 3, "y": 4}]))


@dag(**ONCE)
def tasks_records_output():
    total(add.expand_kwargs(records()))


@dag(**ONCE)
def tasks_records_mapped():
    def record(x):
        return {"x": x, "y": x * 100}

    total(add.expand_kwargs(numbers().map(record)))


@dag(**ONCE)
def tasks_map():
    def double(x):
        return x * 2

    total(add.expand(x=numbers().map(double)))


@dag(**ONCE)
def tasks_map_skips():
    def odd(x):
        if x % 2 == 0:
            raise AirflowSkipException(f"{x} is even")
        return x

    total.override(trigger_rule="none_failed")(add.expand(x=numbers().map(odd)))


@dag(**ONCE)
def tasks_map_lambda():
    joined(show.expand(item=numbers().map(lambda number: number + 1).map(lambda number: f"{number}!")))


@dag(**ONCE)
def tasks_zip():
    joined(show.expand(item=numbers().zip(letters())))


@dag(**ONCE)
def tasks_zip_filled():
    joined(show.expand(item=numbers().zip(letters(), fillvalue="?")))


@dag(**ONCE)
def tasks_concat():
    joined(show.expand(item=numbers().concat(letters())))


@dag(**ONCE)
def tasks_zip_map():
    def pair(both):
        return f"{both[0]}{both[1]}"

    joined(show.expand(item=letters().zip(numbers()).map(pair)))


@dag(**ONCE)
def tasks_empty_constant():
    add.expand(x=[]) >> EmptyOperator(task_id="after")


@dag(**ONCE)
def tasks_empty_output():
    mapped = add.expand(x=nothing())
    mapped >> EmptyOperator(task_id="after")
    mapped >> EmptyOperator(task_id="none_failed", trigger_rule="none_failed")
    mapped >> EmptyOperator(task_id="all_done", trigger_rule="all_done")
    total.override(trigger_rule="all_done")(mapped)


@dag(**ONCE)
def tasks_second_order():
    @task
    def double(x):
        return x * 2

    total(add.expand(x=double.expand(x=numbers())))


@dag(**ONCE)
def tasks_second_order_gaps():
    @task
    def odd_only(x):
        return x if x % 2 else None

    @task
    def skip_even(x):
        if x % 2 == 0:
            raise AirflowSkipException("even")
        return x

    add.expand(x=odd_only.expand(x=numbers()))
    show.override(trigger_rule="none_failed").expand(item=skip_even.expand(x=numbers()))


@dag(**ONCE)
def tasks_pulls():
    mapped = add.expand(x=numbers())

    @task
    def some(ti=None):
        return ti.xcom_pull(task_ids="add", map_indexes=[0, 2])

    @task
    def one(ti=None):
        return ti.xcom_pull(task_ids="add", map_indexes=1)

    @task
    def every(ti=None):
        return list(ti.xcom_pull(task_ids="add"))

    mapped >> [some(), one(), every()]


@dag(**ONCE)
def tasks_classic():
    shout = BashOperator.partial(task_id="shout", append_env=True).expand(
        bash_command=["echo one", "echo two"], env=[{"A": "1"}, {"A": "2"}]
    )
    whisper = BashOperator.partial(task_id="whisper").expand_kwargs(
        [{"bash_command": "echo a"}, {"bash_command": "echo $B", "env": {"B": "b"}}]
    )
    chained = BashOperator.partial(task_id="chained").expand(bash_command=shout.output.map(lambda text: f"echo {text}!"))
    shout >> whisper
    chained >> EmptyOperator(task_id="after")


@dag(**ONCE)
def tasks_index_template():
    @task(map_index_template="number {{ task.op_kwargs['x'] }}")
    def named(x):
        return x

    total(named.expand(x=numbers()))


@dag(**ONCE)
def tasks_index():
    @task
    def numbered(x, ti=None):
        return f"{ti.map_index}: {x}"

    joined(numbered.expand(x=letters()))


@dag(**ONCE)
def tasks_behind_branch():
    @task.branch
    def choose():
        return "total"

    mapped, later = add.expand(x=[1, 2]), show.expand(item=numbers())
    choose() >> [mapped, later, total.override(task_id="total")([1])]


@dag(**ONCE)
def tasks_branches():
    @task.branch
    def choose(x):
        return "small" if x < 2 else "large"

    choose.expand(x=[1, 2]) >> [EmptyOperator(task_id="small"), EmptyOperator(task_id="large")]


for make in [
    tasks_behind_branch,
    tasks_branches,
    tasks_constants,
    tasks_dict,
    tasks_dict_output,
    tasks_output,
    tasks_product,
    tasks_product_constants,
    tasks_partial,
    tasks_partial_output,
    tasks_records,
    tasks_records_output,
    tasks_records_mapped,
    tasks_map,
    tasks_map_skips,
    tasks_map_lambda,
    tasks_zip,
    tasks_zip_filled,
    tasks_concat,
    tasks_zip_map,
    tasks_empty_constant,
    tasks_empty_output,
    tasks_second_order,
    tasks_second_order_gaps,
    tasks_pulls,
    tasks_classic,
    tasks_index_template,
    tasks_index,
]:
    make()
