"""The JSON documents of the command line; their keys are a contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a reading that was kept does without the model
    from workbook_lib.findings import Finding
    from workbook_lib.model.workflow import Workflow

SCHEMA = 1


def error_document(message: str) -> dict[str, Any]:
    """What is printed when a command cannot be done."""
    return {"schema": SCHEMA, "error": message}


def missing_inputs(
    workflows: Iterable[Workflow], findings: Iterable[Finding], given: Mapping[str, Iterable[str]]
) -> dict[str, dict[str, None]]:
    """What the workflows ask for and nobody gave, in the shape in which it can be given.

    Names that only the definition itself asks for, while it is read, are known from the findings about assumed values.
    """
    from workbook_lib.assess import assumed  # loaded only here: reading has to start fast

    wanted: dict[str, set[str]] = {"variables": set(), "connections": set(), "env": set()}
    for workflow in workflows:
        wanted["variables"] |= set(workflow.requirements.variables)
        wanted["connections"] |= set(workflow.requirements.connections)
        wanted["env"] |= set(workflow.requirements.environment)
    for finding in findings:
        for kind, name in assumed(finding):
            wanted["env" if kind == "environment" else kind].add(name)
    return {kind: dict.fromkeys(sorted(names - set(given.get(kind, ())))) for kind, names in wanted.items()}
