"""Python callables: source -> the function as carried over, with what its parameters are bound to."""

from __future__ import annotations

import ast
from textwrap import dedent
from typing import Any

import pytest
from airflow_build import FILE, applied, bound, function_at, python_task, raw_task, read

from workbook_lib.model import expr as x
from workbook_lib.model.action import PythonCall
from workbook_lib.model.workflow import Workflow

IDS = ("t_0", "t_1", "t_2", "t_a", "t_b", "b_t_1", "a_t_2", "T_2")
OTHERS = [raw_task(id, "UnknownOperator") for id in ("a", "b", "one", *IDS)]  # what the bodies here pull from


def call_of(source: str, name: str = "f", **fields: Any) -> PythonCall:
    """The action of a PythonOperator over the function `name`."""
    workflow, _ = read(dedent(source), python_task(dedent(source), name, **fields), *OTHERS)
    action = workflow.tasks[0].action
    assert isinstance(action, PythonCall)
    return action


def body(call: PythonCall) -> str:
    """The body with its spans shown, dedented."""
    text = applied(call.function)
    return dedent(text[call.function.header_end :]).strip("\n")


def test_a_plain_function_stays_as_it_is() -> None:
    call = call_of("def f(a, b=2):\n    # why\n    return a + b  # sum\n", op_args=[1])
    assert call.function.source == "def f(a, b=2):\n    # why\n    return a + b  # sum\n"
    assert call.arguments == (("a", x.Constant(value=1)),)
    assert [(p.name, p.default) for p in call.function.parameters] == [("a", None), ("b", "2")]
    assert (call.function.spans, call.function.uses, call.function.blockers, call.function.may_skip) == ((), (), (), False)


CONTEXT_USES = {
    "ti.xcom_pull(task_ids='a')": "<a>",
    "ti.xcom_pull('a', key='k')": "<a.k>",
    "kwargs['ti'].xcom_pull(task_ids='a')['x']": "<a>['x']",
    "kwargs['task_instance'].xcom_pull(task_ids=[A, 'b'])": "<present([one, b])>",
    "ti.xcom_pull(task_ids=[f't_{i}' for i in range(2)])": "<present([t_0, t_1])>",
    "ti.xcom_pull(task_ids=[f't_{name}' for name in sorted(TABLES)])": "<present([t_a, t_b])>",
    "ti.xcom_pull(task_ids=list(TABLES.values()))": "<present([t_1, t_2])>",
    "ti.xcom_pull(task_ids=['_'.join((name, value)) for name, value in TABLES.items()])": "<present([b_t_1, a_t_2])>",
    "ti.xcom_pull(task_ids=TABLES['a'].upper())": "<T_2>",
    "kwargs['task'].render_template('{{ ds }} {{ params.p }}', kwargs)": "<f(format_date(logical_date, '%Y-%m-%d') + ' ' + param p)>",
    "ti.task.render_template(content=A, context=get_current_context())": "<'one'>",
    "kwargs['ds']": "<format_date(logical_date, '%Y-%m-%d')>",
    "kwargs.get('ds')": "<format_date(logical_date, '%Y-%m-%d')>",
    "kwargs['logical_date'].strftime('%Y')": "<logical_date>.strftime('%Y')",
    "kwargs['execution_date'].to_date_string()": "<format_date(logical_date, '%Y-%m-%d')>",
    "kwargs['data_interval_end'].add(days=1)": "<shift(interval_end, 86400)>",
    "kwargs['params']['p']": "<param p>",
    "kwargs['params'].get('p', 1)": "<param p>",
    "len(kwargs['params'])": "len(<run_parameters>)",
    "kwargs['params'][A]": "<param one>",
    "'p' in kwargs['params']": "<True>",
    "kwargs['dag_run'].conf.get('c')": "<param c>",
    "(kwargs['dag_run'].conf or {}).get('c', 1)": "(kwargs['dag_run'].conf or {}).get('c', 1)",
    "kwargs['dag_run'].conf['c']": "<required(param c, 'c')>",
    "kwargs['run_id'] + ti.task_id": "<run_id> + <task_id>",
    "ti.try_number": "<attempt>",
    "Variable.get('v')": "<var v>",
    "Variable.get('v', default_var=None)": "<var v or None>",
    "Variable.get('v', deserialize_json=True)['x']": "<var v json>['x']",
    "Variable.get(ti.task_id)": "<variable_of()>(<task_id>)",
    "Variable.set('v', kwargs['ds'])": "<set_variable()>('v', <format_date(logical_date, '%Y-%m-%d')>)",
    "Variable.delete('v')": "<delete_variable()>('v')",
    "BaseHook.get_connection('db').host": "<conn db>.host",
    "BaseHook.get_connection('db').extra_dejson['region']": "<conn db>.extra_dejson['region']",
    "BaseHook.get_connection(ti.task_id).get_uri()": "<connection_of()>(<task_id>).get_uri()",
    "get_current_context()['ti'].xcom_pull('a')": "<a>",
    "TriggerRule.ALL_DONE": "<'all_done'>",
}
HEADER = """\
from airflow.hooks.base import BaseHook
from airflow.models import Variable
from airflow.operators.python import get_current_context
from airflow.utils.trigger_rule import TriggerRule

A = "one"
TABLES = {"b": "t_1", "a": "t_2"}

"""


@pytest.mark.parametrize(("use", "becomes"), CONTEXT_USES.items(), ids=list(CONTEXT_USES))
def test_uses_of_the_context_become_values(use: str, becomes: str) -> None:
    source = f"{HEADER}\ndef f(ti, **kwargs):\n    return {use}\n"
    workflow, _ = read(source, python_task(source, "f"), *OTHERS, params={"p": 1, "one": 2})
    call = workflow.tasks[0].action
    assert isinstance(call, PythonCall)
    if use.startswith("("):
        becomes = "<default(param c, 1)>"
    assert body(call) == f"return {becomes}"
    assert (call.function.blockers, call.function.parameters, call.arguments) == ((), (), ())


def test_names_for_the_context_go_with_their_statements() -> None:
    call = call_of(
        """
        def f(**context):
            ti = context["ti"]
            params: dict = context["params"]
            value = ti.xcom_pull(task_ids="a")
            return value, params["x"]
        """,
        "f",
    )
    assert body(call) == "value = <a>\nreturn value, <required(param x, 'x')>"
    assert call.function.blockers == ()


def test_a_block_never_becomes_empty() -> None:
    call = call_of("def f(**kw):\n    if True:\n        ti = kw['ti']\n    return 1\n")
    assert body(call) == "if True:\n    <None>\nreturn 1"


def test_pushes() -> None:
    call = call_of(
        """
        def f(ti, **kwargs):
            ti.xcom_push(key="a", value=[1, 2])
            ti.xcom_push("b", kwargs["ds"])
        """
    )
    assert body(call) == "push('a', [1, 2])\npush('b', <format_date(logical_date, '%Y-%m-%d')>)"
    assert call.function.blockers == ()


def test_exceptions() -> None:
    call = call_of(
        """
        from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException

        def f(x, ti):
            if x == 1:
                raise AirflowSkipException("nothing to do")
            if x == 2:
                raise AirflowFailException
            try:
                raise AirflowException(f"bad {x}")
            except AirflowSkipException:
                raise
            except (ValueError, AirflowException) as error:
                raise AirflowSkipException(f"late {ti.try_number}") from error
        """,
        op_args=[1],
    )
    assert body(call) == dedent(
        """\
        if x == 1:
            skip("nothing to do")
        if x == 2:
            fail()
        try:
            raise FAILURE(f"bad {x}")
        except SKIP:
            raise
        except (ValueError, FAILURE) as error:
            skip()"""
    )
    assert call.function.may_skip


def test_parameters_named_after_the_context_stay_and_are_bound() -> None:
    call = call_of(
        "def f(a, ds, ti=None, logical_date=None, **kwargs):\n    return a, ds, logical_date.year\n", op_kwargs={"a": "{{ ts }}"}
    )
    workflow = call_workflow(call)
    assert bound(workflow.tasks[0]) == {
        "a": "iso(logical_date)",
        "ds": "format_date(logical_date, '%Y-%m-%d')",
        "logical_date": "logical_date",
    }
    assert [p.name for p in call.function.parameters] == ["a", "ds", "logical_date"]


def call_workflow(call: PythonCall) -> Workflow:
    """A workflow around one call, for helpers that look at tasks."""
    workflow, _ = read("", raw_task())
    return workflow.model_copy(update={"tasks": (workflow.tasks[0].model_copy(update={"action": call}),)})


def test_arguments_of_the_task_win_over_the_context_and_reach_kwargs() -> None:
    call = call_of("def f(ds, *rest, key=0, **kwargs):\n    return ds, kwargs['extra']\n", op_args=["mine", 2, 3], op_kwargs={"extra": 4})
    assert body(call) == "return ds, <4>"
    assert bound(call_workflow(call).tasks[0]) == {"ds": "'mine'", "rest": "[2, 3]"}


def test_templates_dict_is_bound() -> None:
    call = call_of("def f(templates_dict):\n    return templates_dict['q']\n", templates_dict={"q": "on {{ ds_nodash }}"})
    assert bound(call_workflow(call).tasks[0]) == {"templates_dict": "{'q': f('on ' + format_date(logical_date, '%Y%m%d'))}"}


BLOCKED = {
    "def f(**kwargs):\n    return kwargs\n": "`kwargs` uses the whole task context as a whole",
    "def f(ti):\n    g(ti)\n\n\ndef g(ti):\n    pass\n": "`ti` uses the task instance as a whole",
    "def f(ti):\n    return ti.xcom_pull()\n": ("`ti.xcom_pull()` pulls an XCom without naming a task, which takes the newest of any task"),
    "def f(ti, x=1):\n    return ti.xcom_pull(task_ids=str(x))\n": (
        "`ti.xcom_pull(task_ids=str(x))` is given something that is only known when it runs"
    ),
    "def f(ti, x=1):\n    ti.xcom_push(key=str(x), value=1)\n": (
        "`ti.xcom_push(key=str(x), value=1)` pushes an XCom under a key that is computed"
    ),
    "from airflow.providers.x import Hook\n\n\ndef f():\n    return Hook('a').run()\n": (
        "`Hook('a').run()` calls Airflow's airflow.providers.x.Hook"
    ),
    "def f():\n    from airflow.models import DagRun\n\n    return DagRun.find()\n": (
        "`DagRun.find()` calls Airflow's airflow.models.DagRun.find"
    ),
    "def f(a):\n    return a\n": "its parameter `a` gets no value",
    "def f(inlets):\n    return 1\n": "its parameter `inlets` works with dataset events",
    "def f():\n    return __file__\n": "it uses `__file__`, which depends on where the file lies",
    "def f():\n    return nowhere\n": "it uses `nowhere`, which is not bound in dag.py",
    "for x in [1]:\n    pass\n\n\ndef f():\n    return x\n": "it uses `x`, whose value comes from a loop or a `with`",
    "X = []\nX.append(1)\n\n\ndef f():\n    return X\n": "it uses `X`, which is changed after it was made",
    "X = 1\nX = 2\n\n\ndef f():\n    return X\n": "it uses `X`, which is bound more than once",
    "def make(n):\n    def f():\n        return n\n    return f\n": "it uses `n`, an argument of the function `make` around it",
    "def make():\n    n = len('x')\n    def f():\n        return n\n    return f\n": (
        "it uses `n`, a local of the function `make` around it"
    ),
    "from airflow.models.dag import DAG\n\ndag = DAG('x')\n\n\ndef f():\n    return dag.dag_id\n": (
        "it uses `dag` (dag.py:3), which still needs Airflow: `DAG('x')` calls Airflow's airflow.models.dag.DAG"
    ),
    "def f(ti):\n    return helper()\n\n\ndef helper():\n    from airflow.operators.python import get_current_context\n\n"
    "    return get_current_context()['ds']\n": (
        "it uses `helper` (dag.py:5), which still needs Airflow: it takes something of the running task out of Airflow's context by itself"
    ),
    "def f(logical_date):\n    return logical_date.in_timezone('UTC')\n": (
        "`logical_date.in_timezone('UTC')` calls .in_timezone() of a date"
    ),
}


@pytest.mark.parametrize(("source", "reason"), BLOCKED.items(), ids=[reason[:40] for reason in BLOCKED.values()])
def test_what_still_needs_airflow_blocks_and_keeps_the_source(source: str, reason: str) -> None:
    workflow, findings = read(source, python_task(source, "f"))
    call = workflow.tasks[0].action
    assert isinstance(call, PythonCall)
    assert call.function.blockers == (reason,)
    assert ast.parse(call.function.source)
    assert [(found.code, found.message) for found in findings] == [
        ("airflow.function_blocked", f"the function of the task 't' cannot be carried over: {reason}")
    ]


UNREADABLE = {
    x.Callable(name="<lambda>", file=FILE, line=1, reason="lambda"): (
        "there are 2 lambdas at line 1 of dag.py; which one is meant is not known"
    ),
    x.Callable(name="boto3.client", reason="not of this repository"): (
        "`boto3.client` has no source that could be read: not of this repository"
    ),
    x.Callable(name="gone", file="dags/gone.py", line=3): "the source of `gone` (gone.py) cannot be read",
    x.Callable(name="f", file=FILE, line=9): "no function `f` begins at line 9 of dag.py",
    x.Unknown(source="functools.partial(f, 1)", reason="functools.partial"): (
        "`functools.partial(f, 1)` is no function whose source could be read"
    ),
}


@pytest.mark.parametrize(("target", "reason"), UNREADABLE.items(), ids=list(UNREADABLE.values()))
def test_unreadable_callables(target: Any, reason: str) -> None:
    source = "pair = (lambda: 1, lambda: 2)\n"
    workflow, _ = read(source, raw_task("t", "PythonOperator", python_callable=target))
    call = workflow.tasks[0].action
    assert isinstance(call, PythonCall)
    assert (call.function.blockers, call.function.source) == ((reason,), "")


def test_a_lambda_becomes_a_small_function() -> None:
    source = "import random\n\nX = [1]\ntask = dict(python_callable=lambda ds, a=1: random.choice(X))\n"
    target = x.Callable(name="<lambda>", file=FILE, line=4, reason="lambda")
    workflow, _ = read(source, raw_task("pick one", "PythonOperator", python_callable=target))
    call = workflow.tasks[0].action
    assert isinstance(call, PythonCall)
    assert call.function.source == "def pick_one(ds, a=1):\n    return random.choice(X)\n"
    assert [definition.name for definition in workflow.definitions] == ["X", "random"]
    assert call.function.uses == ("X", "random")


@pytest.mark.parametrize(("name", "source"), [("builtins.print", "print(*values)"), ("time.sleep", "import time\n\ntime.sleep(secs)")])
def test_library_functions(name: str, source: str) -> None:
    target = x.Callable(name=name, reason="builtin")
    workflow, _ = read("", raw_task("t", "PythonOperator", python_callable=target, op_args=[1]))
    call = workflow.tasks[0].action
    assert isinstance(call, PythonCall)
    assert body(call) == source
    assert call.function.blockers == ()


def test_definitions_come_with_what_they_use() -> None:
    source = dedent(
        """
        import os.path as path
        from typing import TYPE_CHECKING

        from airflow.models import Variable

        try:
            import fast as engine
        except ImportError:
            engine = None

        BASE = {"a": 1}
        KEY = Variable.get("key")


        def helper(n: int) -> "int":
            return BASE["a"] + n


        class Kept:
            def use(self):
                return helper(1)


        def f(x):
            return Kept().use(), path.join(KEY, "b"), engine, x
        """
    )
    workflow, _ = read(source, python_task(source, "f", op_args=[1]))
    shown = {definition.name: (definition.form, definition.uses) for definition in workflow.definitions}
    assert shown == {
        "BASE": ("constant", ()),
        "KEY": ("constant", ()),
        "Kept": ("class", ("helper",)),
        "helper": ("function", ("BASE",)),
        "engine": ("constant", ()),
        "path": ("import", ()),
    }
    by_name = {definition.name: definition for definition in workflow.definitions}
    assert by_name["engine"].source == "try:\n    import fast as engine\nexcept ImportError:\n    engine = None\n"
    assert by_name["path"].source == "import os.path as path\n"
    assert [span.value for span in by_name["KEY"].spans] == [x.Variable(name="key")]
    assert workflow.requirements.packages == ("fast",)
    assert workflow.requirements.variables == ("key",)


def test_sibling_modules_are_followed() -> None:
    helper = "import pandas as pd\nLIMIT = 3\n\n\ndef clean(rows):\n    return pd.concat(rows)[:LIMIT]\n\n\ndef other():\n    return 1\n"
    source = (
        "from shared.helper import clean as tidy\nimport shared.helper\nfrom shared import helper as h\n\n\n"
        "def f():\n    return tidy([]), h.other()\n"
    )
    workflow, _ = read(source, python_task(source, "f"), files={"shared/helper.py": helper}, modules={"shared.helper": "shared/helper.py"})
    call = workflow.tasks[0].action
    assert isinstance(call, PythonCall)
    assert body(call) == "return <ref clean>([]), <ref other>()"
    assert {(d.name, d.module) for d in workflow.definitions} == {
        ("clean", "shared.helper"),
        ("LIMIT", "shared.helper"),
        ("pd", "shared.helper"),
        ("other", "shared.helper"),
    }
    assert workflow.requirements.modules == ("shared.helper",)
    assert workflow.requirements.packages == ("pandas",)


def two_files(source: str, helper: str, *names: str) -> tuple[list[PythonCall], dict[str, tuple[str, tuple[str, ...]]]]:
    """The calls of the functions `names`, and the definitions by name: their module, what they use."""
    tasks = [python_task(source, name, name) for name in names]
    workflow, _ = read(source, *tasks, files={"lib/tools.py": helper}, modules={"lib.tools": "lib/tools.py"})
    calls = [task.action for task in workflow.tasks]
    assert all(isinstance(call, PythonCall) for call in calls)
    return calls, {d.name: (d.module, d.uses) for d in workflow.definitions}  # type: ignore[return-value]


LOGGING = "import logging\nimport os\n\nlog = logging.getLogger(__name__)\nLIMIT = {limit}\n\n\n"


def test_what_a_sibling_module_uses_inside_has_names_of_its_own() -> None:
    source = "from lib.tools import run\n" + LOGGING.format(limit=1) + "def f():\n    log.info(os.sep)\n    return run(), LIMIT\n"
    helper = LOGGING.format(limit=2) + "def run():\n    log.info(os.sep)\n    return LIMIT\n"
    (call,), definitions = two_files(source, helper, "f")
    assert (call.function.blockers, call.function.uses) == ((), ("LIMIT", "log", "os", "run"))
    assert definitions == {
        "LIMIT": ("", ()),
        "logging": ("", ()),
        "log": ("", ("logging",)),
        "os": ("", ()),
        "lib.tools.LIMIT": ("lib.tools", ()),
        "lib.tools.logging": ("lib.tools", ()),
        "lib.tools.log": ("lib.tools", ("lib.tools.logging",)),
        "lib.tools.os": ("lib.tools", ()),
        "run": ("lib.tools", ("lib.tools.LIMIT", "lib.tools.log", "lib.tools.os")),
    }


def test_what_the_flow_would_bind_twice_blocks() -> None:
    source = "import lib.tools\nfrom lib import tools as t\n\nLIMIT = 1\n\n\ndef f():\n    return t.LIMIT, LIMIT\n"
    (call,), definitions = two_files(source, "LIMIT = 2\n", "f")
    assert call.function.blockers == ("it uses `LIMIT`, a name that means one thing in lib/tools.py and another in dag.py",)
    assert call.function.uses == ("LIMIT",)
    assert set(definitions) == {"LIMIT", "lib.tools.LIMIT"}


def test_imports_and_loggers_of_a_sibling_function_become_the_flows_own() -> None:
    source = "import datetime\nimport logging\n\nlog = logging.getLogger(__name__)\n\n\ndef f():\n    log.info(datetime.MINYEAR)\n"
    helper = (
        "import logging\nimport os\nfrom datetime import datetime\n\nlog = logging.getLogger('tools')\n\n\n"
        "def g():\n    log.info(os.sep, datetime.min)\n"
    )
    here, there = function_at(source, "f"), function_at(helper, "g").model_copy(update={"file": "lib/tools.py"})
    tasks = [raw_task("g", "PythonOperator", python_callable=there), raw_task("f", "PythonOperator", python_callable=here)]
    workflow, _ = read(source, *tasks, files={"lib/tools.py": helper}, modules={"lib.tools": "lib/tools.py"})
    first, second = (task.action for task in workflow.tasks)
    assert isinstance(first, PythonCall)
    assert isinstance(second, PythonCall)
    assert body(first) == "<ref tools_log>.info(os.sep, <ref tools_datetime>.min)"
    assert body(second) == "log.info(datetime.MINYEAR)"
    assert {d.name: (d.module, d.source) for d in workflow.definitions} == {
        "tools_datetime": ("", "from datetime import datetime as tools_datetime\n"),
        "logging": ("", "import logging\n"),
        "tools_log": ("", "tools_log = logging.getLogger('tools')\n"),
        "os": ("", "import os\n"),
        "datetime": ("", "import datetime\n"),
        "log": ("", "log = logging.getLogger(__name__)\n"),
    }


def test_what_a_sibling_has_from_airflow_blocks() -> None:
    source = "from lib.tools import Variable\n\n\ndef f():\n    return Variable.get('x')\n"
    (call,), definitions = two_files(source, "from airflow.models import Variable\n", "f")
    assert call.function.blockers == ("it uses `Variable`, which lib/tools.py imports from Airflow",)
    assert definitions == {}


def test_a_skip_in_a_helper_is_a_skip() -> None:
    source = "from airflow.exceptions import AirflowSkipException\n\n\ndef g():\n    raise AirflowSkipException\n\n\ndef f():\n    g()\n"
    workflow, _ = read(source, python_task(source, "f"))
    assert workflow.tasks[0].may_skip
    assert [span.kind for span in workflow.definitions[0].spans] == ["skip"]


def test_functions_inside_functions_take_their_literals_and_siblings_along() -> None:
    source = dedent(
        """
        def make_dag():
            limit = 3

            def helper():
                return limit

            def f():
                return helper()
        """
    )
    workflow, _ = read(source, python_task(source, "f"))
    assert {d.name: d.source for d in workflow.definitions} == {"limit": "limit = 3\n", "helper": "def helper():\n    return limit\n"}


def test_text_inside_strings_is_never_dedented() -> None:
    source = (
        "class Box:\n    def make():\n        "
        'def f():\n            """Say.\n\n            More."""\n            return """a\n              b"""\n'
    )
    call = call_of(source)
    assert call.function.source == 'def f():\n    """Say.\n\n    More."""\n    return """a\n              b"""\n'
    assert call.function.doc == "Say.\n\nMore."


def test_annotations_that_name_airflow_go() -> None:
    call = call_of(
        """
        from __future__ import annotations
        from typing import TYPE_CHECKING
        from airflow.models import TaskInstance
        if TYPE_CHECKING:
            from decimal import Decimal

        def f(a: Decimal, b: list[int], ti: TaskInstance) -> TaskInstance | None:
            inner: TaskInstance = 1
            def g(t: TaskInstance) -> TaskInstance:
                return t
            return g(inner)
        """,
        op_args=[1, 2],
    )
    assert [(p.name, p.annotation) for p in call.function.parameters] == [("a", None), ("b", "list[int]")]
    assert call.function.returns is None
    assert body(call) == "inner = 1\ndef g(t):\n    return t\nreturn g(inner)"
    assert call.function.blockers == ()


def test_generators_and_coroutines_are_told() -> None:
    assert call_of("def f():\n    yield 1\n").function.is_generator
    assert not call_of("def f():\n    def g():\n        yield 1\n    return 2\n").function.is_generator
    assert call_of("async def f():\n    return 1\n").function.is_async


def test_positions_count_characters() -> None:
    call = call_of("def f(ti):\n    return 'é😀', ti.xcom_pull('a'), 'ü'\n")
    assert body(call) == "return 'é😀', <a>, 'ü'"


FORMATS = {
    "f\"got {ti.xcom_pull('a')} and {ti.try_number:03d}\"": 'f"got {<a>} and {<attempt>:03d}"',
    '(f"{ti.task_id} é "\n        f\'{ti.xcom_pull( "a" )!r} {ti.task_id}\')': "(f\"{<task_id>} é \"\n    f'{<a>!r} {<task_id>}')",
    'f"""one\n{ti.task_id}\n  {x + ti.xcom_pull("a")}"""': 'f"""one\n{<task_id>}\n  {x + <a>}"""',
}


@pytest.mark.parametrize(("use", "becomes"), FORMATS.items(), ids=["one line", "joined", "lines"])
def test_places_inside_format_strings(use: str, becomes: str) -> None:
    call = call_of(f"def f(ti, x=1):\n    return {use}\n")
    assert call.function.blockers == ()
    assert applied(call.function)[call.function.header_end :].strip() == f"return {becomes}".replace("\n    f'", "\n        f'")


def test_callbacks_get_the_context() -> None:
    source = "def tell(context):\n    print(context['task_instance'].task_id, context.get('ds'))\n"
    workflow, findings = read(source, raw_task(callbacks=(("on_failure_callback", function_at(source, "tell")),)))
    ((name, function),) = workflow.tasks[0].callbacks
    assert (name, function.parameters, function.blockers) == ("on_failure_callback", (), ())
    assert applied(function).splitlines()[1] == "    print(<task_id>, <format_date(logical_date, '%Y-%m-%d')>)"
    assert findings == []


def test_a_callback_that_cannot_be_carried_over_is_told() -> None:
    source = "def tell(context):\n    print(context['exception'])\n"
    _, findings = read(source, raw_task(callbacks=(("on_failure_callback", function_at(source, "tell")),)))
    assert [found.message for found in findings] == [
        "`on_failure_callback` of the task 't' cannot be carried over: `context['exception']` is the error of a failed task"
    ]


def test_functions_that_write_elsewhere_are_blocked() -> None:
    call = call_of("N = 0\n\n\ndef f():\n    global N\n    N += 1\n")
    assert call.function.blockers[0] == "it changes `N` of its module, which tasks in other processes do not see"
    call = call_of("def make():\n    n = 0\n    def f():\n        nonlocal n\n        n += 1\n")
    assert call.function.blockers == ("it changes `n` of the function around it",)
    call = call_of("def f():\n    n = 0\n    def g():\n        nonlocal n\n        n = 2\n    return g()\n")
    assert call.function.blockers == ()
