"""Questions come from the workflow's own records, answers are compared with them, and a wrong one is told why."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from workbook_lib import Migration
from workbook_lib.errors import UsageError
from workbook_lib.teaching import checkpoint, example, predict
from workbook_lib.teaching._predict import Asked, Prediction
from workbook_lib.teaching._questions import questions

NAME = "daily_sales"


@pytest.fixture(scope="module")
def migration(tmp_path_factory: pytest.TempPathFactory) -> Migration:
    return checkpoint("06", tmp_path_factory.mktemp("predict") / "root")


def answered(migration: Migration, question: str, answer: str) -> Prediction:
    found = predict(migration, NAME, question, answer)
    assert isinstance(found, Prediction)
    return found


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        ("if_total_fails", "success", "\u2713 Right. Airflow: success. Your flow: the same."),
        (
            "if_total_fails",
            "failed",
            "\u2715 You said failed. Airflow: success. Your flow: the same. Airflow takes the state of a run from its last tasks alone, "
            "here `cleanup` (success). None of them failed, so the run succeeds, although `total` did not.",
        ),
        (
            "if_cleanup_fails",
            "success",
            "\u2715 You said success. Airflow: failed. Your flow: the same. Airflow takes the state of a run from its last tasks alone, "
            "here `cleanup` (failed). One of them failed, or was kept from running by a failure: the run fails.",
        ),
        (
            "notify_if_load_fails",
            "skipped",
            "\u2715 You said skipped. Airflow: upstream_failed. Your flow: the same. `notify` never starts: its rule is "
            "`none_failed_min_one_success`, and something before it failed or was kept from running. Skipped is what a branch, a short "
            "circuit or the task itself decides, not what a failure does.",
        ),
        (
            "load_if_choose_chooses_hold",
            "upstream_failed",
            "\u2715 You said upstream_failed. Airflow: skipped. Your flow: the same. `load` never starts: its rule is `all_success`, and a "
            "branch or skip before it passed it over: skips travel downstream. Upstream failed is what only a failure before a task "
            "brings about.",
        ),
        (
            "tries_of_total",
            "2",
            "\u2715 You said 2. Airflow: 3. Your flow: the same. `retries=2` counts the attempts after the first one.",
        ),
    ],
)
def test_an_answer_is_compared_with_the_record(migration: Migration, question: str, answer: str, said: str) -> None:
    outcome = answered(migration, question, answer)
    assert (str(outcome), bool(outcome)) == (said, said.startswith("\u2713"))


def test_every_question_of_every_example_has_its_reasons(tmp_path: Path) -> None:
    for name in ("daily_sales", "maintenance", "shop_repository", "taskflow_mapping"):
        opened = Migration.create(tmp_path / name, example(name))
        found = [question for workflow in opened.workflows() for question in questions(opened, workflow)]
        assert len(found) >= 5, name
        assert [q.key for q in found if q.right not in q.choices or set(q.choices) - {q.right} - set(q.why) or not q.recorded] == []


@pytest.mark.parametrize(
    ("kind", "key"),
    [("run", "if_extract_north_fails"), ("task", "cleanup_if_extract_north_fails"), ("branch", "hold_if_choose_chooses_publish"),
     ("tries", "tries_of_extract_north")],
)  # fmt: skip
def test_a_kind_gives_its_most_surprising_question(migration: Migration, kind: str, key: str) -> None:
    asked = predict(migration, NAME, kind)
    assert isinstance(asked, Asked)
    assert asked.question.key == key
    assert str(asked).splitlines()[1] == f'Answer with predict(migration, workflow, "{key}", answer="...")'


def test_what_was_not_recorded_comes_from_the_rules_and_says_so(tmp_path: Path) -> None:
    source = tmp_path / "dags"
    shutil.copytree(example(NAME), source, ignore=shutil.ignore_patterns("records"))
    opened = Migration.create(tmp_path / "root", source)
    assert str(answered(opened, "if_total_fails", "success")) == (
        "\u2713 Right. Airflow, by its rules (no run of it is recorded): success. Your flow was not run in this scenario yet."
    )


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [("if_nobody_fails", "failed", "there is no question 'if_nobody_fails'."), ("run", "maybe", "'maybe' is no answer to this question.")],
)
def test_a_question_or_answer_that_does_not_exist(migration: Migration, question: str, answer: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        predict(migration, NAME, question, answer)
    assert caught.value.message == said


def test_without_a_notebook_a_question_is_text_and_html(migration: Migration) -> None:
    shown = predict(migration, NAME, "run")._repr_mimebundle_()  # type: ignore[union-attr]
    assert sorted(shown) == ["text/html", "text/plain"]
    assert shown["text/html"].startswith("<p><strong><code>extract_north</code> fails, at every try. How does the run end?</strong>")


def test_a_workflow_in_which_nothing_happens_asks_nothing(tmp_path: Path) -> None:
    source = tmp_path / "idle.py"
    source.write_text('from airflow import DAG\n\nidle = DAG("idle", schedule=None)\n')
    idle = Migration.create(tmp_path / "root", source)
    assert str(predict(idle, "idle", "task")) == "There is nothing to predict: no scenario of idle fails or chooses."
