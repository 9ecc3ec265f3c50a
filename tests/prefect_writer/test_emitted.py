"""The helpers that a project carries: small modules, whole and in part, that ruff and mypy find nothing in."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from workbook_lib.model.join_rules import JoinRule
from workbook_lib.prefect_writer.project._emitted import MODULES, carried, homes, whole
from workbook_lib.prefect_writer.project._project import _checks
from workbook_lib.prefect_writer.python._format import RULES, tidy

EVERY_RULE = {str(rule) for rule in JoinRule} | {"all_success"}
LIMIT = 200


def everything() -> dict[str, str]:
    """All emitted modules as a project holds them that uses all of them."""
    wanted = {module: {name for name, home in homes().items() if home == module} for module in MODULES}
    return {name: tidy(text, f"{name}.py", own=True) for name, text in carried(wanted, EVERY_RULE).items()}


def defined(text: str) -> list[str]:
    return [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]


def test_each_is_short_even_where_all_is_used() -> None:
    lines = {name: len(text.splitlines()) for name, text in everything().items()}
    assert sorted(lines) == sorted(MODULES)
    assert {name: number for name, number in lines.items() if number >= LIMIT} == {}


def test_nothing_is_left_out_where_all_is_used() -> None:
    assert {name: defined(text) for name, text in everything().items()} == {name: defined(whole(name)) for name in MODULES}


def test_each_says_what_it_is_for_and_so_does_each_public_definition() -> None:
    trees = {name: ast.parse(text) for name, text in everything().items()}
    public = {f"{name}.{node.name}": node for name, tree in trees.items() for node in tree.body if getattr(node, "name", "_")[0] != "_"}
    assert len(public) > len(trees)
    assert [name for name, node in (*trees.items(), *public.items()) if not ast.get_docstring(node)] == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "modules"),
    [
        ({"shell": {"run_shell"}}, ["shell"]),
        ({"shell": {"run_shell_or_skip"}}, ["shell", "trigger_rules"]),
        ({"trigger_rules": {"Skip"}}, ["trigger_rules"]),
        ({"trigger_rules": {"submit"}}, ["rule_table", "trigger_rules", "upstream"]),
        ({"fail_fast": {"submit_unless_failed"}}, ["fail_fast", "rule_table", "trigger_rules", "upstream"]),
        ({"mapped_tasks": {"submit_each"}}, ["mapped_tasks", "rule_table", "trigger_rules", "upstream"]),
    ],
)
def test_what_helpers_need_of_each_other_comes_along(wanted: dict[str, set[str]], modules: list[str]) -> None:
    assert sorted(carried(wanted, {"all_success"})) == modules


def test_of_another_module_only_what_is_needed_comes_along() -> None:
    texts = carried({"shell": {"run_shell_or_skip"}})
    assert {name: defined(text) for name, text in texts.items()} == {"shell": ["run_shell", "run_shell_or_skip"], "trigger_rules": ["Skip"]}


def test_ruff_and_mypy_find_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    for name, text in everything().items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    mypy = dict(_checks()["mypy"])
    (tmp_path / "mypy.ini").write_text(
        "[mypy]\n" + "".join(f"{key} = {value}\n" for key, value in mypy.items() if isinstance(value, bool | str))
        + "disable_error_code = var-annotated\n[mypy-prefect.*]\nfollow_imports = skip\n",
        encoding="utf-8",
    )  # fmt: skip
    ruff = ["ruff", "check", "--isolated", "--no-cache", "--quiet", f"--select={','.join(RULES)}", "--line-length=110"]
    for tool in (ruff, ["mypy", "--no-error-summary", "--cache-dir", str(tmp_path / "cache")]):
        done = subprocess.run([sys.executable, "-m", *tool, "."], cwd=tmp_path, capture_output=True, text=True)
        assert (done.returncode, done.stdout + done.stderr) == (0, "")
