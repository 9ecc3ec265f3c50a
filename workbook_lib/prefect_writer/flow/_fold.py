"""Operators made alike, in a loop or one by one, become one function: what differs is their own id, which it takes as a parameter."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from dataclasses import replace

from workbook_lib.model import expr as e
from workbook_lib.prefect_writer.flow._plan import Plan
from workbook_lib.prefect_writer.tasks._code import Parameter, TaskCode

NAME = "task_id"
_MANY = 4  # tasks at places of their own, from which on a function for each is more to read than one for all


def fold(plan: Plan) -> None:
    """Rewrite the code of tasks made at the same place, or of many, that differ in nothing but their id; others stay as they are."""
    places: dict[tuple[object, ...], list[tuple[str, TaskCode]]] = {}
    everywhere: dict[tuple[object, ...], list[tuple[str, TaskCode]]] = {}
    for task in plan.workflow.tasks:
        code = plan.code[task.id]
        if task.origin is None or task.action.kind == "python" or code.marker or code.reason is not None or code.mapped:
            continue
        body = _with_parameter(code.body, task.id)
        if body is not None and all(p.name != NAME for p in code.parameters):
            same = (body, task.retry, task.timeout_seconds, code.doc, _signature(code))
            places.setdefault((task.origin.file, task.origin.line, *same), []).append((body, code))
            everywhere.setdefault(same, []).append((body, code))
    many = [alike for alike in everywhere.values() if len(alike) >= _MANY]
    together = {code.task.id for alike in many for _, code in alike}
    for alike in many + [alike for alike in places.values() if len(alike) > 1 and alike[0][1].task.id not in together]:
        stem = _stem([code.task.id for _, code in alike])
        for body, code in alike:
            own = Parameter(NAME, e.Constant(value=code.task.id), "str")
            plan.code[code.task.id] = replace(code, body=body, wish=stem, parameters=(own, *code.parameters))


def _signature(code: TaskCode) -> tuple[object, ...]:
    return tuple((p.name, p.annotation, e.key(p.value)) for p in code.parameters)


def _stem(ids: list[str]) -> str:
    """What the ids have in common at their start; else the first of them, or of many a word for any."""
    shortest = min(ids, key=len)
    common = next((shortest[:n] for n in range(len(shortest), 0, -1) if all(one.startswith(shortest[:n]) for one in ids)), "")
    return re.sub(r"[\W\d_]+$", "", common) or (ids[0] if len(ids) < _MANY else "step")


def _with_parameter(body: str, task_id: str) -> str | None:
    """The body with its own id taken from the parameter wherever a string holds it; None where none does."""
    source = f"def f():\n{body}\n"
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    pieces, last, found = [], 0, False
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, IndentationError):
        return None
    for token in tokens:
        if token.type != tokenize.STRING or task_id not in token.string:
            continue
        text = _formatted(token.string, task_id)
        if text is None:
            return None
        begin, end = (starts[row - 1] + column for row, column in (token.start, token.end))
        pieces += [source[last:begin], text]
        last, found = end, True
    return "".join([*pieces, source[last:]]).split("\n", 1)[1].rstrip("\n") if found else None


def _formatted(string: str, task_id: str) -> str | None:
    """A string literal as an f-string that takes the id from the parameter; None for other kinds of strings."""
    match = re.fullmatch(r"(f?)(\"{3}|'{3}|\"|')(.*)\2", string, re.DOTALL)
    if match is None or "{" in task_id or not re.search(rf"(?<![A-Za-z0-9]){re.escape(task_id)}(?![A-Za-z0-9])", match[3]):
        return None
    text = match[3] if match[1] else match[3].replace("{", "{{").replace("}", "}}")
    if match[1] and any(task_id in field for field in re.findall(r"(?<!\{)\{[^{}]*\}", text)):
        return None
    shown = re.sub(rf"(?<![A-Za-z0-9]){re.escape(task_id)}(?![A-Za-z0-9])", f"{{{NAME}}}", text)
    made = f"f{match[2]}{shown}{match[2]}"
    if not _same(string, made, task_id):  # an escape such as `\n` was taken for the id, or the id's own end for one
        return None
    return made if shown != f"{{{NAME}}}" else NAME


def _same(string: str, made: str, task_id: str) -> bool:
    """Whether a literal is the same text once the parameter is the id."""
    try:
        return _pieces(string, task_id) == _pieces(made, task_id)
    except SyntaxError:
        return False


def _pieces(source: str, task_id: str) -> list[str] | None:
    """A string's parts, the id for the parameter: texts joined, other fields as they are written; None where it is more than a string."""
    with warnings.catch_warnings(action="ignore"):  # an escape that is none
        node = ast.parse(source, mode="eval").body
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if not isinstance(node, ast.JoinedStr):
        return None
    pieces = [""]
    for part in node.values:
        if isinstance(part, ast.Constant):
            pieces[-1] += str(part.value)
        elif isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name) and part.value.id == NAME:
            pieces[-1] += task_id
        else:
            pieces += [ast.dump(part), ""]
    return pieces
