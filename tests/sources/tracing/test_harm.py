"""A DAG file is somebody's program: whatever it does, it gets one finding with file and line, and the other files go on."""

# ruff: noqa: E501 - an inline DAG is easier to read unbroken
from __future__ import annotations

import os
import re
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbook_lib.findings import Finding, Severity
from workbook_lib.sources._types import ReadOptions
from workbook_lib.sources.airflow import _read
from workbook_lib.sources.tracing import Tracer

GOOD = """
from airflow import DAG
from airflow.operators.empty import EmptyOperator
with DAG("good"):
    EmptyOperator(task_id="a")
"""
HEAD = "from airflow import DAG\n"
SHARED = Tracer("airflow")


@pytest.fixture(scope="module", autouse=True)
def _close() -> Iterator[None]:
    yield
    SHARED.close()


def read_beside_a_good_file(folder: Path, source: str | bytes, **options: float) -> list[Finding]:
    """The findings for one bad file; the good one beside it must come through."""
    (folder / "a_bad.py").write_bytes(source if isinstance(source, bytes) else textwrap.dedent(source).encode())
    (folder / "b_good.py").write_text(GOOD)
    raws, findings, files = _read.trace([folder], ReadOptions(**options), SHARED)
    assert [dag.id for raw in raws for dag in raw.dags if raw.file.endswith("b_good.py")] == ["good"]
    assert files == [str(folder / "a_bad.py"), str(folder / "b_good.py")]
    return [finding for finding in findings if finding.file == str(folder / "a_bad.py")]


CASES = {
    "raises": (HEAD + "x = 1\nraise ValueError('no such thing')\n", "tracing.raised", 3),
    "raises in a helper": (HEAD + "def f():\n    return 1 / 0\nf()\n", "tracing.raised", 3),
    "sys.exit": (HEAD + "import sys\nsys.exit(3)\n", "tracing.exited", 3),
    "os._exit": (HEAD + "import os\nos._exit(0)\n", "tracing.exited", 3),
    "endless loop": (HEAD + "while True:\n    pass\n", "tracing.timeout", 2),
    "memory": (HEAD + "x = []\nwhile True:\n    x.append(bytearray(50_000_000))\n", "tracing.memory", 4),
    "recursion": (HEAD + "def f():\n    f()\nf()\n", "tracing.recursion", 3),
    "syntax": (HEAD + "def f(:\n", "tracing.syntax", 2),
    "python 2": (HEAD + "print 'hello'\n", "tracing.syntax", 2),
    "NUL": (HEAD.encode() + b"x = '\0'\n", "tracing.binary", 2),
    "binary": (b"\x7fELF\x02\x01\x01\0\0airflow dag", "tracing.binary", 1),
    "not UTF-8": (HEAD.encode() + b"x = '\xff\xfe dag'\n", "tracing.encoding", 2),
    "unknown encoding": (b"# -*- coding: klingon -*-\nimport airflow # dag\n", "tracing.encoding", 1),
    "empty": ("", "tracing.empty", 1),
    "no workflow": (HEAD + "x = 1\n", "airflow.no_dag", 1),
    "kills itself": (HEAD + "import os, resource, faulthandler\nfaulthandler._sigsegv()\n", "tracing.crashed", 3),
    "closes everything": (HEAD + "import os\nos.closerange(0, 4000)\ndag = DAG('d')\n", "tracing.blocked", 3),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_files(name: str, tmp_path: Path) -> None:
    source, code, line = CASES[name]
    found = read_beside_a_good_file(tmp_path, source, seconds=2.0, memory_mb=200)
    assert [(finding.code, finding.line) for finding in found] == [(code, line)]
    assert found[0].severity is {"airflow.no_dag": Severity.NOTE, "tracing.blocked": Severity.WARNING}.get(code, Severity.ERROR)
    assert found[0].advice


ATTEMPTS = {
    "subprocess": "import subprocess\nsubprocess.run(['touch', {target!r}])",
    "sudo": "import subprocess\nout = subprocess.check_output('sudo id', shell=True).decode()",
    "os.system": "import os\nos.system('touch ' + {target!r})",
    "os.popen": "import os\nos.popen('touch ' + {target!r}).read()",
    "Popen": "import subprocess\nsubprocess.Popen(['touch', {target!r}])",
    "fork": "import os\nif os.fork() == 0:\n    open({target!r}, 'w').write('x')",
    "exec": "import os\nos.execv('/bin/sh', ['sh', '-c', 'touch ' + {target!r}])",
    "spawn": "import os\nos.posix_spawn('/usr/bin/touch', ['touch', {target!r}], {{}})",
    "write": "open({target!r}, 'w').write('x')",
    "append": "open({target!r}, 'a').write('x')",
    "pathlib": "from pathlib import Path\nPath({target!r}).write_text('x')",
    "os.open": "import os\nos.open({target!r}, os.O_CREAT | os.O_WRONLY)",
    "mkdir": "import os\nos.mkdir({target!r})",
    "delete": "import os\nos.remove({victim!r})",
    "delete tree": "import shutil\nshutil.rmtree({folder!r})",
    "rename": "import os\nos.rename({victim!r}, {target!r})",
    "chmod": "import os\nos.chmod({victim!r}, 0)",
    "link": "import os\nos.symlink('/etc/passwd', {target!r})",
    "socket": "import socket\ns = socket.create_connection(('127.0.0.1', 9), timeout=1)",
    "urlopen": "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/')",
    "http.client": "import http.client\nc = http.client.HTTPConnection('127.0.0.1', 9, timeout=1)\nc.request('GET', '/')",
    "sqlite": "import sqlite3\nsqlite3.connect({target!r}).execute('create table t (a)')",
    "kill": "import os\nos.kill(os.getppid(), 15)",
}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_refused_attempts(name: str, tmp_path: Path) -> None:
    dags, kept = tmp_path / "dags", tmp_path / "kept"
    dags.mkdir()
    kept.mkdir()
    victim, target = kept / "victim.txt", kept / "target"
    victim.write_text("mine")
    mode = victim.stat().st_mode
    body = ATTEMPTS[name].format(target=str(target), victim=str(victim), folder=str(kept))
    found = read_beside_a_good_file(dags, HEAD + body + "\n")
    assert "tracing.blocked" in {finding.code for finding in found}
    assert next(finding.line for finding in found if finding.code == "tracing.blocked") >= 2
    assert victim.read_text() == "mine"
    assert victim.stat().st_mode == mode
    assert sorted(path.name for path in kept.iterdir()) == ["victim.txt"]


def test_a_careless_command_does_not_stop_the_reading(tmp_path: Path) -> None:
    source = HEAD + "import subprocess\nsubprocess.run(['sudo', 'id'])\nwith DAG('d'):\n    pass\n"
    (tmp_path / "x.py").write_text(source)
    raws, findings, _ = _read.trace([tmp_path / "x.py"], ReadOptions(), SHARED)
    assert [dag.id for dag in raws[0].dags] == ["d"]
    assert [(finding.code, finding.line) for finding in findings] == [("tracing.blocked", 3)]


def test_a_worker_writes_only_into_its_scratch_folder(tmp_path: Path) -> None:
    source = (
        HEAD
        + "import tempfile, os\nwith tempfile.NamedTemporaryFile('w', delete=False) as f:\n    f.write('x')\nwith DAG('d', description=f.name):\n    pass\n"
    )
    (tmp_path / "x.py").write_text(source)
    raws, findings, _ = _read.trace([tmp_path / "x.py"], ReadOptions(), SHARED)
    assert findings == []
    assert not Path(raws[0].dags[0].description or "").exists()


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import ctypes\nlib = ctypes.CDLL(None)\nlib.system(b'touch x')", "ctypes.CDLL(None).system"),
        ("from ctypes import cdll\nlib = cdll.LoadLibrary\nlib('libc.so.6')", "ctypes.cdll.LoadLibrary"),
        ("import cffi\nlib = cffi.FFI().dlopen(None)\nlib.system(b'touch x')", "cffi.FFI().dlopen(None).system"),
        (
            "from multiprocessing import Process\np = Process(target=print)\np.start()",
            "multiprocessing.Process(target=<built-in function print>).st",
        ),
    ],
)
def test_native_code_is_not_there_and_told(source: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text(f"{HEAD}{source}\nwith DAG('d'):\n    pass\n")
    raws, findings, _ = _read.trace([tmp_path / "x.py"], ReadOptions(), SHARED)
    assert [dag.id for dag in raws[0].dags] == ["d"]
    told = [(finding.code, finding.line, finding.message.partition(" is not done")[0]) for finding in findings]
    assert ("tracing.blocked", 4, what) in told


def test_what_is_replaced_is_put_back_and_told_with_its_line(tmp_path: Path) -> None:
    source = "import builtins, json\nbuiltins.isinstance = lambda *a: False\nsetattr(json, 'dumps', print)\nwith DAG('d', tags=['x']):\n    pass\n"
    (tmp_path / "x.py").write_text(HEAD + source)
    raws, findings, _ = _read.trace([tmp_path / "x.py"], ReadOptions(), SHARED)
    assert [dag.tags for dag in raws[0].dags] == [("x",)]
    assert [(finding.code, finding.line, finding.message) for finding in findings] == [
        ("tracing.blocked", 3, "what is replaced at module level is put back before the DAGs are read: builtins.isinstance"),
        ("tracing.blocked", 4, "what is replaced at module level is put back before the DAGs are read: json.dumps"),
    ]


def test_threads_that_are_done_are_not_told(tmp_path: Path) -> None:
    source = "import threading\nt = threading.Thread(target=len, args=('x',))\nt.start()\nt.join()\nwith DAG('d'):\n    pass\n"
    (tmp_path / "x.py").write_text(HEAD + source)
    _, findings, _ = _read.trace([tmp_path / "x.py"], ReadOptions(), SHARED)
    assert findings == []


WHOLE = ("sorted(os.environ)", "dict(os.environ)", "{**os.environ}", "list(os.environ.items())", "os.environ.copy()", "os.environ | {}")
WHOLE += ("list(os.environ.values())", "list(os.environ.keys())", "[*os.environ]", "{} | os.environ")


@pytest.mark.parametrize("expression", WHOLE)
def test_of_the_whole_environment_only_what_is_given_is_seen(expression: str, tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text(f"{HEAD}import os\nwith DAG('d', description=repr({expression})):\n    pass\n")
    raws, findings, _ = _read.trace([tmp_path / "x.py"], ReadOptions(), SHARED)
    assert raws[0].dags[0].description in ("[]", "{}")
    assert [(finding.code, finding.line) for finding in findings] == [("airflow.environment_whole", 3)]


@pytest.mark.parametrize(("given", "severity"), [({}, "warning"), ({"A": "1"}, "note")])
def test_the_whole_environment_is_a_note_once_it_was_given(given: dict[str, str], severity: str, tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text(f"{HEAD}import os\nwith DAG('d', description=repr(dict(os.environ))):\n    pass\n")
    raws, findings, _ = _read.trace([tmp_path / "x.py"], ReadOptions(environment=given), SHARED)
    assert raws[0].dags[0].description == repr(given)
    assert [(finding.code, str(finding.severity)) for finding in findings] == [("airflow.environment_whole", severity)]


def test_the_environment_is_scrubbed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever way leads to it: no name or value but those of the worker itself, which say nothing."""
    monkeypatch.setenv("MY_TOKEN", "secret")
    ways = ("os.environ._real", "os.environ._real._data", "os.environb", "posix.environ", "os.environ.get('MY_TOKEN', 'none')")
    source = f"import os, posix\nwith DAG('d', description=repr([repr(one) for one in ({', '.join(ways)})])):\n    pass\n"
    (tmp_path / "x.py").write_text(HEAD + source)
    with Tracer("airflow") as fresh:  # started with the variable
        raws, findings, _ = _read.trace([tmp_path / "x.py"], ReadOptions(), fresh)
    text = str(raws[0].dags[0].description)
    assert "TMPDIR" in text
    assert set(re.findall(r"'([A-Z_]+)'(?=:)", text)) <= {"HOME", "LANG", "PATH", "TMPDIR"}
    values = {*os.environ.values()} - {"C.UTF-8"}
    assert [value for value in values if len(value) > 4 and value in text] == []
    assert "secret" not in raws[0].model_dump_json()
    assert "secret" not in repr(findings)


def test_home_is_not_readable(tmp_path: Path) -> None:
    private = tmp_path / "home" / "secret.txt"
    private.parent.mkdir()
    private.write_text("secret")
    dags = tmp_path / "somewhere" / "dags_folder"
    dags.mkdir(parents=True)
    found = read_beside_a_good_file(dags, HEAD + f"open({str(private)!r}).read()\n")
    assert [(finding.code, finding.line) for finding in found] == [("tracing.raised", 2), ("tracing.blocked", 2)]


def test_a_hang_costs_no_more_than_its_limit(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text(HEAD + "import threading\nthreading.Event().wait()\n")
    started = time.monotonic()
    _, findings, _ = _read.trace([tmp_path / "x.py"], ReadOptions(seconds=1.0))
    assert time.monotonic() - started < 8
    assert [finding.code for finding in findings] == ["tracing.timeout"]
    assert findings[0].message == "the file did not finish within 1 s, and was stopped"


def test_too_much_output_is_refused(tmp_path: Path) -> None:
    source = HEAD + "print('x' * 10_000_000)\nwith DAG('d', doc_md='x' * 100):\n    pass\n"
    (tmp_path / "x.py").write_text(source)
    raws, findings, _ = _read.trace([tmp_path / "x.py"], ReadOptions(), SHARED)
    assert [dag.id for raw in raws for dag in raw.dags] == ["d"]
    assert findings == []


def test_too_large_an_answer_is_refused(tmp_path: Path) -> None:
    source = (
        HEAD
        + "from airflow.operators.bash import BashOperator\nwith DAG('d'):\n    for i in range(400):\n        BashOperator(task_id=f't{i}', bash_command='x' * 150_000)\n"
    )
    (tmp_path / "x.py").write_text(source)
    _, findings, _ = _read.trace([tmp_path / "x.py"], ReadOptions(), SHARED)
    assert [finding.code for finding in findings] == ["tracing.too_large"]


def test_no_process_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text(GOOD)
    before = _children()
    _read.trace([tmp_path / "x.py"], ReadOptions())
    assert _children() == before


def _children() -> set[str]:
    path = Path(f"/proc/self/task/{os.getpid()}/children")
    return set(path.read_text().split()) if path.exists() else set()
