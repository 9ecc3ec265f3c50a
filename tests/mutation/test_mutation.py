"""No mutant of a generated flow is called equal, and the tests that a project carries notice most of them.

A sample with every operator runs with all tests; each flow with all its mutants is a proof. The table is `docs/mutation.md`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from mutation_equivalent import EQUIVALENT, reason
from mutation_mutants import MEANING, Mutant, mutants
from mutation_own_tests import OwnTests
from mutation_subjects import SHIPPED, Subject, names, subjects
from mutation_table import PAGE, by_runs, by_structure, digest, outcome, page, prepare
from mutation_table import load as results

from workbook_lib.model.run import RunRecord
from workbook_lib.pilot import Session

LEAST_NOTICED = 0.8  # of the mutants of a flow by its own tests
# Flows whose work no test can do again, or that do no more what they did, or where much of what is changed makes no difference.
UNSEEN = {
    "example_branch_datetime_operator_2@2.11.2": "half of its code asks the time of day",
    "example_external_task_marker_child@2.11.2": "half of its code waits for a run of another flow",
    "example_weekday_branch_operator@2.11.2": "a third of its code asks the day of the week",
    "example_bash_decorator@3.3.2": "one task is a placeholder, and many calls may stand in any order",
    "latest_only_with_trigger@2.11.2": "what a run does that is the latest one is never done for a date that has passed",
}
# Bodies of one small flow that are changed and run in `make test`; its other mutants are judged in the proofs.
SMALL = "shop_orders"
ELSEWHERE = {"ignore_failure"}  # operators with sites in the bundled examples only


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Subject]:
    return subjects(tmp_path_factory.mktemp("mutation") / "root", [*SHIPPED])


def sample(subject_mutants: list[Mutant]) -> dict[str, Mutant]:
    """One mutant an operator, chosen by name."""
    ordered = sorted(subject_mutants, key=lambda mutant: hashlib.sha256(mutant.key.encode()).hexdigest())
    return {mutant.operator: mutant for mutant in ordered}


@pytest.fixture(scope="module")
def chosen(shipped: dict[str, Subject]) -> dict[str, Mutant]:
    return sample([mutant for subject in shipped.values() for mutant in mutants(subject)])


def test_each_operator_has_a_site(chosen: dict[str, Mutant]) -> None:
    assert {*chosen} | ELSEWHERE == {*MEANING}


@pytest.mark.parametrize("operator", MEANING)
def test_reading_a_mutant_says_what_the_table_says(operator: str, shipped: dict[str, Subject], chosen: dict[str, Mutant]) -> None:
    if operator not in chosen:
        assert operator in ELSEWHERE
        return
    mutant = chosen[operator]
    verdict, told = by_structure(shipped[mutant.subject], mutant)
    entry = results().get(mutant.subject, {})
    same = entry.get("flow") == digest(shipped[mutant.subject])
    kept = entry["mutants"].get(f"{mutant.operator} | {mutant.where}") if same else None
    # A rule that no flow of the project has is "not comparable", and "different" where the table was made, among other flows.
    assert kept is None or (kept["structure"] == "equal") is (verdict == "equal"), f"{mutant.key}: {told}"
    assert verdict != "equal" or not mutant.schedule or reason(mutant.key)


@pytest.mark.pilot
def test_a_changed_body_is_never_called_equal(shipped: dict[str, Subject]) -> None:
    subject = shipped[SMALL]
    with Session(subject.root) as session:
        prepare(subject, session)
        rehearsed: dict[str, RunRecord] = {}
        for mutant in sample([mutant for mutant in mutants(subject) if mutant.in_body]).values():
            verdict, _, told = by_runs(subject, mutant, session, rehearsed)
            assert not reason(mutant.key)
            assert verdict != "equal", f"{mutant.key}: {told}"


@pytest.mark.proof
def test_each_reason_is_in_use() -> None:
    keys = [f"{name} | {key}" for name, entry in results().items() for key in entry["mutants"]]
    assert [pattern for pattern, why in EQUIVALENT if not any(reason(key) == why for key in keys)] == []


def test_no_mutant_is_called_equal_in_the_table() -> None:
    fates = [(name, key, outcome(name, key, row)) for name, entry in results().items() for key, row in entry["mutants"].items()]
    assert fates
    assert [(name, key) for name, key, fate in fates if fate == "equal"] == []


def test_own_tests_notice_most_of_all_mutants() -> None:
    rows = [row["tests"] for name, entry in results().items() for key, row in entry["mutants"].items() if not reason(f"{name} | {key}")]
    assert rows
    assert sum(rows) >= LEAST_NOTICED * len(rows)


def test_the_page_is_made_from_the_results() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(results()), "renew it: python tests/mutation/mutation_table.py --page"


@pytest.fixture(scope="module")
def own() -> Iterator[OwnTests]:
    with OwnTests() as process:
        yield process


@pytest.mark.proof
@pytest.mark.parametrize("name", names())
def test_every_mutant(name: str, tmp_path: Path, own: OwnTests) -> None:
    """None is called equal but those that are, and the flow's own tests fail for most of them."""
    subject = subjects(tmp_path / "root", [name])[name]
    every = mutants(subject)
    called_equal, noticed, tested = [], 0, 0
    with Session(subject.root) as session:
        prepare(subject, session)
        rehearsed: dict[str, RunRecord] = {}
        passing = own.passing(subject)
        for mutant in every:
            verdict, _ = by_structure(subject, mutant)
            if verdict == "equal" and not mutant.schedule:
                verdict, _, _ = by_runs(subject, mutant, session, rehearsed)
            if verdict == "equal" and not reason(mutant.key):
                called_equal.append(mutant.key)
            if not reason(mutant.key):
                tested += 1
                noticed += own.notices(subject, mutant, passing)[0]
    assert called_equal == []
    assert (noticed >= LEAST_NOTICED * tested) is (name not in UNSEEN), f"{noticed} of {tested}"
