"""Whatever a DAG file holds, the project is whole: it imports, reads back as the DAG, and tells what is left to be written or was renamed.

The cases lie in `tests/corpus/airflow/conversion/bad_input.yaml`.
"""

from __future__ import annotations

import sys

import pytest
from converting import cases, converted, gates, placeholders, told

CASES = cases("bad_input")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, gates.Case]:
    """All cases; imported in one process, as starting Prefect takes longest."""
    tree = tmp_path_factory.mktemp("bad").resolve()
    found = {name: converted(case, tree, number) for number, (name, case) in enumerate(CASES.items())}
    gates.imports(list(found.values()), sys.executable)
    gates.ruff(list(found.values()), tree / "projects")
    return found


@pytest.mark.parametrize("name", CASES)
def test_the_project_is_whole(made: dict[str, gates.Case], name: str) -> None:
    assert made[name].project is not None
    assert made[name].wrong == {}
    assert set(made[name].verdicts) == {"equal"}


@pytest.mark.parametrize("name", CASES)
def test_what_is_told(made: dict[str, gates.Case], name: str) -> None:
    expected = CASES[name]
    assert placeholders(made[name]) == expected.get("placeholders", {})
    assert told(made[name]) == expected.get("told", [])
