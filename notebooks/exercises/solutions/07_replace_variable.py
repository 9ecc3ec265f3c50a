# %% [markdown] id="title"
# # Exercise 7: replace a Variable
#
# **At the end you have** a task that asks for a setting when it runs, so that operations can change it.
#
# **Minutes:** 6 · **Previous:** [06_finish_placeholder](06_finish_placeholder.ipynb) · **Next:** [08_wrong_edge](08_wrong_edge.ipynb)

# %% [markdown] id="goals"
# ## Goals
#
# - You can read a Prefect variable.
# - You can say when its value is looked up.
# - You can tell a setting from a constant.

# %% id="parameters" tags=["parameters"]
root = "my_exercises"

# %% [markdown] id="legacy-text"
# ## 1. The DAG
#
# `turnover_limit` is 1000 today. Operations may change it at any time, without anybody touching the code.

# %% id="legacy"
from workbook_lib.teaching import exercise

ex = exercise("replace_variable", root)
ex.legacy()

# %% [markdown] id="answer-text"
# ## 2. Your flow
#
# Fill in the dots, add the import that you need, and run the cell.

# %% id="answer" tags=["answer"]
# %%answer replace_variable
from prefect import flow, task
# solution
from prefect.variables import Variable
# start
# end


@task
def turnover() -> int:
    return 1200


@task
def judge(cents: int) -> str:
    # solution
    limit = int(Variable.get("turnover_limit"))
    # start
    # limit = ...
    # end
    return "high" if cents > limit else "low"


@flow
def replace_variable():
    judge(turnover())

# %% [markdown] id="check-text"
# ## Check
#
# Your flow is run for real and in rehearsals; then the variable is set to another value, and it is run again.

# %% id="check" tags=["check"]
ex.check()

# %% [markdown] id="hint-text"
# Stuck? Each call of `ex.hint()` says more. `ex.solution()` shows an answer.

# %% id="hint"
ex.hint()

# %% [markdown] id="end"
# ## You now have
#
# A limit that follows the variable: the next run sees the new value.
#
# ## If it went wrong
#
# *Fails*: the value is not where you look for it, or a text. *Still says high*: your flow does not ask. Start over: run the cell of step 2 as it was.
#
# ## Next
#
# [08_wrong_edge](08_wrong_edge.ipynb): an arrow went astray.
