"""What the packages that a project's code imports are called where they are installed from."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence

from workbook_lib.findings import Finding, Severity
from workbook_lib.model.action import PythonCall
from workbook_lib.model.distributions import NAMESPACES, distribution
from workbook_lib.model.workflow import Workflow

_VERSIONS = re.compile(r"[\s<>=!~;\[]")


def dependencies(workflows: Sequence[Workflow], files: Mapping[str, str]) -> tuple[list[str], list[Finding]]:
    """The distributions for `pyproject.toml`, and a finding that names those whose import is not known to be called so."""
    given = {package for w in workflows for t in w.tasks if isinstance(t.action, PythonCall) for package in t.action.packages}
    asked = {package for w in workflows for package in w.requirements.packages}
    found = asked & {_VERSIONS.split(requirement.strip(), maxsplit=1)[0] for requirement in given}  # named as they are installed
    within = {dotted for text in files.values() for dotted in _imports(text) if dotted.partition(".")[0] in NAMESPACES}
    roots = {dotted.partition(".")[0] for dotted in within if distribution(dotted)}
    unknown = set()
    for name in sorted({*(asked - roots), *within} - found):
        known = distribution(name)
        if known is None and name in asked:
            unknown.add(name)
        found |= {known or name} if known or name in asked else set()
    return sorted(found), [_unsure(sorted(unknown))] if unknown else []


def _imports(text: str) -> Iterable[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _unsure(names: list[str]) -> Finding:
    listed = ", ".join(f"`{name}`" for name in names)
    return Finding(
        code="writer.dependency",
        severity=Severity.NOTE,
        message=f"pyproject.toml lists {listed} by the name of the import; the package may be called otherwise",
        advice="Look up what provides each import, and put that package's name and version into [project] dependencies.",
    )
