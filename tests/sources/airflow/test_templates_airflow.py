"""Templates: text -> expression, held against what Jinja itself renders in the same run."""

from __future__ import annotations

import pytest
from airflow_build import PARAMS, brief, evaluated, jinja_rendered

from workbook_lib.model import expr as x
from workbook_lib.sources.airflow.templates import Scope, compile_template, compile_value

SCOPE = Scope(workflow="d", task="t", declared=frozenset(PARAMS), mapped=frozenset({"many"}), macros=frozenset({"mine"}))

# template -> what it means; each is also rendered by Jinja and evaluated
MEANINGS = {
    "": "''",
    "echo": "'echo'",
    "ends with a line\n": "'ends with a line'",
    "two\n\n": "'two\\n'",
    "{# nothing #}x": "'x'",
    "{{ ds }}": "format_date(logical_date, '%Y-%m-%d')",
    "{{ ds_nodash }}": "format_date(logical_date, '%Y%m%d')",
    "{{ ts }}": "iso(logical_date)",
    "{{ ts_nodash }}": "format_date(logical_date, '%Y%m%dT%H%M%S')",
    "{{ ts_nodash_with_tz }}": "replace(replace(iso(logical_date), '-', ''), ':', '')",
    "{{ yesterday_ds }}": "add_days(format_date(logical_date, '%Y-%m-%d'), -1)",
    "{{ tomorrow_ds_nodash }}": "replace(add_days(format_date(logical_date, '%Y-%m-%d'), 1), '-', '')",
    "{{ logical_date }}": "f(logical_date)",
    "{{ execution_date.year }}": "f(logical_date.year)",
    "{{ logical_date.strftime('%H') }}": "format_date(logical_date, '%H')",
    "{{ dag_run.logical_date.strftime('%A').lower() }}": "lower(format_date(logical_date, '%A'))",
    "{{ data_interval_start | ds }}": "format_date(interval_start, '%Y-%m-%d')",
    "{{ data_interval_end.isoformat() }}": "iso(interval_end)",
    "{{ (logical_date - macros.timedelta(days=1)) | ds }}": "format_date(shift(logical_date, -86400), '%Y-%m-%d')",
    "{{ (logical_date + macros.timedelta(hours=2)).strftime('%H') }}": "format_date(shift(logical_date, 7200), '%H')",
    "{{ run_id }}": "run_id",
    "{{ dag.dag_id }}/{{ task.task_id }}": "f(workflow_id + '/' + task_id)",
    "{{ ti.try_number }}": "f(attempt)",
    "{{ task_instance_key_str }}": "f(workflow_id + '__' + task_id + '__' + format_date(logical_date, '%Y%m%d'))",
    "{{ ti.xcom_pull(task_ids='total') }}": "f(total)",
    "{{ ti.xcom_pull('total') + 1 }}": "f((total + 1))",
    "{{ task_instance.xcom_pull(task_ids='push', key='k2') }}": "f(push.k2)",
    "{{ ti.xcom_pull('push', 'd', 'k2') }}": "f(push.k2)",
    "{{ ti.xcom_pull(task_ids=['total', 'none']) }}": "f(present([total, none]))",
    "{{ ti.xcom_pull(task_ids='none', default='z') }}": "f(default(none, 'z'))",
    "{{ ti.xcom_pull('row')['k'] }}": "f(row['k'])",
    "{{ ti.xcom_pull('row').n[1] }}": "f(row['n'][1])",
    "{{ ti.xcom_pull('names') | join(',') }}": "join(',', names)",
    "{{ ti.xcom_pull('names') | sort | first }}": "f(sorted(names)[0])",
    "{{ ti.xcom_pull('names') | length }}": "f(len(names))",
    "{{ ti.xcom_pull('row') | tojson }}": "json_html(row)",
    "{{ ti.xcom_pull('push', key='k2') | tojson }}": "json_html(push.k2)",
    "{{ params.x }}": "f(param x)",
    "{{ params['s'] | upper }}": "upper(param s)",
    "{{ params.get('x', 9) }}": "f(param x)",
    "{{ params.message }}": "f(required(param message, 'message'))",
    "{{ params.absent | default('other') }}": "f(default(param absent, 'other'))",
    "{{ params.flag | default(False) }}": "f(param flag)",
    "{{ dag_run.conf['message'] }}": "f(required(param message, 'message'))",
    "{{ dag_run.conf.get('absent') }}": "f(param absent)",
    "{{ dag_run.conf.get('absent', 'd') }}": "f(default(param absent, 'd'))",
    "{{ dag_run.conf.absent | default('d') }}": "f(default(param absent, 'd'))",
    "{{ var.value.plain }}": "var plain",
    "{{ var.value.get('plain') }}": "var plain",
    "{{ var.value.get('absent', 'd') }}": "var absent or 'd'",
    "{{ var.json.doc.deep.er }}": "f(var doc json['deep']['er'])",
    "{{ conn.db.host }}:{{ conn.db.port }}": "f(conn db.host + ':' + conn db.port)",
    "{{ conn.db.extra_dejson.region }}": "f(conn db.extra.region)",
    "{{ macros.ds_add(ds, 7) }}": "add_days(format_date(logical_date, '%Y-%m-%d'), 7)",
    "{{ macros.ds_format(ds, '%Y-%m-%d', '%d') }}": "reformat_date(format_date(logical_date, '%Y-%m-%d'), '%Y-%m-%d', '%d')",
    "{{ 'a' ~ params.x ~ 'b' }}": "f('a' + param x + 'b')",
    "{{ 'yes' if params.flag else 'no' }}": "('yes' if param flag else 'no')",
    "a{% if params.x > 2 %}b{% elif params.flag %}c{% else %}d{% endif %}e": (
        "f('a' + ('b' if (param x > 2) else ('c' if param flag else 'd')) + 'e')"
    ),
    "{% if params.flag and not params.s in ['z'] %}on{% endif %}": "('on' if (param flag and (not)) else '')",
    "{% set d = macros.ds_add(ds, 1) %}{{ d }}": "add_days(format_date(logical_date, '%Y-%m-%d'), 1)",
    "{% for i in range(3) %}{{ i }}{{ ds_nodash }} {% endfor %}": (
        "f('0' + format_date(logical_date, '%Y%m%d') + ' 1' + format_date(logical_date, '%Y%m%d') + ' 2'"
        " + format_date(logical_date, '%Y%m%d') + ' ')"
    ),
    "{% for c in ['a', 'b'] %}{{ c }}{% endfor %}": "'ab'",
    "{{ none }}{{ true }}{{ 1 + 2 }}": "f('NoneTrue' + (1 + 2))",
    "{{ params.s.replace('a', 'z') }}": "replace(param s, 'a', 'z')",
    "{{ params.x | int + 1 }}": "f((int(param x) + 1))",
}


@pytest.mark.parametrize(("text", "meaning"), MEANINGS.items(), ids=list(MEANINGS))
def test_meaning(text: str, meaning: str) -> None:
    found = compile_template(text, SCOPE)
    if "(not)" not in meaning:  # a one-sided operation has no brief form
        assert brief(found) == meaning
    assert not any(isinstance(part, x.Template) for part in x.walk(found))
    assert isinstance(evaluated(found), str)
    assert evaluated(found) == jinja_rendered(text)


# template -> the names that it is rendered with while the task runs, where no expression says it
RENDERED = {
    "{{ params[['x', 's'][0]] }}": "{'params': run_parameters}",
    "{{ ds | title }}": "{'ds': format_date(logical_date, '%Y-%m-%d')}",
    "{{ 2 ** params.x }}": "{'params': run_parameters}",
    "{% for i in params.s %}{{ i }}{% endfor %}": "{'params': run_parameters}",
    "{% for i in [1] %}{{ loop.index }}{% endfor %}": "{}",
    "{% for i in range(1000) %}x{% endfor %}": "{}",
    "{% macro m(a) %}{{ a }}{{ a }}{% endmacro %}{{ m(ds_nodash) }}": "{'ds_nodash': format_date(logical_date, '%Y%m%d')}",
    "{{ macros.ds_add(ds, 1) | title }}": "{'ds': format_date(logical_date, '%Y-%m-%d')}",
    "{{ absent | default('a') | title }}": "{}",
    "{% for n in ti.xcom_pull('names') %}{{ n }}{% endfor %}": "{'ti': {'xcom_pull': pulled({[names, 'return_value']: names})}}",
    "{{ dag_run.conf.message | title }} {{ dag.dag_id }} {{ ti.try_number }}": (
        "{'dag': {'dag_id': workflow_id}, 'dag_run': {'conf': run_parameters}, 'ti': {'try_number': attempt}}"
    ),
    "{{ var.value.plain | title }} {{ var.json.doc.deep.er }}": "{'var': {'json': {'doc': var doc json}, 'value': {'plain': var plain}}}",
    "{{ logical_date.replace(day=1) | ds | title }}": "{'logical_date': logical_date}",
}


@pytest.mark.parametrize(("text", "names"), RENDERED.items(), ids=list(RENDERED))
def test_what_no_expression_says_is_rendered_with_the_names_it_uses(text: str, names: str) -> None:
    found = compile_template(text, SCOPE)
    assert brief(found).replace("['names',", "[names,") == f"render({text!r}, {names})"
    assert evaluated(found) == jinja_rendered(text)


# template -> why it is not understood
REFUSED = {
    "{{ ds": "cannot be parsed by Jinja: unexpected end of template, expected 'end of print statement'.",
    "{{ outlets }}": "uses 'outlets', which works with dataset events",
    "{{ outlet_events }}": "renders outlet_events itself",
    "{{ inlet_events }}": "renders inlet_events itself",
    "{{ conf.get('core', 'x') }}": "uses 'conf', which is Airflow's own configuration",
    "{{ mine(ds) }}": "calls the macro 'mine' that the DAG defines",
    "{{ mine }}": "uses the macro 'mine' that the DAG defines",
    "{{ nobody }}": "uses 'nobody', which is no name that Airflow's context holds",
    "{{ ti }}": "renders ti itself",
    "{{ ti.hostname }}": "has ti.hostname, for which there is no neutral meaning",
    "{{ ti.xcom_pull() }}": "pulls an XCom without naming a task, which takes the newest of any task",
    "{{ ti.xcom_pull('a', dag_id='other') }}": "pulls an XCom of the other DAG 'other'",
    "{{ ti.xcom_pull('a', include_prior_dates=True) }}": "pulls XComs of earlier runs",
    "{{ ti.xcom_pull(params.s) }}": "pulls an XCom of a task whose id is computed",
    "{{ ti.xcom_push(key='a', value=1) }}": "calls ti.xcom_push()",
    "{{ logical_date.format('X') }}": "formats a date by 'X', for which strftime has nothing",
    "{{ logical_date.add(days=params.x) }}": "computes a duration from values that are not literal",
    "{% include 'x' %}": "uses the Jinja statement 'include'",
    "{{ macros.random_thing() }}": "calls macros.random_thing(), for which there is no neutral meaning",
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.items(), ids=list(REFUSED))
def test_what_is_not_understood_keeps_its_source_and_says_why(text: str, reason: str) -> None:
    assert compile_template(text, SCOPE) == x.Template(source=text, reason=reason)


# template -> its text, and what it hands over by name, where a task can
PUSHES = {
    "a {{ ti.xcom_push(key='k', value=ds_nodash) }}": ("'a None'", {"k": "format_date(logical_date, '%Y%m%d')"}),
    "{% do task_instance.xcom_push('k', 1) %}b{{ ti.xcom_push('l', ti.xcom_pull('total')) }}": ("'bNone'", {"k": "1", "l": "total"}),
}


@pytest.mark.parametrize(("text", "expected"), PUSHES.items(), ids=list(PUSHES))
def test_what_a_template_pushes(text: str, expected: tuple[str, dict[str, str]]) -> None:
    pushes: dict[str, x.Expr] = {}
    found = compile_template(text, SCOPE.within(pushes=pushes))
    assert (brief(found), {key: brief(value) for key, value in pushes.items()}) == expected


@pytest.mark.parametrize(
    "text", ["{% if params.flag %}{{ ti.xcom_push('k', 1) }}{% endif %}", "{% set ds = 1 %}{{ ti.xcom_push('k', ds) }}"]
)
def test_what_it_may_push_is_refused(text: str) -> None:
    found = compile_template(text, SCOPE.within(pushes={}))
    assert found == x.Template(source=text, reason="calls ti.xcom_push()")


def test_what_is_pushed_beside_what_no_expression_says_is_refused() -> None:
    text = "{{ ti.xcom_push('k', 1) }}{{ ds | title }}"
    assert compile_template(text, SCOPE.within(pushes={})) == x.Template(source=text, reason="uses the filter 'title'")


def test_user_filter_is_refused() -> None:
    found = compile_template("{{ ds | mine }}", SCOPE.within(filters=frozenset({"mine"})))
    assert brief(found) == "template: uses the filter 'mine' that the DAG defines"


def test_mapped_task_gives_a_list() -> None:
    assert brief(compile_template("{{ ti.xcom_pull('many') }}", SCOPE)) == "f(many[*])"


def test_task_params_win_over_the_dags() -> None:
    scope = SCOPE.within(task_params={"x": x.Constant(value="mine")})
    assert brief(compile_template("{{ params.x }} {{ params.s }}", scope)) == "f('mine ' + param s)"


NATIVE = {
    "{{ ti.xcom_pull('total') }}": "total",
    "{{ params.x }}": "param x",
    "{{ ds }}": "format_date(logical_date, '%Y-%m-%d')",
    "{{ ds_nodash }}": "int(format_date(logical_date, '%Y%m%d'))",
    "[1, 2]": "[1, 2]",
    "word": "'word'",
    "echo hello {{ ds }}": "f('echo hello ' + format_date(logical_date, '%Y-%m-%d'))",
    "{{ params.x }}{{ params.x }}": "render_native('{{ params.x }}{{ params.x }}', {'params': run_parameters})",
    "{{ params.x }}{{ ti.hostname }}": "template: has ti.hostname, for which there is no neutral meaning",
}


@pytest.mark.parametrize(("text", "meaning"), NATIVE.items(), ids=list(NATIVE))
def test_native_objects(text: str, meaning: str) -> None:
    assert brief(compile_template(text, SCOPE.within(native=True))) == meaning


def test_texts_in_collections_are_compiled_and_keys_are_not() -> None:
    given = x.Constant(value={"{{ ds }}": ["{{ params.x }}", 1], "plain": "a\n"})
    assert brief(compile_value(given, SCOPE)) == "{'{{ ds }}': [f(param x), 1], 'plain': 'a'}"
    assert compile_value(x.Constant(value=[1, "a"]), SCOPE) == x.Constant(value=[1, "a"])


def test_values_of_the_dag_file_stay_in_place() -> None:
    given = x.Format(parts=(x.Constant(value="echo {{ ds_nodash }} "), x.Variable(name="v"), x.Constant(value=" {{ run_id }}")))
    assert brief(compile_value(given, SCOPE)) == "f('echo ' + format_date(logical_date, '%Y%m%d') + ' ' + var v + ' ' + run_id)"


def test_a_value_of_the_dag_file_inside_an_expression_is_refused() -> None:
    given = x.Format(parts=(x.Constant(value="{{ params['"), x.Variable(name="v"), x.Constant(value="'] }}")))
    found = compile_value(given, SCOPE)
    assert isinstance(found, x.Template)
    assert found.source == "{{ params['{...}'] }}"
    assert found.reason == "mixes a value of the DAG file into an expression"


@pytest.mark.parametrize(
    "text",
    [
        "{% for a in range(150) %}{% for b in range(150) %}{% for c in range(150) %}x{% endfor %}{% endfor %}{% endfor %}",
        "{% for a in range(10 ** 30) %}x{% endfor %}",
        "{% for a in range(1, 5, 0) %}x{% endfor %}",
    ],
)
def test_hostile_loops_end_soon(text: str) -> None:
    found = compile_template(text, SCOPE)
    assert isinstance(found, x.Call)
    assert found.function == "render"  # nothing is unrolled: Jinja's own limit holds while the task runs
