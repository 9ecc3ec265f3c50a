"""Expressions as a person reads them: constants as Python writes them, everything else by what it stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workbook_lib.model import expr as e

LONGEST = 2000


def spoken(value: e.Expr) -> str:
    """`value` in at most LONGEST characters."""
    text = _said(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "\u2026"


def _said(value: Any) -> str:
    return _FORMS[type(value)](value)


def _listed(values: Any) -> str:
    return ", ".join(_said(value) for value in values)


def _kept(kind: str, name: str, default: e.Expr | None) -> str:
    return f"the {kind} {name}" + (f", else {_said(default)}" if default is not None else "")


_BRACKETS = {"list": "[{}]", "tuple": "({})", "set": "{{{}}}"}

_FORMS: dict[type, Callable[[Any], str]] = {
    e.Constant: lambda v: repr(v.value),
    e.Moment: lambda v: f"{v.iso} s" if v.type == "timedelta" else v.iso,
    e.ListOf: lambda v: _BRACKETS[v.type].format(_listed(v.items)),
    e.DictOf: lambda v: "{" + ", ".join(f"{_said(key)}: {_said(item)}" for key, item in v.items) + "}",
    e.TaskOutput: lambda v: f"what {v.task} returns" if v.key == "return_value" else f"what {v.task} hands over as {v.key!r}",
    e.Parameter: lambda v: f"the run's parameter {v.name}",
    e.Variable: lambda v: _kept("variable", v.name, v.default),
    e.Connection: lambda v: f"the connection {v.id}" + (f", its {v.field}" if v.field else ""),
    e.Environment: lambda v: _kept("environment variable", v.name, v.default),
    e.Context: lambda v: f"the run's {v.name.replace('_', ' ')}",
    e.Call: lambda v: f"{v.function}({_listed(v.args)})",
    e.Index: lambda v: f"{_said(v.base)}[{_said(v.key)}]",
    e.Attribute: lambda v: f"{_said(v.base)}.{v.name}",
    e.Operation: lambda v: (
        f"{v.operator} {_said(v.operands[0])}" if len(v.operands) == 1 else f" {v.operator} ".join(map(_said, v.operands))
    ),
    e.Conditional: lambda v: f"{_said(v.then)} if {_said(v.test)} else {_said(v.otherwise)}",
    e.Format: lambda v: "text of " + " + ".join(map(_said, v.parts)),
    e.Element: lambda v: f"the element of {v.name}" if v.name else "the element",
    e.Reference: lambda v: v.text,
    e.Callable: lambda v: f"the function {v.name}",
    e.Template: lambda v: v.source,
    e.Unknown: lambda v: v.source,
}
