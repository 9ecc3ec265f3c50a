"""Prefect Variables by the names that the legacy system has for them, and parameters that must be there."""

from __future__ import annotations

import json
import keyword
import re
import unicodedata
from typing import Any

from prefect.variables import Variable

_MISSING: Any = object()


def variable(name: str) -> str:
    """The text of a Prefect Variable; KeyError when nobody has set it, where `Variable.get` would give None."""
    return get_variable(name)  # type: ignore[no-any-return]


def json_variable(name: str, default: Any = _MISSING) -> Any:
    """What a Prefect Variable holds as JSON, also as text; KeyError when nobody has set it and there is no default."""
    return get_variable(name, default, deserialize_json=True)


def get_variable(key: str, default_var: Any = _MISSING, deserialize_json: bool = False, *, default: Any = _MISSING) -> Any:
    """A Prefect Variable as text or, with `deserialize_json`, as the value it holds; the default, or KeyError, when it is not set."""
    value = Variable.get(_name(key), default=_MISSING, _sync=True)
    if value is _MISSING:
        other = default if default_var is _MISSING else default_var
        if other is _MISSING:
            raise KeyError(f"the Prefect Variable {_name(key)!r} is not set")
        return other
    if deserialize_json:
        return json.loads(value) if isinstance(value, str) else value
    return value if isinstance(value, str) else json.dumps(value, indent=2)


def set_variable(key: str, value: Any, description: str | None = None, serialize_json: bool = False) -> None:
    """Keep a value as a Prefect Variable: as text or, with `serialize_json`, as it is. Prefect keeps no description."""
    Variable.set(_name(key), value if serialize_json else str(value), overwrite=True, _sync=True)


def delete_variable(key: str) -> None:
    """Forget a Prefect Variable, if there is one."""
    Variable.unset(_name(key), _sync=True)


def _name(key: str) -> str:
    """The legacy name as Prefect accepts it: lower case letters, digits and underscores."""
    plain = unicodedata.normalize("NFKD", key).encode("ascii", "ignore").decode()
    name = re.sub(r"\W+", "_", plain).strip("_")
    if not name or name[0].isdigit():
        name = f"n_{name}".rstrip("_")
    return (f"{name}_" if keyword.iskeyword(name) or name in ("match", "case", "type", "_") else name).lower()


def given(value: Any, name: str) -> Any:
    """The value of a parameter of the flow; KeyError in the task that asks for it when the run was not given it."""
    if value is None:
        raise KeyError(f"the run was not given the parameter {name!r}")
    return value
