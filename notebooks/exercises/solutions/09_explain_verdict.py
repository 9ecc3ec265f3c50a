# %% [markdown] id="title"
# # Exercise 9: explain a verdict
#
# **At the end you have** the cause of a *different* verdict, told from what only follows from it.
#
# **Minutes:** 8 · **Previous:** [08_wrong_edge](08_wrong_edge.ipynb) · **Next:** [10_backfill](10_backfill.ipynb)

# %% [markdown] id="goals"
# ## Goals
#
# - You can find the scenarios in which something differs.
# - You can tell a cause from its consequences.
# - You can say what differs, in which aspect.

# %% id="parameters" tags=["parameters"]
root = "my_exercises"

# %% [markdown] id="legacy-text"
# ## 1. The DAG
#
# Three tasks, of which the first has a second try.

# %% id="legacy"
from workbook_lib.teaching import exercise

ex = exercise("explain_verdict", root)
ex.legacy()

# %% id="graph"
ex.svg()

# %% [markdown] id="flow-text"
# ## 2. The flow and its verdict
#
# This flow was written by hand. Does it do the same? The table has a row per difference.

# %% id="flow" tags=["flow"]
# %%answer explain_verdict
from prefect import flow, task
from shared.shell import run_shell


@task
def ask():
    return run_shell("echo 1.08")


@task
def convert():
    return run_shell("echo converted")


@task
def tell():
    return run_shell("echo told")


@flow
def explain_verdict():
    ask()
    convert()
    tell()

# %% id="verdict"
ex.verdict()

# %% [markdown] id="answer-text"
# ## 3. Your answer
#
# Name the row with which it begins, as texts. Then run the cell.

# %% id="answer" tags=["answer"]
# solution
answer = {"scenario": "ask fails, then succeeds", "task": "ask", "aspect": "states"}
# start
# answer = {"scenario": ..., "task": ..., "aspect": ...}
# end
answer

# %% [markdown] id="check-text"
# ## Check
#
# Your answer is compared with the verdict itself, which comes from running both engines.

# %% id="check" tags=["check"]
ex.check(**answer)

# %% [markdown] id="hint-text"
# Stuck? Each call of `ex.hint()` says more. `ex.solution()` shows an answer.

# %% id="hint"
ex.hint()

# %% [markdown] id="end"
# ## You now have
#
# A verdict that you can explain to the person who wrote the flow.
#
# ## If it went wrong
#
# *In that scenario both did the same*: choose another one. *Only because one before it does*: go upstream. Start over: run the cells from the top.
#
# ## Next
#
# [10_backfill](10_backfill.ipynb): running a day again.
