"""One task from all sides, as `Migration.task` tells it."""

from __future__ import annotations

from pathlib import Path

import pytest
from migration_build import migration, sales

from workbook_lib.errors import UsageError
from workbook_lib.findings import Finding, Severity
from workbook_lib.migration import Migration
from workbook_lib.migration._spoken import spoken
from workbook_lib.migration._task import Listing, TaskView
from workbook_lib.model import expr as e
from workbook_lib.validation import Judgement, Verdict
from workbook_lib.validation._rows import TaskVerdict

EXAMPLE = Path(__file__).parents[2] / "notebooks" / "examples" / "airflow" / "daily_sales"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Migration:
    found = Migration.create(tmp_path_factory.mktemp("task") / "root", EXAMPLE)
    found.convert()
    return found


def marked(listings: tuple[Listing, ...]) -> list[tuple[str, str, str]]:
    """(file, what, the first marked line without its indentation) of all marks."""
    return [(one.file, mark.what, one.text.splitlines()[mark.first - one.start].strip()[:40]) for one in listings for mark in one.marks]


def test_where_a_task_is_made_and_what_stands_for_it(made: Migration) -> None:
    view = made.task(None, "total")
    assert marked(view.legacy) == [
        ("daily_sales_dag.py", "the function total", "def total(ti):"),
        ("daily_sales_dag.py", "makes the task", 'total_ = PythonOperator(task_id="total",'),
    ]
    assert marked(view.generated) == [
        ("flows/daily_sales.py", "the task total", "@task(**RETRY)"),
        ("flows/daily_sales.py", "runs it in the flow", "total_result = total(rows.result())"),
    ]
    assert (view.upstream, view.downstream) == (("extract_north", "extract_south"), ("choose",))
    assert (view.status, view.state, view.verdict, view.problem) == ("converted", "", "", "")


def test_arguments_come_with_their_origin(made: Migration) -> None:
    given = {one.name: (one.value, one.written, one.file, one.line) for one in made.task(None, "extract_north").arguments}
    assert given == {
        "task_id": ("", 'f"extract_{r}"', "daily_sales_dag.py", 46),
        "python_callable": ("the function extract", "extract", "daily_sales_dag.py", 46),
        "op_args": ("['north']", "[r]", "daily_sales_dag.py", 46),
        "retries": ("", "2", "daily_sales_dag.py", 42),
        "retry_delay": ("", "timedelta(seconds=30)", "daily_sales_dag.py", 42),
    }


def test_a_value_is_not_said_twice(made: Migration) -> None:
    given = {one.name: (one.value, one.written) for one in made.task(None, "cleanup").arguments}
    assert given["bash_command"] == ("", '"echo clean"')


def test_the_users_own_code_is_shown_where_it_stands_now(tmp_path: Path) -> None:
    own = migration(tmp_path / "root")
    own.convert()
    own.save(None, "# mine\n\n" + own.code())
    mine = own.task(None, "total").generated[0]
    assert marked((mine,))[0][2] == "@task"
    assert mine.text.startswith("# mine")
    own.save(None, "def broken(:\n")
    view = own.task(None, "total")
    assert (view.generated[0].text, view.problem) == ("def broken(:", "this is not valid Python: invalid syntax (line 1)")


def test_a_task_function_in_a_shared_module_is_found(tmp_path: Path) -> None:
    own = migration(tmp_path / "root")
    own.convert()
    shared = own.root / "project" / "shared"
    shared.mkdir(exist_ok=True)
    (shared / "sums.py").write_text("from prefect import task\n\n\n@task\ndef adding(rows):\n    return sum(rows)\n")
    head = "from prefect import flow\nfrom shared.sums import adding\n\n\n"
    own.save(None, head + "@flow\ndef sales():\n    return adding.with_options(name='total')([1])\n")
    assert marked(own.task(None, "total").generated) == [
        ("shared/sums.py", "the task adding", "@task"),
        ("flows/sales.py", "runs it in the flow", "return adding.with_options(name='total')"),
    ]


def test_before_converting_there_is_no_code_and_an_unreadable_place_is_none(tmp_path: Path) -> None:
    view = migration(tmp_path / "root").task(None, "total")
    assert (view.generated, view.legacy, view.problem) == ((), (), "not converted yet")


def test_findings_and_the_verdict_of_the_task_alone(tmp_path: Path) -> None:
    own = migration(tmp_path / "root")
    about = [("total", "of it"), ("report", "of another"), (None, "of the workflow")]
    found = [Finding(code="x.y", severity=Severity.WARNING, message=text, task=task, workflow="sales") for task, text in about]
    own.store.save_read([sales()], found)

    def row(task: str, verdict: Judgement, aspect: str, scenario: str) -> TaskVerdict:
        return TaskVerdict(id=task, verdict=verdict, aspect=aspect, scenario=scenario, legacy=1, pilot=2, reason="why")  # type: ignore[arg-type]

    rows = (
        row("total", Judgement.EQUAL, "states", "real"),
        row("total", Judgement.DIFFERENT, "results", "real"),
        row("total", Judgement.EQUAL, "results", "all succeed"),
        row("report", Judgement.DIFFERENT, "states", "real"),
    )
    own.store.save_verdict("sales", Verdict(workflow="sales", verdict="different", headline="", tasks=rows).to_json())
    view = own.task("sales", "total")
    assert [finding.message for finding in view.findings] == ["of it"]
    assert [(row.aspect, row.verdict, row.reason) for row in view.aspects] == [
        ("states", "equal", "1 compared"),
        ("results", "different", "2 compared"),
    ]
    assert [(row.aspect, row.scenario, row.legacy, row.pilot) for row in view.differences] == [("results", "real", 1, 2)]
    assert view.verdict == "different"


def test_secrets_are_hidden(tmp_path: Path) -> None:
    own = migration(tmp_path / "root")
    own.write_inputs(connections={"warehouse": {"conn_type": "postgres", "password": "hunter2-hunter2"}})
    hidden = sales().tasks[2].model_copy(update={"arguments": (("bash_command", e.Constant(value="psql hunter2-hunter2")),)})
    own.store.save_read([sales(tasks=(*sales().tasks[:2], hidden))], ())
    view = own.task(None, "report")
    assert "hunter2" not in view.model_dump_json()
    assert view.arguments[0].value.startswith("'psql ***")


def test_a_long_file_is_cut_around_the_task(tmp_path: Path) -> None:
    own = migration(tmp_path / "root")
    path = own.root / "legacy" / "sales.py"
    path.write_text("\n".join(f"x = {i}" for i in range(1, 3001)))
    from workbook_lib.model.function import Origin

    task = sales().tasks[1].model_copy(update={"origin": Origin(file=str(path), line=2000)})
    own.store.save_read([sales(tasks=(sales().tasks[0], task, sales().tasks[2]))], ())
    (listing,) = own.task(None, "total").legacy
    assert (listing.start, listing.text.splitlines()[0], len(listing.text.splitlines())) == (1600, "x = 1600", 801)
    assert [(mark.first, mark.last) for mark in listing.marks] == [(2000, 2000)]


def test_a_folder_that_was_moved_still_knows_its_sources(tmp_path: Path) -> None:
    before = Migration.create(tmp_path / "before", EXAMPLE)
    told = before.task(None, "total")
    before.root.rename(tmp_path / "after")
    moved = Migration(tmp_path / "after").task(None, "total")
    assert (moved.legacy, moved.arguments) == (told.legacy, told.arguments)
    assert marked(moved.legacy)[0][1] == "the function total"


def test_an_unknown_task_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        migration(tmp_path / "root").task("sales", "nothing")
    assert str(caught.value) == "sales has no task 'nothing'. Name one of: extract, total, report."


def test_the_document_is_json_and_loads_again(made: Migration) -> None:
    view = made.task(None, "publish")
    assert TaskView.model_validate(view.document()) == view


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (e.Constant(value=["a", None]), "['a', None]"),
        (e.TaskOutput(task="a"), "what a returns"),
        (e.TaskOutput(task="a", key="k"), "what a hands over as 'k'"),
        (e.Variable(name="v", default=e.Constant(value=1)), "the variable v, else 1"),
        (e.Connection(id="c", field="host"), "the connection c, its host"),
        (e.Context(name="interval_start"), "the run's interval start"),
        (e.Format(parts=(e.Constant(value="x"), e.Parameter(name="p"))), "text of 'x' + the run's parameter p"),
        (e.Operation(operator="not", operands=(e.Reference(name="R"),)), "not R"),
        (e.DictOf(items=((e.Constant(value="k"), e.Element(name="x")),)), "{'k': the element of x}"),
        (e.Constant(value="x" * 5000), "'" + "x" * 1998 + "\u2026"),
    ],
)
def test_values_as_a_person_reads_them(value: e.Expr, text: str) -> None:
    assert spoken(value) == text


def test_every_kind_of_expression_has_a_form() -> None:
    from typing import get_args

    from workbook_lib.migration._spoken import _FORMS

    assert set(get_args(get_args(e.Expr)[0])) == set(_FORMS)
