"""Migration: one folder on disk; what notebooks, the command line and batches talk to.

Every method works alone in a fresh process, because all state is on disk. Rooms are imported where they are used, so that reading does
not load Prefect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from workbook_lib.errors import FolderError, ProjectError, SourceError, UsageError
from workbook_lib.findings import Finding
from workbook_lib.migration import _byhand, _consent, _disk, _needs, _runs, _shipped, _sources
from workbook_lib.migration._check import Check, compiles
from workbook_lib.migration._decisions import Decisions
from workbook_lib.migration._project import ConvertReport, FileChange, Project, Side, conflict_findings
from workbook_lib.migration._store import Store
from workbook_lib.model.run import REAL, RunRecord, Scenario
from workbook_lib.model.workflow import Workflow

if TYPE_CHECKING:
    from workbook_lib.assess import Assessment
    from workbook_lib.migration._task import TaskView
    from workbook_lib.prefect_writer import Project as Written
    from workbook_lib.prefect_writer import TaskStatus
    from workbook_lib.sources import ReadResult
    from workbook_lib.validation import Verdict
    from workbook_lib.view import Svg

ColourBy = Literal["status", "state", "verdict"]
MARK = "migration.json"


class Migration:
    """A migration folder. `Migration(root)` opens one; `Migration.create(root, source)` makes or renews one."""

    def __init__(self, root: str | Path) -> None:
        self.root = _sources.absolute(root)
        self.store = Store(self.root)
        self._project = Project(self.root)
        self._described: tuple[str, Mapping[str, Any]] | None = None  # the project's table, with the text that it was parsed from
        self._mark = self.root / ".workbook" / MARK
        if not self._mark.is_file():
            raise FolderError(
                "not a migration folder", file=str(root), advice="Make one with Migration.create(root, source) or `workbook convert`."
            )

    @classmethod
    def create(cls, root: str | Path, source: str | Path, options: Mapping[str, Any] | None = None) -> Migration:
        """Copy the legacy sources to ROOT/legacy and open the folder; again on the same root it renews the copy and keeps all edits.

        `options`: `airflow` (the version to pretend), `inputs` (a file as `workbook read --missing-inputs` writes it, filled in),
        `variables`, `connections`, `env` (files as the legacy system exports them).
        """
        folder, origin = _sources.absolute(root), _sources.absolute(source)
        mark = folder / ".workbook" / MARK
        known = _disk.read_json(mark, {})
        if known and known.get("source") != str(origin) and Path(known.get("source", "")) != origin:
            raise FolderError(
                f"already holds the migration of {known['source']}", file=str(root), advice="Choose another folder, or delete this one."
            )
        if not known and (folder / "legacy").exists():
            raise FolderError("holds a folder `legacy` that is not ours", file=str(root), advice="Choose another folder.")
        given = dict(options or {})
        with _disk.locked(folder):
            left_out = _sources.copy(origin, folder)
            _shipped.adopt(folder)
            inputs = _inputs(given)
            if inputs:
                _needs.write(folder, inputs)
            document = {
                "schema": 1,
                "source": str(origin),
                "airflow": given.get("airflow", known.get("airflow")),
                "left_out": [finding.model_dump(mode="json") for finding in left_out],
            }
            _disk.write_json(mark, document)
        migration = cls(folder)
        migration.store.hide_again()
        migration.read()
        return migration

    # reading

    def read(self) -> ReadResult:
        """Read ROOT/legacy again and keep the models."""
        from workbook_lib.sources import ReadOptions, read

        mark = _disk.read_json(self._mark, {})
        inputs = {name: _needs.read(self.root, name) for name in _needs.FILES}
        env = {name: str(value) for name, value in inputs["env"].items()}
        options = ReadOptions(
            version=mark.get("airflow"), variables=inputs["variables"], connections=inputs["connections"], environment=env
        )
        result = read([self.root / "legacy"], options)
        left_out = [Finding.model_validate(item) for item in mark.get("left_out", [])]
        findings = [_sources.at_source(finding, self.root / "legacy", Path(mark.get("source", ""))) for finding in result.findings]
        self.store.save_read(result.workflows, [*findings, *left_out])
        return result.model_copy(update={"findings": self.store.findings()})

    def workflows(self) -> tuple[Workflow, ...]:
        """The workflows as read last."""
        if not self.store.was_read():
            self.read()
        return self.store.workflows()

    def findings(self) -> tuple[Finding, ...]:
        """The findings of the last reading."""
        self.workflows()
        return self.store.findings()

    def workflow(self, workflow_id: str | None = None) -> Workflow:
        """One workflow; without an id the only one. UsageError lists the ids there are."""
        found = self.workflows()
        if not found:
            raise SourceError("no workflow was found", file=str(self.root / "legacy"), advice="See the findings of reading.")
        if workflow_id is None and len(found) == 1:
            return found[0]
        for workflow in found:
            if workflow.id == workflow_id:
                return workflow
        known = ", ".join(workflow.id for workflow in found[:8]) + (" ..." if len(found) > 8 else "")
        what = "several workflows are here" if workflow_id is None else f"there is no workflow {workflow_id!r}"
        raise UsageError(f"{what}.", advice=f"Name one of: {known}.")

    def assess(self) -> Assessment:
        """Inventory, requirements, complexity and which workflow to pilot first."""
        from workbook_lib.assess import assess
        from workbook_lib.sources import ReadResult

        legacy, source = self.root / "legacy", Path(_disk.read_json(self._mark, {}).get("source", ""))
        findings = [_sources.at_copy(finding, legacy, source) for finding in self.findings()]  # all in the place where workflows were read
        result = ReadResult(workflows=self.workflows(), findings=findings)
        found = assess(result, {workflow.id: self.statuses(workflow.id) for workflow in result.workflows})
        return found.model_validate_json(_sources.told_at_source(found.model_dump_json(by_alias=True), legacy, source))

    def statuses(self, workflow_id: str | None = None) -> dict[str, TaskStatus]:
        """How each task will be or is converted: task id -> TaskStatus. A placeholder that the user has written counts as converted."""
        from workbook_lib.prefect_writer import TaskStatus, statuses

        workflow = self.workflow(workflow_id)
        found = statuses(workflow, self.decisions.plain())
        found |= dict.fromkeys(self._by_hand(workflow, found), TaskStatus(status="converted"))
        if self.converted() and (path := self.table().get(workflow.id, {}).get("entrypoint", "").rpartition(":")[0]) in self.conflicts():
            base = _disk.read_text(self._project.base / path) or ""
            for task in _byhand.emitted(list(found), _disk.read_text(self._project.folder / path) or "", base):
                if found[task].status == "converted":
                    found[task] = TaskStatus(status="placeholder", finding=_byhand.waiting_finding(workflow.id, task, path))
        return found

    def _by_hand(self, workflow: Workflow, written: Mapping[str, TaskStatus]) -> tuple[str, ...]:
        """The tasks that are placeholders to the writer, and that the user's flow has a body for."""
        open_tasks = [task for task, status in written.items() if status.status == "placeholder"]
        program = self.program(workflow.id) if open_tasks else None
        if program is None:
            return ()
        base = _disk.read_text(self._project.base / self._flow_path(workflow.id)) or ""
        left = _byhand.unfinished(open_tasks, program, self.code(workflow.id), base)
        return tuple(task for task in open_tasks if task not in left)

    def svg(
        self,
        workflow_id: str | None = None,
        colour_by: ColourBy = "status",
        collapsed: Iterable[str] = (),
        *,
        colours: Mapping[str, str] | None = None,
        edges: Mapping[tuple[str, str], str] | None = None,
        live: bool = False,
    ) -> Svg:
        """The dependency graph, coloured by conversion status, by the state of the last pilot, or by the verdict.

        Groups named in `collapsed` are drawn as one box. `colours` (task id -> class) stand over `colour_by`; `edges` marks edges as
        "missing" or "extra". `live` is the drawing for a page with a program, which brings colours and legend itself.
        """
        from workbook_lib.view import Svg, draw, draw_live

        workflow, folded = self.workflow(workflow_id), frozenset(collapsed)
        if live:
            return Svg(self.store.masker().markup(draw_live(workflow, edges, folded)))
        seen = self.colours(workflow.id, colour_by) if colours is None else colours
        return Svg(self.store.masker().markup(draw(workflow, seen, title=workflow.id, edges=edges, collapsed=folded)))

    def task(self, workflow_id: str | None, task_id: str) -> TaskView:
        """One task from all sides: its legacy source, the code that stands for it, arguments, findings, status, state, verdict."""
        from workbook_lib.migration._task import task_view

        return task_view(self, self.workflow(workflow_id), task_id, Path(_disk.read_json(self._mark, {}).get("source", "")))

    def colours(self, workflow_id: str, colour_by: ColourBy = "status") -> dict[str, str]:
        """Task id -> class of the drawing."""
        if colour_by == "status":
            return {task: status.status for task, status in self.statuses(workflow_id).items()}
        if colour_by == "state":
            record = self.store.record("pilot", workflow_id, REAL.name)
            return {} if record is None else _runs.states(record)
        verdict = self.verdict(workflow_id)
        return {} if verdict is None else _runs.verdict_colours(verdict)

    # converting

    @property
    def decisions(self) -> Decisions:
        """ROOT/decisions.toml."""
        return Decisions(self.root / "decisions.toml")

    def convert(self, ids: Iterable[str] | None = None) -> ConvertReport:
        """Write the project, merged with the user's edits; with `ids` those workflows, beside the ones converted before."""
        chosen = self._chosen(ids)
        with _disk.locked(self.root):
            written, hide = self._write(chosen), self.store.masker()
            changes = self._project.apply(written.files)
            _disk.write_json(self.root / ".workbook" / "converted.json", [workflow.id for workflow in chosen])
            stale = self._stale_by_hand(chosen)
        found = {workflow.id: self.statuses(workflow.id) for workflow in chosen}
        done = {(name, task) for name, tasks in found.items() for task, status in tasks.items() if status.status == "converted"}
        told = [*self.findings(), *map(hide.model, written.findings)]
        return ConvertReport(
            project=self._project.folder,
            files=tuple(changes),
            statuses={name: tuple(hide.value(_status(task, one)) for task, one in tasks.items()) for name, tasks in found.items()},
            paths={name: flow.path for name, flow in written.flows.items()},
            findings=(
                *conflict_findings(changes, self.root),
                *stale,
                *(finding for finding in told if not (finding.only_unfinished and (finding.workflow, finding.task) in done)),
            ),
        )

    def _stale_by_hand(self, workflows: Iterable[Workflow]) -> list[Finding]:
        """Bodies that the user wrote for placeholders whose legacy task has changed since."""
        from workbook_lib.prefect_writer import statuses

        path = self.root / ".workbook" / _byhand.FILE
        kept = _disk.read_json(path, {})
        found = []
        for workflow in workflows:
            written = statuses(workflow, self.decisions.plain())
            open_tasks = [task for task, status in written.items() if status.status == "placeholder"]
            left = set(open_tasks) - set(self._by_hand(workflow, written))
            before, program = kept.get(workflow.id, {}), self.program(workflow.id)
            text = self.code(workflow.id) if program is not None else ""
            kept[workflow.id], stale = _byhand.reviewed(workflow, before, open_tasks, left, program, text)
            file = str(self.flow_file(workflow.id)) if stale else ""
            found += [_byhand.stale_finding(workflow.id, task, file, line) for task, line in stale]
        _disk.write_json(path, kept)
        return found

    def _write(self, workflows: list[Workflow]) -> Written:
        from workbook_lib.prefect_writer import statuses, with_verdicts, write

        decisions = self.decisions.plain()
        by_hand = {workflow.id: self._by_hand(workflow, statuses(workflow, decisions)) for workflow in workflows}
        records = {workflow.id: self.records(workflow.id) for workflow in workflows}
        unsteady = {workflow.id: {str(mask["id"]) for mask in self.store.masks(workflow.id)} for workflow in workflows}
        written = write(workflows, decisions, records=records, by_hand=by_hand, unsteady=unsteady)
        hide = self.store.masker()
        said = {workflow.id: verdict.headline for workflow in workflows if (verdict := self.verdict(workflow.id)) is not None}
        files = {path: with_verdicts(text, said) for path, text in written.files.items() if path.endswith(".md")}
        documents = {path: hide.text(text) for path, text in files.items()}  # code is left as it has to run
        return written.model_copy(update={"files": written.files | documents})

    def records(self, workflow_id: str | None = None) -> tuple[tuple[Scenario, RunRecord], ...]:
        """The legacy engine's records that are kept for a workflow, each with its scenario, the real run first."""
        name = self.workflow(workflow_id).id
        found = [(scenario, self.store.record("legacy", name, scenario.name)) for scenario in self.scenarios(name)]
        return tuple((scenario, record) for scenario, record in found if record is not None)

    def _chosen(self, ids: Iterable[str] | None) -> list[Workflow]:
        found = self.workflows()
        if ids is None:
            if not found:
                self.workflow()
            return list(found)
        wanted = {self.workflow(name).id for name in ids} | set(_disk.read_json(self.root / ".workbook" / "converted.json", []))
        return [workflow for workflow in found if workflow.id in wanted]

    def conflicts(self) -> tuple[str, ...]:
        """Project files whose regeneration waits for a person."""
        folder = self._project.pending
        return tuple(sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())) if folder.is_dir() else ()

    def conflict(self, path: str) -> str:
        """A file of the project with both sides between markers."""
        text = self._project.conflict(path)
        if text is None:
            raise UsageError(f"there is no conflict in {path!r}.", advice="See Migration.conflicts().")
        return text

    def resolve(self, path: str, text: str) -> FileChange:
        """Settle a conflict: `text`, without markers, becomes the file."""
        self.conflict(path)
        with _disk.locked(self.root):
            self._project.resolve(path, text, self._write(self._chosen([])).files.get(path))
        return FileChange(path, "merged", "settled by you")

    def settle(self, path: str, side: Side | None = None) -> FileChange:
        """Settle a conflict with the marked text as it was edited; what is still marked is taken from `side`, "mine" or "theirs"."""
        name = self._project.named(path)
        if name not in (waiting := self.conflicts()):
            raise UsageError(f"there is no conflict in {path!r}.", advice=f"Conflicts: {', '.join(waiting) or 'none'}.")
        with _disk.locked(self.root):
            new = self._write(self._chosen([])).files.get(name)
            self._project.resolve(name, self._project.settled(name, new, side), new)
        return FileChange(name, "merged", "settled by you")

    # editing

    def table(self) -> Mapping[str, Any]:
        """`[tool.migration]` of the project: entrypoints, logical dates, task run names per workflow."""
        import tomllib

        path = self._project.folder / "pyproject.toml"
        text = _disk.read_text(path)
        if text is None:
            raise ProjectError("there is no project yet", file=str(self._project.folder), advice="Convert the workflows first.")
        try:
            if self._described is None or self._described[0] != text:
                self._described = text, tomllib.loads(text)["tool"]["migration"]["workflows"]
        except tomllib.TOMLDecodeError as error:
            raise ProjectError(f"not TOML: {error}", file=str(path), advice="Correct the file.") from error
        except (KeyError, TypeError) as error:
            raise ProjectError("the table [tool.migration] is missing", file=str(path), advice="Convert again to restore it.") from error
        return self._described[1]

    def converted(self) -> bool:
        """Whether there is a project."""
        return (self._project.folder / "pyproject.toml").is_file()

    def _entry(self, workflow_id: str) -> Mapping[str, Any]:
        entry = self.table().get(workflow_id)
        if not isinstance(entry, dict) or not isinstance(entry.get("entrypoint"), str):
            raise ProjectError(
                f"[tool.migration.workflows] has no entrypoint for {workflow_id!r}",
                file=str(self._project.folder / "pyproject.toml"),
                advice="Convert this workflow first.",
            )
        return entry

    def _flow_path(self, workflow_id: str) -> str:
        return str(self._entry(workflow_id)["entrypoint"]).rpartition(":")[0]

    def flow_file(self, workflow_id: str | None = None) -> Path:
        """The file of a workflow's flow."""
        return self._project.folder / self._flow_path(self.workflow(workflow_id).id)

    def code(self, workflow_id: str | None = None) -> str:
        """The user's current code of a flow."""
        path = self.flow_file(workflow_id)
        text = _disk.read_text(path)
        if text is None:
            raise ProjectError("the flow's file is missing", file=str(path), advice="Restore it, or delete its base and convert again.")
        return text

    def check(self, workflow_id: str | None = None, text: str | None = None) -> Check:
        """Whether `text` (default: the file) compiles and has the legacy graph; nothing is run or saved."""
        from workbook_lib.migration._structure import structure

        workflow = self.workflow(workflow_id)
        source = self.code(workflow.id) if text is None else text
        first = compiles(source, self._flow_path(workflow.id))
        return structure(workflow, source, self._entry(workflow.id), self._project.folder) if first.compiles else first

    def program(self, workflow_id: str | None = None) -> Any:
        """The flow's code as the reader understands it, or None when it cannot be read at all."""
        from workbook_lib.prefect_reader import read_flow

        try:
            return read_flow(self._project.folder, self.workflow(workflow_id).id)
        except ProjectError:
            return None

    def save(self, workflow_id: str | None, text: str) -> Check:
        """Save the user's code (also when it does not compile: it is theirs) and say how it stands."""
        _disk.write(self.flow_file(workflow_id), text)
        return self.check(workflow_id, text)

    # integrating

    def needs(self, workflow_id: str | None = None) -> list[_needs.Need]:
        """Connections, variables, pools, schedule ... that the workflow needs, and which are given."""
        return _needs.needs(self.root, self.workflow(workflow_id))

    def inputs(self, name: Literal["variables", "connections", "env"]) -> dict[str, Any]:
        """The values given for variables, connections or the environment."""
        return _needs.read(self.root, name)

    def write_inputs(
        self,
        *,
        variables: Mapping[str, Any] | None = None,
        connections: Mapping[str, Any] | None = None,
        env: Mapping[str, Any] | None = None,
    ) -> None:
        """Add values for reading and for both engines; None as a value takes one back."""
        given = {"variables": variables, "connections": connections, "env": env}
        _needs.write(self.root, {name: dict(values) for name, values in given.items() if values})
        self.store.hide_again()

    def deployment(self, workflow_id: str | None = None) -> str:
        """The deployment of a workflow as it stands in project/prefect.yaml."""
        import yaml

        path = self._project.folder / "prefect.yaml"
        text = _disk.read_text(path)
        if text is None:
            raise ProjectError("there is no prefect.yaml yet", file=str(path), advice="Convert the workflow first.")
        entrypoint = self._entry(self.workflow(workflow_id).id)["entrypoint"]
        try:
            found = [part for part in yaml.safe_load(text)["deployments"] if part.get("entrypoint") == entrypoint]
        except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
            message = str(error).splitlines()[0] if str(error) else "no list of deployments"
            raise ProjectError(f"not a prefect.yaml: {message}", file=str(path), advice="Correct the file.") from error
        if not found:
            raise ProjectError(f"no deployment with the entrypoint {entrypoint!r}", file=str(path), advice="Convert again to restore it.")
        return str(yaml.safe_dump(found, sort_keys=False, allow_unicode=True))

    # running and judging

    def consent(self, workflow_id: str | None = None, scenario: Scenario = REAL) -> list[str]:
        """What a run of either engine executes, to agree to: one text each, commands whole and as they were written."""
        workflow = self.workflow(workflow_id)
        legacy, hide = self.root / "legacy", self.store.masker()
        lines = _consent.listing(workflow, scenario, legacy)
        others = _runs.awaited(self, workflow) if scenario.kind == "real" and self.converted() else []
        lines += [f"before it {other.id}: {line}" for other in others for line in _consent.listing(other, scenario, legacy)]
        return [hide.text(line) for line in lines]

    def scenarios(self, workflow_id: str | None = None) -> tuple[Scenario, ...]:
        """The real run and all rehearsals of a workflow."""
        from workbook_lib.validation import scenarios

        return (REAL, *scenarios(self.workflow(workflow_id)))

    def scenario(self, workflow_id: str | None, name: str) -> Scenario:
        """A scenario by its name."""
        found = {scenario.name: scenario for scenario in self.scenarios(workflow_id)}
        if name not in found:
            raise UsageError(f"there is no scenario {name!r}.", advice="Name one of: " + ", ".join(list(found)[:12]) + ".")
        return found[name]

    def engine(self, workflow_id: str | None = None) -> Any:
        """The legacy engine's own environment; EngineError, with the command that makes it, when there is none."""
        from workbook_lib.sources import room

        workflow = self.workflow(workflow_id)
        return room(workflow.system).engine.environment_for(workflow.version)

    def record(self, workflow_id: str | None = None, scenarios: Iterable[Scenario] | None = None, **options: Any) -> tuple[RunRecord, ...]:
        """Run the real legacy engine in an environment of its own and keep the records; default: all scenarios."""
        return _runs.record(self, self.workflow(workflow_id), tuple(scenarios or self.scenarios(workflow_id)), **options)

    def pilot(self, workflow_id: str | None = None, scenario: Scenario = REAL, **options: Any) -> RunRecord:
        """Run the project's flow inline and keep the record; options as of `pilot.run` (parameters, logical date, events ...).

        `session`: a `pilot.Session` on this folder, for several runs in one process.
        """
        return _runs.pilot(self, self.workflow(workflow_id), scenario, **options)

    def validate(
        self,
        workflow_id: str | None = None,
        *,
        record: bool = False,
        progress: Callable[[str], None] | None = None,
        **options: Any,
    ) -> Verdict:
        """Run what is missing or stale, compare, keep and return the verdict.

        `record`: legacy records that are missing may be made with the real engine; otherwise their scenarios are not comparable.
        """
        return _runs.validate(self, self.workflow(workflow_id), record=record, progress=progress or (lambda line: None), **options)

    def _tell(self, workflow_id: str, headline: str) -> None:
        """Say in the project's guide what the last validation found."""
        from workbook_lib.prefect_writer import with_verdicts

        with _disk.locked(self.root):
            self._project.rewrite("MIGRATION.md", lambda text: with_verdicts(text, {workflow_id: headline}))

    def verdict(self, workflow_id: str | None = None) -> Verdict | None:
        """The stored verdict, or None; see `stale`."""
        from workbook_lib.validation import Verdict

        text = self.store.verdict(self.workflow(workflow_id).id)
        return None if text is None else self.store.masker().model(Verdict.from_json(text))

    def stale(self, workflow_id: str | None = None) -> bool:
        """Whether the sources, the project, a decision or an engine changed since the stored verdict, or there is none."""
        verdict = self.verdict(workflow_id)
        return verdict is None or verdict.fingerprint != _runs.fingerprint(self, self.workflow(workflow_id))

    def made_from(self, workflow_id: str | None = None) -> str:
        """A digest of what a run of the flow depends on: sources, project, fixtures, inputs, Prefect."""
        return _runs.pilot_digest(self, self.workflow(workflow_id))

    def missing_runs(self, workflow_id: str | None = None) -> dict[str, tuple[Scenario, ...]]:
        """What `validate` would run: scenarios without a fresh record, per engine ("legacy", "pilot")."""
        workflow = self.workflow(workflow_id)
        return {"legacy": _runs.stale_records(self, workflow), "pilot": _runs.stale_pilots(self, workflow)}

    def report(self, workflow_id: str | None = None) -> Path:
        """Write the HTML report of the last validation; its place."""
        return _runs.report(self, self.workflow(workflow_id))


def _status(task_id: str, status: TaskStatus) -> dict[str, Any]:
    return {"id": task_id, "status": status.status, "finding": status.finding.public() if status.finding else None}


def _inputs(given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The values in the files that were named, by kind; what is only known not to exist is left out."""
    from workbook_lib.sources import UNSET, load_inputs

    together = load_inputs(given["inputs"]) if given.get("inputs") else {}
    found = {kind: {name: value for name, value in values.items() if value != UNSET} for kind, values in together.items()}
    for name in _needs.FILES:
        if given.get(name):
            found[name] = found.get(name, {}) | _disk.read_json(Path(given[name]), {})
    return {kind: values for kind, values in found.items() if values}
