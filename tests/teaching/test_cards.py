"""A card shows the reader's own lines: legacy -> Prefect, per construct."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbook_lib import Migration
from workbook_lib.teaching import example, show
from workbook_lib.teaching._cards import Card, Cards

HEAD = """
from datetime import datetime, timedelta
from airflow import DAG
from airflow.decorators import task
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator, ShortCircuitOperator

"""


def told(folder: Path, *lines: str, convert: bool = True) -> tuple[Migration, Cards]:
    """The cards of a DAG of these lines."""
    source = folder / "dags"
    source.mkdir()
    (source / "dag.py").write_text(HEAD + 'with DAG("w", start_date=datetime(2024, 1, 1)) as dag:\n    ' + "\n    ".join(lines) + "\n")
    migration = Migration.create(folder / "root", source)
    if convert:
        migration.convert()
    return migration, show.cards(migration, "w")


def code(card: Card) -> tuple[list[str], list[str]]:
    """The lines of both sides, without their numbers."""
    legacy, prefect = ([text.strip() for one in side for _, text in one.lines] for side in (card.legacy, card.prefect))
    return legacy, prefect


@pytest.mark.parametrize(
    ("key", "lines", "legacy", "prefect", "here"),
    [
        (
            "dependencies",
            ['a = BashOperator(task_id="a", bash_command="true")', 'b = BashOperator(task_id="b", bash_command="date")', "a >> b"],
            ["a >> b"],
            ["b()"],
            "1 arrow between 2 tasks",
        ),
        (
            "retries",
            ['BashOperator(task_id="a", bash_command="true", retries=2, retry_delay=timedelta(seconds=5))'],
            ['BashOperator(task_id="a", bash_command="true", retries=2, retry_delay=timedelta(seconds=5))'],
            ["@task(retries=2, retry_delay_seconds=5)"],
            "2 more attempts, 5 s apart: `a`",
        ),
        (
            "xcom",
            [
                'a = BashOperator(task_id="a", bash_command="echo 1")',
                """b = BashOperator(task_id="b", bash_command="echo {{ ti.xcom_pull('a') }}")""",
                "a >> b",
            ],
            ["""b = BashOperator(task_id="b", bash_command="echo {{ ti.xcom_pull('a') }}")"""],
            ["b(a_result)"],
            "`b`",
        ),
        (
            "trigger_rules",
            [
                'a = BashOperator(task_id="a", bash_command="false")',
                'b = BashOperator(task_id="b", bash_command="true", trigger_rule="all_done")',
                "a >> b",
            ],
            ['b = BashOperator(task_id="b", bash_command="true", trigger_rule="all_done")'],
            ["try:", "return b(return_state=True)"],
            "`all_done`: `b`",
        ),
        (
            "mapping",
            ["@task", "def a(x):", "    return x", "a.expand(x=[1, 2])"],
            ["a.expand(x=[1, 2])"],
            ["return [*a.map([1, 2])]"],
            "one instance per element: `a`",
        ),
    ],
)
def test_a_card_shows_both_sides(tmp_path: Path, key: str, lines: list[str], legacy: list[str], prefect: list[str], here: str) -> None:
    cards = {card.concept.key: card for card in told(tmp_path, *lines)[1]}
    assert (*code(cards[key]), cards[key].here) == (legacy, prefect, here)


def test_there_is_no_card_for_what_is_not_there(tmp_path: Path) -> None:
    assert told(tmp_path, 'BashOperator(task_id="a", bash_command="true")')[1] == ()


def test_before_converting_the_lines_are_those_that_would_be_written(tmp_path: Path) -> None:
    lines = ['a = BashOperator(task_id="a", bash_command="true", retries=1)']
    migration, before = told(tmp_path, *lines, convert=False)
    assert (before[0].preview, migration.converted()) == (True, False)
    migration.convert()
    after = show.cards(migration, "w")
    assert (after[0].preview, code(after[0])) == (False, code(before[0]))


def test_a_flow_that_does_not_compile_leaves_its_side_empty(tmp_path: Path) -> None:
    migration, _ = told(tmp_path, 'BashOperator(task_id="a", bash_command="true", retries=1)')
    migration.save("w", "def broken(:\n")
    assert code(show.cards(migration, "w")[0])[1] == []


def test_hostile_text_is_shown_as_text(tmp_path: Path) -> None:
    _, cards = told(tmp_path, """BashOperator(task_id="a", bash_command="<script>alert('`')</script>", retries=1)""")
    page = cards._repr_html_()
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "<script>alert('`')</script>" in str(cards)


@pytest.mark.parametrize("name", ["daily_sales", "maintenance", "shop_repository", "taskflow_mapping"])
def test_every_card_of_an_example_shows_lines_of_both_sides(tmp_path: Path, name: str) -> None:
    migration = Migration.create(tmp_path / "root", example(name))
    shown = {(workflow.id, card.concept.key): card for workflow in migration.workflows() for card in show.cards(migration, workflow.id)}
    assert len(shown) >= 5
    assert [key for key, card in shown.items() if not card.legacy or not card.prefect] == []
