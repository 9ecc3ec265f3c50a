"""What our reader makes of DAG files: the same facts as `_engine.py`, and the findings."""

from __future__ import annotations

import collections
import hashlib
import json
from pathlib import Path
from typing import Any

from corpus_fetching import HERE, Package

from workbook_lib.findings import Severity
from workbook_lib.sources._types import ReadOptions
from workbook_lib.sources.airflow import _read
from workbook_lib.sources.airflow._files import text_of
from workbook_lib.sources.airflow._raw import RawDag, RawTask
from workbook_lib.sources.airflow.assemble import assemble
from workbook_lib.sources.tracing import Tracer

ENVIRONMENT: dict[str, str] = json.loads((HERE / "environment.json").read_text())


def task_facts(task: RawTask, upstream: list[str]) -> dict[str, Any]:
    return {
        "id": task.id,
        "operator": task.operator,
        "upstream": sorted(upstream),
        "trigger_rule": task.trigger_rule,
        "mapped": task.mapping is not None,
        "setup": task.setup,
        "teardown": task.teardown,
    }


def dag_facts(dag: RawDag) -> dict[str, Any]:
    before = collections.defaultdict(list)
    for edge in dag.edges:
        before[edge.target].append(edge.source)
    return {"id": dag.id, "tasks": sorted((task_facts(task, before[task.id]) for task in dag.tasks), key=lambda task: str(task["id"]))}


def read(package: Package, files: dict[str, Path], version: str | None, tracer: Tracer) -> dict[str, dict[str, Any]]:
    """For each file: its DAGs, the version that it was read as, its findings (severity, code, message, line)."""
    options = ReadOptions(version=version, environment=ENVIRONMENT)
    raws, findings, _ = _read.trace(package.folders(), options, tracer)
    names = {str(path): name for name, path in files.items()}
    answers: dict[str, dict[str, Any]] = {name: {"dags": [], "findings": [], "version": None} for name in files}
    for raw in raws:
        name = names.get(str(Path(raw.file).absolute()))
        if name is not None:
            _, more = assemble(raw, texts=text_of)
            findings += more
            answers[name].update(version=raw.airflow, dags=sorted(map(dag_facts, raw.dags), key=lambda dag: dag["id"]))
    for finding in findings:
        name = names.get(str(Path(finding.file or "").absolute()))
        if name is not None:
            told = {"severity": finding.severity.value, "code": finding.code, "message": finding.message, "line": finding.line}
            answers[name]["findings"].append(told)
    return answers


def is_answered(answer: dict[str, Any]) -> bool:
    """Whether a file gave DAGs, or a finding that says why not."""
    return bool(answer["dags"]) or bool(answer["findings"])


def errors(answer: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in answer["findings"] if finding["severity"] == Severity.ERROR.value]


def digest(dags: list[dict[str, Any]]) -> str:
    """The structure in a few letters: for tests that have no engine at hand."""
    return hashlib.sha256(json.dumps(dags, sort_keys=True).encode()).hexdigest()[:12]
