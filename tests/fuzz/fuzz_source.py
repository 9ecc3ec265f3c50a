"""From the description of a DAG to the text of its DAG file, for Airflow 2 or 3.

A description is plain JSON, so that a kept one does not depend on the version of Hypothesis:

| key of a DAG | meaning |
|---|---|
| `airflow` | "2.11" or "3.3": whose imports the file has |
| `stops` | the run stops at its first failed task |
| `groups` | `{"id", "parent"}`, `parent` absent at the top; `over`: the list that a mapped group is expanded over |
| `tasks` | in an order in which each comes after its upstream; those of a group stand together |
| `edges` | `[from, to]`: names of tasks or groups, besides the edges that arguments make |

| key of a task | meaning (absent: the plain case) |
|---|---|
| `id`, `kind`, `group` | its short name; "taskflow", "python", "bash" or "empty" |
| `does` | "succeed", "skip", "fail", "final" (without retry), "recover" (fails `times` times first) |
| `at` | it does so only for the element that ends with this number |
| `count` | how a task that recovers counts its attempts: "file" or "try_number" |
| `rule`, `retries` | trigger rule and number of retries |
| `steers` | "branch" or "short_circuit"; `answer`: names of tasks or groups, or a truth value |
| `form`, `other` | how a branch answers: "one", "list" or "if" (then `other` is the answer that is not given) |
| `sweeps` | false: a short circuit that leaves the rules in force |
| `value` | what it returns; absent: a text made of its name and arguments |
| `keys` | it returns a dict with these keys, taken apart (multiple_outputs) |
| `pushes` | a further key that it hands over |
| `takes` | `{"from", "how": "argument" | "pull" | "template" | "context", "key"}` |
| `map` | `{"form": "product" | "zip" | "records", "over": [{"list"} | {"task"}], "fixed"}` |
| `setup`, `teardown` | whether it sets up; the names of the setups it tears down (perhaps none) |
| `counts` | a failed teardown fails the run |
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

Dag = dict[str, Any]
Task = dict[str, Any]

IMPORTS = {
    "2.11": """\
from airflow import DAG
from airflow.decorators import task, task_group
from airflow.exceptions import AirflowFailException, AirflowSkipException
from airflow.operators.bash import BashOperator
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator, get_current_context
from airflow.utils.task_group import TaskGroup
""",
    "3.3": """\
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator
from airflow.sdk import DAG, TaskGroup, get_current_context, task, task_group
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
""",
}
HELPERS = '''
LIMIT = 3


def shown(value):
    """A short text for any value; what a mapped task handed over is some iterable."""
    if value is None or isinstance(value, (bool, int, str)):
        text = str(value)
    elif isinstance(value, dict):
        text = "-".join(f"{key}.{shown(one)}" for key, one in value.items())
    else:
        text = "_".join(shown(one) for one in value)
    return text if len(text) < 60 else f"{text[:20]}...{len(text)}"


def attempt(name):
    """The number of this attempt, from 1; attempts are counted in a file of the working folder."""
    path = Path(f"{name}.tries")
    number = int(path.read_text()) + 1 if path.exists() else 1
    path.write_text(str(number))
    return number
'''
STOPS = {"2.11": "fail_stop", "3.3": "fail_fast"}
OPERATORS = {"branch": "BranchPythonOperator", "short_circuit": "ShortCircuitOperator"}


def dag_id(dag: Dag) -> str:
    """A name by content: the same description, the same name."""
    return "fuzz_" + hashlib.sha256(json.dumps(dag, sort_keys=True).encode()).hexdigest()[:10]


def source(dag: Dag) -> str:
    """The DAG file."""
    return _Source(dag).text()


def full_id(dag: Dag, name: str) -> str:
    """The id of a task or group, with the groups around it."""
    groups = {group["id"]: group for group in dag.get("groups", ())}
    inside = next((task.get("group") for task in dag["tasks"] if task["id"] == name), None) or groups.get(name, {}).get("parent")
    path = [name]
    while inside:
        path.insert(0, inside)
        inside = groups[inside].get("parent")
    return ".".join(path)


class _Source:
    def __init__(self, dag: Dag) -> None:
        self.dag = dag
        self.tasks = {task["id"]: task for task in dag["tasks"]}
        self.groups = {group["id"]: group for group in dag.get("groups", ())}
        self.ids = {name: full_id(dag, name) for name in (*self.tasks, *self.groups)}

    def text(self) -> str:
        functions = [line for task in self.dag["tasks"] for line in self._function(task)]
        stops = f", {STOPS[self.dag['airflow']]}=True" if self.dag.get("stops") else ""
        head = f'with DAG("{dag_id(self.dag)}", start_date=datetime(2024, 1, 1), schedule=None, catchup=False{stops}):'
        inside = [*self._members(None), *self._edges(), *self._around()]
        body = "\n".join("    " + line for line in inside)
        imports = (
            f'"""A random DAG."""\n\nfrom datetime import datetime, timedelta\nfrom pathlib import Path\n\n{IMPORTS[self.dag["airflow"]]}'
        )
        return "\n".join([imports, HELPERS.strip("\n"), *functions, "", "", head, body, ""])

    # Functions

    def _function(self, task: Task) -> Iterator[str]:
        if task["kind"] not in ("taskflow", "python"):
            return
        yield from ("", "")
        if task["kind"] == "taskflow":
            kind = {"branch": ".branch", "short_circuit": ".short_circuit"}.get(task.get("steers", ""), "")
            options = ", ".join(self._options(task, named=False))
            yield f"@task{kind}({options})" if options else f"@task{kind}"
        names = [*self._elements(task), *(self._argument(take) for take in self._given(task))]
        names += ["fixed"] if task.get("map", {}).get("fixed") else []
        names += ["element=None"] if self._mapped_group(task) else []
        bare = task["kind"] == "python" and not self._mapped_group(task)
        names += ["ti" if bare else "ti=None"] if self._needs_ti(task) else []
        hint = " -> dict" if task.get("keys") and task["kind"] == "python" else ""
        yield f"def {task['id']}({', '.join(names)}){hint}:"
        yield from ("    " + line for line in self._body(task))

    def _elements(self, task: Task) -> list[str]:
        mapping = task.get("map")
        if not mapping:
            return []
        if mapping["form"] == "product":
            return ["x", "y", "z"][: len(mapping["over"])]
        return ["pair"] if mapping["form"] == "zip" else ["x"]

    def _mapped_group(self, task: Task) -> str | None:
        inside = task.get("group")
        while inside:
            if "over" in self.groups[inside]:
                return str(inside)
            inside = self.groups[inside].get("parent")
        return None

    def _given(self, task: Task) -> list[dict[str, Any]]:
        """What comes as an argument, also as a rendered template."""
        return [take for take in task.get("takes", ()) if take["how"] in ("argument", "template")]

    def _argument(self, take: dict[str, Any]) -> str:
        return f"from_{take['from']}" + (f"_{take['key']}" if take.get("key") else "")

    def _needs_ti(self, task: Task) -> bool:
        counted = task.get("does") == "recover" and task.get("count") == "try_number"
        return counted or bool(task.get("pushes")) or any(take["how"] == "pull" for take in task.get("takes", ()))

    def _body(self, task: Task) -> Iterator[str]:
        values = [f'"{task["id"]}"', *self._elements(task)]
        values += ["fixed"] if task.get("map", {}).get("fixed") else []
        values += ["element"] if self._mapped_group(task) else []
        for take in task.get("takes", ()):
            name = self._argument(take)
            values.append(name)
            key = f', key="{take["key"]}"' if take.get("key") else ""
            pulled = f'.xcom_pull(task_ids="{self.ids[take["from"]]}"{key})'
            if take["how"] == "pull":
                yield f"{name} = ti{pulled}"
            elif take["how"] == "context":
                yield f'{name} = get_current_context()["ti"]{pulled}'
        yield from self._deeds(task)
        if task.get("pushes"):
            yield f'ti.xcom_push(key="{task["pushes"]}", value="{task["id"]}-{task["pushes"]}")'
        yield from self._answer(task, values)

    def _deeds(self, task: Task) -> Iterator[str]:
        does = task.get("does", "succeed")
        element = next(iter(self._elements(task)), "element" if self._mapped_group(task) else None)
        name = f'"{task["id"]}"'
        if element:
            name = f'f"{task["id"]}.{{shown({element})}}"'
        lines = {
            "skip": ['raise AirflowSkipException("nothing to do")'],
            "fail": ['raise ValueError("broken")'],
            "final": ['raise AirflowFailException("broken for good")'],
        }.get(does, [])
        if does == "recover":
            number = "ti.try_number" if task.get("count") == "try_number" else f"attempt({name})"
            lines = [f"if {number} <= {task.get('times', 1)}:", '    raise ValueError("not yet")']
        if lines and element and task.get("at") is not None:
            yield f'if shown({element}).endswith("{task["at"]}"):'
            yield from ("    " + line for line in lines)
        elif lines and does != "recover":
            yield "if LIMIT > 1:"
            yield from ("    " + line for line in lines)
        else:
            yield from lines

    def _answer(self, task: Task, values: list[str]) -> Iterator[str]:
        if task.get("steers") == "branch":
            answer = [self.ids[name] for name in task["answer"]]
            form = task.get("form", "list")
            if form == "if" and len(answer) >= 1:
                other = self.ids[task.get("other", task["answer"][-1])]
                yield "if LIMIT > 2:"
                yield f'    return "{answer[0]}"'
                yield f'return "{other}"'
            elif form == "one" and len(answer) == 1:
                yield f'return "{answer[0]}"'
            elif not answer and form == "one":
                yield "return None"
            else:
                yield f"return {json.dumps(answer)}"
        elif task.get("steers") == "short_circuit":
            yield f"return {task['answer']!r}"
        elif task.get("keys"):
            pairs = ", ".join(f'"{key}": f"{task["id"]}-{key}"' for key in task["keys"])
            yield f"return {{{pairs}}}"
        elif "value" in task:
            yield f"return {task['value']!r}"
        else:
            yield f"return shown([{', '.join(values)}])"

    # Tasks

    def _members(self, group: str | None) -> Iterator[str]:
        """The tasks and groups directly in a group, in the order of the tasks."""
        done: set[str] = set()
        for task in self.dag["tasks"]:
            inside = task.get("group")
            if inside == group:
                yield f"{task['id']}_ = {self._call(task)}"
                continue
            while inside and self.groups[inside].get("parent") != group:
                inside = self.groups[inside].get("parent")
            if inside and inside not in done:
                done.add(inside)
                yield from self._group(inside)

    def _group(self, name: str) -> Iterator[str]:
        members = [*self._members(name)]
        if "over" not in self.groups[name]:
            yield f'with TaskGroup("{name}") as {name}_:'
            yield from ("    " + line for line in members)
            return
        inside = {task["id"] for task in self.dag["tasks"] if self._mapped_group(task) == name}
        edges = [edge for edge in self.dag.get("edges", ()) if set(edge) <= inside]
        yield "@task_group"
        yield f"def {name}(element):"
        yield from ("    " + line for line in members)
        yield from (f"    {first}_ >> {second}_" for first, second in edges)
        yield f"{name}_ = {name}.expand(element={self.groups[name]['over']!r})"

    def _call(self, task: Task) -> str:
        kind, mapping = task["kind"], task.get("map")
        if kind == "empty":
            return f"EmptyOperator({', '.join(self._options(task))})"
        if kind == "bash":
            command = f"bash_command={self._command(task)}"
            if not mapping:
                return f"BashOperator({', '.join([*self._options(task), command])})"
            commands = [f"echo {task['id']}-{element}" for element in mapping["over"][0]["list"]]
            return f"BashOperator.partial({', '.join(self._options(task))}).expand(bash_command={commands!r})"
        given = [(self._argument(take), self._handed(task, take)) for take in self._given(task)]
        given += [("fixed", "7")] if (mapping or {}).get("fixed") else []
        given += [("element", "element")] if self._mapped_group(task) else []
        if kind == "taskflow":
            named = ", ".join(f"{name}={value}" for name, value in given)
            if not mapping:
                return f"{task['id']}({named})"
            return f"{task['id']}{f'.partial({named})' if named else ''}.{self._expanded(mapping, task)}"
        operator = OPERATORS.get(task.get("steers", ""), "PythonOperator")
        options = [*self._options(task), f"python_callable={task['id']}"]
        named = ", ".join(f'"{name}": {value}' for name, value in given)
        if mapping:
            elements = ", ".join(f"[{element!r}]" for element in mapping["over"][0]["list"])
            options += [f"op_kwargs={{{named}}}"] if named else []
            return f"{operator}.partial({', '.join(options)}).expand(op_args=[{elements}])"
        options += [f"op_kwargs={{{named}}}"] if named else []
        return f"{operator}({', '.join(options)})"

    def _handed(self, task: Task, take: dict[str, Any]) -> str:
        name, key = take["from"], take.get("key")
        if take["how"] == "template":
            more = f", key='{key}'" if key else ""
            return f"\"{{{{ ti.xcom_pull(task_ids='{self.ids[name]}'{more}) }}}}\""
        return f'{self._output(name)}["{key}"]' if key else self._output(name)

    def _output(self, name: str) -> str:
        return f"{name}_" if self.tasks[name]["kind"] == "taskflow" else f"{name}_.output"

    def _command(self, task: Task) -> str:
        does = task.get("does", "succeed")
        if does == "skip":
            return '"exit 99"'
        if does in ("fail", "final", "recover"):
            return '"exit 1"'
        takes = " ".join(f"{{{{ ti.xcom_pull(task_ids='{self.ids[take['from']]}') }}}}" for take in task.get("takes", ()))
        return f"\"echo '{task['id']} {takes}'\"".replace("' ", "' ", 1) if not takes else f'"echo {task["id"]} {takes}"'

    def _expanded(self, mapping: dict[str, Any], task: Task) -> str:
        over = [repr(one["list"]) if "list" in one else self._output(one["task"]) for one in mapping["over"]]
        if mapping["form"] == "zip":
            first = f"{over[0]}.zip({', '.join(over[1:])})"
            return f"expand(pair={first})"
        if mapping["form"] == "records":
            one = mapping["over"][0]
            return f"expand_kwargs({[{'x': element} for element in one['list']]!r})" if "list" in one else f"expand_kwargs({over[0]})"
        return f"expand({', '.join(f'{name}={each}' for name, each in zip(self._elements(task), over, strict=True))})"

    def _options(self, task: Task, *, named: bool = True) -> Iterator[str]:
        if named:
            yield f'task_id="{task["id"]}"'
        if task.get("rule", "all_success") != "all_success":
            yield f'trigger_rule="{task["rule"]}"'
        if task.get("retries"):
            yield f"retries={task['retries']}"
            yield "retry_delay=timedelta(seconds=1)"
        if task.get("steers") == "short_circuit" and task.get("sweeps") is False:
            yield "ignore_downstream_trigger_rules=False"
        if task.get("keys"):
            yield "multiple_outputs=True"

    # Edges

    def _edges(self) -> Iterator[str]:
        for first, second in self.dag.get("edges", ()):
            inside = {self._mapped_group(self.tasks[name]) if name in self.tasks else None for name in (first, second)}
            if inside == {None} or len(inside) > 1:
                yield f"{first}_ >> {second}_"

    def _around(self) -> Iterator[str]:
        for task in self.dag["tasks"]:
            if task.get("setup"):
                yield f"{task['id']}_.as_setup()"
        for task in self.dag["tasks"]:
            if "teardown" in task:
                options = [f"setups=[{', '.join(f'{name}_' for name in task['teardown'])}]"] if task["teardown"] else []
                options += ["on_failure_fail_dagrun=True"] if task.get("counts") else []
                yield f"{task['id']}_.as_teardown({', '.join(options)})"
