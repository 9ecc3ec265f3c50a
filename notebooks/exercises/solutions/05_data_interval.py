# %% [markdown] id="title"
# # Exercise 5: the data interval
#
# **At the end you have** a flow that names its file and its window by the day that the run stands for.
#
# **Minutes:** 8 · **Previous:** [04_mapping](04_mapping.ipynb) · **Next:** [06_finish_placeholder](06_finish_placeholder.ipynb)

# %% [markdown] id="goals"
# ## Goals
#
# - You can say which day a run of Airflow 2 stands for.
# - You can turn `ds` and `data_interval_end` into Python.
# - You can find a date that is off by one.

# %% id="parameters" tags=["parameters"]
root = "my_exercises"

# %% [markdown] id="legacy-text"
# ## 1. The DAG
#
# A daily DAG. The run of 1 January 2024 starts when that day is over. Which dates do the two tasks print?

# %% id="legacy"
from workbook_lib.teaching import exercise

ex = exercise("data_interval", root)
ex.legacy()

# %% [markdown] id="answer-text"
# ## 2. Your flow
#
# The flow is given Airflow's logical date. Fill in the dots, and run the cell.

# %% id="answer" tags=["answer"]
# %%answer data_interval
from datetime import date, datetime, timedelta

from prefect import flow, runtime, task
from shared.shell import run_shell


@task
def name(day: date):
    return run_shell(f"echo orders_{day:%Y%m%d}.csv")


@task
def window(start: date, end: date):
    return run_shell(f"echo '{start} up to {end}'")


@flow
def data_interval(logical_date: datetime | None = None):
    logical_date = logical_date or runtime.flow_run.scheduled_start_time - timedelta(days=1)
    # solution
    start = logical_date.date()
    name(start)
    window(start, start + timedelta(days=1))
    # start
    # name(...)
    # window(..., ...)
    # end

# %% [markdown] id="check-text"
# ## Check
#
# Your flow is run for real, and in a rehearsal of every failure; both must end as they did in Airflow.

# %% id="check" tags=["check"]
ex.check()

# %% [markdown] id="hint-text"
# Stuck? Each call of `ex.hint()` says more. `ex.solution()` shows an answer.

# %% id="hint"
ex.hint()

# %% [markdown] id="end"
# ## You now have
#
# Dates that come from the run's interval, today and in every repetition.
#
# ## If it went wrong
#
# *A day early* or *today's date*: look where the date comes from. *Ends on the day on which it starts*: the end is the next day. Start over: run the cell of step 2 as it was.
#
# ## Next
#
# [06_finish_placeholder](06_finish_placeholder.ipynb): a body that could not be converted.
