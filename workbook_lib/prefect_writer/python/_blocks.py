"""Blocks of carried-over code: put one inside a function of its own, or put statements in front of it."""

from __future__ import annotations

import ast
import io
import tokenize


def indented(body: str) -> str:
    """`body` (indented by four spaces) four spaces deeper; texts of several lines keep their lines as they are."""
    inside: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO("def f():\n" + body + "\n").readline):
        if token.type == tokenize.STRING or tokenize.tok_name[token.type].startswith("FSTRING"):
            inside |= set(range(token.start[0] + 1, token.end[0] + 1))
    lines = body.split("\n")
    return "\n".join(line if number in inside or not line.strip() else f"    {line}" for number, line in enumerate(lines, 2))


def as_function(name: str, body: str) -> str:
    """A local function with that body, inside a task's own."""
    return f"    def {name}():\n{indented(body)}\n\n"


def _behind_docstring(body: str) -> int:
    """The number of lines that the docstring of an indented body takes."""
    function = ast.parse("def f():\n" + body).body[0]
    assert isinstance(function, ast.FunctionDef)
    first = function.body[0]
    has_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    return (first.end_lineno or first.lineno) - 1 if has_doc else 0


def inside(header: str, body: str) -> str:
    """`body` (indented) below a statement such as `with lock:`; its docstring stays in front."""
    at, lines = _behind_docstring(body), body.split("\n")
    rest = "\n".join(lines[at:])
    if not rest.strip():
        return body
    return "\n".join([*lines[:at], f"    {header}", indented(rest)])


def in_front(statements: list[str], body: str) -> str:
    """`statements` (indented) before the first statement of `body`, behind its docstring."""
    if not statements:
        return body
    at, lines = _behind_docstring(body), body.split("\n")
    return "\n".join([*lines[:at], *statements, *lines[at:]])


def to_the_end(is_async: bool, body: str) -> str:
    """The body of a coroutine function, awaited; or that of a generator, run to its end for what it returns."""
    if is_async:
        return as_function("run", body).replace("    def run", "    async def run", 1) + "    return asyncio.run(run())"
    return as_function("steps", body) + _EXHAUST


# What a generator yields is nobody's; https://docs.python.org/3/library/exceptions.html#StopIteration has its result.
_EXHAUST = """    running = steps()
    while True:
        try:
            next(running)
        except StopIteration as end:
            return end.value"""
