"""Whole repositories in small: where modules, data and template files are found, and what is told of what is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from repository_helpers import SIMPLE, ids, lay, raws, read

from workbook_lib import sources
from workbook_lib.errors import SourceError
from workbook_lib.model.expr import Constant
from workbook_lib.sources import ReadOptions

ONE = "from {module} import NAME\nfrom airflow import DAG\nwith DAG(NAME, catchup=False): pass\n"


@pytest.mark.parametrize(
    ("module", "file"),
    [
        ("common.names", "dags/common/names.py"),
        ("dags.common.names", "dags/common/names.py"),
        ("names", "plugins/names.py"),
        ("plugins.names", "plugins/names.py"),
        ("include.names", "include/names.py"),
        ("names", "include/names.py"),
        ("names", "config/names.py"),
        ("shared.names", "src/shared/names.py"),
        ("names", "dags/team/names.py"),
        ("names", "vendored/names.py"),
    ],
)
@pytest.mark.parametrize("read_from", [".", "dags", "dags/team/one.py"])
def test_import_roots(module: str, file: str, read_from: str, tmp_path: Path) -> None:
    lay(tmp_path, {"dags/team/one.py": ONE.format(module=module), file: "NAME = 'found'\n", "requirements.txt": "", "README.md": "x"})
    assert ids(tmp_path / read_from) == "found"


def test_the_folder_of_dags_comes_before_folders_inside_it(tmp_path: Path) -> None:
    names = {f"{folder}names.py": f"NAME = 'in_{place}'\n" for folder, place in (("dags/", "dags"), ("dags/team/", "team"), ("", "top"))}
    assert ids(lay(tmp_path, {"dags/team/one.py": ONE.format(module="names"), **names})) == "in_dags"


def test_nested_folders_of_dags(tmp_path: Path) -> None:
    projects = {f"dags/{name}/dags/{name}.py": ONE.format(module="local") for name in ("p", "q")}
    assert ids(lay(tmp_path, {**projects, "dags/p/dags/local.py": "NAME = 'p'\n", "dags/q/dags/local.py": "NAME = 'q'\n"})) == "p q"


def test_roots_that_are_given_come_first(tmp_path: Path) -> None:
    lay(tmp_path, {"dags/one.py": ONE.format(module="names"), "dags/names.py": "NAME = 'own'\n", "else/names.py": "NAME = 'given'\n"})
    assert ids(tmp_path / "dags", roots=(str(tmp_path / "else"),)) == "given"
    with pytest.raises(SourceError, match="no such folder to look up modules in"):
        sources.read(tmp_path, ReadOptions(roots=(str(tmp_path / "nowhere"),)))


def test_secrets_beside_a_folder_of_dags_are_not_readable(tmp_path: Path) -> None:
    source = "from pathlib import Path\nfrom airflow import DAG\nDAG((Path(__file__).parent.parent / {name!r}).read_text())\n"
    lay(tmp_path / "home", {"dags/one.py": source.format(name=".aws/credentials"), ".aws/credentials": "secret", "plugins/p.py": "x"})
    found, findings = raws(tmp_path / "home" / "dags")
    assert [dag.id for raw in found for dag in raw.dags] == []
    assert "tracing.raised" in [one.code for one in findings]


def test_files_outside_of_the_folder_of_dags(tmp_path: Path) -> None:
    lay(tmp_path, {"dags/a.py": SIMPLE.format(name="a"), "scripts/check.py": "# airflow dag\nraise ValueError('broken')\n"})
    lay(tmp_path, {"scripts/more.py": SIMPLE.format(name="more"), "scripts/help.py": "x = 1\n"})
    found, findings = raws(tmp_path)
    assert sorted(dag.id for raw in found for dag in raw.dags) == ["a", "more"]
    assert [(one.code, one.severity, one.message) for one in findings] == [
        (
            "airflow.no_dag",
            "note",
            "the file lies outside of the folder of DAGs, and defines no DAG (the file raises ValueError while it is read: broken)",
        )
    ]


# Paths


@pytest.mark.parametrize(
    "where",
    [
        "Path(__file__).parent / 'specs'",
        "Path(__file__).resolve().parents[1] / 'dags' / 'specs'",
        "Path('/opt/airflow/dags/specs')",
        "Path('/usr/local/airflow/dags') / 'specs'",
        "Path('/srv/af/dags/specs')",  # dags_folder of airflow.cfg
        "Path.cwd() / 'dags' / 'specs'",
        "Path('dags/specs')",
        "Path(os.environ['AIRFLOW_HOME']) / 'dags' / 'specs'",
        "Path(os.environ.get('AIRFLOW_HOME', '/nowhere'), 'dags', 'specs')",
        "Path(os.path.join(DAGS_FOLDER, 'specs'))",
        "Path(AIRFLOW_HOME) / 'dags/specs'",
        "Path(conf.get('core', 'dags_folder')) / 'specs'",
    ],
)
def test_dags_made_from_yaml_files(where: str, tmp_path: Path) -> None:
    source = f"""
        import os
        from pathlib import Path
        import yaml
        from airflow import DAG
        from airflow.configuration import AIRFLOW_HOME, conf
        from airflow.settings import DAGS_FOLDER
        from airflow.operators.empty import EmptyOperator

        def make(spec):
            with DAG(spec["id"], catchup=False) as dag:
                before = None
                for name in spec["tasks"]:
                    task = EmptyOperator(task_id=name)
                    before and before >> task
                    before = task
            return dag

        for file in sorted(({where}).glob("*.yml")):
            with open(file) as stream:
                spec = yaml.safe_load(stream)
            globals()[spec["id"]] = make(spec)
    """
    specs = {f"dags/specs/{name}.yml": f"id: {name}\ntasks: [one, two]\n" for name in ("first", "second")}
    lay(tmp_path, {"dags/make.py": source, "airflow.cfg": "[core]\ndags_folder = /srv/af/dags\n", **specs})
    found, findings = raws(tmp_path)
    assert [one.message for one in findings] == []
    assert [(dag.id, [task.id for task in dag.tasks], len(dag.edges)) for raw in found for dag in raw.dags] == [
        ("first", ["one", "two"], 1),
        ("second", ["one", "two"], 1),
    ]


def test_a_path_that_a_variable_names(tmp_path: Path) -> None:
    source = "from airflow.models import Variable\nname = open(Variable.get('folder') + '/name.txt').read()\nwith DAG(name): pass\n"
    lay(tmp_path, {"dags/a.py": "from airflow import DAG\n" + source, "data/name.txt": "named"})
    assert ids(tmp_path, variables={"folder": "/home/airflow/gcs/data"}) == "named"
    found, findings = raws(tmp_path)
    assert [dag.id for raw in found for dag in raw.dags] == []
    assert "tracing.raised" in [one.code for one in findings]


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        ("f'bash {HERE}/run.sh '", "bash dags/run.sh "),
        ("str(HERE / 'run.py')", "dags/run.py"),
        ("f'cat {HERE.parent}/data/x'", "cat data/x"),
        ("f'ls {HERE.parent}'", "ls ."),
        ("f'ls {HERE}-other'", "ls dags-other"),
        ("'ls ' + conf.get('core', 'dags_folder')", "ls dags"),
    ],
)
def test_paths_of_this_machine_are_not_told(command: str, kept: str, tmp_path: Path) -> None:
    source = f"""
        from pathlib import Path
        from airflow import DAG
        from airflow.configuration import conf
        from airflow.operators.bash import BashOperator
        HERE = Path(__file__).parent
        with DAG("d", catchup=False):
            BashOperator(task_id="a", bash_command={command})
    """
    workflows, told = read(lay(tmp_path, {"dags/a.py": source, "dags/run.py": "x"}))
    assert dict(workflows[0].task("a").arguments)["bash_command"] == Constant(value=kept)
    assert told == ["airflow.repository_path dags/a.py:7"]
    assert workflows[0].requirements.files == (("dags/run.py",) if kept == "dags/run.py" else ())
    document = workflows[0].model_dump_json()
    assert str(tmp_path) not in document.replace(f'"file":"{tmp_path}', "")


# Template files


FILES = {"dags/team/local.sql": "select 1", "sql/shared.sql": "select 2", "dags/run.sh": "echo {{ ds }}"}


@pytest.mark.parametrize(
    ("argument", "searched", "files"),
    [
        ("sql='local.sql'", "None", ("dags/team/local.sql",)),
        ("sql=['local.sql', 'select 3']", "None", ("dags/team/local.sql",)),
        ("sql='shared.sql'", "['/opt/airflow/sql']", ("sql/shared.sql",)),
        ("sql='shared.sql'", "str(Path(__file__).parents[2] / 'sql')", ("sql/shared.sql",)),
        ("sql='/shared.sql'", "['/opt/airflow/sql']", ("sql/shared.sql",)),
        ("sql=str(Path(__file__).parents[2] / 'sql/shared.sql')", "['/']", ("sql/shared.sql",)),
        ("sql='select 1'", "None", ()),
        ("destination='local.sql'", "None", ()),
    ],
)
def test_template_files(argument: str, searched: str, files: tuple[str, ...], tmp_path: Path) -> None:
    source = f"""
        from pathlib import Path
        from airflow import DAG
        from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
        with DAG("d", catchup=False, template_searchpath={searched}):
            SQLExecuteQueryOperator(task_id="a", {argument})
    """
    workflows, told = read(lay(tmp_path, {"dags/team/a.py": source, **FILES}))
    assert workflows[0].requirements.files == files
    assert [one for one in told if "template" in one] == []


@pytest.mark.parametrize("argument", ["sql='gone.sql'", "sql='../secret.sql'", "hql='x/gone.hql'", "command='go.sh'"])
def test_a_template_file_that_is_missing(argument: str, tmp_path: Path) -> None:
    source = f"""
        from airflow import DAG
        from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
        with DAG("d", catchup=False):
            SQLExecuteQueryOperator(task_id="a", {argument})
    """
    workflows, told = read(lay(tmp_path, {"dags/a.py": source, "secret.sql": "x"}))
    assert (workflows[0].requirements.files, told) == ((), ["airflow.template_file_missing dags/a.py:5"])


def test_template_files_outside_of_what_is_read_are_not_looked_at(tmp_path: Path) -> None:
    lay(tmp_path, {"secret/run.sh": "echo secret"})
    source = f"""
        with DAG("d", catchup=False, template_searchpath=[{str(tmp_path / "secret")!r}]):
            BashOperator(task_id="a", bash_command="run.sh")
            BashOperator(task_id="b", bash_command="link.sh")
    """
    lay(tmp_path / "repo", {"a.py": source})
    (tmp_path / "repo" / "link.sh").symlink_to(tmp_path / "secret" / "run.sh")
    workflows, told = read(tmp_path / "repo")
    assert told == ["airflow.template_not_compiled a.py:6", "airflow.template_not_compiled a.py:7"]
    assert "echo secret" not in workflows[0].model_dump_json()


# Packages that are not there, versions, ids


@pytest.mark.parametrize(
    ("source", "package"),
    [
        ("import dagfactory\nfactory = dagfactory.DagFactory('x.yml')\nfactory.generate_dags(globals())\n", "dagfactory"),
        ("from dagfactory import load_yaml_dags\nload_yaml_dags(globals_dict=globals())\n", "dagfactory"),
        ("from gusty import create_dag\ndag = create_dag('folder')\n", "gusty"),
        ("from cosmos import DbtDag, ProjectConfig\nd = DbtDag(dag_id='dbt', project_config=ProjectConfig('p'))\n", "cosmos"),
        ("from inhouse.dags import build_all\nbuild_all(globals())\n", "inhouse"),
    ],
)
def test_dags_that_a_package_would_build(source: str, package: str, tmp_path: Path) -> None:
    found, findings = raws(lay(tmp_path, {"a.py": "# airflow dag\n" + source}))
    assert [dag.id for raw in found for dag in raw.dags] == []
    (told,) = findings
    assert (told.code, told.severity) == ("airflow.dags_by_package", "warning")
    assert told.message == f"this file builds its DAGs by {package}, which is not run: they are not read"


def test_a_group_that_a_package_would_fill_keeps_its_place(tmp_path: Path) -> None:
    source = """
        from cosmos import DbtTaskGroup
        with DAG("d", catchup=False):
            EmptyOperator(task_id="a") >> DbtTaskGroup(group_id="dbt", project_config=1) >> EmptyOperator(task_id="z")
    """
    workflows, _ = read(
        lay(
            tmp_path,
            {
                "a.py": source.replace(
                    "from cosmos", "from airflow.operators.empty import EmptyOperator\n        from airflow import DAG\n        from cosmos"
                )
            },
        )
    )
    assert [(edge.source, edge.target) for edge in workflows[0].edges] == [("a", "dbt"), ("dbt", "z")]
    assert workflows[0].task("dbt").operator == "DbtTaskGroup"


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("if settings.DEBUG:\n    pass", ["airflow.inert_decision"]),
        ("if settings.ENV == 'prod':\n    pass", ["airflow.inert_decision"]),
        ("for name in settings.NAMES:\n    pass", ["airflow.inert_decision"]),
        ("value = settings.NAMES", []),
    ],
)
def test_a_decision_on_what_a_package_says(line: str, codes: list[str], tmp_path: Path) -> None:
    source = f"from inhouse import settings\nfrom airflow import DAG\n{line}\nwith DAG('d', catchup=False): pass\n"
    found, findings = raws(lay(tmp_path, {"a.py": source}))
    assert ([dag.id for raw in found for dag in raw.dags], [(one.code, one.line) for one in findings]) == (
        ["d"],
        [(code, 3) for code in codes],
    )


def test_values_of_the_environment_by_type(tmp_path: Path) -> None:
    source = """
        from environs import Env
        from decouple import config
        from airflow import DAG
        env = Env()
        with DAG("d", catchup=False, max_active_runs=env.int("RUNS"), tags=env.list("TAGS"), schedule=config("WHEN", default=None)):
            pass
    """
    lay(tmp_path, {"a.py": source})
    found, findings = raws(tmp_path, environment={"RUNS": "3", "TAGS": "a,b", "WHEN": "@daily"})
    (dag,) = found[0].dags
    assert ([one.code for one in findings], dag.limits.active_runs, dag.tags, dag.schedule.text) == ([], 3, ("a", "b"), "@daily")
    _, findings = raws(tmp_path)
    assert {"airflow.assumed_setting", "airflow.schedule_unknown"} <= {one.code for one in findings}


@pytest.mark.parametrize(("version", "name"), [("2.11", "two"), ("3", "three")])
def test_code_that_asks_for_the_version(version: str, name: str, tmp_path: Path) -> None:
    source = """
        import airflow
        from airflow import DAG
        from airflow.version import version
        from packaging.version import parse
        try:
            from airflow.operators.empty import EmptyOperator
        except ImportError:
            from airflow.operators.dummy import DummyOperator as EmptyOperator
        if parse(airflow.__version__) >= parse("3.0") and version.startswith("3"):
            name = "three"
        else:
            name = "two"
        with DAG(name, catchup=False):
            EmptyOperator(task_id="a")
    """
    assert ids(lay(tmp_path, {"a.py": source}), version=version) == name


@pytest.mark.parametrize(
    ("dag", "task", "version", "told"),
    [
        ("d", "a", "2.11", []),
        (
            "d d",
            "a",
            "2.11",
            ["Airflow 2 does not import this file: the DAG id 'd d' may hold only letters, digits, dashes, underscores and dots"],
        ),
        (
            "d",
            "a/b",
            "3",
            ["Airflow 3 does not import this file: the task id 'a/b' may hold only letters, digits, dashes, underscores and dots"],
        ),
        ("d" * 251, "a", "3", [f"Airflow 3 does not import this file: the DAG id '{'d' * 48}... has 251 signs, and 250 are allowed"]),
        ("dé", "a", "3", []),
        ("dé", "a", "2.11", []),
    ],
)
def test_ids_that_airflow_refuses(dag: str, task: str, version: str, told: list[str], tmp_path: Path) -> None:
    source = f"with DAG({dag!r}, catchup=False):\n    EmptyOperator(task_id={task!r})\n"
    _, findings = raws(lay(tmp_path, {"a.py": source}), version=version)
    assert [one.message for one in findings] == told
    assert [one.code for one in findings] == ["airflow.id_refused"] * len(told)


# Links


def test_links(tmp_path: Path) -> None:
    lay(tmp_path / "repo", {"dags/a.py": SIMPLE.format(name="a"), "shared/b.py": SIMPLE.format(name="b")})
    lay(tmp_path / "outside", {"c.py": SIMPLE.format(name="c")})
    dags = tmp_path / "repo" / "dags"
    (dags / "again.py").symlink_to(dags / "a.py")
    (dags / "circle").symlink_to(dags)
    (dags / "out").symlink_to(tmp_path / "outside")
    (dags / "itself").symlink_to(dags / "itself")
    found, findings = raws(tmp_path / "repo")
    assert sorted(dag.id for raw in found for dag in raw.dags) == ["a", "b"]
    assert sorted((one.code, str(Path(one.file or "").relative_to(dags))) for one in findings) == [
        ("airflow.file_twice", "again.py"),
        ("airflow.link_outside", "out"),
        ("airflow.link_repeated", "circle"),
        ("airflow.link_repeated", "itself"),
    ]
