"""Prints expressions of the model as Python."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from typing import Any

from workbook_lib.model import expr as e
from workbook_lib.prefect_writer.python._names import variable_name
from workbook_lib.prefect_writer.python._pure_calls import FROM_CONNECTIONS, FUNCTIONS, written

Leaf = Callable[[e.Expr], str | None]


class Unprintable(Exception):
    """An expression without a Python form; the text says why."""


_CALLS: dict[str, str] = {
    "iso": "{0}.isoformat()",
    "timestamp": "{0}.timestamp()",
    "lower": "{0}.lower()",
    "upper": "{0}.upper()",
    "strip": "{0}.strip()",
    "replace": "{0}.replace({1}, {2})",
    "join": "{0}.join(str(item) for item in {1})",
    "split": "{0}.split({1})",
    "json_loads": "json.loads({0})",
    "json_dumps": "json.dumps({0})",
    "shift": "({0} + timedelta(seconds={1}))",
    "add_days": "(date.fromisoformat({0}) + timedelta(days={1})).isoformat()",
    "reformat_date": "datetime.strptime({0}, {1}).strftime({2})",
    "now": "datetime.now(UTC)",
    "get": "{0}.get({1}, {2})",
    "map": "[{0}(item) for item in {1}]",
    "present": "[item for item in {0} if item is not None]",
}
_LISTS = {"zip": "zip", "zip_longest": "zip_longest", "concat": "chain"}
_PLAIN_CALLS = frozenset({"str", "int", "float", "bool", "len", "list", "dict", "sum", "min", "max", "sorted"})
_IMPORTS: dict[str, tuple[str, ...]] = {
    "zip_longest": ("from itertools import zip_longest",),
    "concat": ("from itertools import chain",),
    "json_loads": ("import json",),
    "json_dumps": ("import json",),
    "shift": ("from datetime import timedelta",),
    "add_days": ("from datetime import date, timedelta",),
    "reformat_date": ("from datetime import datetime",),
    "now": ("from datetime import UTC, datetime",),
}


class Printer:
    """Prints expressions; `leaf` names what comes from outside (outputs, parameters, context), None refuses it.

    `imports` collects the import lines that the printed text needs. `dates` are the names that hold a date rather than a datetime.
    """

    def __init__(self, leaf: Leaf, imports: set[str], dates: frozenset[str] = frozenset()) -> None:
        self._leaf = leaf
        self._imports = imports
        self.taken: set[str] = set()  # names that the code around means something else by
        self._dates = dates

    def show(self, expr: e.Expr) -> str:
        """`expr` as a Python expression; Unprintable when it has none."""
        outside = self._leaf(expr)
        if outside is not None:
            return outside
        method = getattr(self, f"_{expr.kind}", None)
        if method is None:
            raise Unprintable(f"{expr.kind} cannot be written as Python here")
        return str(method(expr))

    def _constant(self, expr: e.Constant) -> str:
        return literal(expr.value)

    def _moment(self, expr: e.Moment) -> str:
        if expr.type == "timedelta":
            self._imports.add("from datetime import timedelta")
            return f"timedelta(seconds={_number(expr.iso)})"
        self._imports.add(f"from datetime import {expr.type}")
        return f"{expr.type}.fromisoformat({literal(expr.iso)})"

    def _list(self, expr: e.ListOf) -> str:
        inside = ", ".join(self.show(item) for item in expr.items)
        if expr.type == "tuple":
            return f"({inside},)" if len(expr.items) == 1 else f"({inside})"
        return "set()" if expr.type == "set" and not inside else f"{{{inside}}}" if expr.type == "set" else f"[{inside}]"

    def _dict(self, expr: e.DictOf) -> str:
        return "{" + ", ".join(f"{self.show(key)}: {self.show(value)}" for key, value in expr.items) + "}"

    def _variable(self, expr: e.Variable) -> str:
        name = literal(variable_name(expr.name))
        if expr.json_value:
            helper = self._helper("from shared.variables import json_variable")
            return f"{helper}({name})" if expr.default is None else f"{helper}({name}, {self.show(expr.default)})"
        if expr.default is None:  # Airflow fails where the variable is not set
            return f"{self._helper('from shared.variables import variable')}({name})"
        self._imports.add("from prefect.variables import Variable")
        return f"Variable.get({name}, default={self.show(expr.default)})"

    def _helper(self, line: str) -> str:
        """What an import line binds, under another name where that one is taken."""
        name = line.rpartition(" ")[2]
        if name in self.taken:
            line, name = f"{line} as shared_{name}", f"shared_{name}"
        self._imports.add(line)
        return name

    def _connection(self, expr: e.Connection) -> str:
        whole = f"{self._helper(FROM_CONNECTIONS)}({literal(expr.id)})"
        if expr.field is None:
            return whole
        name, _, key = expr.field.partition(".")
        if name == "extra" and key:
            return f"{whole}.extra_dejson[{literal(key)}]"
        return f"{whole}.get_uri()" if name == "uri" else f"{whole}.{name}"

    def _environment(self, expr: e.Environment) -> str:
        self._imports.add("import os")
        if expr.default is None:
            return f"os.environ[{literal(expr.name)}]"
        return f"os.environ.get({literal(expr.name)}, {self.show(expr.default)})"

    def _call(self, expr: e.Call) -> str:
        if expr.function in FUNCTIONS:
            return self._helper(FUNCTIONS[expr.function])
        args = [self.show(arg) for arg in expr.args]
        if expr.function == "updates_of":
            self._imports.add("from shared.assets import updates_of")
            return f"updates_of({'alias=' if args[1] == 'True' else ''}{args[0]})"
        self._imports.update(_IMPORTS.get(expr.function, ()))
        if expr.function == "format_date":
            if args[0] in self._dates and args[1] == '"%Y-%m-%d"':
                return f"{args[0]}.isoformat()"
            return f"{args[0]}.strftime({args[1]})"
        if expr.function == "default" and len(args) == 2:
            return f"({args[1]} if {args[0]} is None else {args[0]})"
        if expr.function == "apply":
            return f"{args[0]}({', '.join(args[1:])})"
        if expr.function in _LISTS:
            more = [] if expr.function != "zip_longest" or args.pop() == "None" else [f"fillvalue={self.show(expr.args[-1])}"]
            return f"list({_LISTS[expr.function]}({', '.join([*args, *more])}))"
        if expr.function in _PLAIN_CALLS:
            return f"{expr.function}({', '.join(args)})"
        if expr.function in _CALLS:
            return _CALLS[expr.function].format(*args)
        form = written(expr.function, args)
        if form is not None:
            self._imports.update(form[1])
            return form[0]
        raise Unprintable(f"the function {expr.function!r} has no Python form")

    def _index(self, expr: e.Index) -> str:
        return f"{self.show(expr.base)}[{self.show(expr.key)}]"

    def _attribute(self, expr: e.Attribute) -> str:
        return f"{self.show(expr.base)}.{expr.name}"

    def _operation(self, expr: e.Operation) -> str:
        parts = [self.show(part) for part in expr.operands]
        if len(parts) == 1:
            return f"({expr.operator} {parts[0]})"
        return "(" + f" {expr.operator} ".join(parts) + ")"

    def _conditional(self, expr: e.Conditional) -> str:
        return f"({self.show(expr.then)} if {self.show(expr.test)} else {self.show(expr.otherwise)})"

    def _format(self, expr: e.Format) -> str:
        if all(isinstance(part, e.Constant) for part in expr.parts):
            return literal("".join(str(part.value) for part in expr.parts if isinstance(part, e.Constant)))
        block = _fits_block("".join(str(part.value) if isinstance(part, e.Constant) else "x" for part in expr.parts))
        quotes = '"""' if block else '"'
        pieces = [self._piece(part, block) for part in expr.parts]
        if any(text is None for text in pieces):
            shown = [self.show(part) if isinstance(part, e.Constant) else f"str({self.show(part)})" for part in expr.parts]
            return "(" + " + ".join(shown) + ")"
        return f"f{quotes}{''.join(text or '' for text in pieces)}{quotes}"

    def _piece(self, part: e.Expr, block: bool) -> str | None:
        """One part of an f-string in double quotes; None where Python 3.11 cannot nest it."""
        if isinstance(part, e.Constant) and block:
            return _in_block(str(part.value)).replace("{", "{{").replace("}", "}}")
        if isinstance(part, e.Constant):
            text = json.dumps(str(part.value), ensure_ascii=False)
            return text[1:-1].replace("{", "{{").replace("}", "}}") if text.isprintable() else None
        spec = ""
        if isinstance(part, e.Call) and part.function == "format_date" and isinstance(part.args[1], e.Constant):
            shown, form = self.show(part.args[0]), str(part.args[1].value)
            if not (shown in self._dates and form == "%Y-%m-%d"):
                spec = f":{form}"
            if not form or not form.isprintable() or any(sign in form for sign in "{}\"'\\"):
                return None
        else:
            shown = self.show(part)
        if not spec and _is_text(shown):  # a text that is known stands in the f-string itself
            return shown[1:-1].replace("{", "{{").replace("}", "}}")
        shown = _single_quoted(shown) if '"' in shown else shown
        return None if '"' in shown or "\\" in shown or "\n" in shown or shown.startswith("{") or "{" in shown else f"{{{shown}{spec}}}"


def literal(value: Any) -> str:
    """A JSON value as Python source, strings in double quotes where that needs no escapes."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return f'float("{value}")'
    return repr(value)


def _escaped(char: str) -> str:
    """A character that shows as nothing, or turns the direction of the text around it, by its number."""
    return f"\\u{ord(char):04x}" if ord(char) < 1 << 16 else f"\\U{ord(char):08x}"


def _text(value: str) -> str:
    if _fits_block(value):
        return f'"""{_in_block(value)}"""'
    quoted = "".join(char if char.isprintable() else _escaped(char) for char in json.dumps(value, ensure_ascii=False))
    try:
        if ast.literal_eval(quoted) == value:  # a JSON string is a Python string, but for a few escapes
            return quoted
    except (SyntaxError, ValueError):
        pass
    return repr(value)


def _is_text(shown: str) -> bool:
    """Whether a printed expression is one string in double quotes."""
    try:
        return shown.startswith('"') and not shown.startswith('"""') and isinstance(ast.literal_eval(shown), str)
    except (SyntaxError, ValueError):
        return False


def _fits_block(value: str) -> bool:
    """Whether a text of several lines can stand as it is between triple quotes."""
    lines = value.split("\n")
    plain = all(line.isprintable() for line in lines) and not any(line.endswith((" ", "\t")) for line in lines[:-1])
    return len(lines) > 2 and plain and '"""' not in value and not value.endswith('"')


def _in_block(value: str) -> str:
    return value.replace("\\", "\\\\")


def _single_quoted(shown: str) -> str:
    return shown.replace('"', "'") if "'" not in shown else shown


def _number(text: str) -> str:
    number = float(text)
    return str(int(number)) if number.is_integer() else repr(number)
