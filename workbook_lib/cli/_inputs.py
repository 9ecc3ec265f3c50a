"""`--missing-inputs`: the file of all values that workflows ask for, with what is known of each; `sources.load_inputs` reads it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbook_lib.model.workflow import Workflow
    from workbook_lib.sources._parts import Asked

_KINDS = {"variable": "variables", "connection": "connections", "environment": "env"}
_HOW = [
    "Give a value instead of null where `needed` says `to read`; the others matter only when a workflow runs.",
    "A connection is a URI, or an object with conn_type, host, login, password, schema, port and extra.",
    "A name that does not exist in production: move it to the list in `unset`, and it is read as missing.",
    "Use the file with `workbook read PATH --inputs F` or `workbook convert PATH --inputs F`. Do not put it under version control.",
]


class Missing:
    """Collects what workflows ask for and nobody gave."""

    def __init__(self, given: Mapping[str, Mapping[str, Any]]) -> None:
        self._given = given
        self._asked: dict[tuple[str, str], list[Asked]] = {}
        self._used: dict[tuple[str, str], dict[str, None]] = {}

    def add(self, workflows: Iterable[Workflow], asked: Iterable[Asked]) -> None:
        """Add what one file asks for."""
        for one in asked:
            self._asked.setdefault((_KINDS[one.kind], one.name), []).append(one)
        for workflow in workflows:
            needs = workflow.requirements
            for kind, names in (("variables", needs.variables), ("connections", needs.connections), ("env", needs.environment)):
                for name in names:
                    self._used.setdefault((kind, name), {})[workflow.id] = None

    def document(self) -> dict[str, Any]:
        """The file to fill in; names that a reading needs come first, then by name."""
        wanted = [pair for pair in {**self._asked, **self._used} if not self._has(*pair)]
        wanted.sort(key=lambda pair: (not self._decides(pair), pair[1]))
        values: dict[str, Any] = {kind: {name: None for one, name in wanted if one == kind} for kind in _KINDS.values()}
        about = {kind: {name: self._about((one, name)) for one, name in wanted if one == kind} for kind in _KINDS.values()}
        return {**values, "unset": {kind: [] for kind in _KINDS.values()}, "_about": {"how": _HOW, **about}}

    def _has(self, kind: str, name: str) -> bool:
        in_environment = {"variables": f"AIRFLOW_VAR_{name.upper()}", "connections": f"AIRFLOW_CONN_{name.upper()}"}.get(kind, name)
        return self._given[kind].get(name) is not None or in_environment in self._given["env"]

    def _decides(self, pair: tuple[str, str]) -> list[str]:
        return _each(what for one in self._asked.get(pair, ()) for what in one.decides)

    def _about(self, pair: tuple[str, str]) -> dict[str, Any]:
        from workbook_lib.migration import TELLING  # only here: reading has to start fast

        asked, decides = self._asked.get(pair, []), self._decides(pair)
        found: dict[str, Any] = {"needed": "to read" if decides else "to run", "decides": decides}
        found["asked for at"] = _each(place for one in asked for place in one.places)
        found["workflows"] = list(self._used.get(pair, {}))
        if not TELLING.search(pair[1]):  # what the source gives or compares there may be the secret itself
            found["default in the source"] = next((one.default for one in asked if one.default is not None), None)
            found["expected"] = _expected(asked)
        return {key: value for key, value in found.items() if value not in ([], None, "")}


def _each(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _expected(asked: list[Asked]) -> str:
    uses, keys = _each(use for one in asked for use in one.uses), _each(key for one in asked for key in one.keys)
    if not asked or asked[0].kind == "connection":
        return f"the fields {', '.join(keys)}" if keys else ""
    if keys:
        uses = ["JSON", *(use for use in uses if use != "JSON")]
    parts = [use + (f" with the keys {', '.join(keys)}" if use == "JSON" and keys else "") for use in uses]
    return "; ".join(parts) or "a text"
