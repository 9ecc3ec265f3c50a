"""`.airflowignore`: what is read, given its lines, in both syntaxes; the tables were tried with Airflow 2.11.2 and 3.3.2."""

from __future__ import annotations

from pathlib import Path

import pytest
from repository_helpers import SIMPLE, ids, lay, raws

FILES = ("a.py", "b.py", "sub/a.py", "sub/deep/c.py", "tests/t.py")


def repository(folder: Path, files: tuple[str, ...] = FILES, **listings: str) -> Path:
    """A folder of DAGs, each with the id of its path; `listings` are `.airflowignore` files by folder (`top` for the folder itself)."""
    lay(folder, {name: SIMPLE.format(name=name.replace("/", ".").removesuffix(".py")) for name in files})
    for where, text in listings.items():
        (folder / where if where != "top" else folder).joinpath(".airflowignore").write_text(text)
    return folder


ALL = "a b sub.a sub.deep.c tests.t"


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        ("", ALL),
        ("# a.py\n", ALL),
        ("tests", "a b sub.a sub.deep.c"),
        ("a\\.py", "b sub.deep.c tests.t"),  # searched anywhere in the path
        ("^a\\.py$", "b sub.a sub.deep.c tests.t"),
        ("sub/a", "a b sub.deep.c tests.t"),
        ("^sub$", "a b tests.t"),  # a folder has no slash at its end
        ("sub/$", ALL),
        ("^(?!x).*c\\.py # kept: no look-around in RE2", ALL),
        (".*eep   # a comment", "a b sub.a tests.t"),
        ("!a.py", ALL),
    ],
)
def test_regular_expressions(lines: str, left: str, tmp_path: Path) -> None:
    found, _ = raws(repository(tmp_path, top=lines))
    assert " ".join(sorted(dag.id for raw in found for dag in raw.dags)) == left


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        ("tests", "a b sub.a sub.deep.c"),
        ("tests/", "a b sub.a sub.deep.c"),
        ("a.py", "b sub.deep.c tests.t"),
        ("/a.py", "b sub.a sub.deep.c tests.t"),
        ("a.py/", ALL),  # only a folder would match
        ("*.py\n!a.py", "a sub.a"),
        ("*.py\n!/a.py", "a"),
        ("sub/*\n!sub/a.py", "a b sub.a tests.t"),
        ("**/c.py", "a b sub.a tests.t"),
        ("sub/**/c.py", "a b sub.a tests.t"),
        ("?.py", ""),
        ("[ab].py", "sub.deep.c tests.t"),
        ("sub\n!sub/a.py", "a b tests.t"),  # what lies in an ignored folder cannot be taken back
        ("a\\.py", "b sub.deep.c tests.t"),
        ("/", ALL),
        ("# a.py", ALL),
    ],
)
@pytest.mark.parametrize("options", [{"version": "3"}, {"environment": {"AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX": "glob"}}])
def test_globs(lines: str, left: str, options: dict[str, object], tmp_path: Path) -> None:
    found, findings = raws(repository(tmp_path, top=lines), **options)
    assert " ".join(sorted(dag.id for raw in found for dag in raw.dags)) == left
    assert [one.code for one in findings] == ([] if left else ["airflow.no_dag"])


def test_the_syntax_is_that_of_the_version_read(tmp_path: Path) -> None:
    folder = repository(tmp_path, ("a.py", "xa.py"), top="?a.py\n")
    found, findings = raws(folder)
    assert sorted(dag.id for raw in found for dag in raw.dags) == ["a", "xa"]
    (told,) = findings
    assert (told.code, told.file, told.line) == ("airflow.ignore_line", str(folder / ".airflowignore"), 1)
    assert told.message.startswith("the line '?a.py' is passed over, as Airflow does: it is no regular expression")
    lay(folder, {"c.py": "from airflow.sdk import DAG\nwith DAG('c'): pass\n"})
    assert ids(folder) == "a c"


def test_a_configuration_file_of_the_repository_decides(tmp_path: Path) -> None:
    folder = repository(tmp_path / "dags", ("a.py", "b.py"), top="/a.py\n")
    lay(tmp_path, {"airflow.cfg": "[core]\ndag_ignore_file_syntax = glob\ndag_discovery_safe_mode = False\n", "dags/c.py": "x = 1\n"})
    found, findings = raws(folder)
    assert [dag.id for raw in found for dag in raw.dags] == ["b"]
    assert [one.message for one in findings] == ["the file defines no DAG"]


def test_files_in_subfolders_add_up(tmp_path: Path) -> None:
    assert ids(repository(tmp_path, top="tests", sub="sub/a")) == "a b sub.deep.c"  # expressions: the path below the folder of DAGs
    assert ids(tmp_path, version="3") == "a b sub.a sub.deep.c"  # globs: the path below the file's own folder
    (tmp_path / "sub" / ".airflowignore").write_text("/a.py")
    assert ids(tmp_path, version="3") == "a b sub.deep.c"


def test_the_folder_of_dags_is_what_expressions_begin_at(tmp_path: Path) -> None:
    repository(tmp_path / "dags", ("a.py", "sub/a.py"), top="^dags/")
    assert ids(tmp_path) == "a sub.a"
    (tmp_path / "dags" / ".airflowignore").write_text("^sub$")
    assert ids(tmp_path) == "a"


def test_airflow_3_uses_the_expressions_of_python(tmp_path: Path) -> None:
    folder = repository(tmp_path, ("a.py", "b.py"), top="^(?!a)")
    options = {"version": "3", "environment": {"AIRFLOW__CORE__DAG_IGNORE_FILE_SYNTAX": "regexp"}}
    assert ids(folder, **options) == "a"


@pytest.mark.parametrize("line", ["(a+)+$", "(.*|b)*c", "[", "a" * 1001, "(?=a)", "\\1"])
def test_a_line_that_is_passed_over(line: str, tmp_path: Path) -> None:
    found, findings = raws(repository(tmp_path, ("a.py",), top=line))
    assert [one.code for one in findings] == ["airflow.ignore_line"]
    assert [dag.id for raw in found for dag in raw.dags] == ["a"]
