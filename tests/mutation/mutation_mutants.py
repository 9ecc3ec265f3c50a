"""All mutants of a flow: each operator at each of its sites, each mutant once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import libcst as cst
import mutation_body_operators as body
import mutation_flow_operators as flow
from mutation_subjects import Subject
from mutation_syntax import Edit, functions, text, walk

Operator = Callable[[cst.Module], Iterator[Edit]]
OPERATORS: dict[str, Operator] = {
    operator.__name__: operator
    for operator in (
        flow.drop_dependency,
        flow.redirect_dependency,
        flow.ignore_failure,
        flow.drop_argument,
        flow.swap_rule,
        flow.open_gate,
        flow.negate_condition,
        flow.swap_arms,
        flow.drop_element,
        flow.reorder_calls,
        flow.call_twice,
        flow.call_for_submit,
        flow.drop_task,
        flow.rename_run,
        flow.drop_return,
        flow.drop_leaf,
        body.lose_result,
        body.change_constant,
        body.change_operator,
        body.drop_statement,
        body.swallow_exception,
        body.raise_anew,
        body.drop_retry,
        body.change_delay,
        body.drop_hook,
    )
}
SCHEDULE = "change_schedule"
MEANING = {name: " ".join((operator.__doc__ or "").split()) for name, operator in OPERATORS.items()} | {
    SCHEDULE: "The schedule, its time zone or the number of runs at once is another one in `prefect.yaml`, or is lost."
}


@dataclass(frozen=True)
class Mutant:
    """A changed file of a subject. `where` names function and change, so that a list of mutants can be read; `source` is the file."""

    subject: str
    operator: str
    where: str
    source: str
    schedule: bool = False
    in_body: bool = False  # only what the bodies of tasks do was changed: a rehearsal, which replaces them, cannot tell

    @property
    def key(self) -> str:
        return f"{self.subject} | {self.operator} | {self.where}"


def mutants(subject: Subject) -> list[Mutant]:
    """All of a subject's mutants, in the order of the operators and of the source; what two operators make alike belongs to the first."""
    source = subject.file.read_text(encoding="utf-8")
    module = cst.parse_module(source)
    bare = without_bodies(module).code
    found: dict[str, Mutant] = {source: Mutant("", "", "", "")}
    numbers: dict[str, int] = {}
    places = _places(module)
    for name, operator in OPERATORS.items():
        for edit in operator(module):
            made = module.deep_replace(edit.old, edit.new)
            assert isinstance(made, cst.Module)
            if made.code not in found:
                where = f"{places.get(edit.old, 'module')}: {_change(edit)}"
                number = numbers[f"{name} {where}"] = numbers.get(f"{name} {where}", 0) + 1
                where += f" ({number})" if number > 1 else ""
                found[made.code] = Mutant(subject.name, name, where, made.code, in_body=without_bodies(made).code == bare)
    return [*list(found.values())[1:], *_schedules(subject)]


def without_bodies(module: cst.Module) -> cst.Module:
    """The module with nothing in the bodies of its tasks."""
    empty = {
        function.node: function.node.with_changes(body=cst.SimpleStatementSuite([cst.Pass()]))
        for function in functions(module)
        if function.kind == "task"
    }
    return module.with_changes(body=[empty.get(node, node) if isinstance(node, cst.FunctionDef) else node for node in module.body])


def _places(module: cst.Module) -> dict[cst.CSTNode, str]:
    """Per node the function that it stands in."""
    found = {}
    for function in module.body:
        if isinstance(function, cst.FunctionDef):
            found |= dict.fromkeys(walk(function), function.name.value)
    return found


def _change(edit: Edit) -> str:
    """The piece that changes, cut to what differs."""
    one, two = text(edit.old), text(edit.new)
    if len(one) <= 60 and len(two) <= 60:
        return f"{one} -> {two}"
    start = next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    end = next((i for i, (a, b) in enumerate(zip(one[:start:-1], two[:start:-1], strict=False)) if a != b), 0)
    start = max(0, start - 12)
    return f"{one[start : len(one) - end][:70]} -> {two[start : len(two) - end][:70]}"


# What is done to the lines of a deployment: (what, pattern, what stands there then).
SCHEDULES = (
    ("another minute", r'(cron: ")(\d+|\*)', lambda m: m.group(1) + ("7" if m.group(2) != "7" else "8")),
    ("another hour", r'(cron: "\S+ )(\S+)', lambda m: m.group(1) + ("5" if m.group(2) != "5" else "6")),
    ("another time zone", r'(timezone: ")([^"]*)', lambda m: m.group(1) + "Asia/Tokyo"),
    ("another interval", r"(interval: )(\d+)", lambda m: m.group(1) + str(int(m.group(2)) + 60)),
    ("another limit", r"(concurrency_limit: )(\d+)", lambda m: m.group(1) + str(int(m.group(2)) + 1)),
    ("a second limit", r"(?s)(work_pool: \*work_pool\n)(?!.*concurrency_limit)", lambda m: m.group(1) + "    concurrency_limit: 3\n"),
    ("no schedule", r"schedules:\n(      .*\n?)+", lambda m: "schedules: []\n"),
    ("a schedule", r"schedules: \[\]", lambda m: 'schedules:\n      - cron: "0 4 * * *"\n        timezone: "UTC"\n        active: true'),
)


def _schedules(subject: Subject) -> Iterator[Mutant]:
    source = subject.deployments.read_text(encoding="utf-8")
    blocks = re.split(r"(?m)^(?=  - name: )", source)
    mine = next(number for number, block in enumerate(blocks) if f"entrypoint: {subject.path}:" in block)
    for what, pattern, change in SCHEDULES:
        changed = re.sub(pattern, change, blocks[mine], count=1)  # type: ignore[arg-type]
        if changed != blocks[mine]:
            yield Mutant(subject.name, SCHEDULE, what, "".join([*blocks[:mine], changed, *blocks[mine + 1 :]]), schedule=True)
