"""Run parameters: Param, ParamsDict, `dag.param`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

from workbook_lib.sources.airflow._standins._state import NOTSET
from workbook_lib.sources.tracing._entries import Expr
from workbook_lib.sources.tracing._symbols import entry_of

# https://json-schema.org/draft/2020-12/json-schema-validation: types, and the keywords that most parameters are bound by.
_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int | float) and not isinstance(value, bool) and value == int(value),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}
_BOUNDS: dict[str, Callable[[Any, Any], bool]] = {
    "minimum": lambda value, bound: not _TYPES["number"](value) or value >= bound,
    "maximum": lambda value, bound: not _TYPES["number"](value) or value <= bound,
    "minLength": lambda value, bound: not isinstance(value, str) or len(value) >= bound,
    "maxLength": lambda value, bound: not isinstance(value, str) or len(value) <= bound,
    "enum": lambda value, listed: value in listed,
    "const": lambda value, wanted: value == wanted,
}


class Param:
    """As in Airflow: a default with a JSON schema."""

    def __init__(self, default: Any = NOTSET, description: str | None = None, source: Any = None, **schema: Any) -> None:
        self.value, self.description = default, description
        self.schema = schema.pop("schema") if "schema" in schema else schema

    @property
    def has_value(self) -> bool:
        return self.value is not NOTSET

    def resolve(self, value: Any = NOTSET, suppress_exception: bool = False) -> Any:
        return self.value if value is NOTSET else value

    def misfit(self) -> str:
        """What of its schema the default does not keep, as `"type": "integer"`; nothing where that is not known."""
        if self.value is NOTSET or entry_of(self.value) is not None:
            return ""
        wanted = self.schema.get("type")
        types = [wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list) else []
        if types and all(name in _TYPES for name in types) and not any(_TYPES[name](self.value) for name in types):
            return f'"type": {wanted!r}'
        for name, fits in _BOUNDS.items():
            bound = self.schema.get(name)
            if bound is not None and entry_of(bound) is None and not fits(self.value, bound):
                return f'"{name}": {bound!r}'
        return ""

    def dump(self) -> dict[str, Any]:
        return {"value": self.value, "description": self.description, "schema": self.schema}

    def _workbook_expr(self) -> Expr:
        from workbook_lib.sources.tracing._exprs import to_expr

        return to_expr(None if self.value is NOTSET else self.value)


class ParamsDict(MutableMapping[str, Any]):
    """As in Airflow: reading gives the value, `get_param` the Param."""

    def __init__(self, values: Any = None, suppress_exception: bool = False) -> None:
        self._params: dict[str, Param] = {}
        if isinstance(values, ParamsDict):
            self._params.update(values._params)
        else:
            self.update(values or {})

    def __setitem__(self, key: str, value: Any) -> None:
        """A value for a parameter that is there already keeps its schema."""
        old = self._params.get(key)
        if isinstance(value, Param) or old is None:
            self._params[key] = value if isinstance(value, Param) else Param(value)
        else:
            self._params[key] = Param(value, old.description, schema=old.schema)

    def __getitem__(self, key: str) -> Any:
        return self._params[key].resolve()

    def __delitem__(self, key: str) -> None:
        del self._params[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._params)

    def __len__(self) -> int:
        return len(self._params)

    def get_param(self, key: str) -> Param:
        return self._params[key]

    def dump(self) -> dict[str, Any]:
        return {key: param.resolve() for key, param in self._params.items()}


class DagParam:
    """A parameter of the run, as an argument of a task."""

    def __init__(self, name: str, default: Any = NOTSET) -> None:
        self.name, self.default = name, default

    def _workbook_expr(self) -> Expr:
        return {"kind": "parameter", "name": self.name}

    def __str__(self) -> str:
        return f"{{{{ params[{self.name!r}] }}}}" if not self.name.isidentifier() else f"{{{{ params.{self.name} }}}}"

    def __iter__(self) -> Iterator[Any]:
        raise TypeError("'DagParam' object is not iterable")
