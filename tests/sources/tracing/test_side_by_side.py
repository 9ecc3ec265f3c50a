"""Files are traced side by side: answers keep the order of the jobs, and no worker's end touches another's."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from workbook_lib.sources.tracing import Job, Tracer

SLOW = "import airflow, time\nend = time.monotonic() + 0.5\nwhile time.monotonic() < end: pass\n"
ENDLESS = "import airflow\nwhile True: pass\n"
KILLED = "import airflow, faulthandler\nfaulthandler._sigsegv()\n"
LARGE = "from airflow import DAG\ndag = DAG('x', doc_md='y' * 200_000)\n"


def one(name: str) -> str:
    return f"from airflow import DAG\ndag = DAG({name!r})\n"


@pytest.fixture(scope="module")
def tracer() -> Iterator[Tracer]:
    with Tracer("airflow", workers=2) as running:
        yield running


def jobs(folder: Path, *sources: str, seconds: float = 10.0) -> list[Job]:
    found = []
    for number, source in enumerate(sources):
        file = folder / f"f{number}.py"
        file.write_text(textwrap.dedent(source))
        found.append(Job(file=str(file), shown=file.name, roots=(str(folder),), base=str(folder), readable=(str(folder),), seconds=seconds))
    return found


def said(tracer: Tracer, given: list[Job]) -> list[str]:
    """For each job the ids of its DAGs, or how it failed."""
    found = []
    for job, reply in zip(given, tracer.trace_all(given), strict=True):
        ids = " ".join(dag["id"] for dag in reply.answer["dags"]) if reply.answer else reply.failure
        found.append(f"{job.shown}: {ids}")
    return found


def test_answers_keep_the_order_of_the_jobs(tmp_path: Path, tracer: Tracer) -> None:
    given = jobs(tmp_path, SLOW + one("slow"), *(one(f"d{number}") for number in range(1, 40)))
    assert said(tracer, given) == ["f0.py: slow", *(f"f{number}.py: d{number}" for number in range(1, 40))]


def test_bad_ends_stay_with_their_files(tmp_path: Path, tracer: Tracer) -> None:
    given = jobs(tmp_path, one("a"), ENDLESS, one("b"), KILLED, one("c"), ENDLESS, one("d"), seconds=1.0)
    assert said(tracer, given) == [
        "f0.py: a", "f1.py: timeout", "f2.py: b", "f3.py: signal", "f4.py: c", "f5.py: timeout", "f6.py: d",
    ]  # fmt: skip


def test_large_answers_wait_while_nobody_listens(tmp_path: Path, tracer: Tracer) -> None:
    answers = tracer.trace_all(jobs(tmp_path, *[LARGE] * 6))
    sizes = [len(reply.answer["dags"][0]["doc"]) for reply in answers]
    assert sizes == [200_000] * 6


def test_what_is_given_up_is_not_answered_later(tmp_path: Path) -> None:
    with Tracer("airflow", workers=2) as running:
        answers = running.trace_all(jobs(tmp_path, *(one(f"old{number}") for number in range(8))))
        next(answers)
        answers.close()
        assert said(running, jobs(tmp_path, one("new"))) == ["f0.py: new"]


def test_jobs_are_taken_as_they_are_needed(tmp_path: Path, tracer: Tracer) -> None:
    taken = []

    def endless() -> Iterator[Job]:
        for job in jobs(tmp_path, one("a")) * 1000:
            taken.append(job)
            yield job

    answers = tracer.trace_all(endless())
    assert next(answers).failure is None
    assert len(taken) < 100
    answers.close()


def test_inputs_belong_to_their_job(tmp_path: Path, tracer: Tracer) -> None:
    (job,) = jobs(tmp_path, "from airflow import DAG\nfrom airflow.models import Variable\ndag = DAG(Variable.get('name'))\n")
    given = [replace(job, variables={"name": name}) for name in ("one", "two", "two")]
    assert said(tracer, given) == ["f0.py: one", "f0.py: two", "f0.py: two"]


def test_modules_that_are_not_there_beforehand_are_imported_by_the_worker(tmp_path: Path, tracer: Tracer) -> None:
    names = "asyncio, concurrent.futures, csv, email.message, jinja2, pprint, sqlite3, unittest.mock, xml.etree.ElementTree, zipfile"
    text = f"import {names}\ntext = jinja2.Template('{{{{ a }}}}').render(a='rendered')\n"
    assert said(tracer, jobs(tmp_path, text + "from airflow import DAG\ndag = DAG(text)\n")) == ["f0.py: rendered"]
