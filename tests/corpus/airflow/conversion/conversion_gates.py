"""What every generated project has to pass; each gate answers with what is wrong, nothing when it passes."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_reader import read_flow
from workbook_lib.prefect_writer import Project, write
from workbook_lib.validation import compare_structure

HERE = Path(__file__).parent
RULES = "E,F,I,UP,B,SIM,RET,PT"
GATES = ("write", "compile", "import", "ruff", "structure", "files", "table")


@dataclass
class Case:
    """One source file, or one repository: its workflows, the project made of them, and what is wrong by gate."""

    name: str
    workflows: Sequence[Workflow]
    project: Project | None = None
    folder: Path = Path()
    verdicts: list[str] = field(default_factory=list)  # of the structure, one a workflow
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def tell(self, gate: str, problems: Iterable[str]) -> None:
        found = list(problems)
        if found:
            self.wrong.setdefault(gate, []).extend(found)


def written(case: Case, folder: Path) -> None:
    """Make the project and lay it down; everything that one look at its files can tell."""
    case.folder = folder
    try:
        case.project = write(list(case.workflows))
    except Exception as error:  # every way to fail is a row of the table
        case.tell("write", [f"{type(error).__name__}: {error}"])
        return
    case.project.save(folder)
    case.tell("compile", _compiled(case.project.files))
    case.tell("files", _parsed(case))
    case.tell("table", _in_table(case))


def _compiled(files: Mapping[str, str]) -> Iterable[str]:
    for path, text in files.items():
        if path.endswith(".py"):
            try:
                compile(text, path, "exec", dont_inherit=True)
            except (SyntaxError, ValueError, RecursionError) as error:
                yield f"{path}: {error}"


def _parsed(case: Case) -> Iterable[str]:
    """prefect.yaml and pyproject.toml can be read, and name a function of a file for each workflow."""
    assert case.project is not None
    try:
        deployments = yaml.safe_load(case.project.files["prefect.yaml"])["deployments"]
        named = [(one["name"], one["entrypoint"]) for one in deployments]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        yield f"prefect.yaml: {error}"
        return
    try:
        tomllib.loads(case.project.files["pyproject.toml"])
    except tomllib.TOMLDecodeError as error:
        yield f"pyproject.toml: {error}"
        return
    if len(named) != len(case.workflows) or len({name for name, _ in named}) != len(named):
        yield f"prefect.yaml: {len({name for name, _ in named})} names of deployments for {len(case.workflows)} workflows"
    for _, entrypoint in named:
        path, _, function = entrypoint.rpartition(":")
        tree = ast.parse(case.project.files.get(path, ""))
        if not any(isinstance(node, ast.FunctionDef) and node.name == function for node in tree.body):
            yield f"prefect.yaml: no function {entrypoint}"


def _in_table(case: Case) -> Iterable[str]:
    """The mapping table names each task of each workflow, and its run name once."""
    assert case.project is not None
    table = tomllib.loads(case.project.files["pyproject.toml"])["tool"]["migration"]["workflows"]
    for workflow in case.workflows:
        tasks = table.get(workflow.id, {}).get("tasks", {})
        missing = [task.id for task in workflow.tasks if task.id not in tasks]
        if missing or len(set(tasks.values())) != len(tasks):
            yield f"{workflow.id}: not in the table, or not once: {missing[:3]}"
        status = case.project.flows[workflow.id].tasks
        if set(status) != {task.id for task in workflow.tasks}:
            yield f"{workflow.id}: the statuses name other tasks"


def structure(case: Case) -> None:
    """Each workflow's flow, read back and compared with the model."""
    for workflow in case.workflows if case.project else ():
        try:
            rows = compare_structure(workflow, read_flow(case.folder, workflow.id))
        except Exception as error:
            case.tell("structure", [f"{workflow.id}: {type(error).__name__}: {error}"])
            case.verdicts.append("different")
            continue
        unequal = [row for row in rows if str(row.verdict) != "equal"]
        case.tell("structure", (f"{workflow.id}: {row.verdict} {row.id!r}: {row.reason}" for row in unequal))
        if workflow.tasks and not rows:
            case.tell("structure", [f"{workflow.id}: nothing was compared"])
        case.verdicts.append(max((str(row.verdict) for row in rows), key=_ORDER.index, default="different" if workflow.tasks else "equal"))


_ORDER = ("equal", "explained", "not comparable", "different")


def imports(cases: Sequence[Case], python: str) -> None:
    """Import all projects in a process of its own that has only Prefect."""
    projects = {}
    for case in cases:
        if case.project is not None:
            modules = [
                path.removesuffix(".py").replace("/", ".")
                for path in case.project.files
                if path.startswith(("flows/", "shared/")) and path.endswith(".py")
            ]
            declared = {package for workflow in case.workflows for package in workflow.requirements.packages}
            projects[str(case.folder)] = {"modules": modules, "declared": sorted(declared)}
    with tempfile.TemporaryDirectory() as scratch:
        job, out = Path(scratch, "job.json"), Path(scratch, "out.jsonl")
        job.write_text(json.dumps({"projects": projects}))
        quiet = {
            "PREFECT_HOME": f"{scratch}/prefect",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        own = {"PATH": "/usr/bin:/bin", "HOME": scratch, "LANG": "C.UTF-8", **quiet}
        command = [python, "-W", "ignore", str(HERE / "conversion_importing.py"), str(job), str(out)]
        subprocess.run(command, check=True, cwd=scratch, env=own)
        answers = {row["project"]: row for row in map(json.loads, out.read_text().splitlines())}
    for case in cases:
        answer = answers.get(str(case.folder))
        if answer is not None:
            case.tell("import", answer["errors"])
            case.tell("import", (f"does {what}" for what in answer.get("did", ())))
            case.tell("import", (f"asks for {name}, which it does not declare" for name in answer.get("refused", ())))
            case.tell("import", (f"imports {name}" for name in answer.get("left", ())))


def ruff(cases: Sequence[Case], tree: Path) -> None:
    """All projects below `tree` under one configuration."""
    local = ["--config", "lint.isort.known-first-party=['shared', 'flows']"]
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--isolated",
        "--no-cache",
        "--target-version=py311",
        "--line-length=110",
        f"--select={RULES}",
        *local,
    ]
    done = subprocess.run([*command, "--output-format=json-lines", "--exit-zero", str(tree)], capture_output=True, text=True, check=True)
    by_folder = {case.folder: case for case in cases}
    for row in map(json.loads, done.stdout.splitlines()):
        file = Path(row["filename"])
        folder = tree / file.relative_to(tree).parts[0]
        by_folder[folder].tell("ruff", [f"{row['code']} {file.relative_to(folder).as_posix()}:{row['location']['row']}: {row['message']}"])
