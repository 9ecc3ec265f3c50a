"""Airflow's own example DAGs, and DAGs for what these leave out, read without Airflow through the command `workbook read --full`:
every aspect of `aspects.py` against what the DagBag of Airflow made of them (`corpus/airflow/*/dagbag.json`).

The example files are fetched by package name when the tests run, and never kept in the repository.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aspects import ASPECTS, README, Difference, differences, exceptions, of_dag, values
from bundled_corpora import BUNDLED, CORPORA, document

pytestmark = pytest.mark.corpus


@functools.cache
def read(name: str) -> dict[str, Any]:
    """The document of one corpus."""
    return document(CORPORA[name].folders(), *CORPORA[name].options)


@pytest.mark.parametrize("name", CORPORA)
def test_every_file_and_dag_is_there(name: str) -> None:
    corpus, found = CORPORA[name], read(name)
    truth = corpus.truth
    assert truth["airflow"] == corpus.version
    assert (len(truth["dags"]), sum(len(dag["tasks"]) for dag in truth["dags"]), len(truth["files"])) == corpus.size
    assert sorted(flow["id"] for flow in found["workflows"]) == [dag["id"] for dag in truth["dags"]]
    assert {Path(file).name for file in truth["files"]} <= {Path(flow["file"]).name for flow in found["workflows"]}
    codes = {finding["code"] for finding in found["findings"] if finding["severity"] == "error" or finding["code"].startswith("tracing.")}
    assert codes == set()
    assumed = [finding for finding in found["findings"] if finding["code"].startswith("airflow.assumed")]
    assert assumed == []


DAGS = [(name, dag["id"]) for name, corpus in CORPORA.items() for dag in corpus.truth["dags"]]


@pytest.mark.parametrize(("name", "dag_id"), DAGS)
def test_every_aspect_is_equal(name: str, dag_id: str) -> None:
    truth = next(dag for dag in CORPORA[name].truth["dags"] if dag["id"] == dag_id)
    flow = next(flow for flow in read(name)["workflows"] if flow["id"] == dag_id)
    left = exceptions(CORPORA[name].version)
    assert [found for found in of_dag(truth, flow) if (found.dag, found.aspect) not in left] == []


@pytest.mark.parametrize("version", BUNDLED)
def test_differences_left_are_still_there_and_not_structural(version: str) -> None:
    there = {
        (found.dag, found.aspect)
        for name, corpus in CORPORA.items()
        if corpus.version == version
        for found in differences(corpus.truth, read(name))
    }
    left = exceptions(version)
    assert set(left) - there == set(), "these rows of the README are no longer needed"
    assert [key for key in left if key[1] in {aspect.name for aspect in ASPECTS if aspect.structural}] == []
    assert [key for key, reason in left.items() if not reason] == []


@pytest.mark.parametrize("version", BUNDLED)
@pytest.mark.parametrize("aspect", ASPECTS, ids=lambda aspect: aspect.name)
def test_every_aspect_has_something_to_compare(aspect: Any, version: str) -> None:
    """An aspect that has the same value everywhere would be equal whatever is read."""
    dags = [dag for corpus in CORPORA.values() if corpus.version == version for dag in corpus.truth["dags"]]
    assert len(set().union(*(values(aspect.truth(dag)) for dag in dags))) > 1


def test_a_difference_is_seen() -> None:
    """Each aspect is read from the document: take it away, and the comparison tells."""
    name = "own 3.3.2"
    truth = {dag["id"]: dag for dag in CORPORA[name].truth["dags"]}
    flows = {flow["id"]: flow for flow in read(name)["workflows"]}
    swapped = [("aspects_tasks", "aspects_mapping"), ("aspects_params", "aspects_teardown"), ("aspects_3_or_time", "aspects_3_implicit")]
    seen = {found.aspect for one, other in swapped for found in of_dag(truth[one], flows[other])}
    assert seen >= {aspect.name for aspect in ASPECTS}
    first = next(iter(differences({"dags": [truth["aspects_tasks"]]}, {"workflows": []})))
    assert first == Difference("aspects_tasks", "DAG ids", True, False)


def test_a_function_that_is_not_applied_is_seen() -> None:
    """`.map(f)` has to be in the task's arguments, in the order of the functions: it is not enough that the mapping says it."""
    flow = next(flow for flow in read("own 3.3.2")["workflows"] if flow["id"] == "aspects_mapping")
    truth = next(dag for dag in CORPORA["own 3.3.2"].truth["dags"] if dag["id"] == "aspects_mapping")
    twice = next(index for index, task in enumerate(flow["model"]["tasks"]) if task["id"] == "twice")

    def seen(change: Callable[[dict[str, Any]], None]) -> list[str]:
        changed = copy.deepcopy(flow)
        change(changed["model"]["tasks"][twice])
        return [found.aspect for found in of_dag(truth, changed)]

    def only_once(task: dict[str, Any]) -> None:
        ((name, made),) = task["mapping"]["applied"]
        task["mapping"]["applied"] = [[name, made["args"][1]]]

    assert seen(lambda task: None) == []
    assert seen(lambda task: task["action"].update(arguments=[["x", {"kind": "element", "name": "x"}]])) == ["mapped tasks"]
    assert seen(lambda task: task["mapping"].update(applied=[])) == ["mapped tasks"]
    assert seen(only_once) == ["mapped tasks"]


def test_the_readme_says_how_many() -> None:
    text = README.read_text(encoding="utf-8").partition("## How exact it is")[2]
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:3]
    sizes = [[CORPORA[f"{kind} {version}"].size[0] for version in BUNDLED] for kind in ("bundled", "own")]
    assert [[int(number) for number in re.findall(r"(\d+) of \1", row.replace("`", ""))] for row in rows] == sizes
