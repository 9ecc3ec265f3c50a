"""Which files are read, in which order, and what is said when there is nothing to read."""

# ruff: noqa: E501 - an inline DAG is easier to read unbroken
from __future__ import annotations

from pathlib import Path

import pytest
from read_helpers import SHARED

from workbook_lib import sources
from workbook_lib.errors import InputError, SourceError, UsageError
from workbook_lib.findings import Severity
from workbook_lib.sources import ReadOptions, load_values
from workbook_lib.sources.airflow import _read

DAG = "from airflow import DAG\nfrom airflow.operators.empty import EmptyOperator\nwith DAG({name!r}, catchup=False):\n    EmptyOperator(task_id='a')\n"


def lay(folder: Path, **files: str) -> Path:
    """Files by path (`__` for a slash) below a folder."""
    for name, text in files.items():
        file = folder / (name.replace("__", "/") + ".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def test_folders_are_read_in_a_stable_order(tmp_path: Path) -> None:
    lay(tmp_path, b=DAG.format(name="b"), a__z=DAG.format(name="z"), a__c=DAG.format(name="c"), helper="x = 1\n")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "h.py").write_text(DAG.format(name="hidden"))
    (tmp_path / "notes.txt").write_text("airflow dag")
    result = sources.read(tmp_path)
    assert [workflow.id for workflow in result.workflows] == ["b", "c", "z"]
    assert result.files == tuple(str(tmp_path / name) for name in ("b.py", "helper.py", "a/c.py", "a/z.py"))
    assert result.findings == ()


def test_files_are_named_as_the_user_named_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(
        tmp_path,
        dags__one="from shared.make import make\nd = make()\n# airflow dag\n",
        dags__shared__make="from airflow import DAG\ndef make():\n    return DAG('d')\n",
    )
    monkeypatch.chdir(tmp_path)
    raws, _, files = _read.trace(["dags"], ReadOptions(), SHARED)
    assert files == ["dags/one.py", "dags/shared/make.py"]
    assert raws[0].file == "dags/one.py"
    assert raws[0].modules == (("shared.make", "dags/shared/make.py"),)
    origin = raws[0].dags[0].origin
    assert (origin.file, origin.line) == ("dags/shared/make.py", 3)
    assert [(frame.file, frame.line) for frame in origin.stack] == [("dags/one.py", 2), ("dags/shared/make.py", 3)]
    raws, _, files = _read.trace(["dags/one.py"], ReadOptions(), SHARED)
    assert (files, raws[0].dags[0].origin.file) == (["dags/one.py"], "dags/shared/make.py")


def test_modules_of_the_repository(tmp_path: Path) -> None:
    lay(
        tmp_path,
        dags__team__one="from dags.team.common import A\nfrom plugins.ops import B\nfrom my_ops import C\nfrom airflow import DAG\nwith DAG(A + B + C):\n    pass\n",
        dags__team__common="A = 'a'\n",
        plugins__ops="B = 'b'\n",
        plugins__my_ops="C = 'c'\n",
        setup="",
    )
    raws, findings, _ = _read.trace([tmp_path / "dags"], ReadOptions(), SHARED)
    assert [dag.id for raw in raws for dag in raw.dags] == ["abc"]
    assert findings == []


@pytest.mark.parametrize(
    ("ignored", "left"),
    [("skipped", ["kept"]), ("skipped\\.py$  # why", ["kept"]), ("# nothing", ["kept", "skipped"])],
)
def test_airflowignore(ignored: str, left: list[str], tmp_path: Path) -> None:
    lay(tmp_path, kept=DAG.format(name="kept"), sub__skipped=DAG.format(name="skipped"))
    (tmp_path / ".airflowignore").write_text(ignored + "\n")
    raws, _, _ = _read.trace([tmp_path], ReadOptions(), SHARED)
    assert sorted(dag.id for raw in raws for dag in raw.dags) == left


def test_the_same_file_is_read_once(tmp_path: Path) -> None:
    lay(tmp_path, a=DAG.format(name="a"))
    assert len(sources.read([tmp_path, tmp_path / "a.py"]).workflows) == 1


def test_a_dag_defined_in_two_files_is_told(tmp_path: Path) -> None:
    lay(tmp_path, a=DAG.format(name="same"), b=DAG.format(name="same"))
    result = sources.read(tmp_path)
    assert [workflow.origin.file for workflow in result.workflows if workflow.origin] == [str(tmp_path / "a.py")]
    assert [(finding.code, finding.file, finding.line) for finding in result.findings] == [
        ("airflow.duplicate_dag", str(tmp_path / "b.py"), 3)
    ]


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        sources.read(tmp_path / "missing")
    assert str(error.value) == f"{tmp_path / 'missing'}: there is no such file or folder. Check the path."
    (tmp_path / "empty").mkdir()
    for folder, message in (
        (tmp_path / "empty", "the folder holds no Python file"),
        (lay(tmp_path / "x", helper="x = 1\n"), "no DAG is defined here"),
    ):
        result = sources.read(folder)
        assert [(f.code, f.severity, f.message, f.file) for f in result.findings] == [
            ("airflow.no_dag", Severity.WARNING, message, str(folder))
        ]
    with pytest.raises(UsageError):
        sources.read([])


def test_detect(tmp_path: Path) -> None:
    assert sources.detect(lay(tmp_path / "a", x=DAG.format(name="a"))) == "airflow"
    assert sources.detect(lay(tmp_path / "b", x="print(1)\n")) is None
    with pytest.raises(UsageError) as error:
        sources.room("oozie")
    assert str(error.value) == "unknown system 'oozie'. Known: airflow."


def test_values_from_files(tmp_path: Path) -> None:
    file = tmp_path / "variables.json"
    file.write_text('{"a": 1}')
    assert load_values(file) == {"a": 1}
    for text in ("[1]", "{", "\x00"):
        file.write_text(text)
        with pytest.raises(InputError):
            load_values(file)
    with pytest.raises(InputError):
        load_values(tmp_path / "missing.json")


def test_reading_stays_light() -> None:
    import subprocess
    import sys

    code = "import sys, workbook_lib.sources.airflow._read; print([n for n in ('prefect', 'networkx', 'typer', 'airflow', 'libcst') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


BESIDE = {
    "dags/one.py": "from dags.team import make\nfrom ops import step\nd = make()\nstep(d)\n# airflow dag\n",
    "dags/team.py": "from airflow import DAG\ndef make():\n    return DAG('d', schedule=None, catchup=False)\n",
    "plugins/ops.py": "from airflow.operators.bash import BashOperator\ndef step(d):\n    BashOperator(task_id='a', bash_command='echo', dag=d)\n",
    "setup.py": "",
}


@pytest.mark.parametrize(
    ("cwd", "named", "files"),
    [
        (".", "dags", ["dags/one.py", "plugins/ops.py"]),
        (".", "./dags/one.py", ["./dags/one.py", "plugins/ops.py"]),
        ("dags", ".", ["one.py", "../plugins/ops.py"]),
        ("dags", "one.py", ["one.py", "../plugins/ops.py"]),
    ],
)
def test_modules_beside_are_named_as_seen_from_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cwd: str, named: str, files: list[str]
) -> None:
    for name, text in BESIDE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path / cwd)
    (workflow,) = sources.read([named]).workflows
    origin = workflow.task("a").origin
    assert origin is not None
    assert [frame.file for frame in origin.stack] == files
    assert {one.file for one in workflow.task("a").argument_sources} == {files[1]}
    assert str(tmp_path) not in workflow.to_json()
