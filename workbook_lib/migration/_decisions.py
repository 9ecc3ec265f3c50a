"""ROOT/decisions.toml: what was decided for the repository, a workflow or a task; the most specific wins.

```toml
secrets = ["warehouse_pin"]             # names of inputs to hide, beside those whose name tells
on_failure = "keep"                     # the repository

[workflows.daily_sales]                 # one workflow
on_failure = "raise"

[workflows.daily_sales.tasks.cleanup]   # one task of it
retries = 0
```
"""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from workbook_lib.errors import RecordError
from workbook_lib.migration import _disk


class Decisions:
    """The file as a mapping by place; comments and layout of the user's survive writing."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, key: str, default: Any = None, *, workflow: str | None = None, task: str | None = None) -> Any:
        """The value decided nearest to the task: task, else workflow, else repository, else `default`."""
        return self.effective(workflow, task).get(key, default)

    def effective(self, workflow: str | None = None, task: str | None = None) -> dict[str, Any]:
        """All that holds at a place, the most specific winning."""
        result: dict[str, Any] = {}
        for table in self._tables(self.plain(), workflow, task):
            result |= {key: value for key, value in table.items() if key not in ("workflows", "tasks")}
        return result

    def set(self, key: str, value: Any, *, workflow: str | None = None, task: str | None = None) -> None:
        """Decide `key` at a place; None takes the decision back."""
        document = self._load()
        table: MutableMapping[str, Any] = document
        for name in self._path(workflow, task):
            if name not in table:
                table[name] = tomlkit.table(is_super_table=name in ("workflows", "tasks"))
            table = table[name]
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value
        _disk.write(self.path, tomlkit.dumps(document))

    def plain(self) -> dict[str, Any]:
        """The whole file as plain data."""
        data: dict[str, Any] = self._load().unwrap()
        return data

    def _load(self) -> tomlkit.TOMLDocument:
        text = _disk.read_text(self.path)
        try:
            return tomlkit.parse(text or "")
        except TOMLKitError as error:
            raise RecordError(f"not TOML: {error}", file=str(self.path), advice="Correct the file.") from error

    @staticmethod
    def _path(workflow: str | None, task: str | None) -> list[str]:
        if workflow is None:
            return []
        return ["workflows", workflow] if task is None else ["workflows", workflow, "tasks", task]

    def _tables(self, document: dict[str, Any], workflow: str | None, task: str | None) -> list[dict[str, Any]]:
        """The tables that hold at a place, the least specific first."""
        tables = [document]
        names = self._path(workflow, task)
        for end in (2, 4):
            if len(names) < end:
                break
            table: Any = document
            for name in names[:end]:
                table = table.get(name) if isinstance(table, dict) else None
            if isinstance(table, dict):
                tables.append(table)
        return tables
