"""The structure of a DAG as Airflow holds it, for rehearsals of DAGs that nothing else has read."""

from __future__ import annotations

from typing import Any


def describe(dag: Any) -> dict[str, Any]:
    """Tasks, groups and edges with what decides how a run may go; `over` names the tasks whose outputs are mapped over."""
    groups = [group for name, group in dag.task_group.get_task_group_dict().items() if name]
    return {
        "id": dag.dag_id,
        "tasks": [_task(task) for task in dag.tasks],
        "groups": [{"id": group.group_id, "parent": _group_of(group), **_over(group)} for group in groups],
    }


def _task(task: Any) -> dict[str, Any]:
    operator = getattr(task, "operator_class", None) or type(task)
    names = [cls.__name__ for cls in operator.__mro__]
    teardown = bool(getattr(task, "is_teardown", False))
    return {
        "id": task.task_id,
        "operator": operator.__name__,
        "downstream": sorted(task.downstream_task_ids),
        "trigger_rule": str(getattr(task.trigger_rule, "value", task.trigger_rule)),
        "retries": task.retries or 0,
        "steers": "branch" if hasattr(operator, "do_branch") else "short_circuit" if "ShortCircuitOperator" in names else "",
        "steers_rules": not _setting(task, "ignore_downstream_trigger_rules", True),
        "setup": bool(getattr(task, "is_setup", False)),
        "teardown": teardown,
        "teardown_fails_run": teardown and bool(task.on_failure_fail_dagrun),
        "group": _group_of(task),
        **_over(task),
    }


def _setting(task: Any, name: str, default: Any) -> Any:
    return task.partial_kwargs.get(name, default) if hasattr(task, "partial_kwargs") else getattr(task, name, default)


def _group_of(node: Any) -> str | None:
    group = getattr(node, "task_group", None)
    return None if group is None else group.group_id


def _over(node: Any) -> dict[str, Any]:
    """How often a mapped task or group runs: {"mapped": true, "over": [[argument, tasks, length or null], ...]}."""
    # TaskFlow tasks keep what they are mapped over in another field than operators do.
    specified = getattr(node, "_get_specified_expand_input", None)
    source = specified() if specified is not None else getattr(node, "_expand_input", None)
    if source is None:
        return {"mapped": False, "over": [], "records": False}
    records = type(source).__name__ == "ListOfDictsExpandInput"
    values = {"": source.value} if records else dict(source.value)
    over = [[name, _tasks(value), len(value) if isinstance(value, (list, tuple, dict)) else None] for name, value in values.items()]
    return {"mapped": True, "over": over, "records": records}


def _tasks(value: Any) -> list[str]:
    if not hasattr(value, "iter_references"):
        return []
    return sorted({operator.task_id for operator, _ in value.iter_references()})
