"""Wrong answers: per exercise what is believed, and the lines of the solution that it changes, before -> after."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Wrong:
    """A wrong answer: the solution with parts replaced, or other values given to `check`, and the misconception that is to be named."""

    exercise: str
    belief: str
    before: str = ""
    after: str = ""
    given: dict[str, Any] = field(default_factory=dict)


LOGGED = '        get_run_logger().exception("A task failed; drop runs all the same")\n'
WRONG = (
    Wrong(
        "passing_data",
        "the result is printed",
        '    return [{"order": 1, "cents": 700}, {"order": 2, "cents": 500}]',
        '    print([{"order": 1, "cents": 700}, {"order": 2, "cents": 500}])',
    ),
    Wrong("passing_data", "the task itself is handed over", "    orders = read()\n    amount = total(orders)", "    amount = total(read)"),
    Wrong("passing_data", "the task is called again for its value", "    report(amount)", "    report(total(read()))"),
    Wrong(
        "passing_data",
        "the value is written down",
        "    orders = read()\n    amount = total(orders)",
        '    read.submit()\n    amount = total([{"order": 1, "cents": 1200}])',
    ),
    Wrong("waiting", "submit waits", "wait_for=[stop_run]", ""),
    Wrong(
        "waiting",
        "one after the other is the same",
        "    measure_run = measure.submit(wait_for=[stop_run])\n    start_run = start.submit(wait_for=[move_run])",
        "    start_run = start.submit(wait_for=[move_run])\n    measure_run = measure.submit(wait_for=[start_run])",
    ),
    Wrong("waiting", "a failed task fails the flow", "    return [start_run, measure_run]", "    measure_run.wait()"),
    Wrong(
        "trigger_rule",
        "the rule can be left out",
        f"    try:\n        make()\n        fill()\n    except Exception:\n{LOGGED}    return drop(return_state=True)",
        "    make()\n    fill()\n    drop()",
    ),
    Wrong("trigger_rule", "all_done means on failure", f"{LOGGED}    return drop(return_state=True)", "        drop()"),
    Wrong(
        "trigger_rule",
        "the worst task decides about the run",
        f"    except Exception:\n{LOGGED}    return drop(return_state=True)",
        "    finally:\n        drop()",
    ),
    Wrong(
        "mapping",
        "map takes every combination",
        "price.map([product for product, _ in pairs], [region for _, region in pairs])",
        "price.map(PRODUCTS, REGIONS)",
    ),
    Wrong(
        "mapping",
        "a list that stays whole is gone through",
        "price.map([product for product, _ in pairs], [region for _, region in pairs])",
        "price.map([product for product, _ in pairs], [REGIONS for _ in pairs])",
    ),
    Wrong(
        "mapping",
        "a loop of calls is a mapping",
        "price.map([product for product, _ in pairs], [region for _, region in pairs])",
        "[price(product, region) for product, region in pairs]",
    ),
    Wrong("data_interval", "the run is about today", "start = logical_date.date()", "start = date.today()"),
    Wrong(
        "data_interval",
        "the logical date is the day of the run",
        "start = logical_date.date()",
        "start = logical_date.date() - timedelta(days=1)",
    ),
    Wrong("data_interval", "the interval ends when it starts", "window(start, start + timedelta(days=1))", "window(start, start)"),
    Wrong(
        "finish_placeholder",
        "a placeholder is done",
        '    return {"days": row[0], "cents": row[1]}\n\n',
        '    raise NotImplementedError("ask")\n\n',
    ),
    Wrong("finish_placeholder", "an empty body is a conversion", '    return {"days": row[0], "cents": row[1]}\n\n', "    print(row)\n\n"),
    Wrong("finish_placeholder", "any form of the answer will do", 'return {"days": row[0], "cents": row[1]}\n\n', "return list(row)\n\n"),
    Wrong(
        "finish_placeholder",
        "the condition does not matter",
        'WHERE region = ?"',
        'WHERE region != ?"',
    ),
    Wrong("replace_variable", "today's value will do", 'int(Variable.get("turnover_limit"))', "1000"),
    Wrong("replace_variable", "today's value will do", 'Variable.get("turnover_limit")', 'Variable.get("turnover_limits", default=1000)'),
    Wrong(
        "replace_variable",
        "variables lie in the environment",
        'int(Variable.get("turnover_limit"))',
        'int(__import__("os").environ["turnover_limit"])',
    ),
    Wrong("replace_variable", "Airflow's Variable is still there", "from prefect.variables import", "from airflow.models import"),
    Wrong("wrong_edge", "one arrow more or less", "clean_rates.submit(wait_for=[rates_run])", "clean_rates.submit(wait_for=[orders_run])"),
    Wrong(
        "wrong_edge",
        "to wait for more does no harm",
        "clean_rates.submit(wait_for=[rates_run])",
        "clean_rates.submit(wait_for=[orders_run, rates_run])",
    ),
    Wrong(
        "wrong_edge",
        "mending here breaks nothing there",
        "join.submit(wait_for=[clean_orders_run, clean_rates_run])",
        "join.submit(wait_for=[clean_orders_run])",
    ),
    Wrong("explain_verdict", "nothing is named", given={"scenario": ..., "task": ..., "aspect": ...}),
    Wrong("explain_verdict", "every failure is a difference", given={"scenario": "tell fails", "task": "tell", "aspect": "states"}),
    Wrong(
        "explain_verdict",
        "the last red task is the cause",
        given={"scenario": "ask fails, then succeeds", "task": "tell", "aspect": "states"},
    ),
    Wrong("explain_verdict", "any task will do", given={"scenario": "ask fails", "task": "convert", "aspect": "states"}),
    Wrong("backfill", "a run happens once", '        connection.execute("DELETE FROM sales WHERE day = ?", [day])\n', ""),
    Wrong(
        "backfill",
        "a clean table is a safe table",
        'connection.execute("DELETE FROM sales WHERE day = ?", [day])',
        'connection.execute("DELETE FROM sales")',
    ),
    Wrong(
        "backfill",
        "what is there is right",
        'connection.execute("DELETE FROM sales WHERE day = ?", [day])\n'
        '        connection.executemany("INSERT INTO sales VALUES (?, ?, ?)", rows)',
        'if not connection.execute("SELECT 1 FROM sales WHERE day = ?", [day]).fetchone():\n'
        '            connection.executemany("INSERT INTO sales VALUES (?, ?, ?)", rows)',
    ),
)
