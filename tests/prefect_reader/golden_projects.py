"""Helper: a workflow of the writer's golden files -> its project on disk, with edits -> the verdict on its structure."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_reader import FlowProgram, read_flow
from workbook_lib.prefect_writer import write
from workbook_lib.validation import Judgement, compare_structure

sys.path.append(str(Path(__file__).parents[1] / "prefect_writer"))
from test_forms import CASES  # the workflows behind the golden files

MADE = {case.__name__: case for case in CASES}


@cache
def written(name: str) -> tuple[Workflow, str, dict[str, str]]:
    """The workflow, the path of its flow and all files of its project."""
    made: Workflow = MADE[name]()
    project = write([made])
    return made, project.flows[made.id].path, dict(project.files)


def edited(name: str, folder: Path, *edits: tuple[str, str], file: str = "") -> tuple[Workflow, FlowProgram]:
    """The flow read from a project in which each `old` text of a file (the flow's, unless named) was replaced by `new`."""
    made, flow, files = written(name)
    path = file or flow
    text = files[path]
    for old, new in edits:
        assert old in text, f"{old!r} is not in {path}"
        text = text.replace(old, new)
    for each, content in (files | {path: text}).items():
        (folder / each).parent.mkdir(parents=True, exist_ok=True)
        (folder / each).write_text(content, encoding="utf-8")
    return made, read_flow(folder, made.id)


def verdict(made: Workflow, program: FlowProgram) -> str:
    """The worst verdict of all rows."""
    rows = compare_structure(made, program)
    return str(max((row.verdict for row in rows), key=list(Judgement).index))
