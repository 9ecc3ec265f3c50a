"""Tells the type that a function's body returns, where its code says so plainly."""

from __future__ import annotations

import ast

from workbook_lib.model.function import own_returns

# What these builtins and functions return, whatever they are given.
_CALLS = {
    "len": "int", "str": "str", "int": "int", "float": "float", "bool": "bool", "list": "list", "dict": "dict", "sorted": "list",
    "any": "bool", "all": "bool", "isinstance": "bool", "repr": "str", "print": "None", "json.dumps": "str", "run_shell": "str",
    "run_shell_or_skip": "str", "shell_succeeds": "bool", "time.time": "float", "os.getcwd": "str",
}  # fmt: skip
_METHODS = {
    "isoformat": "str", "strftime": "str", "exists": "bool", "is_file": "bool", "read_text": "str", "startswith": "bool",
    "endswith": "bool",
}  # fmt: skip
_DISPLAYS = {
    ast.JoinedStr: "str", ast.Dict: "dict", ast.DictComp: "dict", ast.List: "list", ast.ListComp: "list", ast.Tuple: "tuple",
    ast.Set: "set", ast.SetComp: "set", ast.Compare: "bool",
}  # fmt: skip
UNKNOWN = ""


def returned(body: str) -> str:
    """The annotation for what an indented body returns; "" where it takes more than a look to tell."""
    try:
        function = ast.parse("def f():\n" + body).body[0]
    except SyntaxError:
        return UNKNOWN
    assert isinstance(function, ast.FunctionDef)
    found = {_type(node.value) for node in own_returns(function)}
    if UNKNOWN in found:
        return UNKNOWN
    if _goes_on(function.body):
        found.add("None")
    return " | ".join(sorted(found, key=lambda name: (name == "None", name)))


def _type(value: ast.expr | None) -> str:
    if value is None:
        return "None"
    if isinstance(value, ast.Constant):
        return "None" if value.value is None else type(value.value).__name__ if not isinstance(value.value, type(...)) else UNKNOWN
    if isinstance(value, ast.IfExp):
        both = {_type(value.body), _type(value.orelse)}
        return both.pop() if len(both) == 1 else UNKNOWN
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not):
        return "bool"
    if isinstance(value, ast.Call):
        name = ast.unparse(value.func)
        method = value.func.attr if isinstance(value.func, ast.Attribute) else ""
        return _CALLS.get(name) or _METHODS.get(method, UNKNOWN)
    return _DISPLAYS.get(type(value), UNKNOWN)


def _goes_on(body: list[ast.stmt]) -> bool:
    """Whether a block may come to its end; True where that is not plain."""
    last = body[-1]
    if isinstance(last, ast.Return | ast.Raise):
        return False
    if isinstance(last, ast.If):
        return not last.orelse or _goes_on(last.body) or _goes_on(last.orelse)
    if isinstance(last, ast.With):
        return _goes_on(last.body)
    if isinstance(last, ast.Try):
        ends = [last.orelse or last.body, *(handler.body for handler in last.handlers)]
        return any(_goes_on(block) for block in ends) and not (last.finalbody and not _goes_on(last.finalbody))
    return True
