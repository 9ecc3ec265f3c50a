# %% [markdown] id="title"
# # Exercise 8: find the wrong edge
#
# **At the end you have** a flow that was edited wrongly, and mended by changing one line.
#
# **Minutes:** 8 · **Previous:** [07_replace_variable](07_replace_variable.ipynb) · **Next:** [09_explain_verdict](09_explain_verdict.ipynb)

# %% [markdown] id="goals"
# ## Goals
#
# - You can compare a flow with a graph, arrow by arrow.
# - You can use a rehearsal to find the arrow that is wrong.
# - You can mend it without adding one.

# %% id="parameters" tags=["parameters"]
root = "my_exercises"

# %% [markdown] id="legacy-text"
# ## 1. The DAG
#
# Two sources are cleaned on their own, then joined.

# %% id="legacy"
from workbook_lib.teaching import exercise

ex = exercise("wrong_edge", root)
ex.legacy()

# %% id="graph"
ex.svg()

# %% [markdown] id="answer-text"
# ## 2. The flow
#
# A colleague has edited it. It runs well as long as nothing fails. Mend it, and run the cell.

# %% id="answer" tags=["answer"]
# %%answer wrong_edge
from prefect import flow, task
from shared.shell import run_shell


@task
def orders():
    return run_shell("echo orders")


@task
def rates():
    return run_shell("echo rates")


@task
def clean_orders():
    return run_shell("echo clean orders")


@task
def clean_rates():
    return run_shell("echo clean rates")


@task
def join():
    return run_shell("echo joined")


@task
def check():
    return run_shell("echo checked")


@task
def publish():
    return run_shell("echo published")


@flow
def wrong_edge():
    orders_run = orders.submit()
    rates_run = rates.submit()
    clean_orders_run = clean_orders.submit(wait_for=[orders_run])
    # solution
    clean_rates_run = clean_rates.submit(wait_for=[rates_run])
    # start
    # clean_rates_run = clean_rates.submit(wait_for=[orders_run])
    # end
    join_run = join.submit(wait_for=[clean_orders_run, clean_rates_run])
    check_run = check.submit(wait_for=[join_run])
    publish_run = publish.submit(wait_for=[check_run])
    return [rates_run, clean_orders_run, clean_rates_run, publish_run]

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
# The DAG's arrows, no one less and no one more.
#
# ## If it went wrong
#
# *Still wrong*: go through the arrows one by one. *Waits for something that it has nothing to do with*: take out what you added. Start over: run the cell of step 2 as it was.
#
# ## Next
#
# [09_explain_verdict](09_explain_verdict.ipynb): a verdict that is not equal.
