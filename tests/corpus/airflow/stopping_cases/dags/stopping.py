"""Runs that stop at their first failed task, for Airflow 2 (`fail_stop`) and 3 (`fail_fast`)."""

from datetime import datetime, timedelta

from airflow import __version__
from airflow.decorators import dag, task, task_group

STOP = {"fail_fast" if __version__.startswith("3") else "fail_stop": True}
OPTIONS = {"start_date": datetime(2024, 1, 1), "schedule": None, "catchup": False, **STOP}


@task
def rows() -> list[int]:
    return [1, 2, 3]


@task
def one(value=None) -> str:
    return "one"


@task
def two(value=None) -> str:
    return "two"


@task
def three(value=None) -> str:
    return "three"


@task
def four(value=None) -> str:
    return "four"


@task
def broken(value=None) -> None:
    raise ValueError("no rows today")


@dag(**OPTIONS)
def stop_in_a_chain():
    three(two(one()))


@dag(**OPTIONS)
def stop_alone():
    one()


@dag(**OPTIONS)
def stop_at_a_fork():
    first = one()
    [two(first), three(first)] >> four()


@dag(**OPTIONS)
def stop_at_the_ends():
    first = one()
    two(first)
    three(first)


@dag(**OPTIONS)
def stop_on_another_path():
    two(one())
    four(three())


@dag(**OPTIONS)
def stop_after_retries():
    first = one()
    three(two.override(retries=2, retry_delay=timedelta(seconds=1))(first))
    four.override(retries=1, retry_delay=timedelta(seconds=1))(first)


@dag(**OPTIONS)
def stop_in_mapped_constants():
    two.expand(value=[1, 2, 3]) >> three()


@dag(**OPTIONS)
def stop_in_mapped_results():
    two.partial().expand(value=one.expand(value=rows())) >> three()


@task_group
def both(element):
    two(one(element))


@dag(**OPTIONS)
def stop_in_a_mapped_group():
    both.expand(element=[1, 2, 3]) >> three()


@dag(**OPTIONS)
def stop_between_setup_and_teardown():
    made = one()
    work = two(made)
    cleaned = three(work).as_teardown(setups=made)
    cleaned >> four()


@dag(**OPTIONS)
def stop_beside_a_teardown():
    made = one()
    two() >> three().as_teardown(setups=made)
    four()


@dag(**OPTIONS)
def stop_behind_a_branch():
    @task.branch
    def choose() -> str:
        return "two"

    chosen = choose()
    chosen >> two() >> four()
    chosen >> three()


@dag(**OPTIONS)
def stop_behind_a_short_circuit():
    @task.short_circuit
    def goes_on() -> bool:
        return True

    goes_on() >> one() >> two()


@dag(**OPTIONS)
def stops_indeed():
    three(broken(one()))


@dag(**OPTIONS)
def stops_indeed_at_the_end():
    broken(two(one()))


@dag(**OPTIONS)
def stops_indeed_on_one_path():
    two(broken(one()))
    four(three())


for each in [
    stop_in_a_chain, stop_alone, stop_at_a_fork, stop_at_the_ends, stop_on_another_path, stop_after_retries, stop_in_mapped_constants,
    stop_in_mapped_results, stop_in_a_mapped_group, stop_between_setup_and_teardown, stop_beside_a_teardown, stop_behind_a_branch,
    stop_behind_a_short_circuit, stops_indeed, stops_indeed_at_the_end, stops_indeed_on_one_path,
]:  # fmt: skip
    each()
