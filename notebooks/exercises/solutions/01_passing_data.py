# %% [markdown] id="title"
# # Exercise 1: passing data
#
# **At the end you have** a flow in which each task gets what the one before it returned.
#
# **Minutes:** 6 · **Previous:** none · **Next:** [02_waiting](02_waiting.ipynb)

# %% [markdown] id="goals"
# ## Goals
#
# - You can turn an XCom into a return value and an argument.
# - You can say why the order of the tasks need not be written down any more.
# - You can tell a task from its result.

# %% id="parameters" tags=["parameters"]
root = "my_exercises"

# %% [markdown] id="legacy-text"
# ## 1. The DAG
#
# Three tasks; `total` pulls what `read` returned, `report` what `total` returned.

# %% id="legacy"
from workbook_lib.teaching import exercise

ex = exercise("passing_data", root)
ex.legacy()

# %% [markdown] id="answer-text"
# ## 2. Your flow
#
# The functions lack their parameters, the flow its lines. Fill in the dots, and run the cell: it saves your code as the flow.

# %% id="answer" tags=["answer"]
# %%answer passing_data
from prefect import flow, task


@task
def read() -> list[dict]:
    return [{"order": 1, "cents": 700}, {"order": 2, "cents": 500}]


@task
# solution
def total(orders: list[dict]) -> int:
    return sum(order["cents"] for order in orders)


@task
def report(amount: int) -> str:
    return f"{amount} cents"


@flow
def passing_data():
    orders = read()
    amount = total(orders)
    report(amount)
# start
# def total() -> int:
#     return sum(order["cents"] for order in ...)
#
#
# @task
# def report() -> str:
#     return f"{...} cents"
#
#
# @flow
# def passing_data():
#     ...
# end

# %% [markdown] id="check-text"
# ## Check
#
# Your flow is run for real, and in a rehearsal of every failure; both must end as they did in Airflow. The first check takes some seconds longer.

# %% id="check" tags=["check"]
ex.check()

# %% [markdown] id="hint-text"
# Stuck? Each call of `ex.hint()` says more. `ex.solution()` shows an answer.

# %% id="hint"
ex.hint()

# %% [markdown] id="end"
# ## You now have
#
# A flow without a single `>>`: who takes a value waits for it.
#
# ## If it went wrong
#
# *Still to be written*: dots are left. *The flow cannot be run*: the message names the line. Start over: run the cell of step 2 as it was.
#
# ## Next
#
# [02_waiting](02_waiting.ipynb): what to do where nothing is handed over.
