"""The whole project: one module per flow, what they share, deployments, the table by which runs are matched."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import tomlkit
import yaml

from workbook_lib.findings import Finding, Severity
from workbook_lib.model import expr as e
from workbook_lib.model._base import Frozen
from workbook_lib.model.function import Definition
from workbook_lib.model.run import RunRecord, Scenario
from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_writer.flow._plan import Plan, plan
from workbook_lib.prefect_writer.project._apart import apart, joined
from workbook_lib.prefect_writer.project._asked_late import asked_late
from workbook_lib.prefect_writer.project._before import connections
from workbook_lib.prefect_writer.project._carried import definition_text, shared_module
from workbook_lib.prefect_writer.project._dependencies import dependencies
from workbook_lib.prefect_writer.project._deployment import deployments
from workbook_lib.prefect_writer.project._emitted import carried, homes
from workbook_lib.prefect_writer.project._guide import guide
from workbook_lib.prefect_writer.project._import_effects import import_effects
from workbook_lib.prefect_writer.project._module import Module, from_shared, module
from workbook_lib.prefect_writer.project._neighbours import dated
from workbook_lib.prefect_writer.project._tests import Planned, beside, flow_test
from workbook_lib.prefect_writer.project._text import hands_date, known_defaults, uses_date
from workbook_lib.prefect_writer.python._findings import finding_at
from workbook_lib.prefect_writer.python._format import LINE_LENGTH, RULES, tidy
from workbook_lib.prefect_writer.python._names import FileNames, block_name, deployment_name, variable_name
from workbook_lib.prefect_writer.python._renaming import new_names, renamed
from workbook_lib.prefect_writer.tasks._scope import exprs_of


class TaskStatus(Frozen):
    """Whether a task was converted; a placeholder comes with the finding that says why."""

    status: Literal["converted", "placeholder"]
    finding: Finding | None = None


class FlowInfo(Frozen):
    """One written flow: its file below the project, `file:function`, its form, and its tasks' statuses."""

    id: str
    path: str
    entrypoint: str
    form: str
    tasks: dict[str, TaskStatus]


class Project(Frozen):
    """All files of a project by path (POSIX, below the project folder), and what is to be known of them."""

    files: dict[str, str]
    flows: dict[str, FlowInfo]
    findings: tuple[Finding, ...] = ()

    def save(self, folder: Path) -> None:
        """Write all files below a folder; a migration keeps what was edited there, this does not."""
        for path, text in self.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")


def statuses(workflow: Workflow, decisions: Mapping[str, Any] | None = None) -> dict[str, TaskStatus]:
    """Per task id what the writer will make of it."""
    return _statuses(workflow, _module_of(workflow, decisions)[1])


def _module_of(workflow: Workflow, decisions: Mapping[str, Any] | None, **told: Any) -> tuple[Plan, Module]:
    """The plan and its module, with other names for what is carried over where the module needs a name itself."""
    findings: list[Finding] = []
    workflow = asked_late(workflow)
    while True:
        the_plan = plan(workflow, decisions, **told)
        made = module(the_plan)
        if not made.clashing:
            made.findings = [*made.findings, *findings]
            return the_plan, made
        names = new_names(workflow, made.clashing)
        findings += [_renamed(workflow, definition, names[definition.name]) for definition in made.clashing]
        workflow = renamed(workflow, names)


def _renamed(workflow: Workflow, definition: Definition, name: str) -> Finding:
    says = f"`{definition.name}` is called `{name}` in the flow, which needs that name for something of Prefect's or its own"
    return finding_at(definition.origin, "writer.renamed", Severity.NOTE, says, workflow=workflow.id)


def _statuses(workflow: Workflow, made: Module, by_hand: Collection[str] = ()) -> dict[str, TaskStatus]:
    return {
        task.id: TaskStatus(status="placeholder", finding=_finding(workflow, task.id, made.placeholders[task.id]))
        if task.id in made.placeholders and task.id not in by_hand
        else TaskStatus(status="converted")
        for task in workflow.tasks
    }


def _finding(workflow: Workflow, task_id: str, reason: str) -> Finding:
    task = workflow.task(task_id)
    says = f"{task.operator} {task_id!r} is not converted: {reason}"
    advice = "Write its body in the flow, where the legacy arguments stand as comments, or add a rule for it."
    return finding_at(task.origin, "writer.placeholder", Severity.WARNING, says, workflow=workflow.id, task=task_id, advice=advice)


def write(
    workflows: Sequence[Workflow],
    decisions: Mapping[str, Any] | None = None,
    *,
    name: str = "migrated-flows",
    records: Mapping[str, Sequence[tuple[Scenario, RunRecord]]] | None = None,
    by_hand: Mapping[str, Collection[str]] | None = None,
    unsteady: Mapping[str, Collection[str]] | None = None,
) -> Project:
    """The project for `workflows`. With `records` of the legacy engine (scenario and record, by workflow id) tests are
    written too. `by_hand`: placeholders by workflow id whose body the user has written, which are told of no more.
    `unsteady`: tasks by workflow id whose result the legacy engine itself does not give twice."""
    workflows = apart(joined(workflows))
    names = FileNames()
    files: dict[str, str] = {}
    flows: dict[str, FlowInfo] = {}
    findings: list[Finding] = []
    shared: dict[str, set[str]] = {}
    rules: set[str] = set()
    siblings: dict[str, dict[str, Definition]] = {}
    between: dict[str, set[str]] = {}
    plans: dict[str, Plan] = {}
    hooked: dict[str, dict[str, dict[str, list[str]]]] = {}
    swallowing: dict[str, list[str]] = {}
    neighbours = dated(workflows)
    for workflow in workflows:
        the_plan, made = _module_of(workflow, decisions, **neighbours.get(workflow.id, {}))
        plans[workflow.id], hooked[workflow.id], swallowing[workflow.id] = the_plan, made.hooks, made.swallowing
        file = names.take(workflow.id)
        path = f"flows/{file}.py"
        files[path] = tidy(made.text, path)
        status = _statuses(workflow, made, (by_hand or {}).get(workflow.id, ()))
        flows[workflow.id] = FlowInfo(id=workflow.id, path=path, entrypoint=f"{path}:{made.flow}", form=the_plan.form, tasks=status)
        findings += [s.finding for s in status.values() if s.finding is not None]
        findings += [*made.findings, *_notes(workflow, the_plan), *import_effects(the_plan.workflow)]
        for helper_module, helpers in made.shared.items():
            shared.setdefault(helper_module, set()).update(helpers)
        if the_plan.form == "rules":
            rules |= {str(task.join_rule) for task in workflow.tasks} | {"all_success"}
        for definition in made.definitions:
            siblings.setdefault(definition.module, {})[definition.name] = definition
        for dotted, lines in made.between.items():
            between.setdefault(dotted, set()).update(lines)
    findings += _clashing_names(workflows)
    files |= _shared_files(shared, rules, siblings, between)
    packages, unsure = dependencies(workflows, files)
    findings += unsure
    files["pyproject.toml"] = _pyproject(name, workflows, flows, plans, shared, packages)
    files["prefect.yaml"] = deployments(workflows, flows, plans)
    files["MIGRATION.md"] = guide(workflows, flows, findings, plans, decisions)
    deployed = {item["entrypoint"]: item for item in yaml.safe_load(files["prefect.yaml"]).get("deployments") or []}
    for workflow in workflows:
        recorded = (records or {}).get(workflow.id)
        if recorded:
            file = flows[workflow.id].path.removeprefix("flows/").removesuffix(".py")
            path = f"tests/test_{file}.py"
            info, the_plan = flows[workflow.id], plans[workflow.id]
            planned = Planned(
                the_plan.workflow,
                info.entrypoint,
                (the_plan.scope.date_name, the_plan.scope.day) if uses_date(the_plan) else None,
                hands_date(the_plan),
                known_defaults(the_plan),
                hooked[workflow.id],
                swallowing[workflow.id],
                deployed.get(info.entrypoint),
            )
            open_tasks = [task for task, status in info.tasks.items() if status.status == "placeholder"]
            made_test = flow_test(workflow, planned, recorded, unfinished=open_tasks, unsteady=(unsteady or {}).get(workflow.id, ()))
            files[path] = tidy(made_test, path)
            files |= {other: tidy(text, other, own=True) for other, text in beside().items()}
    return Project(files=dict(sorted(files.items())), flows=flows, findings=tuple(findings))


def _variables(workflows: Sequence[Workflow]) -> list[str]:
    """The legacy names of all variables that the tasks read."""
    return sorted(
        {part.name for w in workflows for t in w.tasks for x in exprs_of(t) for part in e.walk(x) if isinstance(part, e.Variable)}
    )


def _clashing_names(workflows: Sequence[Workflow]) -> Iterable[Finding]:
    """Different legacy variables that would become one Prefect Variable, different pools that would become one limit, and so on."""
    for code, old, new, table, every, made in (
        ("writer.variable_clash", "variables", "Prefect Variable", "variables", _variables(workflows), variable_name),
        ("writer.pool_clash", "pools", "global concurrency limit", "limits", _pools(workflows), deployment_name),
        ("writer.connection_clash", "connections", "Secret block", "", connections(workflows), block_name),
    ):
        named: dict[str, list[str]] = {}
        for name in every:
            named.setdefault(made(name), []).append(name)
        for python, names in named.items():
            if len(names) > 1:
                yield Finding(
                    code=code,
                    severity=Severity.WARNING,
                    message=f"the {old} {', '.join(map(repr, names))} would all become the {new} {python!r}",
                    advice=f"Rename all but one in the flows{f' and in [tool.migration.{table}] of pyproject.toml' if table else ''}.",
                )


def _pools(workflows: Sequence[Workflow]) -> list[str]:
    """The names of all pools but the default one."""
    return sorted({task.pool for w in workflows for task in w.tasks if task.pool and task.pool != "default_pool"})


def _notes(workflow: Workflow, the_plan: Plan) -> Iterable[Finding]:
    for task_id, code in the_plan.code.items():
        for note in code.notes:
            yield Finding(
                code="writer.interpreter", severity=Severity.NOTE, message=f"{task_id!r} {note}", workflow=workflow.id, task=task_id
            )


def _shared_files(
    shared: dict[str, set[str]],
    rules: set[str],
    siblings: dict[str, dict[str, Definition]],
    between: dict[str, set[str]],
) -> dict[str, str]:
    files: dict[str, str] = {}
    for dotted, definitions in sorted(siblings.items()):
        ordered = sorted(definitions.values(), key=lambda d: (d.form != "import", d.origin.line if d.origin else 0, d.name))
        texts = [definition_text(d) for d in ordered]
        needed = {line for _, imports, _ in texts for line in imports} | between.get(dotted, set())
        raised = {name for _, _, names in texts for name in names}
        needed |= {f"from shared.{homes()[name]} import {name}" for name in raised}
        for helper_module, names in (*from_shared(needed).items(), *((homes()[name], {name}) for name in raised)):
            shared[helper_module] = shared.get(helper_module, set()) | names
        head = f'"""What several flows use, carried over from the legacy module `{dotted}`."""\n\nfrom __future__ import annotations\n'
        text = "\n\n".join([head, "\n".join(sorted(needed)), *dict.fromkeys(text for text, _, _ in texts)])
        files[f"shared/{shared_module(dotted)}.py"] = tidy(text + "\n", f"shared/{shared_module(dotted)}.py")
    if "connections" in shared:
        shared["connections"] = shared["connections"] | {"keep_connections"}  # what the guide tells to call first
    for helper_module, text in sorted(carried(shared, rules).items()):
        files[f"shared/{helper_module}.py"] = tidy(text, f"shared/{helper_module}.py", own=True)
    return files


def _checks() -> dict[str, Any]:
    """The settings with which ruff and mypy find nothing."""
    ruff = tomlkit.table()
    ruff["line-length"] = LINE_LENGTH
    ruff["lint"] = {"select": list(RULES)}
    mypy = tomlkit.table()
    mypy["explicit_package_bases"] = True
    mypy["ignore_missing_imports"] = True
    mypy["disable_error_code"] = ["var-annotated"]
    prefect = tomlkit.table()
    prefect.comment("its types allow no futures as arguments")
    prefect["module"] = "prefect.*"
    prefect["follow_imports"] = "skip"
    overrides = tomlkit.aot()
    overrides.append(prefect)
    mypy["overrides"] = overrides
    return {"ruff": ruff, "mypy": mypy}


def _pyproject(
    name: str,
    workflows: Sequence[Workflow],
    flows: Mapping[str, FlowInfo],
    plans: Mapping[str, Plan],
    shared: Mapping[str, set[str]],
    packages: Sequence[str],
) -> str:
    document = tomlkit.document()
    project = tomlkit.table()
    project["name"] = name
    project["version"] = "0.1.0"
    project["requires-python"] = ">=3.11"
    dependencies = tomlkit.array()
    own = [package for module, package in (("dates", "cronsim>=2"), ("templates", "jinja2>=3.1")) if module in shared]
    dependencies.extend(["prefect>=3.8,<3.10", *own, *packages])
    project["dependencies"] = dependencies.multiline(len(packages) > 2)
    document["project"] = project
    document["tool"] = tomlkit.table(is_super_table=True)
    setuptools = tomlkit.table()
    setuptools["packages"] = ["flows", "shared"] if any(plans) else ["flows"]
    document["tool"]["setuptools"] = setuptools
    pytest = tomlkit.table(is_super_table=True)
    pytest["ini_options"] = {"pythonpath": ["."], "testpaths": ["tests"]}
    document["tool"]["pytest"] = pytest
    document["tool"].update(_checks())
    migration = tomlkit.table()
    migration["schema"] = 1
    variables = _variables(workflows)
    if variables:
        migration["variables"] = {variable: variable_name(variable) for variable in variables}
    pools = _pools(workflows)
    if pools:
        migration["limits"] = {pool: deployment_name(pool) for pool in pools}
    table = tomlkit.table(is_super_table=True)
    for workflow in workflows:
        the_plan = plans[workflow.id]
        entry = tomlkit.table()
        entry["entrypoint"] = flows[workflow.id].entrypoint
        entry["system"] = workflow.system
        entry["version"] = workflow.version
        date_kind = "date" if the_plan.scope.day else "datetime"
        if uses_date(the_plan):
            meaning = "the day" if the_plan.scope.day else "the moment"
            date = tomlkit.inline_table()
            date.update(
                {
                    "parameter": the_plan.scope.date_name,
                    "type": date_kind,
                    "means": f"{meaning} that the run stands for, the legacy logical date",
                }
            )
            entry["logical_date"] = date
        if the_plan.scope.parameters:
            entry["parameters"] = dict(the_plan.scope.parameters)
        pushing = [task.id for task in workflow.tasks if the_plan.scope.hands_over_by_name(task.id) and not the_plan.code[task.id].reason]
        if pushing:
            entry["return_values"] = {task_id: "return_value" for task_id in pushing}
        tasks = tomlkit.table()
        for task in workflow.tasks:
            tasks[task.id] = task.id
        entry["tasks"] = tasks
        table[workflow.id] = entry
    migration["workflows"] = table
    document["tool"]["migration"] = migration
    return tomlkit.dumps(document)
