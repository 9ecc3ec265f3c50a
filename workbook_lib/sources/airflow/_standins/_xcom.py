"""Outputs of tasks as arguments of others: XComArg and what may be made of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import FunctionType
from typing import Any

from workbook_lib.sources.airflow._standins._relations import Dependent
from workbook_lib.sources.tracing._entries import Expr
from workbook_lib.sources.tracing._exprs import to_expr

RETURN = "return_value"
_NOT_GIVEN = object()


class XComArg(Dependent):
    """The output of one task under one key; `XComArg(operator)` in user code."""

    _workbook_xcom = True

    def __init__(self, operator: Any, key: str = RETURN) -> None:
        self.operator, self.key = operator, key

    def operators(self) -> list[Any]:
        """The tasks whose outputs this needs."""
        return [self.operator]

    def _workbook_expr(self) -> Expr:
        mapped = bool(getattr(self.operator, "is_mapped", False) or _mapped_group(self.operator))
        return {"kind": "task_output", "task": self.operator.task_id, "key": self.key, "mapped": mapped}

    def starts(self) -> list[Any]:
        return self.operators()

    def ends(self) -> list[Any]:
        return self.operators()

    def __getitem__(self, key: str) -> XComArg:
        if not isinstance(key, str):
            raise ValueError(f"XComArg only supports str lookup, received {type(key).__name__}")
        return XComArg(self.operator, key)

    def __iter__(self) -> Iterator[Any]:
        raise TypeError("'XComArg' object is not iterable")

    def __str__(self) -> str:
        """As a text: the template that Airflow makes of it; it brings no edge, there as here."""
        dag = f" dag_id={self.operator.dag_id!r}," if getattr(self.operator, "dag", None) else ""
        key = "" if self.key == RETURN else f", key={self.key!r}"
        return (
            f"{{{{ task_instance.xcom_pull(task_ids={self.operator.task_id!r},{dag} key={self.key!r}) }}}}"
            if dag
            else (f"{{{{ task_instance.xcom_pull(task_ids={self.operator.task_id!r}{key}) }}}}")
        )

    def map(self, function: Any) -> XComArg:
        """As in Airflow."""
        return _Derived("map", [self], function)

    def zip(self, *others: Any, fillvalue: Any = _NOT_GIVEN) -> XComArg:
        """As in Airflow."""
        return _Derived("zip", [self, *others], fill=fillvalue)

    def concat(self, *others: Any) -> XComArg:
        """As in Airflow."""
        return _Derived("concat", [self, *others])

    def as_setup(self) -> XComArg:
        """As in Airflow."""
        for task in self.operators():
            task.is_setup = True
        return self

    def as_teardown(self, *, setups: Any = None, on_failure_fail_dagrun: Any = None) -> XComArg:
        """As in Airflow."""
        for task in self.operators():
            task.as_teardown(setups=setups, on_failure_fail_dagrun=on_failure_fail_dagrun)
        return self

    def __enter__(self) -> XComArg:
        for task in self.operators():
            task.__enter__()
        return self

    def __exit__(self, *args: Any) -> None:
        for task in self.operators():
            task.__exit__(*args)

    @classmethod
    def apply_upstream_relationship(cls, op: Any, arg: Any) -> None:
        """As in Airflow."""
        for task in needed(arg):
            op.relate(task, True)

    @staticmethod
    def iter_xcom_args(arg: Any) -> Iterator[Any]:
        """As in Airflow."""
        yield from outputs(arg)


PlainXComArg = XComArg


class _Derived(XComArg):
    """`.map(f)`, `.zip(...)`, `.concat(...)` of outputs."""

    def __init__(self, form: str, parts: list[Any], function: Any = None, fill: Any = _NOT_GIVEN) -> None:
        self.form, self.parts, self.function, self.fill = form, parts, function, fill
        super().__init__(next(task for part in parts for task in needed(part)))

    def operators(self) -> list[Any]:
        return list(dict.fromkeys(task for part in self.parts for task in needed(part)))

    def __getitem__(self, key: Any) -> Any:
        raise ValueError(f"the result of {self.form}() has no keys")

    def _workbook_expr(self) -> Expr:
        parts = [to_expr(part) for part in self.parts]
        if self.form == "map":
            return {"kind": "call", "function": "map", "args": [to_expr(self.function), *parts]}
        if self.fill is not _NOT_GIVEN:
            return {"kind": "call", "function": "zip_longest", "args": [*parts, to_expr(self.fill)]}
        return {"kind": "call", "function": self.form, "args": parts}


class MappedArgument:
    """The element that a mapped task group hands to the tasks inside it."""

    def __init__(self, name: str, source: Any) -> None:
        self.name, self.source = name, source

    def _workbook_expr(self) -> Expr:
        return {"kind": "element", "name": self.name}

    def __iter__(self) -> Iterator[Any]:
        raise TypeError("a mapped argument is not iterable")


def _mapped_group(operator: Any) -> bool:
    group = getattr(operator, "task_group", None)
    while group is not None:
        if getattr(group, "mapping", None) is not None:
            return True
        group = group.task_group
    return False


_PLAIN = frozenset({type(None), bool, int, float, str, bytes, datetime, timedelta, FunctionType})  # nothing is inside of these


def outputs(value: Any, depth: int = 0) -> Iterator[Any]:
    """Every XComArg or mapped argument anywhere inside a value."""
    if depth > 20 or type(value) in _PLAIN:
        return
    if isinstance(value, (XComArg, MappedArgument)):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from outputs(item, depth + 1)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from outputs(item, depth + 1)


def needed(value: Any) -> list[Any]:
    """The tasks whose outputs are anywhere inside a value, in order."""
    found: dict[Any, None] = {}
    for item in outputs(value):
        tasks = needed(item.source) if isinstance(item, MappedArgument) else item.operators()
        found.update(dict.fromkeys(tasks))
    return list(found)
