"""What a branch can answer, and what stands behind it -> the form of the flow, which its structure proves to mean the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from writer_build import function, python, shell, workflow

from workbook_lib.model.expr import Constant, TaskOutput
from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_reader import read_flow
from workbook_lib.prefect_writer import write
from workbook_lib.validation import compare_structure

TEXT = 'return "a" if late else "b"'
LISTS = 'return ["a"] if late else ["b"]'
GIVEN = "return yes if late else no"


def branch(answers: str, edges: str, *, kind: str = "branch", **rules: str) -> Workflow:
    """`choose`, with shell tasks behind it as the edges name them, by the rules named."""
    code = function(f"def choose(late, yes, no):\n    {answers}\n")
    arguments = {"late": Constant(value=True), "yes": Constant(value=["a"]), "no": Constant(value=["b"])}
    names = dict.fromkeys(name for name in re.findall(r"\w+", edges) if name != "choose")
    tasks = (shell(name, f"echo {name}", join_rule=rules.get(name, "all_success")) for name in names)
    return workflow(python("choose", code, arguments=arguments, steers=kind), *tasks, edges=edges)


def form(made: Workflow, folder: Path) -> tuple[str, list[str]]:
    """The form and the flow's lines from the branch on, once its structure is proven equal."""
    project = write([made])
    project.save(folder)
    rows = compare_structure(made, read_flow(folder, made.id))
    assert rows
    assert [row for row in rows if str(row.verdict) != "equal"] == []
    info = project.flows[made.id]
    flow = project.files[info.path].partition("@flow\n")[2].partition("\n\n\n")[0].splitlines()[1:]
    return info.form, [line.strip() for line in flow if "if " in line or "else" in line]


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        (TEXT, ['if choose(True, ["a"], ["b"]) == "a":', "else:"]),
        (LISTS, ['if "a" in choose(True, ["a"], ["b"]):', "else:"]),
        (GIVEN, ['if "a" in choose(True, ["a"], ["b"]):', "else:"]),
    ],
)
def test_one_name_is_asked_for(answers: str, asked: list[str], tmp_path: Path) -> None:
    made = branch(answers, "choose >> a, choose >> b, a >> c, b >> c", c="none_failed_min_one_success")
    assert form(made, tmp_path) == ("sequence", asked)


def test_a_branch_that_may_answer_nothing(tmp_path: Path) -> None:
    assert form(branch("return yes if late else []", "choose >> a, a >> c"), tmp_path) == (
        "sequence",
        ['if choose(True, ["a"], ["b"]):'],
    )


@pytest.mark.parametrize(
    ("answers", "edges", "rules"),
    [
        (TEXT, "choose >> a, choose >> b, a >> c", {"c": "none_failed"}),  # c runs although a was skipped
        ("return []", "choose >> a, choose >> b, a >> c, b >> c", {"c": "none_failed_min_one_success"}),
        ("return yes if late else []", "choose >> a, choose >> b, a >> c, b >> c", {"c": "none_failed"}),  # c runs when nothing was chosen
        ('return "a" if late else ["b"]', "choose >> a, choose >> b", {}),
        ('return ["a", "b"]', "choose >> a, choose >> b", {}),
        ('return ["a"] if late else ["a2"]', "choose >> a, choose >> a2", {}),  # the text "a2" holds "a", too
    ],
)
def test_what_plain_conditions_would_not_mean(answers: str, edges: str, rules: dict[str, str], tmp_path: Path) -> None:
    assert form(branch(answers, edges, **rules), tmp_path)[0] == "rules"


@pytest.mark.parametrize(("sweeps", "expected"), [(True, "sequence"), (False, "rules")])
def test_a_short_circuit_that_leaves_rules_to_decide(sweeps: bool, expected: str, tmp_path: Path) -> None:
    made = branch("return late", "choose >> a, a >> c", kind="short_circuit", c="none_failed")
    tasks = tuple(task.model_copy(update={"steers_rules": not sweeps}) if task.id == "choose" else task for task in made.tasks)
    assert form(made.model_copy(update={"tasks": tasks}), tmp_path)[0] == expected


@pytest.mark.parametrize("edges", ["first >> get, first >> show", "first >> show, first >> get"])
def test_a_result_of_a_task_that_nobody_waits_for(edges: str, tmp_path: Path) -> None:
    made = workflow(shell("first", "echo"), shell("get", "echo 1"), shell("show", "echo ", TaskOutput(task="get")), edges=edges)
    assert form(made, tmp_path)[0] == "rules"
    text = (tmp_path / "flows" / f"{made.id}.py").read_text()
    assert text.index("get_run = ") < text.index("peek(get_run)")
