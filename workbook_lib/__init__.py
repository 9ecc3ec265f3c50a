"""The Prefect migration workbook: legacy workflows become a Prefect 3 project, and both engines prove that it does the same.

```python
from workbook_lib import Migration

migration = Migration.create("my_migration", "path/to/dags")
migration.convert()
print(migration.validate("daily_sales").headline)
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbook_lib.errors import WorkbookError
    from workbook_lib.findings import Finding, Severity
    from workbook_lib.migration import Migration
    from workbook_lib.model.run import REAL, RunRecord, Scenario
    from workbook_lib.model.workflow import Workflow

__version__ = "0.1.0"
__all__ = ["REAL", "Finding", "Migration", "RunRecord", "Scenario", "Severity", "Workflow", "WorkbookError", "__version__"]

# Loaded when asked for, so that the command line starts fast.
_PLACES = {
    "Finding": "findings",
    "Migration": "migration",
    "REAL": "model.run",
    "RunRecord": "model.run",
    "Scenario": "model.run",
    "Severity": "findings",
    "Workflow": "model.workflow",
    "WorkbookError": "errors",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'workbook_lib' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"workbook_lib.{_PLACES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
