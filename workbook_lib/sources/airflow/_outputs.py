"""Values that tasks hand over, seen from the whole DAG: which are lists of mapped instances, and which lists have gaps."""

from __future__ import annotations

import ast

from workbook_lib.model import expr as x
from workbook_lib.model.action import PythonCall, Shell
from workbook_lib.model.expr import Expr
from workbook_lib.model.function import own_returns
from workbook_lib.model.join_rules import JoinRule
from workbook_lib.model.workflow import Group, Task
from workbook_lib.sources.airflow._raw import RawDag
from workbook_lib.sources.airflow._rewrite import expressions, transform


def settle_outputs(tasks: list[Task], dag: RawDag, mapped: frozenset[str]) -> list[Task]:
    """Set `TaskOutput.mapped` by the task it names, and drop `present` where every task surely hands over a value."""
    by_id = {task.id: task for task in tasks}
    upstream: dict[str, set[str]] = {}
    for edge in dag.edges:
        upstream.setdefault(edge.target, set()).add(edge.source)
    groups = {group.id: group for group in dag.groups}
    owners = {task.id: _mapped_group(task.group, groups) for task in tasks}

    known: dict[str, frozenset[str]] = {}

    def succeeded(task: Task) -> frozenset[str]:
        if task.id not in known:
            known[task.id] = _succeeded(task, by_id, upstream)
        return known[task.id]

    def settled(task: Task) -> Task:
        def change(found: Expr) -> Expr:
            if isinstance(found, x.TaskOutput) and (found.task not in by_id or never_handed_over(by_id[found.task], found.key)):
                return x.Constant(value=None)  # what Airflow pulls where nothing was pushed
            if isinstance(found, x.TaskOutput):
                # Inside one mapped group a task sees the value of its own instance.
                inside = owners.get(found.task) is not None and owners.get(found.task) == owners[task.id]
                own = found.task in by_id and by_id[found.task].mapping is not None
                is_list = found.task in mapped and (own or not inside)
                return found.model_copy(update={"mapped": is_list}) if is_list != found.mapped else found
            if isinstance(found, x.Call) and found.function == "default" and found.args[0] == x.Constant(value=None):
                return found.args[1]
            if isinstance(found, x.Call) and found.function == "present" and _complete(found.args[0], succeeded(task), by_id):
                return found.args[0]
            return found

        return transform(task, change)

    return [settled(task) for task in tasks]


def _mapped_group(group: str | None, groups: dict[str, Group]) -> str | None:
    while group is not None and group in groups:
        if groups[group].mapping is not None:
            return group
        group = groups[group].parent
    return None


def _succeeded(task: Task, by_id: dict[str, Task], upstream: dict[str, set[str]]) -> frozenset[str]:
    """Tasks that have surely succeeded when `task` runs: its upstream under all_success, and what those have waited for likewise."""
    found: set[str] = set()
    waiting = [task]
    while waiting:
        one = waiting.pop()
        if one.join_rule is JoinRule.ALL_SUCCESS:
            new = upstream.get(one.id, set()) - found
            found |= new
            waiting += [by_id[name] for name in new if name in by_id]
    return frozenset(found)


def _complete(listed: Expr, succeeded: frozenset[str], by_id: dict[str, Task]) -> bool:
    return isinstance(listed, x.ListOf) and all(
        isinstance(item, x.TaskOutput)
        and item.key == "return_value"
        and item.task in succeeded
        and item.task in by_id
        and gives_a_value(by_id[item.task])
        for item in listed.items
    )


def never_handed_over(task: Task, key: str) -> bool:
    """Whether a task surely pushes nothing under a name."""
    action = task.action
    if key == "return_value" or not isinstance(action, PythonCall | Shell):
        return False
    if isinstance(action, Shell):
        own = action.several_outputs or action.build is not None or key in dict(action.pushes)
        return not own and not any(isinstance(part, x.Template) for part in expressions(action))
    function = action.function
    return not (action.several_outputs or function.blockers or any(span.kind == "push" and span.key == key for span in function.spans))


def gives_a_value(task: Task) -> bool:
    """Whether a task that succeeds surely hands over something other than None."""
    action = task.action
    if isinstance(action, Shell):
        return action.returns == "last_line"
    if not isinstance(action, PythonCall) or not action.function.source or action.returns == "none" or action.function.is_generator:
        return False
    definition = ast.parse(action.function.source).body[0]
    if not isinstance(definition, ast.FunctionDef) or not isinstance(definition.body[-1], ast.Return):
        return False
    return all(node.value is not None and _some(node.value) for node in own_returns(definition))


_NEVER_NONE = frozenset({"sum", "len", "str", "int", "float", "bool", "list", "dict", "set", "tuple", "sorted", "abs", "round", "range"})


def _some(node: ast.expr) -> bool:
    """Whether an expression is surely not None."""
    if isinstance(node, ast.Constant):
        return node.value is not None
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in _NEVER_NONE
    if isinstance(node, ast.IfExp):
        return _some(node.body) and _some(node.orelse)
    literal = (ast.List, ast.Dict, ast.Set, ast.Tuple, ast.JoinedStr, ast.ListComp, ast.DictComp, ast.SetComp, ast.Compare)
    return isinstance(node, literal)
