"""The room's README against its code: every finding, every operator that becomes code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from workbook_lib.sources import airflow
from workbook_lib.sources.airflow import operators

ROOM = Path(airflow.__file__).parent
README = (ROOM / "README.md").read_text()
_CODE = re.compile(r"(airflow|tracing)\.[a-z_]+")
_MAKERS = {"report", "Finding", "_problem", "_failed", "tell", "_say"}


def _codes(tree: ast.AST) -> Iterator[str]:
    """Codes that a module gives to findings: in calls that make one, and in the table of failures."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = [part.value for part in [*node.args, *(word.value for word in node.keywords)] if isinstance(part, ast.Constant)]
            if name in ("note", "refusal") and given:
                yield f"airflow.{given[0]}"
            elif name in _MAKERS:
                yield from (text for text in given if isinstance(text, str) and _CODE.fullmatch(text))
        elif isinstance(node, ast.Assign | ast.AnnAssign) and "_FAILURES" in ast.unparse(node)[:20]:
            parts = (part.value for part in ast.walk(node) if isinstance(part, ast.Constant))
            yield from (text for text in parts if isinstance(text, str) and _CODE.fullmatch(text))


def test_the_readme_lists_every_finding() -> None:
    files = [*ROOM.rglob("*.py"), *(ROOM.parent / "tracing").glob("*.py")]
    codes = {code for file in files if "engine" not in file.parts for code in _codes(ast.parse(file.read_text()))}
    assert len(codes) > 30
    shown = set(re.findall(r"`((?:airflow|tracing)\.[a-z_]+)`", README)) - {"airflow.sdk"}
    assert shown == codes


def test_the_readme_lists_every_operator_that_becomes_code() -> None:
    table = README[README.index("| what | operators |") : README.index("- **Operators of the repository**")]
    names = set(re.findall(r"`(\w+)`", table))
    assert names == set(operators.OPERATORS) | set(operators.DECORATORS) - {"task"}
