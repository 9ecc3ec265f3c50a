"""One file with all values that workflows ask for, as `workbook read --missing-inputs` writes it and `--inputs` reads it.

`{"variables": {name: value}, "connections": {...}, "env": {...}, "unset": {"variables": [name], ...}, "_about": {...}}`: a value of null
is not filled in; names in `unset` are known not to exist; `_about` is for people, and passed over.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from workbook_lib.errors import InputError

KINDS = ("variables", "connections", "env")
UNSET = "\ue002"  # how a reading is told that there is no such value: see `tracing/_entries.py`
_FORM = 'It looks like {"variables": {"name": value}, "connections": {}, "env": {}}; `workbook read PATH --missing-inputs F` writes one.'


def load_inputs(file: str | Path) -> dict[str, dict[str, Any]]:
    """The values of such a file by kind, those that are known not to exist marked; InputError when it has another form."""
    try:
        found = json.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}.", file=str(file), advice="Give a file of values.") from error
    except ValueError as error:
        raise InputError(f"not JSON: {error}.", file=str(file), line=getattr(error, "lineno", None), advice=_FORM) from error
    known = {*KINDS, "unset", "_about"}
    if not isinstance(found, dict) or not found.keys() <= known or not all(isinstance(found.get(name, {}), dict) for name in known):
        raise InputError("not a file of inputs.", file=str(file), advice=_FORM)
    values: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        values[kind] = {name: value for name, value in found.get(kind, {}).items() if value is not None}
        unset = found.get("unset", {}).get(kind, [])
        if not isinstance(unset, list) or not all(isinstance(name, str) for name in unset):
            raise InputError(f"`unset` holds no list of names for {kind}.", file=str(file), advice=_FORM)
        values[kind] |= dict.fromkeys(unset, UNSET)
    values["env"] = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values["env"].items()}
    return values
