# %% [markdown] id="title"
# # Exercise 2: waiting and failure
#
# **At the end you have** a flow whose tasks wait for each other without handing anything over, and which fails when its last tasks do.
#
# **Minutes:** 8 · **Previous:** [01_passing_data](01_passing_data.ipynb) · **Next:** [03_trigger_rule](03_trigger_rule.ipynb)

# %% [markdown] id="goals"
# ## Goals
#
# - You can make a task wait for another one with `wait_for`.
# - You can say what a failure keeps from running, and what not.
# - You can say what the end of a flow run depends on.

# %% id="parameters" tags=["parameters"]
root = "my_exercises"

# %% [markdown] id="legacy-text"
# ## 1. The DAG
#
# `move` and `measure` both wait for `stop`, but not for each other. When `move` fails, what still runs?

# %% id="legacy"
from workbook_lib.teaching import exercise

ex = exercise("waiting", root)
ex.legacy()

# %% id="graph"
ex.svg()

# %% [markdown] id="answer-text"
# ## 2. Your flow
#
# `submit` starts a task in the background and gives back a future. Fill in the dots, and run the cell.

# %% id="answer" tags=["answer"]
# %%answer waiting
from prefect import flow, task
from shared.shell import run_shell


@task
def stop():
    return run_shell("echo stopped")


@task
def move():
    return run_shell("echo moved")


@task
def start():
    return run_shell("echo started")


@task
def measure():
    return run_shell("echo measured")


@flow
def waiting():
    stop_run = stop.submit()
    # solution
    move_run = move.submit(wait_for=[stop_run])
    measure_run = measure.submit(wait_for=[stop_run])
    start_run = start.submit(wait_for=[move_run])
    return [start_run, measure_run]
    # start
    # move_run = move.submit(...)
    # measure_run = measure.submit(...)
    # start_run = start.submit(...)
    # return ...
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
# The DAG's arrows as `wait_for`, and its end as what the flow returns.
#
# ## If it went wrong
#
# *Runs all the same*: a `wait_for` is missing. *Ends as a success*: look at what the flow returns. Start over: run the cell of step 2 as it was.
#
# ## Next
#
# [03_trigger_rule](03_trigger_rule.ipynb): a task that runs although something failed.
