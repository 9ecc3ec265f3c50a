"""What the server keeps: connections, variables, and what templates push; each task returns what it found."""

from datetime import datetime

from airflow import DAG

try:
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.python import PythonOperator
    from airflow.sdk import BaseHook, Variable
except ImportError:
    from airflow.hooks.base import BaseHook
    from airflow.models import Variable
    from airflow.operators.bash import BashOperator
    from airflow.operators.python import PythonOperator

TEMPLATES = {
    "fields": "{{ conn.shop_db.login }}@{{ conn.shop_db.host }}:{{ conn.shop_db.port }}/{{ conn.shop_db.schema }}",
    "password": "{{ conn.shop_db.password | length }} {{ conn.shop_db.conn_type }} {{ conn.shop_db.conn_id }}",
    "got": "{{ conn.get('shop_db').host | upper }} {{ conn['shop_db'].port + 1 }}",
    "extra": "{{ conn.shop_db.extra_dejson.region }} {{ conn.shop_db.extra_dejson['deep'].n }}",
    "extra_get": "{{ conn.shop_db.extra_dejson.get('region') }} {{ conn.shop_db.extra_dejson.get('absent', 'none') }}",
    "uri": "{{ conn.shop_db.get_uri() }}",
    "uris": "{{ conn.by_uri.get_uri() }} {{ conn.plain_uri.get_uri() }} {{ conn.files.get_uri() }} {{ conn.only_port.get_uri() }}",
    "by_uri": "{{ conn.by_uri.conn_type }} {{ conn.by_uri.host }} {{ conn.by_uri.schema }} {{ conn.by_uri.extra_dejson.a }}",
    "nothing": "{{ conn.files.host }} {{ conn.files.port }} {{ conn.files.schema }} {{ conn.files.extra_dejson }}",
    "rendered": "{% for key in conn.shop_db.extra_dejson | sort %}{{ key }} {% endfor %}{{ conn.shop_db.get_uri() | length }}",
    "rendered_got": "{{ conn.get('shop_db').host | title }} {{ conn.shop_db.extra_dejson.get('region') | title }}",
    "json_as_text": "{{ var.value.doc }}",
}
NAMES = ["shop_db", "files"]


PUSHING = "echo {{ ti.xcom_push(key='day', value=ds) }} {% do ti.xcom_push('numbers', [1, params.n]) %}{{ ds }}"


def echo(value):
    return value


def described(conn):
    return f"{conn.conn_type} {conn.login}@{conn.host}:{conn.port}"


def of_connection():
    conn = BaseHook.get_connection("shop_db")
    return [conn.host, conn.extra_dejson["region"], conn.extra_dejson.get("absent"), conn.get_uri(), described(conn)]


def at_once():
    return BaseHook.get_connection("shop_db").extra_dejson["deep"]["n"] + BaseHook.get_connection(conn_id="shop_db").port


def computed(names):
    return {name: described(BaseHook.get_connection(name)) for name in names}


def missing():
    try:
        return BaseHook.get_connection("nobody").host
    except Exception:
        return "no such connection"


def hidden_name():
    variable = Variable.get("plain")
    stored_connection = BaseHook.get_connection("shop_db")
    return [variable, stored_connection.host]


def text_and_json():
    return [Variable.get("doc", deserialize_json=True)["deep"], Variable.get("doc"), Variable.get("number"), Variable.get("nobody", None)]


def written(names):
    Variable.set("last day", "2024-03-09")
    Variable.set(key="state", value={"n": [1, 2]}, serialize_json=True, description="what was done")
    found = [Variable.get("last day"), Variable.get("state", deserialize_json=True), Variable.get("state")]
    for name in names:
        Variable.set(f"table_{name}", f"{len(name)}")
        found.append(Variable.get(f"table_{name}"))
    Variable.set("table_a", '{"x": 1}')
    return [*found, Variable.get("table_a", deserialize_json=True)]


def forgotten():
    Variable.set("short", "lived")
    before = Variable.get("short")
    Variable.delete("short")
    return [before, Variable.get("short", None)]


def pulls(ti):
    names = [f"bash_{kind}" for kind in ("pushes", "alone")]
    found = ti.xcom_pull(task_ids=names, key="day")
    return [list(found), ti.xcom_pull("bash_pushes", key="numbers"), ti.xcom_pull(task_ids=names[0]), ti.xcom_pull("bash_alone")]


with DAG("stored", start_date=datetime(2024, 1, 1), schedule="@daily", catchup=False, params={"n": 2}) as dag:
    pushes = BashOperator(task_id="bash_pushes", bash_command=PUSHING)
    alone = BashOperator(task_id="bash_alone", bash_command=PUSHING, do_xcom_push=False)
    [pushes, alone] >> PythonOperator(task_id="pulls", python_callable=pulls)
    pulled = BashOperator(task_id="bash_pulls", bash_command="echo {{ ti.xcom_pull('bash_pushes', key='numbers')[1] }}")
    pushes >> pulled
    for name, template in TEMPLATES.items():
        PythonOperator(task_id=f"t_{name}", python_callable=echo, op_args=[template])
    for function in (of_connection, at_once, missing, hidden_name, text_and_json, forgotten):
        PythonOperator(task_id=function.__name__, python_callable=function)
    PythonOperator(task_id="computed", python_callable=computed, op_args=[NAMES])
    PythonOperator(task_id="written", python_callable=written, op_args=[["a", "bc"]])
