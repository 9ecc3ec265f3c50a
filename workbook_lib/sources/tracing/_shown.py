"""Expressions as Python-like text for people: in findings, and as the source of what has no form in the model."""

from __future__ import annotations

from typing import Any

MAX = 500


def shown(expr: dict[str, Any]) -> str:
    """`expr`, a plain dict in the form of `model.expr`, as text."""
    return _shown(expr)[:MAX]


def _shown(expr: dict[str, Any]) -> str:
    kind = expr.get("kind", "")
    if kind == "constant":
        return repr(expr["value"])
    if kind == "moment":
        return f"{expr['type']}({expr['iso']!r})"
    if kind == "variable":
        more = f", {_shown(expr['default'])}" if expr.get("default") else ""
        return f"Variable.get({expr['name']!r}{more})"
    if kind == "environment":
        return f"os.environ.get({expr['name']!r}, {_shown(expr['default'])})" if expr.get("default") else f"os.environ[{expr['name']!r}]"
    if kind == "connection":
        return f"connection {expr['id']!r}" + (f".{expr['field']}" if expr.get("field") else "")
    if kind == "list":
        return "[" + ", ".join(map(_shown, expr["items"])) + "]"
    if kind == "dict":
        return "{" + ", ".join(f"{_shown(key)}: {_shown(value)}" for key, value in expr["items"]) + "}"
    if kind == "call":
        return f"{expr['function']}({', '.join(map(_shown, expr['args']))})"
    if kind == "index":
        return f"{_shown(expr['base'])}[{_shown(expr['key'])}]"
    if kind == "attribute":
        return f"{_shown(expr['base'])}.{expr['name']}"
    if kind == "operation":
        parts = [_shown(part) for part in expr["operands"]]
        return f"{expr['operator']} {parts[0]}" if len(parts) == 1 else f" {expr['operator']} ".join(parts)
    if kind == "conditional":
        return f"{_shown(expr['then'])} if {_shown(expr['test'])} else {_shown(expr['otherwise'])}"
    if kind == "format":
        return " + ".join(map(_shown, expr["parts"]))
    return str(expr.get("source") or expr.get("name") or kind)


def outcomes(expr: dict[str, Any]) -> list[str]:
    """The values that an expression can have as far as its source lists them: the arms of a conditional, the entries of a table."""
    kind = expr.get("kind")
    if kind == "conditional":
        return list(dict.fromkeys([*outcomes(expr["then"]), *outcomes(expr["otherwise"])]))
    if kind == "index" and expr["base"].get("kind") == "constant" and isinstance(expr["base"]["value"], dict):
        return list(dict.fromkeys(map(repr, expr["base"]["value"].values())))
    if kind in ("variable", "environment"):
        return ["its value"] + ([_shown(expr["default"])] if expr.get("default") else [])
    if kind == "operation" and expr["operator"] == "or":
        return list(dict.fromkeys(text for part in expr["operands"] for text in outcomes(part)))
    return [shown(expr)]
