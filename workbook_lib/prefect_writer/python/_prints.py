"""Tells whether code prints: then the flow takes prints into Prefect's log.

Specification: https://docs.prefect.io/v3/how-to-guides/workflows/add-logging
"""

from __future__ import annotations

import ast
from functools import lru_cache


@lru_cache(maxsize=1024)  # many workflows use the same code
def prints(source: str) -> bool:
    """Whether a module's text calls `print`."""
    if "print(" not in source:
        return False
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:
        return False
    return any(isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print" for node in nodes)
