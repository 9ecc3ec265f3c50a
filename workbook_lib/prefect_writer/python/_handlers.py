"""Whether code lets all exceptions pass."""

from __future__ import annotations

import ast


def swallows(body: str) -> bool:
    """Whether some handler in a function's body, indented by four spaces, catches every exception and raises none.

    `tests/watched_runs.py` of a project looks for the same.
    """
    return any(_catches_all(node) for node in ast.walk(ast.parse(f"def body():\n{body or '    pass'}\n")))


def _catches_all(node: ast.AST) -> bool:
    if not isinstance(node, ast.ExceptHandler) or any(isinstance(part, ast.Raise) for part in ast.walk(node)):
        return False
    return node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
