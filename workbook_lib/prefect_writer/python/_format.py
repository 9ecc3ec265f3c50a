"""Formats generated Python with ruff: sorted imports, nothing unused, one style, the same bytes every time."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

from workbook_lib.errors import ProjectError
from workbook_lib.prefect_writer.python._lines import break_long, excuse, reflow_docstrings

LINE_LENGTH = 110
# The rules that every generated module keeps to; a project's own pyproject.toml names them for ruff.
RULES = ("E", "F", "I", "UP", "B", "SIM", "RET", "PT")
_FIXED = ("I", "F401", "UP", "F541", "RET504", "RET505", "E713", "E714")
_SAFE = "lint.extend-safe-fixes=['RET504']"  # `x = f()`, `return x`: the same value under no name
_ISORT = "lint.isort.known-first-party=['shared', 'flows']"


@cache
def _ruff() -> str:
    from ruff.__main__ import find_ruff_bin  # type: ignore[import-untyped]  # ruff ships its program in the wheel

    return str(Path(find_ruff_bin()))


def tidy(source: str, file: str, *, own: bool = False) -> str:
    """`source` formatted; ProjectError with the line when it is not Python. `own`: no text in it comes from the legacy source."""
    try:
        ast.parse(source)
    except SyntaxError as error:
        raise ProjectError(f"the writer made text that is not Python: {error.msg}", file=file, line=error.lineno) from error
    common = ["--isolated", "--quiet", f"--line-length={LINE_LENGTH}", "--target-version=py311", f"--stdin-filename={Path(file).name}", "-"]
    source = reflow_docstrings(source, LINE_LENGTH) if own else source
    linted = _run(["check", "--fix-only", f"--select={','.join(_FIXED)}", "--config", _ISORT, "--config", _SAFE, *common], source)
    formatted = break_long(_run(["format", *common], linted), LINE_LENGTH)
    check = ["check", "--exit-zero", "--output-format=json", f"--select={','.join(RULES)}", "--config", _ISORT, *common]
    return excuse(formatted, lambda text: _run(check, text))


def _run(arguments: list[str], text: str) -> str:
    done = subprocess.run([_ruff(), *arguments], input=text, text=True, encoding="utf-8", capture_output=True)
    if done.returncode != 0 or not done.stdout:
        raise ProjectError(f"ruff could not format generated code: {done.stderr.strip()[:300]}")
    return done.stdout
