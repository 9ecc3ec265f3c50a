"""What a flow's module would do while it is imported beyond making values: files, processes and the network are told."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from workbook_lib.findings import Finding, Severity
from workbook_lib.model.function import Definition
from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_writer.project._asked_late import run_at_import
from workbook_lib.prefect_writer.python._findings import finding_at

# Modules whose functions (not classes) reach out of the process, by the name that is imported; of `os`, these functions alone.
_REACHING = frozenset({"boto3", "glob", "httpx", "psycopg2", "pymysql", "requests", "shutil", "socket", "sqlite3", "subprocess", "urllib"})
_OF_OS = frozenset({"listdir", "makedirs", "mkdir", "popen", "remove", "scandir", "stat", "system", "unlink", "walk"})


def import_effects(workflow: Workflow) -> Iterable[Finding]:
    """One finding for each module-level statement that reads, writes, runs or asks for something where it stands."""
    for definition in workflow.definitions:
        if definition.form != "constant" or definition.blockers:
            continue
        call = _reaching(definition)
        if call is not None:
            says = f"`{definition.name}` is made while the flow's module is imported, by `{call}`, as it was in the legacy file"
            advice = "Make it a function or a task of the flow if a deployment must not do that by itself."
            yield finding_at(definition.origin, "writer.import_effect", Severity.WARNING, says, workflow=workflow.id, advice=advice)


def _reaching(definition: Definition) -> str | None:
    """The first call that reaches out, as it is written."""
    for node in run_at_import(definition, ast.Call):
        name = ast.unparse(node.func)
        root, _, last = name.partition(".")
        if name == "open" or (root == "os" and last in _OF_OS):
            return ast.unparse(node)[:80]
        if root in _REACHING and last and last.rpartition(".")[2][:1].islower():
            return ast.unparse(node)[:80]
    return None
