"""Formats generated Python with ruff: sorted imports, nothing unused, one style, the same bytes every time."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

from workbook_lib.errors import ProjectError

LINE_LENGTH = 110


@cache
def _ruff() -> str:
    from ruff.__main__ import find_ruff_bin  # type: ignore[import-untyped]  # ruff ships its program in the wheel

    return str(Path(find_ruff_bin()))


def tidy(source: str, file: str) -> str:
    """`source` formatted; ProjectError with the line when it is not Python."""
    try:
        ast.parse(source)
    except SyntaxError as error:
        raise ProjectError(f"the writer made text that is not Python: {error.msg}", file=file, line=error.lineno) from error
    common = ["--isolated", "--quiet", f"--line-length={LINE_LENGTH}", "--target-version=py311", f"--stdin-filename={Path(file).name}", "-"]
    local = ["--config", "lint.isort.known-first-party=['shared', 'flows']"]
    linted = _run(["check", "--fix-only", "--select=I,F401,UP", *local, *common], source)
    return _run(["format", *common], linted)


def _run(arguments: list[str], text: str) -> str:
    done = subprocess.run([_ruff(), *arguments], input=text, text=True, encoding="utf-8", capture_output=True)
    if done.returncode != 0 or not done.stdout:
        raise ProjectError(f"ruff could not format generated code: {done.stderr.strip()[:300]}")
    return done.stdout
