# %% [markdown] id="title"
# # Exercise 10: an idempotent backfill
#
# **At the end you have** a load that leaves the same, however often it runs for a day.
#
# **Minutes:** 10 · **Previous:** [09_explain_verdict](09_explain_verdict.ipynb) · **Next:** none

# %% [markdown] id="goals"
# ## Goals
#
# - You can say what a run owns in a table.
# - You can write a load that may be repeated.
# - You can tell it from one that only avoids doubles.

# %% id="parameters" tags=["parameters"]
root = "my_exercises"

# %% [markdown] id="legacy-text"
# ## 1. The DAG
#
# The table in `warehouse.db` holds two days. The run is for 1 January, which was loaded before; one figure was corrected since.

# %% id="legacy"
from workbook_lib.teaching import exercise

ex = exercise("backfill", root)
ex.legacy()

# %% [markdown] id="answer-text"
# ## 2. Your flow
#
# Write the day's rows. Fill in the dots, and run the cell.

# %% id="answer" tags=["answer"]
# %%answer backfill
import sqlite3
from contextlib import closing
from datetime import date, timedelta

from prefect import flow, runtime, task


@task
def sales(day: str) -> list:
    return [[day, "north", 700], [day, "south", 500]]


@task
def load(rows: list, day: str) -> list:
    with closing(sqlite3.connect("warehouse.db")) as connection, connection:
        # solution
        connection.execute("DELETE FROM sales WHERE day = ?", [day])
        connection.executemany("INSERT INTO sales VALUES (?, ?, ?)", rows)
        # start
        # ...
        # end
        found = connection.execute("SELECT day, count(*), sum(cents) FROM sales GROUP BY day ORDER BY day").fetchall()
    return [list(row) for row in found]


@flow
def backfill(day: date | None = None):
    day = day or runtime.flow_run.scheduled_start_time.date() - timedelta(days=1)
    load(sales(day.isoformat()), day.isoformat())

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
# A load that a retry, a person or a backfill may repeat.
#
# ## If it went wrong
#
# *Twice*: the old rows stayed. *The other days are gone*: the condition is missing. *Did not arrive*: renew the day, do not skip it. Start over: run the cell of step 2 as it was.
#
# ## Next
#
# Back to [04_pilot](../04_pilot.ipynb), or to your own DAG.
