"""Jinja templates as expressions: parsed with Jinja's own parser, never rendered.

Specification: https://airflow.apache.org/docs/apache-airflow/2.11.2/templates-ref.html (names, filters, macros) and
https://jinja.palletsprojects.com/en/stable/templates/ (syntax). What is not understood becomes `Template` with the reason.
A rendered template is always text, so the result is an expression that gives a `str` (but see `Scope.native`).
"""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Callable, Mapping
from typing import Any

import jinja2
from jinja2 import nodes

from workbook_lib.model import expr as x
from workbook_lib.model.expr import Expr
from workbook_lib.sources.airflow import _context as context
from workbook_lib.sources.airflow._meanings import Entity, Meaning, NotUnderstood, Scope
from workbook_lib.sources.airflow._moments import format_date, is_moment, is_text, iso, shift, without
from workbook_lib.sources.airflow._rendered import rendered
from workbook_lib.sources.airflow._static import NotStatic, short_range

__all__ = ["Scope", "compile_template", "compile_value"]

_ENVIRONMENT = jinja2.Environment(extensions=["jinja2.ext.do"])
_HOLE = re.compile("\ue000(\\d+)\ue001")
_UNROLL = 200  # a literal loop of more rounds stays a template

_BINARY: dict[type[nodes.Node], str] = {
    nodes.Add: "+",
    nodes.Sub: "-",
    nodes.Mul: "*",
    nodes.Div: "/",
    nodes.FloorDiv: "//",
    nodes.Mod: "%",
    nodes.And: "and",
    nodes.Or: "or",
}
_COMPARE = {"eq": "==", "ne": "!=", "lt": "<", "lteq": "<=", "gt": ">", "gteq": ">=", "in": "in"}
# Filters that are one function of the model. `int` and `float` differ from Jinja's only where a value is no number: they fail.
_FILTERS = {
    "upper": "upper",
    "lower": "lower",
    "trim": "strip",
    "string": "str",
    "int": "int",
    "float": "float",
    "length": "len",
    "count": "len",
    "list": "list",
    "sum": "sum",
    "min": "min",
    "max": "max",
    "sort": "sorted",
    "tojson": "json_html",
}
_DATE_FILTERS: dict[str, Callable[[Expr], Expr]] = {
    "ds": lambda m: format_date(m, "%Y-%m-%d"),
    "ds_nodash": lambda m: format_date(m, "%Y%m%d"),
    "ts": iso,
    "ts_nodash": lambda m: format_date(m, "%Y%m%dT%H%M%S"),
    "ts_nodash_with_tz": lambda m: without(iso(m), "-", ":"),
}


def compile_template(text: str, scope: Scope, parts: tuple[Expr, ...] = ()) -> Expr:
    """The meaning of the template `text`; `parts` are values that stand in it where the marks U+E000 number U+E001 are."""
    try:
        tree = _ENVIRONMENT.parse(text)
    except jinja2.TemplateError as error:
        return x.Template(source=_shown(text), reason=f"cannot be parsed by Jinja: {error}")
    for constant in tree.find_all(nodes.Const):
        if isinstance(constant.value, str):  # halves of characters, which no file can hold, are told by their numbers
            constant.value = constant.value.encode(errors="backslashreplace").decode()
    compiler = _Compiler(scope, parts)
    try:
        compiler.pushes(tree)
        pieces = compiler.body(tree.body, {})
        made = _native(pieces, text) if scope.native else _joined(pieces)
    except NotUnderstood as why:
        made = x.Template(source=_shown(text), reason=str(why))
    if not isinstance(made, x.Template) or _HOLE.search(text) or compiler.took_out:
        return made
    try:
        return rendered(text, tree, scope, lambda node: compiler.value(node, {}))
    except NotUnderstood:
        return made


def compile_value(expr: Expr, scope: Scope, load: Callable[[str], Expr | None] | None = None) -> Expr:
    """`expr` as Airflow renders a templated field: every text inside, in lists, tuples, sets and values of dicts.

    `load(text)` gives the meaning of a text that names a template file, or None when it names none.
    """
    if isinstance(expr, x.Constant):
        return _compile_json(expr.value, scope, load)
    if isinstance(expr, x.ListOf):
        return expr.model_copy(update={"items": tuple(compile_value(item, scope, load) for item in expr.items)})
    if isinstance(expr, x.DictOf):
        return x.DictOf(items=tuple((key, compile_value(value, scope, load)) for key, value in expr.items))
    if isinstance(expr, x.Format):
        text = "".join(
            part.value if isinstance(part, x.Constant) and isinstance(part.value, str) else f"\ue000{number}\ue001"
            for number, part in enumerate(expr.parts)
        )
        return compile_template(text, scope, expr.parts)
    return expr


def _compile_json(value: Any, scope: Scope, load: Callable[[str], Expr | None] | None) -> Expr:
    if isinstance(value, str):
        loaded = load(value) if load else None
        return loaded if loaded is not None else compile_template(value, scope)
    if isinstance(value, list):
        items = tuple(_compile_json(item, scope, load) for item in value)
        constant = all(isinstance(item, x.Constant) for item in items)
        return x.Constant(value=[x.constant(item) for item in items]) if constant else x.ListOf(items=items)
    if isinstance(value, dict):
        pairs = tuple((x.Constant(value=key), _compile_json(item, scope, load)) for key, item in value.items())
        constant = all(isinstance(item, x.Constant) for _, item in pairs)
        return x.Constant(value={key.value: x.constant(item) for key, item in pairs}) if constant else x.DictOf(items=pairs)
    return x.Constant(value=value)


def _is_push(node: nodes.Node) -> bool:
    """Whether a node is `ti.xcom_push(...)`."""
    called = node.node if isinstance(node, nodes.Call) else None
    owner = called.node if isinstance(called, nodes.Getattr) and called.attr == "xcom_push" else None
    return isinstance(owner, nodes.Name) and owner.name in ("ti", "task_instance")


def _shown(text: str) -> str:
    return _HOLE.sub("{...}", text)


def _joined(pieces: list[Expr]) -> Expr:
    merged: list[Expr] = []
    for piece in pieces:
        if isinstance(piece, x.Format):
            nested: tuple[Expr, ...] = piece.parts
        elif isinstance(piece, x.Constant):
            nested = (x.Constant(value=str(piece.value)),)
        else:
            nested = (piece,)
        for part in nested:
            last = merged[-1] if merged else None
            if isinstance(part, x.Constant) and isinstance(last, x.Constant):
                merged[-1] = x.Constant(value=str(last.value) + str(part.value))
            elif part != x.Constant(value=""):
                merged.append(part)
    if not merged:
        return x.Constant(value="")
    if len(merged) == 1 and is_text(merged[0]):
        return merged[0]
    return x.Format(parts=tuple(merged))


def _native(pieces: list[Expr], text: str) -> Expr:
    """What a DAG with `render_template_as_native_obj` gets: a sole value itself, a text read as a Python literal where it is one."""
    pieces = [piece for piece in pieces if piece != x.Constant(value="")]
    if len(pieces) == 1 and not is_text(pieces[0]):
        return pieces[0]
    joined = _joined(pieces)
    if isinstance(joined, x.Constant):
        try:
            return x.Constant(value=ast.literal_eval(str(joined.value)))
        except (ValueError, SyntaxError, MemoryError):
            return joined
    if joined == context.VALUES["ds_nodash"]:
        return x.Call(function="int", args=(joined,))
    first = joined.parts[0] if isinstance(joined, x.Format) else joined
    # Text that starts with a word and a space is no Python literal, and neither is a date with dashes.
    if isinstance(first, x.Constant) and re.match(r"[A-Za-z]+ +[A-Za-z]", str(first.value)):
        return joined
    if joined in (context.VALUES["ds"], context.VALUES["ts"], context.VALUES["run_id"]):
        return joined
    return x.Template(source=_shown(text), reason="the DAG renders native objects, and whether this text becomes one is not known")


class _Compiler:
    """Turns Jinja's nodes into expressions; `names` holds what the template itself set."""

    def __init__(self, scope: Scope, parts: tuple[Expr, ...]) -> None:
        self.scope = scope
        self.parts = parts
        self.left_over = 1000
        self.took_out = False  # a call, which Jinja would still find in the text

    def pushes(self, tree: nodes.Template) -> None:
        """Note what the template surely hands over by `xcom_push`, which renders as None, and take the calls out."""
        if self.scope.pushes is None or any(isinstance(statement, nodes.Assign | nodes.AssignBlock) for statement in tree.body):
            return
        for output in (node for node in tree.body if isinstance(node, nodes.Output)):
            for number, node in enumerate(output.nodes):
                if isinstance(node, nodes.Call) and _is_push(node):
                    self.pushed(node)
                    output.nodes[number] = nodes.Const(None)
        done = [statement for statement in tree.body if isinstance(statement, nodes.ExprStmt) and _is_push(statement.node)]
        for statement in done:
            self.pushed(statement.node)
        tree.body = [statement for statement in tree.body if statement not in done]

    def pushed(self, node: nodes.Node) -> None:
        """Note one `ti.xcom_push(key, value)`."""
        assert isinstance(node, nodes.Call)
        args, kwargs = self.arguments(node, {})
        given = dict(zip(("key", "value"), args, strict=False)) | kwargs
        key = given.get("key")
        if set(given) != {"key", "value"} or not (isinstance(key, x.Constant) and isinstance(key.value, str)):
            raise NotUnderstood("pushes an XCom in a way that is not followed")
        assert self.scope.pushes is not None
        self.scope.pushes[key.value] = given["value"]
        self.took_out = True

    def body(self, statements: list[nodes.Node], names: dict[str, Meaning]) -> list[Expr]:
        pieces: list[Expr] = []
        for statement in statements:
            pieces += self.statement(statement, names)
        return pieces

    def statement(self, node: nodes.Node, names: dict[str, Meaning]) -> list[Expr]:
        if isinstance(node, nodes.Output):
            return [piece for child in node.nodes for piece in self.output(child, names)]
        if isinstance(node, nodes.If):
            return [self.conditional(node, names)]
        if isinstance(node, nodes.For):
            return self.loop(node, names)
        if isinstance(node, nodes.Assign) and isinstance(node.target, nodes.Name):
            names[node.target.name] = self.meaning(node.node, names)
            return []
        raise NotUnderstood(f"uses the Jinja statement {type(node).__name__.lower()!r}")

    def output(self, node: nodes.Node, names: dict[str, Meaning]) -> list[Expr]:
        if not isinstance(node, nodes.TemplateData):
            return [self.value(node, names)]
        pieces: list[Expr] = []
        for number, piece in enumerate(_HOLE.split(node.data)):
            pieces.append(self.parts[int(piece)] if number % 2 else x.Constant(value=piece))
        return pieces

    def conditional(self, node: nodes.If, names: dict[str, Meaning]) -> Expr:
        otherwise = _joined(self.body(node.else_, dict(names)))
        for branch in reversed([node, *node.elif_]):
            then = _joined(self.body(branch.body, dict(names)))
            otherwise = x.Conditional(test=self.value(branch.test, names), then=then, otherwise=otherwise)
        return otherwise

    def loop(self, node: nodes.For, names: dict[str, Meaning]) -> list[Expr]:
        if not isinstance(node.target, nodes.Name) or node.recursive or node.test is not None:
            raise NotUnderstood("loops in a way that cannot be unrolled")
        rounds = self.rounds(node.iter, names)
        if not rounds:
            return self.body(node.else_, dict(names))
        pieces: list[Expr] = []
        for value in rounds:
            pieces += self.body(node.body, names | {node.target.name: x.Constant(value=value), "loop": Entity("loop")})
        return pieces

    def rounds(self, node: nodes.Node, names: dict[str, Meaning]) -> list[Any]:
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "range" and not node.kwargs:
            bounds = [self.value(arg, names) for arg in node.args]
            with contextlib.suppress(NotStatic):
                return self.counted(short_range([bound.value if isinstance(bound, x.Constant) else None for bound in bounds], _UNROLL))
        else:
            values = self.value(node, names)
            try:
                plain = x.constant(values)
            except ValueError:
                plain = None
            if isinstance(plain, list) and len(plain) <= _UNROLL:
                return self.counted(plain)
        raise NotUnderstood("loops over something that is only known when it runs")

    def counted(self, rounds: list[Any]) -> list[Any]:
        """The rounds of one loop; loops within loops share one limit, for a template is anybody's text."""
        self.left_over -= len(rounds)
        if self.left_over < 0:
            raise NotUnderstood("loops too often to be unrolled")
        return rounds

    def value(self, node: nodes.Node, names: dict[str, Meaning]) -> Expr:
        found = self.meaning(node, names)
        if isinstance(found, Entity):
            if found.name == "params" and not self.scope.task_params:
                return x.Context(name="run_parameters")
            raise NotUnderstood(f"renders {found.name} itself")
        if isinstance(found, x.Constant) and isinstance(found.value, str) and _HOLE.search(found.value):
            raise NotUnderstood("mixes a value of the DAG file into an expression")
        return found

    def meaning(self, node: nodes.Node, names: dict[str, Meaning]) -> Meaning:
        if isinstance(node, nodes.Const):
            return x.Constant(value=node.value)
        if isinstance(node, nodes.Name):
            return self.name(node.name, names)
        if isinstance(node, nodes.List | nodes.Tuple):
            items = tuple(self.value(item, names) for item in node.items)
            return x.ListOf(items=items, type="tuple" if isinstance(node, nodes.Tuple) else "list")
        if isinstance(node, nodes.Dict):
            return x.DictOf(items=tuple((self.value(pair.key, names), self.value(pair.value, names)) for pair in node.items))
        if isinstance(node, nodes.Getattr):
            return context.attribute(self.meaning(node.node, names), node.attr, self.scope, dotted_items=True)
        if isinstance(node, nodes.Getitem):
            return context.item(self.meaning(node.node, names), self.value(node.arg, names), self.scope)
        if isinstance(node, nodes.Filter):
            return self.filter(node, names)
        if isinstance(node, nodes.Call):
            return self.call(node, names)
        return self.operation(node, names)

    def name(self, name: str, names: Mapping[str, Meaning]) -> Meaning:
        if name in names:
            return names[name]
        if name in self.scope.macros:
            own = self.scope.own_macro(name)
            if own is None or isinstance(own, x.Reference):
                raise NotUnderstood(f"uses the macro {name!r} that the DAG defines")
            return own
        try:
            return context.lookup(name, self.scope)
        except NotUnderstood as why:
            raise NotUnderstood(f"uses {name!r}, which {why}") from None

    def operation(self, node: nodes.Node, names: dict[str, Meaning]) -> Expr:
        if isinstance(node, nodes.Concat):
            return _joined([self.value(item, names) for item in node.nodes])
        if isinstance(node, nodes.CondExpr):
            otherwise = self.value(node.expr2, names) if node.expr2 is not None else x.Constant(value="")
            return x.Conditional(test=self.value(node.test, names), then=self.value(node.expr1, names), otherwise=otherwise)
        if isinstance(node, nodes.Not):
            return x.Operation(operator="not", operands=(self.value(node.node, names),))
        if isinstance(node, nodes.Neg):
            inner = self.value(node.node, names)
            if isinstance(inner, x.Constant) and isinstance(inner.value, int | float):
                return x.Constant(value=-inner.value)
            return x.Operation(operator="-", operands=(inner,))
        if isinstance(node, nodes.Compare) and len(node.ops) == 1:
            return self.compare(node, names)
        operator = _BINARY.get(type(node))
        if operator is None or not isinstance(node, nodes.BinExpr):
            raise NotUnderstood(f"uses the Jinja expression {type(node).__name__.lower()!r}")
        left, right = self.value(node.left, names), self.value(node.right, names)
        if operator in "+-" and isinstance(right, x.Moment) and right.type == "timedelta":
            if not is_moment(left):
                raise NotUnderstood("adds a duration to something that is not surely a date")
            return shift(left, float(right.iso) * (1 if operator == "+" else -1))
        return x.Operation(operator=operator, operands=(left, right))

    def compare(self, node: nodes.Compare, names: dict[str, Meaning]) -> Expr:
        operands = (self.value(node.expr, names), self.value(node.ops[0].expr, names))
        if node.ops[0].op == "notin":
            return x.Operation(operator="not", operands=(x.Operation(operator="in", operands=operands),))
        return x.Operation(operator=_COMPARE[node.ops[0].op], operands=operands)

    def arguments(self, node: nodes.Call | nodes.Filter, names: dict[str, Meaning]) -> tuple[list[Expr], dict[str, Expr]]:
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            raise NotUnderstood("calls with starred arguments")
        return [self.value(arg, names) for arg in node.args], {str(pair.key): self.value(pair.value, names) for pair in node.kwargs}

    def call(self, node: nodes.Call, names: dict[str, Meaning]) -> Meaning:
        args, kwargs = self.arguments(node, names)
        if isinstance(node.node, nodes.Getattr):
            return context.method(self.meaning(node.node.node, names), node.node.attr, args, kwargs, self.scope)
        called = node.node.name if isinstance(node.node, nodes.Name) else "an expression"
        if called in self.scope.macros:
            own = self.scope.own_macro(called)
            if isinstance(own, x.Reference) and not kwargs:
                return x.Call(function="apply", args=(own, *args))
            raise NotUnderstood(f"calls the macro {called!r} that the DAG defines")
        raise NotUnderstood(f"calls {called}")

    def filter(self, node: nodes.Filter, names: dict[str, Meaning]) -> Expr:
        if node.node is None:
            raise NotUnderstood(f"uses the filter {node.name!r} as a block")
        args, kwargs = self.arguments(node, names)
        if node.name in self.scope.filters:
            own = self.scope.own_filter(node.name)
            if own is None or kwargs:
                raise NotUnderstood(f"uses the filter {node.name!r} that the DAG defines")
            return x.Call(function="apply", args=(own, self.value(node.node, names), *args))
        if node.name in ("default", "d"):
            return self.default(node.node, args, kwargs, names)
        base = self.value(node.node, names)
        if node.name in _DATE_FILTERS and not args and is_moment(base):
            return _DATE_FILTERS[node.name](base)
        if node.name in _FILTERS and not args and not kwargs:
            return x.Call(function=_FILTERS[node.name], args=(base,))
        if node.name == "replace" and len(args) == 2:
            return x.Call(function="replace", args=(base, *args))
        if node.name == "join" and len(args) <= 1 and not kwargs:
            return x.Call(function="join", args=(args[0] if args else x.Constant(value=""), base))
        if node.name in ("first", "last") and not args:
            return x.Index(base=base, key=x.Constant(value=0 if node.name == "first" else -1))
        if node.name == "safe":
            return base
        raise NotUnderstood(f"uses the filter {node.name!r}")

    def default(self, node: nodes.Expr, args: list[Expr], kwargs: dict[str, Expr], names: dict[str, Meaning]) -> Expr:
        """Jinja's `default` replaces what is undefined; with its second argument true, everything false."""
        given = dict(zip(("default_value", "boolean"), args, strict=False)) | kwargs
        other = given.get("default_value", x.Constant(value=""))
        base = self.value(node, names)
        absent = context.is_required(base)
        if absent is not None:
            base = x.Call(function="default", args=(x.Parameter(name=absent), other))
        if isinstance(base, x.Index) and base.base == x.Context(name="run_parameters") and isinstance(base.key, x.Constant):
            base = x.Call(function="default", args=(x.Parameter(name=str(base.key.value)), other))
        elif isinstance(base, x.Index):
            raise NotUnderstood("asks for a key that may be missing")
        if given.get("boolean") == x.Constant(value=True):
            return x.Operation(operator="or", operands=(base, other))
        return base
