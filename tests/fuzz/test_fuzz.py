"""Random DAGs mean the same in Prefect as in Airflow.

`make test` judges by what Airflow did when the DAGs were recorded; `make proof` runs Airflow again, on 1,000 DAGs in 40 parts.
`python tests/fuzz/run.py` continues the campaign and keeps what it finds.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from fuzz_corpus import cases, recorded
from fuzz_dags import draw_dags
from fuzz_run import Result, compare, legacy_records
from fuzz_shrink import size, smaller
from fuzz_source import dag_id, source

RECORDED = {dag_id(dag): (dag, record) for dag, record in recorded()}
CASES = cases()
PARTS, DAGS_A_PART = 40, 25
FIRST_SEED = 10_000


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """All kept DAGs, through one project and one session for each version of Airflow."""
    kept = [*RECORDED.values(), *CASES.values()]
    records = {dag_id(dag): record for dag, record in kept}
    dags = list({dag_id(dag): dag for dag, _ in kept}.values())
    return {dag_id(result.dag): result for result in compare(dags, records, tmp_path_factory.mktemp("fuzz"))}


def test_fifty_dags_are_recorded() -> None:
    assert len(RECORDED) == 50
    assert Counter(dag["airflow"] for dag, _ in RECORDED.values()) == {"2.11": 25, "3.3": 25}


@pytest.mark.pilot
@pytest.mark.parametrize("name", sorted(RECORDED))
def test_recorded(results: dict[str, Result], name: str) -> None:
    assert (results[name].differences, results[name].placeholders, results[name].refused) == ([], {}, "")


@pytest.mark.pilot
@pytest.mark.parametrize("case", sorted(CASES))
def test_what_once_was_different(results: dict[str, Result], case: str) -> None:
    result = results[dag_id(CASES[case][0])]
    assert (result.differences, result.placeholders, result.refused) == ([], {}, "")


@pytest.mark.proof
@pytest.mark.parametrize("part", range(PARTS))
def test_proof(part: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    version = ("2.11", "3.3")[part % 2]
    dags = draw_dags(DAGS_A_PART, FIRST_SEED + part, version)
    records = legacy_records(dags, tmp_path)
    found = list(compare(dags, records, tmp_path / "root"))
    with capsys.disabled():
        print(f"\n[fuzz] part {part + 1} of {PARTS}, Airflow {version}: {dict(Counter(result.state for result in found))}", end=" ")
    assert len(found) == DAGS_A_PART
    different = [(result.differences, json.dumps(result.dag)) for result in found if result.state in ("different", "refused")]
    assert different == []


def test_the_same_seed_gives_the_same_dags() -> None:
    first, again, other = draw_dags(3, 7, "3.3"), draw_dags(3, 7, "3.3"), draw_dags(3, 8, "3.3")
    assert first == again
    assert first != other
    assert [source(dag) for dag in first] == [source(dag) for dag in again]


@pytest.mark.parametrize("version", ["2.11", "3.3"])
def test_a_smaller_dag_is_a_dag(version: str) -> None:
    for dag in draw_dags(3, 11, version):
        candidates = list(smaller(dag))
        assert candidates
        for candidate in candidates:
            compile(source(candidate), "candidate", "exec")
            assert size(candidate) < size(dag)
