"""Each form of flow, as text: the golden file beside this test is what a reader gets to see.

Renew with `WORKBOOK_RENEW=1 pytest tests/prefect_writer/test_forms.py` and read the difference.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from writer_build import DS, function, nothing, pulled, python, shell, text, workflow

from workbook_lib.model.action import Opaque
from workbook_lib.model.expr import Constant, Element, Index, ListOf, Parameter, TaskOutput
from workbook_lib.model.function import Definition, Span
from workbook_lib.model.workflow import Group, Limits, Mapping, RetryPolicy, RunParameter, Schedule, Task, Workflow
from workbook_lib.prefect_reader import read_flow
from workbook_lib.prefect_writer import write
from workbook_lib.validation import compare_structure

GOLDEN = Path(__file__).parent / "golden"
TWICE = RetryPolicy(retries=2, delay_seconds=30)
REGIONS = Definition(name="REGIONS", form="constant", source='REGIONS = {"north": 700, "south": 500}')


def daily_sales() -> Workflow:
    extract = function('def extract(region, ds):\n    return {"region": region, "day": ds, "amount": REGIONS[region]}\n', uses=("REGIONS",))
    total = function(
        "def total(ti):\n    rows = ti.xcom_pull(EXTRACTS)\n    return sum(row['amount'] for row in rows)\n",
        marks={
            "ti.xcom_pull(EXTRACTS)": Span(
                start=0, end=0, kind="value", value=ListOf(items=(TaskOutput(task="extract_north"), TaskOutput(task="extract_south")))
            )
        },
    )
    choose = function(
        'def choose(ti):\n    return "publish" if ti.xcom_pull("total") >= 1000 else "hold"\n',
        marks={'ti.xcom_pull("total")': pulled("total")},
    )
    return workflow(
        *(python(f"extract_{r}", extract, arguments={"region": Constant(value=r), "ds": DS}, retry=TWICE) for r in ("north", "south")),
        python("total", total, retry=TWICE),
        python("choose", choose, retry=TWICE, steers="branch"),
        shell("publish", "echo publishing ", TaskOutput(task="total"), " for ", DS, retry=TWICE),
        shell("hold", "echo holding ", DS, retry=TWICE),
        shell("notify", "echo done", retry=TWICE, join_rule="none_failed_min_one_success"),
        shell("cleanup", "echo clean", retry=TWICE, join_rule="all_done"),
        edges="extract_north >> total, extract_south >> total, total >> choose, choose >> publish, choose >> hold, publish >> notify,"
        " hold >> notify, notify >> cleanup",
        id="daily_sales",
        doc="Daily sales: extract per region, total, publish or hold, always clean up.",
        schedule=Schedule(kind="cron", cron="0 6 * * *", text="0 6 * * *"),
        definitions=(REGIONS,),
    )


def independent_paths() -> Workflow:
    return workflow(
        shell("a1", "echo a1"), shell("a2", "echo a2"), shell("b1", "echo b1"), shell("b2", "echo b2"), nothing("end"),
        edges="a1 >> a2, b1 >> b2, a2 >> end, b2 >> end",
    )  # fmt: skip


def mapped_constants() -> Workflow:
    double = function("def double(x, factor):\n    return x * factor\n")
    add = function("def add(numbers):\n    return sum(numbers)\n")
    return workflow(
        python(
            "double", double, arguments={"x": Element(name="x"), "factor": Constant(value=2)},
            mapping=Mapping(over=(("x", ListOf(items=tuple(Constant(value=n) for n in (1, 2, 3)))),)),
        ),
        python("add", add, arguments={"numbers": TaskOutput(task="double", mapped=True)}),
        edges="double >> add",
    )  # fmt: skip


def side_by_side_at_the_end() -> Workflow:
    double = function("def double(x):\n    return x * 2\n")
    mapping = Mapping(over=(("x", ListOf(items=tuple(Constant(value=n) for n in (1, 2, 3)))),))
    return workflow(
        shell("before", "echo before"), shell("one", "echo one"), shell("two", "echo two"),
        python("double", double, arguments={"x": Element(name="x")}, mapping=mapping),
        edges="before >> one, before >> two, before >> double",
    )  # fmt: skip


def side_by_side() -> Workflow:
    return workflow(shell("one", "echo one"), shell("two", "echo two"))


def mapped_results() -> Workflow:
    numbers = function("def numbers():\n    return [1, 2]\n")
    double = function("def double(x):\n    return x * 2\n")
    return workflow(
        python("numbers", numbers),
        python("double", double, arguments={"x": Element(name="x")}, mapping=Mapping(over=(("x", TaskOutput(task="numbers")),))),
        edges="numbers >> double",
    )


def skips() -> Workflow:
    maybe = function(
        'def maybe(ti):\n    raise AirflowSkipException("nothing to do")\n',
        marks={'raise AirflowSkipException("nothing to do")': Span(start=0, end=0, kind="skip", argument='"nothing to do"')},
    )
    return workflow(
        python("maybe", maybe), shell("after", "echo after"), shell("anyway", "echo anyway", join_rule="none_failed"),
        edges="maybe >> after, maybe >> anyway",
    )  # fmt: skip


def short_circuit() -> Workflow:
    check = function("def check():\n    return False\n")
    return workflow(
        python("check", check, steers="short_circuit"), shell("work", "echo work"), shell("report", "echo report"),
        edges="check >> work, work >> report",
    )  # fmt: skip


def placeholder() -> Workflow:
    unknown = Task(
        id="load",
        operator="WarehouseOperator",
        action=Opaque(family="warehouse", missing="no rule for WarehouseOperator"),
        arguments=(("sql", Constant(value="select 1")),),
    )
    return workflow(shell("before", "echo before"), unknown, edges="before >> load")


def parameters() -> Workflow:
    return workflow(
        shell("greet", text("echo ", Parameter(name="who"))),
        parameters=(RunParameter(name="who", default=Constant(value="you"), json_schema={"type": "string"}),),
    )


def parts_of_results() -> Workflow:
    order = function('def order():\n    return {"total": 3}\n')
    load = function("def load(total):\n    print(total)\n")
    return workflow(
        python("order", order),
        python("load", load, arguments={"total": Index(base=TaskOutput(task="order"), key=Constant(value="total"))}),
        edges="order >> load",
    )


def stops_in_a_chain() -> Workflow:
    return workflow(
        shell("extract", "echo extract"), shell("check_rows", "echo rows"), shell("check_dates", "echo dates"), shell("load", "echo load"),
        edges="extract >> check_rows, extract >> check_dates, check_rows >> load, check_dates >> load",
        limits=Limits(fail_fast=True),
    )  # fmt: skip


def stops_beside_others() -> Workflow:
    return workflow(
        shell("start", "echo start", setup=True), shell("load", "echo load"),
        shell("stop", "echo stop", teardown=True, join_rule="all_done_setup_success"), shell("report", "echo report"),
        edges="start >> load, load >> stop, start >> stop",
        limits=Limits(fail_fast=True),
    )  # fmt: skip


CASES = [
    daily_sales, independent_paths, side_by_side, side_by_side_at_the_end, mapped_constants, mapped_results, skips, short_circuit,
    placeholder, parameters, parts_of_results, stops_in_a_chain, stops_beside_others,
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_golden(case, tmp_path):
    made = case()
    project = write([made])
    flow = project.files[project.flows[made.id].path]
    golden = GOLDEN / f"{case.__name__}.py.txt"
    if os.environ.get("WORKBOOK_RENEW"):
        golden.write_text(flow, encoding="utf-8")
    assert flow == golden.read_text(encoding="utf-8")
    project.save(tmp_path)
    rows = compare_structure(made, read_flow(tmp_path, made.id))
    assert rows
    assert [row for row in rows if str(row.verdict) != "equal"] == []


@pytest.mark.parametrize(
    ("case", "form"),
    [(daily_sales, "sequence"), (independent_paths, "futures"), (side_by_side, "sequence"), (mapped_constants, "sequence"),
     (mapped_results, "rules"), (skips, "rules"), (short_circuit, "sequence"), (parts_of_results, "sequence"),
     (stops_in_a_chain, "sequence"), (stops_beside_others, "rules")],
)  # fmt: skip
def test_the_plainest_form_that_means_the_same(case, form):
    made = case()
    assert write([made]).flows[made.id].form == form


def test_by_decision_a_run_that_stops_fails():
    flow = write([stops_in_a_chain()], {"on_failure": "raise"}).files["flows/example.py"]
    body = """
def example() -> None:
    extract()
    check_rows_result = check_rows.submit()
    check_dates_result = check_dates.submit()
    wait([check_rows_result, check_dates_result])
    check_rows_result.result()
    check_dates_result.result()
    load()
"""
    assert flow.partition("@flow")[2].partition("\n\n\n")[0] + "\n" == body


def test_same_workflows_same_bytes():
    """In every process: the order of sets and hashes shows nowhere."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_forms as t\n"
        "print(t.write([case().model_copy(update={'id': case.__name__}) for case in t.CASES]).model_dump_json())"
    )
    environments = [os.environ | {"PYTHONHASHSEED": seed} for seed in ("1", "2")]
    running = [subprocess.Popen([sys.executable, "-c", code], env=each, stdout=subprocess.PIPE) for each in environments]
    first, second = (process.communicate()[0] for process in running)
    assert len(first) > 1000
    assert first == second


def test_a_task_in_a_mapped_group_runs_once_per_element():
    group = Group(id="each", mapping=Mapping(over=(("x", Constant(value=[1, 2])),)))
    made = workflow(shell("each.work", "echo work", group="each"), groups=(group,))
    flow = write([made]).flows["example"]
    assert (flow.tasks["each.work"].status, flow.form) == ("converted", "rules")
