# %% [markdown] id="title"
# # Exercise 4: mapping
#
# **At the end you have** a flow that makes one task run per combination, and adds up what they return.
#
# **Minutes:** 10 · **Previous:** [03_trigger_rule](03_trigger_rule.ipynb) · **Next:** [05_data_interval](05_data_interval.ipynb)

# %% [markdown] id="goals"
# ## Goals
#
# - You can make one task run per element with `map`.
# - You can tell every combination from side by side.
# - You can say why a loop of calls is not a mapping.

# %% id="parameters" tags=["parameters"]
root = "my_exercises"

# %% [markdown] id="legacy-text"
# ## 1. The DAG
#
# `expand` is given two lists of two. How many prices are there, and what does `total` wait for?

# %% id="legacy"
from workbook_lib.teaching import exercise

ex = exercise("mapping", root)
ex.legacy()

# %% [markdown] id="answer-text"
# ## 2. Your flow
#
# `map` starts a run for each element of its lists. Fill in the dots, and run the cell.

# %% id="answer" tags=["answer"]
# %%answer mapping
from prefect import flow, task

PRODUCTS = ["tea", "salt"]
REGIONS = ["north", "south"]


@task
def price(product: str, region: str) -> int:
    return len(product) * {"north": 7, "south": 5}[region]


@task
def total(prices: list[int]) -> int:
    return sum(prices)


@flow
def mapping():
    # solution
    pairs = [(product, region) for product in PRODUCTS for region in REGIONS]
    prices = price.map([product for product, _ in pairs], [region for _, region in pairs])
    # start
    # prices = price.map(...)
    # end
    return [*prices, total.submit(prices)]

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
# Four prices at the same time, and a total that waits for all of them.
#
# ## If it went wrong
#
# *Two prices*: `map` went side by side. *Fails*: an element was wanted and a list given. Start over: run the cell of step 2 as it was.
#
# ## Next
#
# [05_data_interval](05_data_interval.ipynb): for which day is a run?
