"""Rewrites the user's source a little, so that symbols survive what a class alone cannot see: `x is None`, `int(x)`, `a if x else b` ...

Each hook (`_hooks.py`) gives back what Python itself would, unless a symbol is involved. Calls are made from the user's own frame: only
the function is looked up through a hook, so that stacks look as they do in the legacy system. Every node keeps its place.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from workbook_lib.sources.tracing._trees import FIELDS

_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
# Calls without effects, of which both arms of a condition may be tried.
_PURE = frozenset(
    {"int", "float", "str", "bool", "len", "timedelta", "datetime", "date", "get", "getenv", "isinstance", "split", "upper", "lower"}
)
_PURE |= {"strip", "startswith", "endswith", "replace", "format", "join", "title", "dict", "list", "tuple", "duration", "days_ago"}
_PURE |= {"CronTriggerTimetable", "CronDataIntervalTimetable", "relativedelta", "crontab", "timezone", "loads", "Dataset", "Asset"}


def safe(node: ast.expr | None) -> bool:
    """Whether evaluating an expression that Python would pass over can do no harm."""
    if node is None or isinstance(node, (ast.Constant, ast.Name)):
        return True
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return all(safe(item) for item in node.elts)
    if isinstance(node, ast.Dict):
        return all(safe(item) for item in (*node.keys, *node.values))
    if isinstance(node, (ast.Attribute, ast.FormattedValue, ast.Starred)):
        return safe(node.value)
    if isinstance(node, ast.JoinedStr):
        return all(safe(item) for item in node.values)
    if isinstance(node, ast.Compare):
        return safe(node.left) and all(safe(item) for item in node.comparators)
    if isinstance(node, ast.BoolOp):
        return all(safe(item) for item in node.values)
    if isinstance(node, ast.UnaryOp):
        return safe(node.operand)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, _ARITHMETIC) and safe(node.left) and safe(node.right)
    if isinstance(node, ast.Subscript):
        return safe(node.value) and not isinstance(node.slice, ast.Slice) and safe(node.slice)
    if isinstance(node, ast.IfExp):
        return safe(node.test) and safe(node.body) and safe(node.orelse)
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
        inner = node.func.value if isinstance(node.func, ast.Attribute) else None
        return name in _PURE and safe(inner) and all(map(safe, node.args)) and all(safe(word.value) for word in node.keywords)
    return False


def _hook(name: str, place: ast.AST, *args: ast.expr) -> ast.Call:
    """A call of a hook, placed at the start of a node and without width, so that it is never found in the place of a call of the user's."""
    line, column = place.lineno, place.col_offset  # type: ignore[attr-defined]
    where = {"lineno": line, "col_offset": column, "end_lineno": line, "end_col_offset": column}
    return ast.Call(ast.Name(f"__workbook_{name}__", ast.Load(), **where), list(args), [], **where)


def _at(made: ast.expr, node: ast.AST) -> ast.expr:
    return ast.copy_location(made, node)


def _truth(value: bool, place: ast.AST) -> ast.expr:
    return _at(ast.Constant(value), place)


_METHODS: dict[type[ast.AST], Callable[[Instrument, Any], Any]] = {}


class Instrument:
    """Puts the hooks in. Each visit gives exactly one node, which makes it simpler and faster than `NodeTransformer` is."""

    def visit(self, node: ast.AST) -> Any:
        kind = node.__class__
        method = _METHODS.get(kind)
        if method is None:
            method = _METHODS[kind] = getattr(Instrument, f"visit_{kind.__name__}", Instrument.generic_visit)
        return method(self, node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for name in FIELDS[node.__class__]:
            old = getattr(node, name, None)
            if old.__class__ is list:
                old[:] = [self.visit(item) if isinstance(item, ast.AST) else item for item in old]
            elif isinstance(old, ast.AST):
                new = self.visit(old)
                if new is not old:
                    setattr(node, name, new)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        node.func = _hook("call", node.func, node.func)
        for word in node.keywords:
            if word.arg is None:
                word.value = _hook("mapping", word.value, word.value)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        self.generic_visit(node)
        return _at(_hook("text", node, node), node) if any(isinstance(part, ast.FormattedValue) for part in node.values) else node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.AST:
        node.value = self.visit(node.value)  # the format specification is itself a JoinedStr and must stay one
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load) or isinstance(node.slice, (ast.Constant, ast.Slice, ast.Tuple)):
            return node
        return _at(_hook("item", node, node.value, node.slice), node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if len(node.ops) != 1:
            return node
        sign, right = node.ops[0], node.comparators[0]
        if isinstance(sign, (ast.Is, ast.IsNot)):
            return _at(_hook("is", node, node.left, right, _truth(isinstance(sign, ast.IsNot), node)), node)
        if isinstance(sign, (ast.In, ast.NotIn)):
            return _at(_hook("in", node, node.left, right, _truth(isinstance(sign, ast.NotIn), node)), node)
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return _at(_hook("not", node, node.operand), node) if isinstance(node.op, ast.Not) else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, (ast.Mod, ast.Div)):
            return _at(_hook("mod" if isinstance(node.op, ast.Mod) else "div", node, node.left, node.right), node)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        """`a and b` -> `both(b) if tried(a) else (top() and b)`; see `_hooks`."""
        able = [safe(value) for value in node.values]
        harmless = [isinstance(value, (ast.Constant, ast.Name)) for value in node.values]
        self.generic_visit(node)
        sign = "and" if isinstance(node.op, ast.And) else "or"
        made = node.values[0]
        for value, good, free in zip(node.values[1:], able[1:], harmless[1:], strict=True):
            if good:
                rest = _at(ast.BoolOp(node.op, [_hook("top", node), value]), node)
                test = _hook("tried", node, made, _at(ast.Constant(sign), node), _truth(free, node))
                made = _at(ast.IfExp(test, _hook(sign, node, value), rest), node)
            else:
                made = _at(ast.BoolOp(node.op, [made, value]), node)
        return made

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """`a if t else b` -> `pick(a, b) if asked(t) else (a if top() else b)`."""
        able = safe(node.body) and safe(node.orelse)
        self.generic_visit(node)
        if not able:
            return node
        plain = _at(ast.IfExp(_hook("top", node), node.body, node.orelse), node)
        return _at(ast.IfExp(_hook("asked", node, node.test), _hook("pick", node, node.body, node.orelse), plain), node)

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        self.generic_visit(node)
        for position, key in enumerate(node.keys):
            if key is None:
                node.values[position] = _hook("mapping", node.values[position], node.values[position])
        return node

    def visit_Match(self, node: ast.Match) -> ast.AST:
        node.subject = _hook("subject", node.subject, self.visit(node.subject))
        for case in node.cases:
            case.guard = self.visit(case.guard) if case.guard is not None else None
            case.body = [self.visit(statement) for statement in case.body]
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return node  # annotations are no computation

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.value = self.visit(node.value) if node.value is not None else None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        returns, node.returns = node.returns, None
        self.generic_visit(node)
        node.returns = returns
        return node

    visit_AsyncFunctionDef = visit_FunctionDef


def instrument(tree: ast.Module) -> ast.Module:
    """`tree`, changed in place."""
    found: ast.Module = Instrument().visit(tree)
    return found
