"""What went wrong when people tried the writer on DAGs of their own."""

from __future__ import annotations

import ast

import pytest
from writer_build import function, python, shell, workflow

from workbook_lib.model.evaluate import simulate
from workbook_lib.model.expr import Constant, Context, Element, TaskOutput, Variable
from workbook_lib.model.function import Definition, Span
from workbook_lib.model.workflow import Mapping
from workbook_lib.pilot import run_many
from workbook_lib.prefect_writer import write
from workbook_lib.validation import scenarios


def flow(made):
    project = write([made])
    return project.files[project.flows[made.id].path]


def definition(source: str, name: str) -> str:
    tree = ast.parse(source)
    return next(ast.unparse(node) for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name)


def test_a_value_inside_an_f_string_has_the_other_quotes():
    tell = function(
        'def tell(context):\n    print(f"{context[0]} of {context[1]}")\n',
        marks={
            "context[0]": Span(start=0, end=0, kind="value", value=Context(name="task_id")),
            "context[1]": Span(start=0, end=0, kind="value", value=Context(name="workflow_id")),
        },
    )
    made = workflow(shell("a", "echo a", callbacks=(("on_failure_callback", tell),)))
    text = """def tell(task, run, state):\n    print(f"{run.name if task.task_run_name else task.name} of {'example'}")"""
    assert definition(flow(made), "tell") == ast.unparse(ast.parse(text))


def test_a_variable_that_must_be_set_is_asked_for_strictly():
    made = workflow(shell("a", "echo ", Variable(name="Bucket")))
    project = write([made])
    expected = "@task\ndef a() -> str:\n    return run_shell(f\"echo {variable('bucket')}\")\n"
    assert definition(project.files["flows/example.py"], "a") == definition(expected, "a")
    assert definition(project.files["shared/variables.py"], "variable").splitlines()[0] == "def variable(name: str) -> str:"


def test_a_variable_with_a_default_is_not():
    made = workflow(shell("a", "echo ", Variable(name="b", default=Constant(value="x"))))
    assert "shared/variables.py" not in write([made]).files


def test_an_import_of_a_sibling_module_stays_an_import():
    """`os` of a sibling module is imported where it is used; the sibling's copy in `shared` need not have it."""
    here = function("def here():\n    return os.getcwd()\n", uses=("os",))
    made = workflow(python("here", here), definitions=(Definition(name="os", module="include.helpers", form="import", source="import os"),))
    imports = [ast.unparse(node) for node in ast.parse(flow(made)).body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert imports == ["from __future__ import annotations", "import os", "from prefect import flow, task"]


@pytest.mark.pilot
def test_a_mapped_task_keeps_its_other_arguments_where_nothing_is_expanded(tmp_path):
    fetch = function("def fetch(page, limit):\n    return page\n")
    pages = function("def pages():\n    return []\n")
    made = workflow(
        python("pages", pages),
        python(
            "fetch",
            fetch,
            arguments={"page": Element(name="page"), "limit": Constant(value=5)},
            mapping=Mapping(over=(("page", TaskOutput(task="pages")),)),
        ),
        edges="pages >> fetch",
    )
    write([made]).save(tmp_path / "project")
    rehearsals = [scenario for scenario in scenarios(made) if scenario.name in ("pages fails", "pages gives 0")]
    assert len(rehearsals) == 2
    for record in run_many(tmp_path, made, rehearsals):
        expected, end = simulate(made, next(scenario for scenario in rehearsals if scenario.name == record.scenario))
        assert (record.problem, record.state) == ("", end)
        assert [(run.id, run.map_index, run.state) for run in record.tasks] == [(run.id, run.map_index, run.state) for run in expected]
        assert record.task("fetch").observed


def test_two_variables_with_one_prefect_name_are_told():
    made = workflow(shell("a", "echo ", Variable(name="Team Name"), Variable(name="team_name")))
    messages = [finding.message for finding in write([made]).findings if finding.code == "writer.variable_clash"]
    assert messages == ["the variables 'Team Name', 'team_name' would all become the Prefect Variable 'team_name'"]


def test_two_pools_with_one_limit_are_told():
    made = workflow(shell("a", "echo", pool="a/b"), shell("b", "echo", pool="a-b"), shell("c", "echo", pool="c"))
    messages = [finding.message for finding in write([made]).findings if finding.code == "writer.pool_clash"]
    assert messages == ["the pools 'a-b', 'a/b' would all become the global concurrency limit 'a-b'"]


def test_what_importing_a_flow_would_do_is_told():
    read_in = Definition(name="LINES", form="constant", source='LINES = open("a.txt").read()\n')
    later = Definition(name="lines", form="function", source='def lines():\n    return open("a.txt").read()\n')
    session = Definition(name="SESSION", form="constant", source="SESSION = requests.Session()\n")
    asked = Definition(name="RATES", form="constant", source='RATES = requests.get("https://x.com").json()\n')
    made = workflow(shell("a", "echo"), definitions=(read_in, later, session, asked))
    told = [found.message for found in write([made]).findings if found.code == "writer.import_effect"]
    assert told == [
        "`LINES` is made while the flow's module is imported, by `open('a.txt')`, as it was in the legacy file",
        "`RATES` is made while the flow's module is imported, by `requests.get('https://x.com').json()`, as it was in the legacy file",
    ]
