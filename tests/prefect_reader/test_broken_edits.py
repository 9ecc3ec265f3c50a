"""Flows as the writer makes them, broken by hand in the ways in which people break flows: never equal."""

from __future__ import annotations

from pathlib import Path

import pytest
from golden_projects import MADE, edited, verdict

FEW = "from prefect import flow, task\n"
ALLOW = "from prefect import allow_failure, flow, task\n"
SUPPRESS = "from contextlib import suppress\nfrom prefect import flow, task\n"

D, N = "different", "not comparable"

# Workflow -> what is broken -> the edits and the verdict.
EDITS: dict[str, dict[str, tuple[list[tuple[str, str]], str]]] = {
    "daily_sales": {
        "result dropped": ([("total(rows.result())", "total(rows)")], D),
        "result that does not raise": ([("rows.result()", "rows.result(raise_on_failure=False)")], D),
        "result and its data dropped": ([("total(rows.result())", "total([])")], D),
        "only the first element": ([("total(rows.result())", "total([rows[0].result()])")], D),
        "an element less": ([("list(REGIONS)", 'list(REGIONS)[:1]')], D),
        "rows not awaited": ([("        wait(rows)\n", "")], D),  # cleanup may be the end while an extract is to be tried again
        "a step not awaited": ([("            publish(total_result, day)", "            publish.submit(total_result, day)")], D),
        "the other step not awaited": ([("            hold(day)", "            hold.submit(day)")], D),
        "notify not awaited": ([("        notify()\n", "        notify.submit()\n")], D),
        "notify after everything": ([("        notify()\n", ""), ("    return cleanup", "    notify()\n    return cleanup")], D),
        "notify before the branch": (
            [("        notify()\n", ""), ("        if choose", "        notify()\n        if choose")], D,
        ),
        "notify in one arm": ([("            hold(day)\n        notify()\n", "            hold(day)\n            notify()\n")], D),
        "notify dropped": ([("        notify()\n", "")], D),
        "notify twice": ([("        notify()\n", "        notify()\n        notify()\n")], D),
        "notify in the handler too": ([("    except Exception:\n", "    except Exception:\n        notify()\n")], D),
        "choose not asked": ([('if choose(total_result) == "publish":', "choose(total_result)\n        if True:")], D),
        "choose asked for its state": ([("choose(total_result) ==", "choose(total_result, return_state=True) ==")], D),
        "arms swapped": ([('== "publish"', '!= "publish"')], D),
        "another answer": ([('== "publish"', '== "hold"')], D),
        "a third answer holds nothing": ([("        else:\n", '        elif choose(total_result) == "hold":\n')], D),
        "both arms": ([("        else:\n            hold(day)\n", "        hold(day)\n")], D),
        "an arm swallows": (
            [("            publish(total_result, day)", "            try:\n                publish(total_result, day)\n"
              "            except Exception:\n                pass")], D,
        ),
        "total swallowed": (
            [("        total_result = total(rows.result())\n", "        try:\n            total_result = total(rows.result())\n"
              "        except Exception:\n            total_result = 0\n")], D,
        ),
        "the handler raises": ([('        get_run_logger().exception("A task failed; cleanup runs all the same")', "        raise")], D),
        "the handler returns": ([('        get_run_logger().exception("A task failed; cleanup runs all the same")', "        return")], D),
        "the handler catches less": ([("except Exception:", "except ValueError:")], N),
        "cleanup only when all went well": (
            [("    return cleanup(return_state=True)", "    else:\n        return cleanup(return_state=True)")], D,
        ),
        "cleanup's state dropped": ([("    return cleanup(return_state=True)", "    cleanup(return_state=True)")], D),
        "cleanup's future dropped": ([("    return cleanup(return_state=True)", "    cleanup.submit()")], D),
        "cleanup swallowed": ([("return cleanup(return_state=True)", "return str(cleanup(return_state=True))")], D),
        "return in finally": ([("    return cleanup(return_state=True)", "    finally:\n        return None")], D),
        "no retries": ([("@task(**RETRY)\ndef total", "@task\ndef total")], D),
        "no delay": ([(', "retry_delay_seconds": 30}', "}")], D),
        "retries known to a run only": ([('"retries": 2', '"retries": int(REGIONS.get("n"))')], N),
        "a timeout": ([("@task(**RETRY)\ndef total", "@task(timeout_seconds=1, **RETRY)\ndef total")], D),
        "a timeout known to a run only": ([("@task(**RETRY)\ndef total", "@task(timeout_seconds=float(input()), **RETRY)\ndef total")], N),
        "a cache": ([("@task(**RETRY)\ndef total", "@task(persist_result=True, **RETRY)\ndef total")], N),
        "the flow tried again": ([("@flow\n", "@flow(retries=1)\n")], N),
        "a decision on the day": ([("        notify()\n", "        if day.day > 1:\n            notify()\n")], N),
        "a decision on the day, short": ([("        notify()\n", "        day.day > 1 and notify()\n")], N),
        "a name's run renamed": ([('"extract_{region}"', '"get_{region}"')], D),
    },
    "independent_paths": {
        "edge dropped": ([("a2.submit(wait_for=[a1_run])", "a2.submit()")], D),
        "edge emptied": ([("wait_for=[a1_run]", "wait_for=[]")], D),
        "edge to another": ([("wait_for=[a1_run]", "wait_for=[b1_run]")], D),
        "edge to a name that nobody binds": ([("wait_for=[a1_run]", "wait_for=[a1_result]")], D),
        "one edge of two": ([("wait_for=[a2_run, b2_run]", "wait_for=[a2_run]")], D),
        "failures allowed": ([(FEW, ALLOW), ("wait_for=[a1_run]", "wait_for=[allow_failure(a1_run)]")], D),
        "one failure allowed": ([(FEW, ALLOW), ("[a2_run, b2_run]", "[a2_run, allow_failure(b2_run)]")], D),
        "a state instead of a future": ([("a1_run = a1.submit()", "a1_run = a1(return_state=True)"), ("[a1_run]", "[a1_run.name]")], D),
        "result outside of the edge": ([("wait_for=[a1_run]", "wait_for=[a1_run.result(raise_on_failure=False)]")], D),
        "no edge but a wait": ([("    a2_run = a2.submit(wait_for=[a1_run])", "    a1_run.wait()\n    a2_run = a2.submit()")], D),
        "a blocking call": ([("a1_run = a1.submit()", "a1_run = a1()")], D),
        "a result that raises": ([("    b1_run = b1.submit()", "    a1_run.result()\n    b1_run = b1.submit()")], D),
        "None returned": ([("return [a2_run, b2_run, end]", "return None")], D),
        "nothing returned": ([("    return [a2_run, b2_run, end]\n", "")], D),
        "not waited for": ([("return [a2_run, b2_run, end]", "return [end]")], D),
        "one not waited for": ([("return [a2_run, b2_run, end]", "return [a2_run, end]")], D),
        "a leaf less": ([("return [a2_run, b2_run, end]", "return [a2_run, b2_run]")], D),
        "leaves in a list": ([("return [a2_run, b2_run, end]", "return [[a2_run, b2_run, end]]")], D),
        "leaves with a value": ([("return [a2_run, b2_run, end]", 'return [a2_run, b2_run, end, "done"]')], D),
        "leaves in a dict": ([("return [a2_run, b2_run, end]", 'return {"a": a2_run, "b": b2_run, "end": end}')], D),
        "leaves in a generator": ([("return [a2_run, b2_run, end]", "return (x for x in [a2_run, b2_run, end])")], D),
        "a hand-made state": (
            [(FEW, FEW + "from prefect.states import Completed\n"), ("return [a2_run, b2_run, end]", "return Completed()")], D,
        ),
        "a task less": ([("    b2_run = b2.submit(wait_for=[b1_run])\n", ""), ("b2_run", "b1_run")], D),
        "a task twice": ([("    b1_run = b1.submit()\n", "    b1.submit()\n    b1_run = b1.submit()\n")], D),
        "the wrong task": ([("b1_run = b1.submit()", "b1_run = a1.submit()")], D),
        "mapped": ([("a1.submit()", "a1.map()")], N),
        "a loop": ([("    b1_run = b1.submit()\n", "    for _ in range(2):\n        b1_run = b1.submit()\n")], D),
        "another runner": ([("@flow\n", "@flow(task_runner=prefect_dask.DaskTaskRunner())\n"), (FEW, FEW + "import prefect_dask\n")], N),
        "a delayed start": ([("a1.submit()", "a1.delay()")], N),
    },
    "mapped_constants": {
        "result dropped": ([("add(numbers.result())", "add(numbers)")], D),
        "result that does not raise": ([("numbers.result()", "numbers.result(raise_on_failure=False)")], D),
        "the edge dropped": ([("    wait(numbers)\n    add(numbers.result())", "    add([])")], D),
        "only a wait": ([("add(numbers.result())", "add([])")], D),
        "an element less": ([("[1, 2, 3]", "[1, 2]")], D),
        "an element more": ([("[1, 2, 3]", "[1, 2, 3, 4]")], D),
        "a product": ([("x=[1, 2, 3], factor=2", "x=[1, 2, 3], factor=[1, 2]")], N),
        "called once": ([("double.map(x=[1, 2, 3], factor=2)", "double.submit(x=[1, 2, 3], factor=2)")], D),
        "not awaited": ([("add(numbers.result())", "add.submit(numbers)")], D),
        "all swallowed": (
            [(FEW, SUPPRESS), ("    add(numbers.result())", "    with suppress(Exception):\n        add(numbers.result())")], D,
        ),
        "failures returned": ([("add(numbers.result())", "return add(numbers.result(), return_state=True).name")], D),
    },
    "mapped_results": {
        "another rule": ([('over={"x": numbers_run}', 'over={"x": numbers_run}, rule="all_done"')], N),
        "another rule at once": ([('over={"x": numbers_run}', 'over={"x": [1, 2]}, after=[numbers_run], rule="all_done"')], N),
        "a constant length": ([('over={"x": numbers_run}', 'over={"x": [1, 2]}, after=[numbers_run]')], D),
        "once": ([('submit_each(double, over={"x": numbers_run})', "submit(double, numbers_run)")], D),
        "not the last returned": ([("finish([double_run])", "finish([numbers_run])")], D),
        "nothing returned": ([("    return finish", "    finish")], D),
        "None returned": ([("return finish([double_run])", "return None")], D),
        "a rule that raises": ([('over={"x": numbers_run}', 'over={"x": numbers_run}, rule="sometimes"')], N),
        "plain futures among rules": ([("submit(numbers)", "numbers.submit()")], N),
    },
    "skips": {
        "another rule": ([('rule="none_failed"', 'rule="all_done"')], N),
        "a rule never late": ([('rule="none_failed"', 'rule="always"')], N),
        "a stricter rule": ([('rule="none_failed"', 'rule="none_failed_min_one_success"')], N),
        "no rule": ([(', rule="none_failed"', "")], D),
        "rules swapped": ([('anyway, after=[maybe_run], rule="none_failed"', "anyway, after=[maybe_run]"),
                           ("submit(after, after=[maybe_run]", 'submit(after, after=[maybe_run], rule="none_failed"')], D),
        "an edge less": ([("submit(after, after=[maybe_run])", "submit(after)")], D),
        "an edge emptied": ([("after=[maybe_run], rule", "after=[], rule")], D),
        "a gate more": ([("submit(after, after=[maybe_run])", "submit(after, after=[maybe_run], gates=[maybe_run])")], N),
        "a skipped task runs": ([("after_run = submit(after, after=[maybe_run])", "after_run = after.submit(wait_for=[maybe_run])")], D),
        "a skipped task is called": (
            [("after_run = submit(after, after=[maybe_run])", "maybe_run.wait()\n    after_run = after(return_state=True)")], D,
        ),
        "only peeked at": (
            [("finish, submit", "finish, peek, submit"), ("submit(after, after=[maybe_run])", "submit(after, after=[peek(maybe_run)])")], N,
        ),
        "a leaf less": ([("finish([after_run, anyway_run])", "finish([anyway_run])")], D),
        "nothing returned": ([("    return finish", "    finish")], D),
        "plain futures among rules": ([("submit(maybe)", "maybe.submit()")], N),
        "a choice that is none": (
            [("finish, submit", "chosen, finish, submit"), ("after=[maybe_run], rule", 'after=[chosen(maybe_run, "x")], rule')], N,
        ),
    },
    "short_circuit": {
        "turned": ([("if check():", "if not check():")], D),
        "not asked": ([("    if check():\n        work()\n        report()", "    check()\n    work()\n    report()")], D),
        "always": ([("if check():", "if check() or True:")], D),
        "asked for its state": ([("if check():", "if check(return_state=True):")], D),
        "asked of a future": ([("if check():", "if check.submit():")], D),
        "one behind": ([("        report()", "    report()")], D),
        "swallowed": ([("        work()\n", "        try:\n            work()\n        except Exception:\n            pass\n")], D),
        "suppressed": ([(FEW, SUPPRESS), ("        work()\n", "        with suppress(Exception):\n            work()\n")], D),
        "all swallowed": ([(FEW, SUPPRESS), ("    if check():\n        work()\n        report()",
                            "    with suppress(Exception):\n        if check():\n            work()\n            report()")], D),
        "a failed future passed": ([("        work()\n", "        x = work.submit()\n        x.wait()\n")], D),
        "a failed state passed": ([("        work()\n", "        work(return_state=True)\n")], D),
        "not awaited": ([("        work()\n", "        work.submit()\n")], D),
        "the order turned": ([("        work()\n        report()", "        report()\n        work()")], D),
        "the last one not returned": ([("        report()", "        report.submit()")], D),
        "the body called": ([("        work()\n", "        work.fn()\n")], D),
    },
    "placeholder": {
        "swallowed": ([("    load()\n\n", "    try:\n        load()\n    except NotImplementedError:\n        pass\n\n")], N),
        "all swallowed": ([("    load()\n\n", "    try:\n        load()\n    except Exception:\n        pass\n\n")], D),
        "dropped": ([("    before()\n    load()", "    before()")], D),
        "turned": ([("    before()\n    load()", "    load()\n    before()")], D),
        "not awaited": ([("    before()\n", "    before.submit()\n")], D),
        "waited without asking": ([("    before()\n", "    before.submit().wait()\n")], D),
    },
    "parameters": {
        "suppressed": ([(FEW, SUPPRESS), ("    greet(who)", "    with suppress(Exception):\n        greet(who)")], D),
        "perhaps": ([("    greet(who)", "    if who:\n        greet(who)")], N),
        "perhaps, short": ([("    greet(who)", "    greet(who) if who else None")], N),
        "perhaps, by assertion": ([("    greet(who)", "    assert who\n    greet(who)")], N),
        "for each": ([("    greet(who)", "    for name in who.split():\n        greet(name)")], D),
        "nothing": ([("    greet(who)\n", "    pass\n")], D),
    },
    "parts_of_results": {
        "not awaited": ([("load(order_result[\"total\"])", "load.submit(order_result[\"total\"])")], D),
        "the future handed on": (
            [("order_result = order()", "order_result = order.submit()"), ('order_result["total"]', "order_result")], D,
        ),
        "swallowed": (
            [("    order_result = order()\n", "    try:\n        order_result = order()\n    except Exception:\n        pass\n")], D,
        ),
        "order not kept": (
            [("    order_result = order()\n", "    order_result = order.submit()\n"), ('load(order_result["total"])', "load(0)")], D,
        ),
        "twice": ([("    order_result = order()\n", "    order()\n    order_result = order()\n")], D),
    },
}  # fmt: skip


# Edits after which the flow still means the same. The plain mapping was run with Prefect 3.8.8 for no elements: the flow completes, as it
# does by the rules.
HARMLESS = [
    ("daily_sales", [("        notify()\n", "        notify.submit().result()\n")]),
    ("independent_paths", [("return [a2_run, b2_run, end]", "return end, b2_run, a2_run")]),
    (
        "mapped_results",
        [
            ("    numbers_run = submit(numbers)\n", ""),
            ('submit_each(double, over={"x": numbers_run})', "double.map(numbers.submit())"),
            ("finish([double_run])", "double_run"),
        ],
    ),
    ("parts_of_results", [('    load(order_result["total"])', '    load(order_result["total"], return_state=False)')]),
]


@pytest.mark.parametrize("name", MADE)
def test_the_flow_as_written_is_equal(name: str, tmp_path: Path) -> None:
    assert verdict(*edited(name, tmp_path)) == "equal"


@pytest.mark.parametrize(("name", "what"), [(name, what) for name, cases in EDITS.items() for what in cases])
def test_a_broken_edit_is_never_equal(name: str, what: str, tmp_path: Path) -> None:
    edits, expected = EDITS[name][what]
    assert verdict(*edited(name, tmp_path, *edits)) == expected


@pytest.mark.parametrize("number", range(len(HARMLESS)))
def test_a_harmless_edit_stays_equal(number: int, tmp_path: Path) -> None:
    name, edits = HARMLESS[number]
    assert verdict(*edited(name, tmp_path, *edits)) == "equal"
