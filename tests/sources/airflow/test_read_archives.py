"""DAG files in zip archives: what is read of them, and that a hostile one does no harm."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest
from repository_helpers import SIMPLE, ids, lay, raws, read

from workbook_lib import sources
from workbook_lib.sources.airflow import _zips


def packed(**members: str | bytes) -> bytes:
    """An archive; `__` in a name is a slash, `_py` its ending."""
    return archive({name.replace("__", "/").replace("_py", ".py"): text for name, text in members.items()})


def archive(members: dict[str, str | bytes]) -> bytes:
    """An archive of members by name."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as out:
        for name, text in members.items():
            out.writestr(name, text)
    return stream.getvalue()


DAG = "from airflow import DAG\nfrom helpers.names import NAME\nimport other\nwith DAG(NAME + other.END, catchup=False): pass\n"


@pytest.mark.parametrize("name", ["pack.zip", "pack.egg", "pack"])
def test_modules_at_the_top_level_are_dag_files(name: str, tmp_path: Path) -> None:
    content = packed(
        a_py=DAG, other_py="END = '_end'\n", helpers__names_py="NAME = 'packed'\n", helpers__inner_py=SIMPLE.format(name="inner")
    )
    assert ids(lay(tmp_path, {f"dags/{name}": content, "dags/b.py": SIMPLE.format(name="b")})) == "b packed_end"
    result = sources.read(tmp_path)
    assert [workflow.origin.file for workflow in result.workflows] == [
        str(tmp_path / "dags" / "b.py"),
        str(tmp_path / "dags" / name / "a.py"),
    ]
    assert result.findings == () or {found.code for found in result.findings} == {"tracing.no_landlock"}


def test_functions_of_packed_files_are_read(tmp_path: Path) -> None:
    source = """
        from airflow import DAG
        from airflow.operators.python import PythonOperator

        def f():
            return 1

        with DAG("d", catchup=False):
            PythonOperator(task_id="a", python_callable=f)
    """
    import textwrap

    lay(tmp_path, {"p.zip": packed(a_py=textwrap.dedent(source))})
    (workflow,) = sources.read(tmp_path).workflows
    action = workflow.task("a").action
    assert getattr(getattr(action, "function", None), "source", "").startswith("def f():\n    return 1")


def test_an_archive_of_data_is_no_dag_file(tmp_path: Path) -> None:
    assert ids(lay(tmp_path, {"data.zip": archive({"x.csv": "1"}), "a.py": SIMPLE.format(name="a")})) == "a"
    found, findings = raws(lay(tmp_path / "only", {"x.zip": archive({"x.csv": "1"})}) / "x.zip")
    assert (found, [one.code for one in findings]) == ([], ["airflow.no_dag"])


def test_names_that_lead_out_links_and_doubles_stay_packed(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.py")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as out:
        out.writestr("a.py", SIMPLE.format(name="a"))
        out.writestr("../out.py", SIMPLE.format(name="out"))
        out.writestr("/tmp/absolute.py", SIMPLE.format(name="absolute"))
        out.writestr("..\\windows.py", "x")
        out.writestr(link, "/etc/passwd")
        with pytest.warns(UserWarning, match="Duplicate name"):
            out.writestr("a.py", SIMPLE.format(name="double"))
    before = set(tmp_path.parent.iterdir())
    found, findings = raws(lay(tmp_path, {"dags/p.zip": stream.getvalue()}))
    assert [dag.id for raw in found for dag in raw.dags] == ["a"]
    assert {one.code for one in findings} == {"airflow.zip_left_out"}
    assert [one.message.removeprefix("left out of the archive: ") for one in findings] == [
        "'../out.py': its name leads out of the archive",
        "'/tmp/absolute.py': its name leads out of the archive",
        "'..\\\\windows.py': its name leads out of the archive",
        "'link.py': it is a link",
        "'a.py': the name occurs twice",
    ]
    assert set(tmp_path.parent.iterdir()) == before
    assert not Path("/tmp/absolute.py").exists()


def test_a_bomb_is_left_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_zips, "MAX_FILE", 1000)
    monkeypatch.setattr(_zips, "MAX_MEMBERS", 3)
    bomb = archive({"a.py": SIMPLE.format(name="a"), "bomb.py": "#" * 1001, "b.py": SIMPLE.format(name="b"), "c.py": "x"})
    found, findings = raws(lay(tmp_path, {"p.zip": bomb}))
    assert [dag.id for raw in found for dag in raw.dags] == ["a", "b"]
    assert [one.message for one in findings] == [
        "left out of the archive: all but the first 3 of 4 members",
        "left out of the archive: 'bomb.py': it is too large",
    ]
    forged = archive({"a.py": "#" * 5000}).replace((5000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    _, findings = raws(lay(tmp_path / "forged", {"p.zip": forged}) / "p.zip")
    assert [one.code for one in findings] == ["airflow.no_dag", "airflow.zip_left_out"]


def test_a_broken_archive(tmp_path: Path) -> None:
    _, findings = raws(lay(tmp_path, {"p.zip": b"PK\x03\x04 nothing"}) / "p.zip")
    assert [one.code for one in findings] == ["airflow.no_dag", "airflow.zip_left_out"]
    assert findings[1].message == "left out of the archive: the archive cannot be read: File is not a zip file"


def test_a_package_mark_at_the_top_level_is_told(tmp_path: Path) -> None:
    _, told = read(lay(tmp_path, {"p.zip": archive({"__init__.py": "", "a.py": SIMPLE.format(name="a")})}))
    assert told == ["airflow.zip_left_out p.zip:1"]
