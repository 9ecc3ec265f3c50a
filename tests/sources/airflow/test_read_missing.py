"""Files that lean on code which is not there: the rest of the file is read, and what may be missing is told."""

from __future__ import annotations

import pytest
from read_helpers import built, edges, ids, only, trace_text, values


def test_a_helper_of_an_absent_package_in_the_order_of_tasks() -> None:
    dag = built(
        """
        from nowhere.utils import make, watcher
        with DAG("d"):
            a, b = T("a"), T("b")
            first, last = make("x")
            a >> first
            chain(a, last, b)
            list([a, b]) >> watcher()
        """,
        findings=("airflow.task_missing", "airflow.task_missing", "airflow.task_missing"),
    )
    assert ids(dag) == "a b"
    assert edges(dag) == ""


@pytest.mark.parametrize("name", ["watcher()", "make()[0]"])
def test_what_is_missing_is_named_once_a_line(name: str) -> None:
    _, found = trace_text(f"from nowhere import make, watcher\nwith DAG('d'):\n    [T('a'), T('b')] >> {name}\n")
    assert [(finding.code, finding.message.split("`")[1]) for finding in found] == [("airflow.task_missing", f"nowhere.{name}")]


def test_a_loop_over_something_inert_is_empty() -> None:
    source = "from nowhere import names\nwith DAG('d'):\n    T('a')\n    for name in names():\n        T(name)\n"
    assert ids(built(source, findings=("airflow.inert_decision",))) == "a"


def test_renderers_that_an_airflow_knows_are_no_guess() -> None:
    source = "from airflow.www import utils\nwith DAG('d'):\n    T('sql' if 'postgresql' in utils.get_attr_renderer() else 'a')\n"
    assert ids(built(source)) == "sql"


def test_a_folder_named_as_an_installed_package() -> None:
    files = {"google/__init__.py": "", "google/cloud/__init__.py": "OWN = 'own'\n"}
    source = """
        from google.cloud import OWN, storage
        from google.protobuf.json_format import ParseDict
        with DAG("d"):
            T("a", own=OWN)
        """
    raw, found = trace_text(source, files=files)
    assert raw is not None
    assert values(only(raw.dags[0]))["own"] == "own"
    assert [finding.code for finding in found] == ["airflow.module_missing"] * 2
    assert found[1].message == (
        "there is no module 'google.protobuf' in the package 'google' of this repository; what comes from it is unknown while reading"
    )


@pytest.mark.parametrize("caught", ["ImportError", "ModuleNotFoundError", "Exception", "(KeyError, ImportError)"])
def test_an_import_that_may_fail_does_fail(caught: str) -> None:
    source = f"try:\n    from own.missing import X\nexcept {caught}:\n    X = 'fallback'\nwith DAG('d'):\n    T('a', x=X)\n"
    dag = built(source, files={"own/__init__.py": ""})
    assert values(only(dag))["x"] == "fallback"


def test_the_file_whose_import_fails_is_named_and_where() -> None:
    raw, found = trace_text("import own\nown.f()\n", prelude=False, files={"own.py": "def f():\n    raise ValueError('no')\n"})
    assert raw is not None
    assert [(finding.code, finding.file, finding.line) for finding in found] == [("tracing.raised", "dag_file.py", 2)]
    assert found[0].message.startswith("the file raises ValueError while it is read: no (in ")
    assert found[0].message.endswith("own.py, line 2)")


def test_hooks_have_what_is_asked_for() -> None:
    dag = built(
        """
        from airflow.providers.google.cloud.hooks.automl import CloudAutoMLHook
        extract = CloudAutoMLHook.extract_object_id
        with DAG("d"):
            T("a", x=extract("y"))
        """
    )
    assert values(only(dag))["x"]["source"] == "CloudAutoMLHook.extract_object_id('y')"


def test_addresses_made_of_inputs() -> None:
    source = """
        import os
        from urllib.parse import quote_plus, urlparse
        URL = os.environ.get("URL", "gs://bucket/x")
        if not urlparse(URL).netloc:
            raise ValueError(URL)
        with DAG("d"):
            T("a", x=quote_plus(os.environ["PASSWORD"]))
        """
    dag = built(source, findings=("airflow.assumed_value",))
    assert values(only(dag))["x"]["source"] == "urllib.parse.quote_plus(os.environ['PASSWORD'])"


def test_a_file_may_look_at_its_own_stack() -> None:
    dag = built(
        """
        import inspect, pathlib
        NAME = next(pathlib.Path(frame.filename).stem for frame in inspect.stack() if "dag_" in frame.filename)
        with DAG(NAME):
            T("a")
        """
    )
    assert dag.id == "dag_file"


def test_an_import_whose_failure_is_raised_again_is_not_prepared_for() -> None:
    source = "try:\n    from own.missing import X\nexcept ImportError:\n    raise RuntimeError\nwith DAG('d'):\n    T('a', x=X)\n"
    dag = built(source, files={"own/__init__.py": ""}, findings=("airflow.module_missing",))
    assert values(only(dag))["x"]["source"] == "own.missing.X"


def test_attributes_of_an_unknown_operator() -> None:
    dag = built(
        """
        from airflow.providers.amazon.aws.sensors.bedrock import BedrockBatchInferenceSensor as Sensor
        with DAG("d"):
            Sensor(task_id="a", state=Sensor.States.DONE)
        """
    )
    assert values(only(dag))["state"]["source"] == "BedrockBatchInferenceSensor.States.DONE"


def test_an_operator_with_an_abstract_class_beside_it() -> None:
    dag = built(
        """
        import abc
        from airflow.models import BaseOperator
        class Own(BaseOperator, abc.ABC):
            pass
        with DAG("d"):
            Own(task_id="a")
        """
    )
    assert only(dag).bases[0] == "Own"


def test_tasks_decorated_by_their_dag() -> None:
    dag = built(
        """
        d = DAG("d")
        @d.task
        def a(): ...
        @d.task(trigger_rule="all_done")
        def b(x): ...
        b(a())
        """
    )
    assert edges(dag) == "a>b"
    assert only(dag, "b").trigger_rule == "all_done"


def test_json_of_something_inert_is_unknown() -> None:
    dag = built("import json\nfrom nowhere import x\nwith DAG('d'):\n    T('a', x=json.dumps({'k': x}), y=json.dumps({'k': 1}))\n")
    assert values(only(dag)) == {"x": values(only(dag))["x"], "y": '{"k": 1}'}
    assert values(only(dag))["x"]["source"] == "json.dumps({'k': nowhere.x})"


def test_parts_of_an_unknown_text() -> None:
    source = """
        import os
        folder, name = os.environ.get("PATH_OF_FILE", "s3://bucket/a/b.csv").rsplit("/", 1)
        with DAG("d"):
            T("a", x=name.rpartition(".")[0])
        """
    dag = built(source, findings=("airflow.assumed_value",))
    assert only(dag).arguments[0][1].kind == "index"


def test_a_helper_that_is_given_a_task_stands_for_it() -> None:
    dag = built(
        """
        from airflow.providers.openlineage.api.policy import extend
        with DAG("d"):
            a, b, c = T("a"), T("b"), T("c")
            a >> [extend(b, x=1)] >> c
            chain([a], extend(c))
        """,
        findings=("airflow.task_assumed", "airflow.task_assumed"),
    )
    assert edges(dag) == "a>b a>c b>c"


def test_a_kind_of_task_group_of_a_provider() -> None:
    dag = built(
        """
        from airflow.providers.databricks.operators.databricks_workflow import DatabricksWorkflowTaskGroup
        with DAG("d"):
            with DatabricksWorkflowTaskGroup(group_id="g", databricks_conn_id="c") as g:
                T("a")
            g >> T("b")
        """,
        findings=("airflow.task_missing",),
    )
    assert edges(dag) == "g.a>b"
    assert [group.id for group in dag.groups] == ["g"]


def test_a_decorator_of_a_provider_hands_over_arguments_of_its_own() -> None:
    dag = built("with DAG('d'):\n    @task.snowpark\n    def a(session, x): ...\n    a(x=1)\n")
    assert ids(dag) == "a"
