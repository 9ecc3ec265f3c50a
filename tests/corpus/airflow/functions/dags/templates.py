"""Templates: names, macros, filters and tests of Airflow's reference and of Jinja; each task returns the rendered text.

https://airflow.apache.org/docs/apache-airflow/2.11.2/templates-ref.html, https://jinja.palletsprojects.com/en/stable/templates/
"""

from datetime import datetime

import airflow
from airflow import DAG

try:
    from airflow.providers.standard.operators.python import PythonOperator
except ImportError:
    from airflow.operators.python import PythonOperator

BOTH = {
    "ds": "{{ ds }} {{ ds_nodash }}",
    "ts": "{{ ts }} {{ ts_nodash }} {{ ts_nodash_with_tz }}",
    "logical_date": "{{ logical_date }} {{ logical_date.year }} {{ logical_date | ds }} {{ logical_date | ts_nodash }}",
    "interval": "{{ data_interval_start }} {{ data_interval_end }} {{ data_interval_end | ds_nodash }}",
    "pendulum": "{{ logical_date.add(days=1).strftime('%d') }} {{ logical_date.format('YYYY/MM/DD') }} {{ logical_date.day_of_week }}",
    "first_of_month": "{{ logical_date.replace(day=1) | ds }} {{ logical_date.start_of('month').to_date_string() }}",
    "shifted": "{{ (logical_date - macros.timedelta(days=2)).strftime('%Y-%m-%d') }} {{ macros.ds_add(ds, 7) }}",
    "formatted": "{{ macros.ds_format(ds, '%Y-%m-%d', '%d/%m/%y') }} {{ macros.datetime.strptime(ds, '%Y-%m-%d').month }}",
    "json_macro": "{{ macros.json.dumps({'a': [1, 2]}) }}",
    "ids": "{{ dag.dag_id }} {{ task.task_id }} {{ ti.task_id }} {{ task_instance.dag_id }} {{ task_instance_key_str }}",
    "try_number": "{{ ti.try_number }} {{ ti.map_index }} {{ task.retries }}",
    "dag_run": "{{ dag_run.dag_id }} {{ dag_run.logical_date | ds }} {{ dag_run.data_interval_start | ds }}",
    "params": "{{ params.number + 1 }} {{ params['text'] | upper }} {{ params.items_ | join('-') }} {{ params.get('absent', 'none') }}",
    "params_deep": "{{ params.table.name }} {{ params.table['rows'][1] }} {{ params.table.get('missing', 'm') }}",
    "conf": "{{ dag_run.conf.get('absent', 'd') }} {{ dag_run.conf['absent'] | default('e') }}",
    "variable": "{{ var.value.plain }} {{ var.value.get('plain') }} {{ var.value.get('absent', 'a') }}",
    "variable_json": "{{ var.json.doc.deep.er }} {{ var.json.get('absent', {'x': 1})['x'] }} {{ var.json.doc.deep | tojson }}",
    "pulled": "{{ ti.xcom_pull(task_ids='number') + 1 }} {{ ti.xcom_pull('row')['k'] }} {{ ti.xcom_pull(task_ids='row').n[1] }}",
    "pulled_more": "{{ ti.xcom_pull(task_ids=['number', 'text']) | join('/') }} {{ ti.xcom_pull('text', key='return_value') }}",
    "pulled_default": "{{ ti.xcom_pull('text', key='absent', default='z') }} {{ ti.xcom_pull('number', dag_id='templates') }}",
    "pulled_none": "{{ ti.xcom_pull('nobody') }} {{ ti.xcom_pull('nobody') | default('u') }} {{ ti.xcom_pull('nobody') or 'v' }}",
    "watermark": "{{ prev_start_date_success }} {{ prev_data_interval_end_success }}",
    "arithmetic": "{{ 7 // 2 }} {{ 7 % 4 }} {{ 2 ** 3 }} {{ -params.number }} {{ 7 / 2 }} {{ 'a' ~ 1 ~ params.number }}",
    "compared": "{{ params.number > 2 }} {{ 1 < params.number <= 3 }} {{ params.text == 'abc' and not params.flag }}",
    "conditional": "{{ 'yes' if params.flag else 'no' }} {{ 'x' if not params.flag }}",
    "if_else": "{% if params.number > 5 %}big{% elif params.number == 3 %}three{% else %}small{% endif %}",
    "for_literal": "{% for n in [1, 2, 3] %}{{ n }}{% if not loop.last %},{% endif %}{% endfor %}",
    "for_range": "{% for n in range(3) %}{{ loop.index }}:{{ n }} {% endfor %}",
    "for_pairs": "{% for k, v in [('a', 1), ('b', 2)] %}{{ k }}={{ v }};{% endfor %}",
    "for_pulled": "{% for n in ti.xcom_pull('names') %}{{ loop.index0 }}{{ n }}{{ ', ' if not loop.last }}{% endfor %}",
    "for_items": "{% for k, v in params.table.items() %}{{ k }} {% endfor %}",
    "for_else": "{% for n in ti.xcom_pull('empty') %}{{ n }}{% else %}none{% endfor %}",
    "set": "{% set day = macros.ds_add(ds, 1) %}{{ day }} {% set n = params.number * 2 %}{{ n }}",
    "macro_block": "{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}{{ twice(params.text) }}",
    "comment": "{# nothing #}a{%- if true %} b{% endif -%} c",
    "raw": "{% raw %}{{ ds }}{% endraw %}",
    "cases": "{{ 'aBc' | upper }} {{ 'aBc' | lower }} {{ params.text | capitalize }} {{ 'a b' | title }} {{ ' a ' | trim }}",
    "numbers": "{{ '3' | int + 1 }} {{ 'x' | int(5) }} {{ '2.5' | float }} {{ 2.567 | round(1) }} {{ -3 | abs }} {{ 42.0 | int }}",
    "lists": "{{ [3, 1, 2] | sort | join(',') }} {{ [1, 2, 3] | sum }} {{ [3, 1] | min }} {{ [3, 1] | max }} {{ 'abc' | length }}",
    "lists_more": "{{ [1, 2, 3] | first }} {{ [1, 2, 3] | last }} {{ [1, 1, 2] | unique | list }} {{ 'abc' | reverse }}",
    "selected": "{{ [1, 2, 3, 4] | select('even') | list }} {{ [{'a': 1}, {'a': 2}] | map(attribute='a') | join('+') }}",
    "mapped": "{{ ['a', 'b'] | map('upper') | join(' ') }} {{ [0, 1, ''] | reject | list }}",
    "replaced": "{{ 'a-b' | replace('-', '_') }} {{ ds | replace('-', '/') }} {{ 'abc'.replace('b', 'x') }} {{ ds.split('-')[0] }}",
    "defaults": "{{ params.absent | default('d') }} {{ '' | default('e', true) }} {{ absent_name | default('f') }} {{ none | d('g') }}",
    "missing_keys": "{{ ti.xcom_pull('row')['absent'] | default('D') }} {{ params.table.x | default('e') }}",
    "tests": "{{ params.absent is defined }} {{ params.number is defined }} {{ 3 is odd }} {{ 'a' is string }}",
    "tests_more": "{{ params.items_ is iterable }} {{ params.table is mapping }} {{ 4 is divisibleby 2 }} {{ none is none }}",
    "json_filter": "{{ {'b': 1, 'a': ['<x>', none, true]} | tojson }} {{ ti.xcom_pull('row') | tojson }}",
    "formats": "{{ '%s-%03d' | format('a', 7) }} {{ '%.2f' % 2.5 }} {{ '{}:{}'.format(1, 'b') }} {{ 'ab' ~ 'cd'[1:] }}",
    "text_tools": "{{ 'a b c' | wordcount }} {{ 'abcdef' | truncate(5) }} {{ 'x' | center(3) }} {{ '<a>' | e }}",
    "dictsort": "{{ {'b': 1, 'a': 2} | dictsort }} {{ {'b': 1} | items | list }} {{ [1, 2, 3, 4] | batch(2) | list }}",
    "methods": "{{ 'abc'.upper() }} {{ 'a,b'.split(',') | last }} {{ 'abc'.startswith('a') }} {{ ', '.join(['x', 'y']) }} {{ ' z '.strip() }}",  # noqa: E501
    "slices": "{{ ds[:7] }} {{ ds_nodash[4:] }} {{ [1, 2, 3][-1] }} {{ params.text[::-1] }}",
    "line_end": "echo {{ ds }}\n",
    "own_macro": "{{ shout(params.text) }} {{ factor * 2 }} {{ tables.first }}",
    "own_filter": "{{ params.text | doubled }} {{ ds | doubled }}",
    "in_list": ["{{ ds }}", {"day": "{{ params.number }}", "deep": ["{{ ds_nodash }}"]}, 5],
}
TWO = {
    "neighbours": "{{ next_ds }} {{ next_ds_nodash }} {{ prev_ds }} {{ prev_ds_nodash }} {{ next_execution_date }}",
    "days": "{{ yesterday_ds }} {{ tomorrow_ds }} {{ yesterday_ds_nodash }} {{ tomorrow_ds_nodash }}",
    "execution_date": "{{ execution_date }} {{ dag_run.execution_date.isoformat() }} {{ ti.execution_date | ds }}",
    "test_mode": "{{ test_mode }}",
}
TEMPLATES = BOTH | (TWO if airflow.__version__.startswith("2.") else {})


def shout(text):
    return text.upper() + "!"


def doubled(text):
    return text * 2


def echo(value):
    return value


with DAG(
    "templates",
    start_date=datetime(2024, 1, 1),
    schedule="@daily",
    catchup=False,
    params={"number": 3, "text": "abc", "flag": True, "items_": ["x", "y"], "table": {"name": "orders", "rows": [1, 2]}},
    user_defined_macros={"shout": shout, "factor": 21, "tables": {"first": "orders"}},
    user_defined_filters={"doubled": doubled},
) as dag:
    given = {"number": 4, "text": "t", "row": {"k": "v", "n": [1, 2]}, "names": ["p", "q"], "empty": []}
    sources = [PythonOperator(task_id=name, python_callable=echo, op_args=[value]) for name, value in given.items()]
    for name, template in TEMPLATES.items():
        rendered = PythonOperator(task_id=f"t_{name}", python_callable=echo, op_args=[template])
        sources >> rendered
