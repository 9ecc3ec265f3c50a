"""Flows ported by hand, as an engineer who knows Prefect would write them: the library itself proves that they mean the same.

`flows/port_<DAG>.py` are the ports: of the shipped examples, and of bundled examples of Airflow 2.11.2. Each replaces the generated flow in
an otherwise generated project.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbook_lib import Migration
from workbook_lib.pilot import Session
from workbook_lib.prefect_reader import read_flow
from workbook_lib.prefect_writer.project._emitted import carried
from workbook_lib.prefect_writer.python._format import tidy
from workbook_lib.validation import Verdict, compare_structure

TESTS = Path(__file__).parents[1]
PORTS = {
    path.stem.removeprefix("port_"): path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parent / "flows").glob("port_*.py"))
}
sys.path += [str(TESTS / "bundled"), str(TESTS / "mutation")]
from bundled_project import Bundle  # noqa: E402  # lies beside the tests of all bundled examples
from mutation_subjects import SHIPPED  # noqa: E402

BUNDLED = sorted(set(PORTS) - set(SHIPPED))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    made = Bundle(tmp_path_factory.mktemp("ports"), "2.11.2")
    for dag_id in BUNDLED:
        (made.root / "project" / made.project.flows[dag_id].path).write_text(PORTS[dag_id], encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def session(bundle: Bundle) -> Iterator[Session]:
    with Session(bundle.root) as session:
        yield session


def told(verdict: Verdict) -> tuple[str, list[str | None]]:
    """Without the number of tasks whose code is another than the writer's: of a port, that may be all of them."""
    return str(verdict.verdict).partition(" as run,")[0], [row.reason for row in verdict.differences]


def bring_helpers(project: Path, port: str) -> None:
    """Let the project hold those of the emitted helpers that a port imports."""
    for node in ast.parse(port).body:
        name = (getattr(node, "module", None) or "").removeprefix("shared.")
        if not isinstance(node, ast.ImportFrom) or name not in ("shell", "waiting", "other_flows"):
            continue
        text = carried({name: {alias.name for alias in node.names}})[name]
        (project / "shared" / f"{name}.py").write_text(tidy(text, f"{name}.py", own=True), encoding="utf-8")


@pytest.mark.parametrize("dag_id", PORTS)
def test_is_formatted_as_generated_flows_are(dag_id: str) -> None:
    assert tidy(PORTS[dag_id], f"{dag_id}.py") == PORTS[dag_id]


@pytest.mark.corpus
@pytest.mark.parametrize("dag_id", BUNDLED)
def test_bundled_port_has_the_same_graph(bundle: Bundle, dag_id: str) -> None:
    rows = compare_structure(bundle.workflows[dag_id], read_flow(bundle.root / "project", dag_id))
    assert rows
    assert [(row.id, row.reason) for row in rows if str(row.verdict) != "equal"] == []


@pytest.mark.proof  # runs of what the repository keeps as it is: `make test` reads the ports, `make proof` runs them
@pytest.mark.corpus
@pytest.mark.pilot
@pytest.mark.parametrize("dag_id", BUNDLED)
def test_bundled_port_is_equal(bundle: Bundle, session: Session, dag_id: str) -> None:
    assert told(bundle.verdict(session, dag_id, rehearse=True)) == ("equal", [])


@pytest.mark.proof
@pytest.mark.pilot
@pytest.mark.parametrize("example", sorted(set(SHIPPED.values())))
def test_shipped_port_is_equal(tmp_path: Path, example: str) -> None:
    migration = Migration.create(tmp_path / "root", TESTS.parent / "notebooks" / "examples" / "airflow" / example)
    migration.convert()
    ported = [dag_id for dag_id, where in SHIPPED.items() if where == example]
    for dag_id in ported:
        migration.save(dag_id, PORTS[dag_id])
        bring_helpers(tmp_path / "root" / "project", PORTS[dag_id])
    assert {dag_id: told(migration.validate(dag_id)) for dag_id in ported} == {dag_id: ("equal", []) for dag_id in ported}


def test_side_by_side_page_is_up_to_date() -> None:
    """Renew with `python tests/ports/side_by_side.py`."""
    done = subprocess.run([sys.executable, str(Path(__file__).parent / "side_by_side.py"), "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
