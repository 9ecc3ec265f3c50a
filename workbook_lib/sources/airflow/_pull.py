"""`ti.xcom_pull` in all spellings: which task's output is meant.

https://airflow.apache.org/docs/apache-airflow/2.11.2/core-concepts/xcoms.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbook_lib.model import expr as x
from workbook_lib.model.expr import Expr
from workbook_lib.sources.airflow._meanings import NotUnderstood, Scope

_NONE = x.Constant(value=None)


def pull(args: Sequence[Expr], kwargs: Mapping[str, Expr], scope: Scope) -> Expr:
    """`ti.xcom_pull(task_ids=None, dag_id=None, key="return_value", include_prior_dates=False, *, map_indexes=None, default=None)`."""
    names = ("task_ids", "dag_id", "key", "include_prior_dates")
    if len(args) > len(names):
        raise NotUnderstood("calls xcom_pull with too many arguments")
    given = dict(zip(names, args, strict=False)) | dict(kwargs)
    for name in given:
        if name not in (*names, "map_indexes", "default", "session", "run_id"):
            raise NotUnderstood(f"calls xcom_pull with the unknown argument {name!r}")
    dag = given.pop("dag_id", _NONE)
    if dag not in (_NONE, x.Constant(value=scope.workflow), x.Context(name="workflow_id")):
        shown = f"the other DAG {dag.value!r}" if isinstance(dag, x.Constant) else "a DAG whose id is computed"
        raise NotUnderstood(f"pulls an XCom of {shown}")
    run = given.pop("run_id", _NONE)
    if run not in (_NONE, x.Context(name="run_id")):
        raise NotUnderstood("pulls an XCom of another run")
    if any(not isinstance(value, x.Constant) for name, value in given.items() if name not in ("task_ids", "default", "map_indexes")):
        raise NotUnderstood("calls xcom_pull with an argument that is computed")
    plain = {name: value.value for name, value in given.items() if isinstance(value, x.Constant)}
    if plain.get("include_prior_dates"):
        raise NotUnderstood("pulls XComs of earlier runs")
    key = plain.get("key", "return_value")
    if key is None and not scope.is_3:
        key = "return_value"  # any key: the return value, where nothing else is pushed; Airflow 3 refuses it
    if not isinstance(key, str):
        raise NotUnderstood("pulls XComs under a key that is no text")
    value = _mapped(_pulled(given.get("task_ids"), key, scope), given.get("map_indexes", _NONE))
    default = given.get("default", _NONE)
    if scope.is_3 and given.get("map_indexes", _NONE) == _NONE:
        return value  # Airflow 3 heeds the default of single instances alone
    return value if default == _NONE else x.Call(function="default", args=(value, default))


def _mapped(value: Expr, indexes: Expr) -> Expr:
    """The instances of a mapped task that `map_indexes` names; of one that is not mapped, -1 is the only one."""
    if indexes == _NONE:
        return value
    plain = indexes.value if isinstance(indexes, x.Constant) else None
    if isinstance(value, x.TaskOutput) and not value.mapped and plain == -1:
        return value
    if isinstance(value, x.TaskOutput) and value.mapped and isinstance(plain, int) and plain >= 0:
        return x.Index(base=value, key=indexes)
    if isinstance(value, x.TaskOutput) and value.mapped and isinstance(plain, list) and all(isinstance(i, int) and i >= 0 for i in plain):
        return x.ListOf(items=tuple(x.Index(base=value, key=x.Constant(value=index)) for index in plain))
    raise NotUnderstood("pulls the XCom of mapped instances that are not known")


def _pulled(source: Expr | None, key: str, scope: Scope) -> Expr:
    if source is None or source == _NONE:
        raise NotUnderstood("pulls an XCom without naming a task, which takes the newest of any task")
    try:
        tasks = x.constant(source)
    except ValueError:
        raise NotUnderstood("pulls an XCom of a task whose id is computed") from None
    if isinstance(tasks, str):
        return x.TaskOutput(task=tasks, key=key, mapped=tasks in scope.mapped)
    if isinstance(tasks, list) and all(isinstance(task, str) for task in tasks):
        if any(task in scope.mapped for task in tasks):
            raise NotUnderstood("pulls a list of XComs of mapped tasks")
        outputs = tuple(x.TaskOutput(task=task, key=key) for task in tasks)
        if scope.is_3:
            return x.ListOf(items=outputs)
        # In 2.x a task that handed over nothing is left out of the list, not None in it.
        return x.Call(function="present", args=(x.ListOf(items=outputs),))
    raise NotUnderstood("pulls an XCom with task_ids that are no text")
