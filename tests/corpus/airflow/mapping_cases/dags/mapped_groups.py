"""Groups of tasks that run once per element: depth first, rules inside and outside, nested groups, branches, skips, settings."""

from datetime import datetime, timedelta

from airflow.decorators import dag, task, task_group
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
def first(x):
    return x + 1


@task
def second(x):
    return x * 2


@task
def total(values):
    return sum(values)


@task
def pairs():
    return [{"x": 1, "y": 2}, {"x": 3, "y": 4}]


@task
def both(x, y):
    return x * 100 + y


@task_group
def steps(x):
    return second(first(x))


@dag(**ONCE)
def group_constants():
    total(steps.expand(x=[1, 2, 3]))


@dag(**ONCE)
def group_output():
    total(steps.expand(x=numbers()))


@dag(**ONCE)
def group_alone():
    steps.expand(x=numbers())


@dag(**ONCE)
def group_product():
    @task_group
    def cell(x, y):
        return second(both(x, y))

    total(cell.expand(x=numbers(), y=[10, 20]))


@dag(**ONCE)
def group_partial():
    @task
    def one():
        return 7

    @task_group
    def cell(x, y, z):
        return second(both(x, y)) >> both.override(task_id="third")(x, z)

    cell.partial(y=5, z=one()).expand(x=numbers())


@dag(**ONCE)
def group_records():
    @task_group
    def cell(x, y):
        return second(both(x, y))

    total(cell.expand_kwargs([{"x": 1, "y": 2}, {"x": 3, "y": 4}]))


@dag(**ONCE)
def group_records_output():
    @task_group
    def cell(x, y):
        return second(both(x, y))

    total(cell.expand_kwargs(pairs()))


@dag(**ONCE)
def group_mapped_function():
    total(steps.expand(x=numbers().map(lambda number: number * 10)))


@dag(**ONCE)
def group_rules():
    @task_group
    def careful(x):
        start = first(x)
        middle = second(start)
        clean = EmptyOperator(task_id="clean", trigger_rule="all_done")
        alarm = EmptyOperator(task_id="alarm", trigger_rule="one_failed")
        fine = EmptyOperator(task_id="fine", trigger_rule="none_failed_min_one_success")
        middle >> [clean, alarm, fine]

    group = careful.expand(x=numbers())
    group >> EmptyOperator(task_id="after")
    group >> EmptyOperator(task_id="done", trigger_rule="all_done")
    group >> EmptyOperator(task_id="some", trigger_rule="one_success")
    group >> EmptyOperator(task_id="soft", trigger_rule="none_failed")


@dag(**ONCE)
def group_parallel():
    @task_group
    def diamond(x):
        start = first(x)
        left, right = second.override(task_id="left")(start), second.override(task_id="right")(start)
        return both(left, right)

    total(diamond.expand(x=numbers()))


@dag(**ONCE)
def group_edges():
    @task_group
    def chained(x):
        EmptyOperator(task_id="begin") >> first(x) >> EmptyOperator(task_id="end")

    EmptyOperator(task_id="before") >> chained.expand(x=[1, 2]) >> EmptyOperator(task_id="after")


@dag(**ONCE)
def group_nested():
    @task_group
    def inner(y):
        return second(y)

    @task_group
    def outer(x):
        return first.override(task_id="last")(inner(first(x)))

    total(outer.expand(x=numbers()))


@dag(**ONCE)
def group_in_group():
    @task_group
    def around():
        return total(steps.expand(x=numbers()))

    around() >> EmptyOperator(task_id="after")


@dag(**ONCE)
def group_settings():
    @task_group(
        default_args={"retries": 1, "retry_delay": timedelta(seconds=1)}, tooltip="settings of all tasks", prefix_group_id=False
    )
    def tried(x):
        """Tries twice."""
        return second(first(x))

    @task_group
    def empty():
        pass

    total(tried.expand(x=numbers()))
    EmptyOperator(task_id="before") >> empty() >> EmptyOperator(task_id="after")


@dag(**ONCE)
def group_branch():
    @task_group
    def decided(x):
        @task.branch
        def choose(x):
            return "decided.small" if x < 3 else "decided.large"

        small, large = first.override(task_id="small")(x), first.override(task_id="large")(x)
        join = EmptyOperator(task_id="join", trigger_rule="none_failed_min_one_success")
        choose(x) >> [small, large] >> join

    decided.expand(x=numbers()) >> EmptyOperator(task_id="after")


@dag(**ONCE)
def group_circuit():
    @task_group
    def stopped(x):
        @task.short_circuit
        def goes_on(x):
            return x > 1

        goes_on(x) >> first(x) >> EmptyOperator(task_id="end", trigger_rule="all_done")

    stopped.expand(x=numbers()) >> EmptyOperator(task_id="after", trigger_rule="none_failed")


@dag(**ONCE)
def group_skips():
    @task
    def odd(x):
        if x % 2 == 0:
            raise AirflowSkipException("even")
        return x

    @task_group
    def sieve(x):
        return second(odd(x))

    total.override(trigger_rule="none_failed")(sieve.expand(x=numbers()))


@dag(**ONCE)
def group_feeds_tasks():
    total(first.override(task_id="again").expand(x=steps.expand(x=numbers())))


@dag(**ONCE)
def group_feeds_group():
    total(steps.override(group_id="more").expand(x=steps.expand(x=numbers())))


@dag(**ONCE)
def group_templates():
    @task_group
    def lines(x):
        said = BashOperator(task_id="said", bash_command="echo {{ ti.map_index }}", do_xcom_push=True)
        again = BashOperator(task_id="again", bash_command="echo {{ ti.xcom_pull(task_ids='lines.said') }}")
        said >> again >> first(x)

    lines.expand(x=[5, 6])


@dag(**ONCE)
def group_outside_input():
    offset = first.override(task_id="offset")(40)

    @task_group
    def shifted(x):
        return both(second(x), offset)

    total(shifted.expand(x=numbers()))


@dag(**ONCE)
def group_empty_list():
    @task
    def nothing():
        return []

    group = steps.expand(x=nothing())
    total.override(trigger_rule="none_failed")(group)
    group >> EmptyOperator(task_id="after")


@dag(**ONCE)
def group_unused_element():
    @task_group
    def repeated(x):
        EmptyOperator(task_id="begin") >> EmptyOperator(task_id="end")

    repeated.expand(x=[1, 2])


@dag(**ONCE)
def group_rules_constants():
    @task_group
    def careful(x):
        middle = second(first(x))
        fine = EmptyOperator(task_id="fine", trigger_rule="none_failed_min_one_success")
        alarm = EmptyOperator(task_id="alarm", trigger_rule="one_failed")
        middle >> [fine, alarm]

    careful.expand(x=[1, 2]) >> EmptyOperator(task_id="after", trigger_rule="all_done")


@dag(**ONCE)
def group_rules_nested():
    @task_group
    def careful(x):
        middle = second(first(x))

        @task_group
        def inner():
            EmptyOperator(task_id="fine", trigger_rule="none_failed_min_one_success")
            EmptyOperator(task_id="alarm", trigger_rule="one_failed")

        middle >> inner()

    careful.expand(x=numbers()) >> EmptyOperator(task_id="after", trigger_rule="all_done")


for make in [
    group_rules_constants,
    group_rules_nested,
    group_constants,
    group_output,
    group_alone,
    group_product,
    group_partial,
    group_records,
    group_records_output,
    group_mapped_function,
    group_rules,
    group_parallel,
    group_edges,
    group_nested,
    group_in_group,
    group_settings,
    group_branch,
    group_circuit,
    group_skips,
    group_feeds_tasks,
    group_feeds_group,
    group_templates,
    group_outside_input,
    group_empty_list,
    group_unused_element,
]:
    make()
