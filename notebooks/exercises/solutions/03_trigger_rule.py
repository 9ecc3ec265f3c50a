# %% [markdown] id="title"
# # Exercise 3: a trigger rule
#
# **At the end you have** a flow that cleans up whatever happened, and ends as Airflow's run does.
#
# **Minutes:** 8 · **Previous:** [02_waiting](02_waiting.ipynb) · **Next:** [04_mapping](04_mapping.ipynb)

# %% [markdown] id="goals"
# ## Goals
#
# - You can write `all_done` in plain Python.
# - You can say why Airflow's run succeeds although `fill` failed.
# - You can tell `all_done` from `one_failed`.

# %% id="parameters" tags=["parameters"]
root = "my_exercises"

# %% [markdown] id="legacy-text"
# ## 1. The DAG
#
# `drop` has the rule `all_done`. When `fill` fails: does `drop` run, and how does the run end?

# %% id="legacy"
from workbook_lib.teaching import exercise

ex = exercise("trigger_rule", root)
ex.legacy()

# %% [markdown] id="answer-text"
# ## 2. Your flow
#
# A task that is called, not submitted, raises its failure in the flow. Fill in the dots, and run the cell.

# %% id="answer" tags=["answer"]
# %%answer trigger_rule
from prefect import flow, get_run_logger, task
from shared.shell import run_shell


@task
def make():
    return run_shell("echo made")


@task
def fill():
    return run_shell("echo filled")


@task
def drop():
    return run_shell("echo dropped")


@flow
def trigger_rule():
    # solution
    try:
        make()
        fill()
    except Exception:
        get_run_logger().exception("A task failed; drop runs all the same")
    return drop(return_state=True)
    # start
    # ...
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
# A clean-up that runs in either case. Whether such a run should count as a success is your team's decision.
#
# ## If it went wrong
#
# *Does not run*: think of both cases, with a failure and without. *Your run fails*: the exception leaves the flow. Start over: run the cell of step 2 as it was.
#
# ## Next
#
# [04_mapping](04_mapping.ipynb); in the short workshop [04_pilot](../04_pilot.ipynb).
