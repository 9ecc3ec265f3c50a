"""Exercise 1: what a task returns is handed to the next one as an argument."""

from __future__ import annotations

from workbook_lib.model.run import State
from workbook_lib.teaching.exercises._lesson import Lesson, Misconception

LESSON = Lesson(
    workflow="passing_data",
    hints=(
        "An XCom is what a task returned, fetched by a later task. In Prefect the flow has it in its hand when the first task is done.",
        "Give `total` a parameter, `orders`, and use it where the DAG pulls from `read`. `report` needs one too.",
        "In the flow: `orders = read()`, then `amount = total(orders)`; who gets `amount`?",
    ),
    misconceptions=(
        Misconception(
            "the result is printed",
            lambda e: e.state("read") is State.SUCCESS and e.result("read") is None,
            "`read` ran, but returned nothing. What a task prints goes to the log; only what it returns can be handed on.",
        ),
        Misconception(
            "the task itself is handed over",
            lambda e: e.state("read") in (None, State.NOT_RUN),
            "`read` never ran. Its name without parentheses is the task itself, not its result: call it, and hand over what it gives.",
        ),
        Misconception(
            "the task is called again for its value",
            lambda e: e.count("read") > 1 or e.count("total") > 1,
            "A task ran more than once. Each call of a task is another task run: call it once, keep the result in a name, and "
            "hand that on.",
        ),
        Misconception(
            "the value is written down",
            lambda e: bool(e.graph.missing),
            "A task does not wait for the one whose value it needs. Hand the result over as an argument: the order follows from that.",
        ),
    ),
)
