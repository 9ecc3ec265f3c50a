# %% [markdown] id="title"
# # Exercise 6: finish a placeholder
#
# **At the end you have** a task that was left to you, written without Airflow, and handing over the same.
#
# **Minutes:** 10 · **Previous:** [05_data_interval](05_data_interval.ipynb) · **Next:** [07_replace_variable](07_replace_variable.ipynb)

# %% [markdown] id="goals"
# ## Goals
#
# - You can see why a body became a placeholder.
# - You can write it without the hook.
# - You can say what the next task relies on.

# %% id="parameters" tags=["parameters"]
root = "my_exercises"

# %% [markdown] id="legacy-text"
# ## 1. The DAG
#
# `ask` uses a hook of Airflow's, so that its body could not be carried over. `warehouse.db` lies in the working folder of each run.

# %% id="legacy"
from workbook_lib.teaching import exercise

ex = exercise("finish_placeholder", root)
ex.legacy()

# %% [markdown] id="answer-text"
# ## 2. Your flow
#
# This is what the converter wrote. Put a body in the place of the error, and run the cell.

# %% id="answer" tags=["answer"]
# %%answer finish_placeholder
# solution
import sqlite3
from contextlib import closing

# start
# end
from prefect import flow, task


@task
def ask():
    # The legacy code:
    # hook = SqliteHook(sqlite_conn_id="warehouse")
    # row = hook.get_first("SELECT count(*), sum(cents) FROM sales WHERE region = ?", parameters=["north"])
    # return {"days": row[0], "cents": row[1]}
    # solution
    query = "SELECT count(*), sum(cents) FROM sales WHERE region = ?"
    with closing(sqlite3.connect("warehouse.db")) as connection:
        row = connection.execute(query, ["north"]).fetchone()
    return {"days": row[0], "cents": row[1]}
    # start
    # raise NotImplementedError("ask: SqliteHook")
    # end


@task
def judge(answer):
    return "enough" if answer["cents"] >= 1000 else "too little"


@flow
def finish_placeholder():
    judge(ask())

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
# A flow without placeholders: the real run counts for all of its tasks now.
#
# ## If it went wrong
#
# *Returns nothing* or *something else*: compare with what the legacy function returns. *Cannot be run*: an import is missing. Start over: run the cell of step 2 as it was.
#
# ## Next
#
# [07_replace_variable](07_replace_variable.ipynb): what Airflow kept for you.
