"""Convert every DAG file of the packages, and whole repositories, and put each project through the gates of `conversion_gates.py`.

    python tests/corpus/airflow/conversion/convert.py [--repository NAME@COMMIT=PATH ...] [--only WORD ...] [--show] [--python PYTHON]

Each file of `tests/corpus/airflow/packages` becomes one project, each repository (a copy on disk) one. Keeps a row for each package and repository in
`conversion.json` (counts and reasons, no source) and in the tables of `docs/conversion.md`; with --only the other rows stay as they are.
"""

from __future__ import annotations

import argparse
import collections
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "packages")]

import conversion_gates as gates
from conversion_gates import GATES, Case
from conversion_table import plain, reason_of, write_page
from corpus_fetching import Package, fetch, packages, unique
from corpus_reading import ENVIRONMENT

from workbook_lib.sources import ReadOptions, read
from workbook_lib.sources.airflow import _read
from workbook_lib.sources.airflow._files import text_of
from workbook_lib.sources.airflow.assemble import assemble
from workbook_lib.sources.tracing import Tracer

RESULT = HERE / "conversion.json"
SECONDS = 120.0


def of_package(package: Package, files: dict[str, Path], tracer: Tracer) -> list[Case]:
    """One case for each file that gives DAGs."""
    raws, _, _ = _read.trace(package.folders(), ReadOptions(environment=ENVIRONMENT), tracer)
    names = {str(path): name for name, path in files.items()}
    cases = []
    for raw in raws:
        name = names.get(str(Path(raw.file).absolute()))
        if name is not None:
            workflows, _ = assemble(raw, texts=text_of)
            if workflows:
                cases.append(Case(name, list(workflows)))
    return cases


def of_repository(name: str, path: Path) -> list[Case]:
    return [Case(name, list(read(path, ReadOptions(seconds=SECONDS)).workflows))]


def through_all(cases: list[Case], python: str) -> None:
    """Every case through every gate; what is wrong is kept in the cases."""
    with tempfile.TemporaryDirectory(prefix="conversion") as scratch:
        tree = Path(scratch).resolve()
        for number, case in enumerate(cases):
            gates.written(case, tree / str(number))
        gates.imports(cases, python)
        gates.ruff(cases, tree)
        for case in cases:
            gates.structure(case)


def row_of(name: str, version: str, cases: list[Case]) -> dict[str, Any]:
    """What the table tells of a package or a repository."""
    infos = [info for case in cases if case.project for info in case.project.flows.values()]
    statuses = [status for info in infos for status in info.tasks.values()]
    reasons = collections.Counter(reason_of(status.finding.message) for status in statuses if status.finding is not None)
    structure = collections.Counter(verdict for case in cases for verdict in case.verdicts)
    forms = collections.Counter(info.form for info in infos)
    wrong = {case.name: {gate: sorted(set(map(plain, found))) for gate, found in case.wrong.items()} for case in cases if case.wrong}
    return {
        "name": name,
        "version": version,
        "projects": len(cases),
        "dags": sum(len(case.workflows) for case in cases),
        "tasks": sum(len(workflow.tasks) for case in cases for workflow in case.workflows),
        "converted": sum(status.status == "converted" for status in statuses),
        "placeholders": dict(sorted(reasons.items())),
        "structure": dict(sorted(structure.items())),
        "forms": dict(sorted(forms.items())),
        "failed": {gate: sum(gate in case.wrong for case in cases) for gate in GATES},
        "wrong": wrong,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repository", action="append", default=[], metavar="NAME@COMMIT=PATH", help="a copy of a repository")
    parser.add_argument("--only", action="append", metavar="WORD", help="packages and repositories with this in their name")
    parser.add_argument("--show", action="store_true", help="print what is wrong")
    parser.add_argument("--python", default=sys.executable, help="where the projects are imported: a Python with Prefect")
    given = parser.parse_args()

    def wanted(name: str) -> bool:
        return not given.only or any(word in name for word in given.only)

    document = json.loads(RESULT.read_text()) if RESULT.exists() else {"packages": [], "repositories": []}
    listed = [package for package in packages() if wanted(package.key)]
    for package in packages() if listed else []:
        fetch(package)
    files = unique(packages()) if listed else {}
    failed = False
    with Tracer("airflow") as tracer:
        for package in listed:
            cases = of_package(package, files[package.key], tracer)
            failed |= counted(document, "packages", package.name, package.version, cases, given)
    for argument in given.repository:
        name, _, path = argument.partition("=")
        repository, _, commit = name.partition("@")
        if wanted(repository):
            failed |= counted(document, "repositories", repository, commit[:8], of_repository(repository, Path(path)), given)
    return int(failed)


def counted(document: dict[str, Any], side: str, name: str, version: str, cases: list[Case], given: argparse.Namespace) -> bool:
    """Put one package or repository through all gates and keep its row, also when a later one is interrupted."""
    through_all(cases, given.python)
    row = row_of(name, version, cases)
    print(_line(row), flush=True)
    for case in cases if given.show else ():
        for gate, found in case.wrong.items():
            print(*(f"    {case.name} {gate}: {one}" for one in found), sep="\n", flush=True)
    order = [(package.name, package.version) for package in packages()]
    others = [one for one in document[side] if one["name"] != name or (side == "packages" and one["version"] != version)]
    place = (lambda one: order.index((one["name"], one["version"]))) if side == "packages" else (lambda one: one["name"])
    document[side] = sorted([*others, row], key=place)
    RESULT.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    write_page(document)
    return bool(row["wrong"])


def _line(row: dict[str, Any]) -> str:
    failed = {gate: number for gate, number in row["failed"].items() if number}
    tasks = f"{row['converted']} of {row['tasks']} tasks converted"
    return f"{row['name']} {row['version']}: {row['projects']} projects, {row['dags']} DAGs, {tasks}; {row['structure']}; failed {failed}"


if __name__ == "__main__":
    sys.exit(main())
