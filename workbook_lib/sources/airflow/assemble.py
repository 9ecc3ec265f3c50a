"""A file's DAGs as workflows: the worker's plain data, given meaning.

`assemble(raw)` never raises for what a file holds: a DAG that cannot be put together becomes a finding.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from itertools import count
from typing import TypeVar

from workbook_lib.findings import Finding, Severity
from workbook_lib.model import expr as x
from workbook_lib.model._lengths import literal
from workbook_lib.model.action import Action, Opaque, PythonCall, Shell, Wait
from workbook_lib.model.expr import Expr
from workbook_lib.model.function import Function
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.workflow import Group, Link, Mapping, RunParameter, Task, Workflow, topological
from workbook_lib.sources.airflow import _left_out, _mistakes, operators
from workbook_lib.sources.airflow._callables import identifier
from workbook_lib.sources.airflow._choices import with_choices
from workbook_lib.sources.airflow._context import Scope
from workbook_lib.sources.airflow._definitions import Definitions
from workbook_lib.sources.airflow._elements import Elements, applied, mapped_calls, plain, with_elements
from workbook_lib.sources.airflow._meanings import regular
from workbook_lib.sources.airflow._outputs import settle_outputs
from workbook_lib.sources.airflow._own_names import with_own
from workbook_lib.sources.airflow._raw import RawDag, RawFile, RawTask
from workbook_lib.sources.airflow._requirements import asset_uris, requirements
from workbook_lib.sources.airflow._rewrite import expressions, transform
from workbook_lib.sources.airflow._settings import setting
from workbook_lib.sources.airflow._source import Sources
from workbook_lib.sources.airflow._template_files import find, named
from workbook_lib.sources.airflow.functions import Binder
from workbook_lib.sources.airflow.operators import Built, Room

T = TypeVar("T")
_FROM_CONF = "Read from the run's configuration."
_MUST_BE_GIVEN = "Read from the run's configuration; it must be given."
# Old spellings of trigger rules; `dummy` was the first name of `always`.
_RULES = {"dummy": "always", "none_failed_or_skipped": "none_failed_min_one_success"}


def assemble(raw: RawFile, *, texts: Callable[[str], str] | None = None) -> tuple[list[Workflow], list[Finding]]:
    """The workflows of one file, and what there is to know about them beyond the worker's own findings.

    `texts` gives the text of a path as the raw data names it; by default the file system.
    """
    sources = Sources(dict(raw.modules), texts)
    workflows: list[Workflow] = []
    findings: list[Finding] = []
    for dag in raw.dags:
        circle = _mistakes.cycle(dag)
        if circle is not None:
            findings.append(circle)
            continue
        try:
            workflow, more = _Assembly(raw, dag, sources).run()
        except Exception as error:  # the data is hostile: whatever it breaks is told, and stays with this one DAG
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            findings.append(
                Finding(
                    code="airflow.dag_not_assembled",
                    severity=Severity.ERROR,
                    message=f"the DAG {dag.id!r} cannot be put together: {reason}",
                    file=dag.origin.file,
                    line=dag.origin.line,
                    workflow=dag.id,
                    advice="Look at the line named; the other DAGs of the file are not affected.",
                )
            )
            continue
        workflows.append(workflow)
        findings += more
    return workflows, findings


class _Assembly:
    def __init__(self, raw: RawFile, dag: RawDag, sources: Sources) -> None:
        self.raw = raw
        self.dag = dag
        self.findings: list[Finding] = []
        groups = {group.id: group for group in dag.groups}
        self.mapped = frozenset(task.id for task in dag.tasks if task.mapping is not None or _in_mapped_group(task.group, groups))
        scope = Scope(
            workflow=dag.id,
            airflow=raw.airflow,
            declared=frozenset(parameter.name for parameter in dag.parameters),
            macros=frozenset(name for name, _ in dag.macros),
            filters=frozenset(name for name, _ in dag.filters),
            native=dag.native_templates,
            mapped=self.mapped,
            scheduled=regular(dag.schedule),
            written=frozenset(
                uri for task in dag.tasks for name, value in task.arguments if name == "outlets" for uri in asset_uris(value)
            ),
        )
        self.parse_time = [name for kind, name in raw.inputs if kind == "variable"]
        self.definitions = Definitions(sources, scope, raw.file)
        scope = with_own(scope, dag, sources, self.definitions)
        self.room = Room(dag, raw.file, sources, Binder(sources, self.definitions), scope, raw.root)
        self.links: list[Link] = []
        self.files: set[str] = set(dag.files)
        self.groups = {group.id: self.mapped_group(group) for group in dag.groups if group.mapping is not None}
        self.unconverted: list[Expr] = []  # arguments of placeholders: what they name is needed all the same

    def run(self) -> tuple[Workflow, list[Finding]]:
        tasks = [self.task(task) for task in self.dag.tasks]
        # Callbacks come behind all tasks: what tasks need keeps its names.
        tasks = [self.with_callbacks(task, raw) for task, raw in zip(tasks, self.dag.tasks, strict=True)]
        callbacks = tuple((name, self.callback(name, target, None)) for name, target in self.dag.callbacks)
        tasks = settle_outputs(tasks, self.dag, self.mapped)
        parameters, tasks = self.parameters(tasks)
        workflow = Workflow(
            id=self.dag.id,
            system="airflow",
            version=self.raw.airflow,
            origin=self.dag.origin,
            doc=self.dag.doc or self.file_doc(),
            description=self.dag.description,
            tags=self.dag.tags,
            owner=self.dag.owner,
            schedule=self.dag.schedule,
            start_date=self.dag.start_date,
            end_date=self.dag.end_date,
            timezone=self.dag.timezone,
            catchup=self.dag.catchup,
            parameters=parameters,
            limits=self.dag.limits,
            argument_sources=self.dag.argument_sources,
            tasks=tuple(tasks),
            groups=tuple(
                group.model_copy(update={"mapping": self.groups[group.id][0].mapping}) if group.id in self.groups else group
                for group in self.dag.groups
            ),
            edges=with_choices(self.dag.edges, tasks, self.dag.groups),
            callbacks=callbacks,
            definitions=self.definitions.all(),
            requirements=requirements(
                tasks, callbacks, self.definitions.all(), self.room.sources, self.files, self.unconverted, self.parse_time
            ),
            links=tuple(dict.fromkeys(self.links)),
        )
        topological(workflow)  # nothing that goes round in a circle gets further
        for task, what, advice in _mistakes.branches(workflow):
            raw = next(one for one in self.dag.tasks if one.id == task.id)
            self.note("branch_unknown", Severity.WARNING, f"the branch {task.id!r} {what}", raw, advice)
        for task in _mistakes.lists_of_groups(workflow):
            self.list_in_mapped_group(task)
        self.left_out(workflow)
        self.conf_defaults()
        return workflow, self.findings

    def left_out(self, workflow: Workflow) -> None:
        """Findings for what the DAG as a whole asks for and the flow does not do."""
        for severity, what, advice in _left_out.of_dag(self.dag, self.raw.airflow):
            self.note("setting_unsupported", severity, f"the DAG {self.dag.id!r} {what}", None, advice)
        code = [function for task in workflow.tasks for function in _called(task.action)]
        names = _left_out.writes_a_log([*code, *workflow.definitions])
        if names:
            shown = ", ".join(f"`{name}`" for name in names[:3]) + (" ..." if len(names) > 3 else "")
            message = f"what is logged in {shown} stays out of Prefect's log"
            advice = "Name these loggers in PREFECT_LOGGING_EXTRA_LOGGERS, or use `prefect.get_run_logger()`."
            self.note("logs_elsewhere", Severity.NOTE, message, None, advice)

    def conf_defaults(self) -> None:
        """Findings for declared parameters that the DAG reads from `dag_run.conf`, where no default of theirs counts."""
        for parameter in self.dag.parameters:
            if parameter.name in self.room.scope.from_conf and parameter.default not in (None, x.Constant(value=None)):
                what = f"`dag_run.conf` gives {parameter.name!r} only when the run is given it; in the flow its default counts there too"
                advice = "Hand it over with each run, or give it no default in `params`, if a run without it has to be told apart."
                self.note("conf_default", Severity.WARNING, what, None, advice)

    def file_doc(self) -> str | None:
        """The docstring of a file that holds this one DAG; a licence or a file of many DAGs says nothing of this one."""
        module = self.room.sources.module(self.raw.file)
        return ast.get_docstring(module.tree) if module is not None and len(self.raw.dags) == 1 else None

    def note(self, code: str, severity: Severity, message: str, task: RawTask | None, advice: str | None = None) -> None:
        origin = task.origin if task is not None else self.dag.origin
        self.findings.append(
            Finding(
                code=f"airflow.{code}",
                severity=severity,
                message=message,
                file=origin.file,
                line=origin.line,
                workflow=self.dag.id,
                task=task.id if task is not None else None,
                advice=advice,
            )
        )

    def applied(self, values: T, task: str, names: Iterator[str]) -> tuple[T, bool]:
        """`values` with each function that is applied to an output as a definition; and whether one of them may skip."""
        skips = False

        def change(found: Expr) -> Expr:
            nonlocal skips
            if not isinstance(found, x.Call) or found.function != "map" or isinstance(found.args[0], x.Reference):
                return found
            function, may_skip = applied(found.args[0], self.room.sources, self.definitions, task, next(names))
            skips |= may_skip
            return found.model_copy(update={"args": (function, *found.args[1:])})

        return transform(values, change), skips

    def elements(self, raw: RawTask) -> tuple[RawTask, Elements | None, bool]:
        """What the task is mapped over, itself or through its group; and whether what is done to an element may skip the task."""
        skips = False
        if mapped_calls(raw):
            name = raw.mapping.over[0][0] if raw.mapping is not None else ""
            names = _wishes(name, identifier(raw.id))
            arguments, first = self.applied(raw.arguments, raw.id, names)
            mapping, second = self.applied(raw.mapping, raw.id, names) if raw.mapping is not None else (None, False)
            raw, skips = raw.model_copy(update={"arguments": arguments, "mapping": mapping}), first or second
        if raw.mapping is not None:
            return raw, plain(self.mapping(raw)), skips
        group = next((self.groups[name] for name in self.around(raw.group) if name in self.groups), None)
        return raw, group[0] if group is not None else None, skips or (group is not None and group[1] and self.takes_element(raw))

    def around(self, name: str | None) -> Iterator[str]:
        """The groups around something, innermost first."""
        parents = {group.id: group.parent for group in self.dag.groups}
        while name is not None and name in parents:
            yield name
            name = parents[name]

    def takes_element(self, raw: RawTask) -> bool:
        return any(isinstance(part, x.Element) for _, value in raw.arguments for part in x.walk(value))

    def mapped_group(self, group: Group) -> tuple[Elements, bool]:
        """What a mapped group is mapped over."""
        assert group.mapping is not None
        mapping, skips = self.applied(group.mapping, group.id, _wishes(group.mapping.over[0][0], identifier(group.id)))
        return plain(mapping), skips

    def task(self, raw: RawTask) -> Task:
        raw, elements, skips = self.elements(raw)
        built, unused = operators.build(raw, self.room)
        if getattr(built.action, "after", None) is not None:
            raw = raw.model_copy(update={"unsupported": tuple(item for item in raw.unsupported if item != "post_execute")})
        if elements is not None and not isinstance(built.action, Opaque):
            built.action = with_elements(built.action, elements)
        built.may_skip |= skips
        if built.steers and raw.mapping is None and raw.id in self.mapped:
            self.decides_in_mapped_group(raw, built)
        self.links += built.links
        self.files |= set(built.files)
        for kind, argument in (("consumes", "inlets"), ("produces", "outlets")):
            found = dict(raw.arguments).get(argument)
            for uri in asset_uris(found) if found is not None else ():
                self.links.append(Link(kind=kind, target=uri, task=raw.id))
        if isinstance(built.action, Opaque):
            scope = self.room.scope.within(task=raw.id)
            self.template_files(raw)
            self.unconverted += [operators.compile_value(value, scope) for _, value in raw.arguments]
        self.report(raw, built, unused)
        rule = raw.trigger_rule.lower().removeprefix("triggerrule.")
        try:
            join = JoinRule(_RULES.get(rule, rule))
        except ValueError:
            join = JoinRule.ALL_SUCCESS
            message = f"the task {raw.id!r} has the trigger rule {raw.trigger_rule!r}, which is not known; all_success is taken"
            self.note("trigger_rule_unknown", Severity.ERROR, message, raw, "Check the spelling against Airflow's list of trigger rules.")
        self.rule_in_mapped_group(raw, join)
        return Task.model_validate(
            {
                **{name: getattr(raw, name) for name in _CARRIED},
                "mapping": elements.mapping if elements is not None and raw.mapping is not None else None,
                "action": built.action,
                "join_rule": join,
                "steers": built.steers,
                "steers_rules": built.steers_rules,
                "may_skip": built.may_skip,
            }
        )

    def rule_in_mapped_group(self, raw: RawTask, rule: JoinRule) -> None:
        """Rules that Airflow 2 decides in a mapped group before the tasks in front have instances, so that they skip; 3.3 does not."""
        group = next((name for name in self.around(raw.group) if name in self.groups), None)
        if group is None or self.raw.airflow.startswith("3") or literal(self.groups[group][0].mapping):
            return
        nested = rule in (JoinRule.ONE_SUCCESS, JoinRule.ONE_FAILED, JoinRule.ONE_DONE) and raw.group != group
        if rule is JoinRule.NONE_FAILED_MIN_ONE_SUCCESS or nested:
            message = f"Airflow 2 skips the task {raw.id!r} whatever happens: in a mapped group it decides {rule} too early"
            self.note("rule_in_mapped_group", Severity.WARNING, message, raw, "The flow runs it by its rule, as Airflow 3.3 does.")

    def list_in_mapped_group(self, task: Task) -> None:
        """Instances of a mapped group that something is mapped over again: what they hand over is not looked at in the flow."""
        raw = next(one for one in self.dag.tasks if one.id == task.id)
        message = f"Airflow fails an instance of the task {task.id!r} that hands over no list or dict, as its output is mapped over again"
        advice = "The flow maps over any result: have the task hand over lists, or raise an error where it does not."
        self.note("list_in_mapped_group", Severity.WARNING, message, raw, advice)

    def decides_in_mapped_group(self, raw: RawTask, built: Built) -> None:
        """A branch or short circuit in a mapped group: Airflow 3 does not find its answer, Airflow 2 skips only what follows directly.

        `ti_deps/deps/not_previously_skipped_dep.py` of 3.3.2 asks for the answer of an instance that is not mapped; `models/skipmixin.py`
        of 2.11.2 leaves mapped instances to that check.
        """
        if not self.raw.airflow.startswith("3"):
            built.steers_rules = True
            return
        built.steers, built.steers_rules = "", False
        message = f"what the task {raw.id!r} decides skips nothing: it stands in a mapped task group, where Airflow 3.3 does not find it"
        advice = "The flow does the same. If tasks should be skipped by it, put an `if` around them."
        self.note("branch_without_effect", Severity.WARNING, message, raw, advice)

    def template_files(self, raw: RawTask) -> None:
        """Template files that a placeholder names: what it needs, or a finding."""
        for argument, text in named(raw):
            found = find(text, self.dag, self.raw.file, self.raw.root, self.room.sources)
            if found is not None:
                self.files.add(found[0])
                continue
            message = f"the argument `{argument}` of the task {raw.id!r} names the template file {text[:100]!r}, which is not there"
            advice = "Airflow looks in the DAG's folder and in `template_searchpath`: read the folder that holds it as well."
            self.note("template_file_missing", Severity.WARNING, message, raw, advice)

    def with_callbacks(self, task: Task, raw: RawTask) -> Task:
        """The task with its callbacks."""
        callbacks = tuple((name, self.callback(name, target, raw)) for name, target in raw.callbacks)
        return task.model_copy(update={"callbacks": callbacks}) if callbacks else task

    def mapping(self, raw: RawTask) -> Mapping:
        """What is mapped over, its texts compiled as Airflow renders them in each instance."""
        assert raw.mapping is not None
        scope = self.room.scope.within(task=raw.id)
        over = tuple((name, operators.compile_value(value, scope)) for name, value in raw.mapping.over)
        return raw.mapping.model_copy(update={"over": over})

    def callback(self, name: str, target: Expr, raw: RawTask | None) -> Function:
        scope = self.room.scope.within(task=raw.id if raw is not None else "")
        function = self.room.binder.callback(target, scope)
        for blocker in function.blockers[:1]:
            where = f"the task {raw.id!r}" if raw is not None else f"the DAG {self.dag.id!r}"
            message = f"`{name}` of {where} cannot be carried over: {blocker}"
            self.note("callback_blocked", Severity.WARNING, message, raw, "Write it as a state hook.")
        return function

    def report(self, raw: RawTask, built: Built, unused: list[str]) -> None:
        """Findings of one task: what is missing, approximated or left out."""
        name = f"the task {raw.id!r}"
        if isinstance(built.action, Opaque):
            advice = "Write the body of the placeholder, or add a rule for this operator."
            self.note("operator_unknown", Severity.WARNING, f"{name} becomes a placeholder: {built.action.missing}", raw, advice)
        for function in _called(built.action):
            built.notes += [note for note in function.notes if note not in built.notes]
            for blocker in function.blockers[:3]:
                advice = "Rewrite that part without Airflow, or write the body of the placeholder."
                self.note("function_blocked", Severity.WARNING, f"the function of {name} cannot be carried over: {blocker}", raw, advice)
        for found in expressions(built.action):
            if isinstance(found, x.Template):
                message = f"a template of {name} is not understood: it {found.reason}"
                self.note("template_not_compiled", Severity.WARNING, message, raw, "Compute the value in Python in the flow.")
            elif isinstance(found, x.Call) and found.function in ("render", "render_native"):
                built.notes.append("a template is rendered by Jinja while the task runs")
            elif isinstance(found, x.Unknown):
                message = f"an argument of {name} is not understood: {found.source[:80]}"
                self.note("argument_unknown", Severity.WARNING, message, raw, "Write the value in the flow.")
        for text in built.notes:
            self.note("approximated", Severity.NOTE, f"{name} is not quite the same: {text}", raw)
        for item in raw.unsupported:
            severity, what, advice = setting(item)
            self.note("setting_unsupported", severity, f"{name} {what} (`{item}`), which has no equivalent", raw, advice)
        for severity, what, advice in _left_out.of_task(raw):
            self.note("setting_unsupported", severity, f"{name} {what}", raw, advice)
        for item in unused:
            message = f"the argument `{item}` of {name} is used by no rule of {raw.operator}"
            self.note("argument_unused", Severity.WARNING, message, raw, "Look up what it does, and whether the flow needs it.")

    def parameters(self, tasks: list[Task]) -> tuple[tuple[RunParameter, ...], list[Task]]:
        """The DAG's parameters, and those that tasks read from the run's configuration without anybody declaring them."""
        declared = {parameter.name: parameter for parameter in self.dag.parameters}
        more: dict[str, RunParameter] = {}
        whole = x.Context(name="run_parameters")

        def change(found: Expr) -> Expr:
            if isinstance(found, x.Index) and found.base == whole and isinstance(found.key, x.Constant):
                name = str(found.key.value)
                if name not in declared:
                    more.setdefault(name, RunParameter(name=name, description=_MUST_BE_GIVEN, declared=False))
                return x.Parameter(name=name)
            return found

        tasks = [transform(task, change) for task in tasks]
        for task in tasks:
            for found in expressions((task.action, task.mapping, task.callbacks)):
                if isinstance(found, x.Parameter) and found.name not in declared and (found.name not in more):
                    none = x.Constant(value=None)
                    more[found.name] = RunParameter(name=found.name, default=none, description=_FROM_CONF, declared=False)
        for name in more:
            if name.startswith("prev_"):
                message = f"`{name}`, a date of the last run that succeeded, is a run parameter: ISO 8601, or nothing for a first run"
                self.note("watermark", Severity.WARNING, message, None, "Hand it over with each run, from where you keep it.")
                continue
            message = f"the run parameter {name!r} is read from `dag_run.conf`, and the DAG does not declare it"
            self.note("parameter_undeclared", Severity.NOTE, message, None, "Declare it in the DAG's `params`, or keep it as it is.")
        return (*self.dag.parameters, *more.values()), tasks


_CARRIED = (
    "id",
    "operator",
    "operator_module",
    "retry",
    "timeout_seconds",
    "pool",
    "pool_slots",
    "group",
    "setup",
    "teardown",
    "teardown_fails_run",
    "arguments",
    "argument_sources",
    "unsupported",
    "doc",
    "origin",
)


def _wishes(argument: str, task: str) -> Iterator[str]:
    """Names for the functions that lambdas become."""
    yield f"as_{argument}" if argument else f"{task}_element"
    yield from (f"{task}_element_{number}" for number in count(2))


def _in_mapped_group(group: str | None, groups: dict[str, Group]) -> bool:
    while group is not None and group in groups:
        found = groups[group]
        if found.mapping is not None:
            return True
        group = found.parent
    return False


def _called(action: Action) -> list[Function]:
    """The functions that an action calls."""
    calls = [getattr(action, name, None) for name in ("build", "check", "output", "after", "dates")]
    calls.insert(0, action)
    if isinstance(action, Wait) and isinstance(action.check, Shell):
        calls.append(action.check.build)
    return [call.function for call in calls if isinstance(call, PythonCall)]
