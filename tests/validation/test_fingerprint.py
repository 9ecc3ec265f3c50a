"""A fingerprint changes with everything that a verdict depends on, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from validation_build import flow

from workbook_lib.validation import fingerprint

FILES = {
    "pyproject.toml": "[tool.migration.workflows]\n" + "".join(f'{n} = {{entrypoint = "flows/{n}.py:{n}"}}\n' for n in "wvu"),
    "prefect.yaml": "deployments: []\n",
    "flows/w.py": "from flows.u import helper\n",
    "flows/v.py": "1\n",
    "flows/u.py": "2\n",
    "shared/rules.py": "3\n",
    "tests/test_w.py": "4\n",
    "MIGRATION.md": "5\n",
    "flows/__pycache__/w.py": "6\n",
    ".venv/x.py": "7\n",
}
W = flow("a >> b")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_it_is_the_same_for_the_same(project: Path) -> None:
    found = fingerprint(project, W, "prefect 3.8.8")
    assert found == fingerprint(project, W, "prefect 3.8.8")
    assert (found[:7], len(found)) == ("sha256:", 71)


@pytest.mark.parametrize(
    ("file", "stale"),
    [
        ("flows/w.py", True),
        ("flows/u.py", True),  # the flow imports it
        ("shared/rules.py", True),
        ("pyproject.toml", True),
        ("prefect.yaml", True),
        ("flows/v.py", False),  # another workflow's flow
        ("tests/test_w.py", False),
        ("MIGRATION.md", False),
        ("flows/__pycache__/w.py", False),
        (".venv/x.py", False),
    ],
)
def test_an_edit_makes_a_verdict_stale(project: Path, file: str, stale: bool) -> None:
    before = fingerprint(project, W)
    with (project / file).open("a") as stream:
        stream.write("# edited\n")
    assert (fingerprint(project, W) != before) is stale


def test_a_new_file_the_model_and_the_engine_count(project: Path) -> None:
    before = fingerprint(project, W, "airflow 2.11.2")
    assert fingerprint(project, W, "airflow 2.11.3") != before
    assert fingerprint(project, flow("a >> b; a >> c"), "airflow 2.11.2") != before
    (project / "shared" / "more.py").write_text("")
    assert fingerprint(project, W, "airflow 2.11.2") != before


def test_without_a_readable_table_every_flow_counts(project: Path) -> None:
    (project / "pyproject.toml").write_text("[")
    before = fingerprint(project, W)
    (project / "flows" / "v.py").write_text("9")
    assert fingerprint(project, W) != before
