"""Readings that are kept: what makes a file be read anew, and what is never kept or believed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbook_lib.findings import Finding
from workbook_lib.model.workflow import Workflow
from workbook_lib.sources import ReadOptions, _cache, _kept, stream
from workbook_lib.sources._parts import Part
from workbook_lib.sources.airflow import _read
from workbook_lib.sources.tracing import Job, Tracer

HEAD = "from airflow import DAG\nfrom airflow.operators.empty import EmptyOperator\n"
FILES = {
    "plain.py": HEAD + "with DAG('plain'):\n    EmptyOperator(task_id='a')\n",
    "importing.py": HEAD + "from lib.names import NAME\nwith DAG(NAME):\n    EmptyOperator(task_id='a')\n",
    "lib/names.py": "NAME = 'importing'\n",
    "configured.py": HEAD
    + textwrap.dedent(
        """
        import yaml
        from pathlib import Path
        for name in yaml.safe_load(open(Path(__file__).parent / "config.yml")):
            globals()[name] = DAG(name)
        """
    ),
    "config.yml": "[one, two]\n",
    "globbing.py": HEAD
    + textwrap.dedent(
        """
        from pathlib import Path
        for file in sorted(Path(__file__).parent.glob("teams/*.json")):
            globals()[file.stem] = DAG(file.stem)
        """
    ),
    "teams/red.json": "{}",
    "asking.py": HEAD + "import os\ndag = DAG('there' if os.path.exists(os.path.dirname(__file__) + '/flag') else 'absent')\n",
    "inert.py": HEAD + "from company_names import name\ndag = DAG('inert' if not isinstance(name, str) else name)\n",
}
DAG_FILES = sorted(name for name, text in FILES.items() if "airflow" in text)


class Kept:
    """A folder of DAG files and a cache; `read` says which files were traced."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.cache = root / "dags", root / "cache"
        self.traced: list[str] = []
        traced = self.traced

        class Counting(Tracer):
            def give(self, job: Job) -> None:
                traced.append(Path(job.file).name)
                super().give(job)

        monkeypatch.setattr(_read, "Tracer", Counting)
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def parts(self, plain: bool = True, **options: Any) -> list[Part]:
        time.sleep(0.06)  # what changed just now is not kept
        self.traced.clear()
        return list(stream([self.folder], ReadOptions(**{"cache": self.cache} | options), plain=plain))

    def read(self, **options: Any) -> list[str]:
        self.parts(**options)
        return sorted(self.traced)

    def ids(self, **options: Any) -> list[str]:
        return sorted(document["id"] for part in self.parts(**options) for _, document in part.summaries)

    def entries(self) -> list[Path]:
        return sorted(self.cache.iterdir())


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    made = Kept(tmp_path, monkeypatch)
    assert made.read() == DAG_FILES
    return made


def test_what_did_not_change_is_not_read_again(kept: Kept) -> None:
    os.utime(kept.folder / "plain.py")
    assert kept.read() == []


CHANGES: dict[str, tuple[Callable[[Kept], None], list[str], str]] = {
    "the file": (lambda kept: kept.write("plain.py", FILES["plain.py"].replace("plain", "other")), ["plain.py"], "other"),
    "an imported module": (lambda kept: kept.write("lib/names.py", "NAME = 'renamed'\n"), ["importing.py"], "renamed"),
    "a file that it reads": (lambda kept: kept.write("config.yml", "[one, three]\n"), ["configured.py"], "three"),
    "a folder that it lists": (lambda kept: kept.write("teams/blue.json", "{}"), ["globbing.py"], "blue"),
    "a file that it asks for": (lambda kept: kept.write("flag", ""), ["asking.py"], "there"),
    "a module that was absent": (lambda kept: kept.write("company_names.py", "name = 'found'\n"), ["inert.py"], "found"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_of_what_a_file_looked_at_makes_it_be_read_anew(what: str, kept: Kept) -> None:
    change, again, dag = CHANGES[what]
    assert dag not in kept.ids()
    change(kept)
    assert dag in kept.ids()
    assert kept.traced == again
    assert kept.read() == []


def test_a_file_that_is_ignored_is_gone(kept: Kept) -> None:
    kept.write(".airflowignore", "plain\n")
    assert "plain" not in kept.ids()


def test_a_file_that_is_removed_is_missed(kept: Kept) -> None:
    (kept.folder / "lib/names.py").unlink()
    assert "importing" not in kept.ids()
    assert kept.traced == ["importing.py"]


@pytest.mark.parametrize("options", [{"variables": {"x": 1}}, {"environment": {"X": "1"}}, {"version": "3"}, {"seconds": 9.0}])
def test_other_options_are_another_reading(options: dict[str, Any], kept: Kept) -> None:
    assert kept.read(**options) == DAG_FILES
    assert kept.read(**options) == []


def test_another_library_reads_anew(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cache, "_library", lambda: b"the next version")
    assert kept.read() == DAG_FILES


def test_the_same_is_read_with_and_without(kept: Kept) -> None:
    def told(parts: list[Part]) -> tuple[list[Workflow], list[Finding], list[object]]:
        return (
            [workflow for part in parts for workflow in part.workflows],
            [finding for part in parts for finding in part.findings],
            [json.loads(json.dumps(pair)) for part in parts for pair in (*part.summaries, *part.modules)],
        )

    anew = told(kept.parts(plain=False, cache=None))
    assert len(anew[0]) == 7
    assert told(kept.parts(plain=False)) == anew
    assert kept.traced == []


def _whole(key: str, about: bytes, *models: bytes) -> bytes:
    made = hashlib.blake2b(digest_size=20)
    for part in (key.encode(), about, *models):
        made.update(len(part).to_bytes(8, "big"))
        made.update(part)
    return b"\n".join([made.hexdigest().encode(), about, *models])


def _forged(file: Path, change: Callable[[dict[str, Any]], object]) -> bytes:
    about = json.loads(file.read_bytes().split(b"\n")[1])
    change(about)
    return _whole(file.name, json.dumps(about).encode(), *file.read_bytes().split(b"\n")[2:])


DAMAGE: dict[str, Callable[[Path], bytes]] = {
    "cut": lambda file: file.read_bytes()[:-7],
    "empty": lambda file: b"",
    "one letter": lambda file: file.read_bytes().replace(b"findings", b"findingz"),
    "not JSON": lambda file: _whole(file.name, b"{"),
    "deep": lambda file: _whole(file.name, b"[" * 100_000),
    "not UTF-8": lambda file: _whole(file.name, b"\xff"),
    "no object": lambda file: _whole(file.name, b"[]"),
    "a finding of another form": lambda file: _forged(file, lambda about: about["findings"].append({"code": 1})),
    "a task of another form": lambda file: _forged(file, lambda about: about["summaries"].append([1, {"id": "x", "tasks": [{}]}])),
    "no summaries": lambda file: _forged(file, lambda about: about.pop("summaries")),
    "a path of another type": lambda file: _forged(file, lambda about: about["looked"].append([["content"], {}, 3])),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_damaged_and_forged_entries_are_passed_over(what: str, kept: Kept) -> None:
    ids = kept.ids()
    for file in kept.entries():
        file.write_bytes(DAMAGE[what](file))
    assert kept.ids() == ids
    assert sorted(kept.traced) == DAG_FILES


def test_models_of_another_form_are_passed_over(kept: Kept) -> None:
    for file in kept.entries():
        file.write_bytes(_whole(file.name, file.read_bytes().split(b"\n")[1], b'{"id": "x"}'))
    assert len([workflow for part in kept.parts(plain=False) for workflow in part.workflows]) == 7
    assert sorted(kept.traced) == DAG_FILES


def test_an_entry_under_another_name_is_passed_over(kept: Kept) -> None:
    ids = kept.ids()
    texts = [file.read_bytes() for file in kept.entries()]
    for file, text in zip(kept.entries(), texts[1:] + texts[:1], strict=True):
        file.write_bytes(text)
    assert kept.ids() == ids


def test_a_file_that_is_out_of_time_gets_another_chance(kept: Kept) -> None:
    kept.write("slow.py", HEAD + "while True:\n    pass\n")
    assert "slow.py" in kept.read(seconds=1.0)
    assert kept.read(seconds=1.0) == ["slow.py"]


def test_what_holds_for_the_day_of_reading_is_kept_for_that_day(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "import datetime\nwith DAG('today'):\n    EmptyOperator(task_id='a', doc=str(datetime.datetime.now()))\n"
    kept.write("today.py", HEAD + text)
    assert kept.read() == ["today.py"]
    assert kept.read() == []
    monkeypatch.setattr(_kept, "_today", lambda: "2100-01-01")
    assert kept.read() == ["today.py"]


def test_what_is_read_with_connections_is_not_kept(kept: Kept) -> None:
    before = kept.entries()
    assert kept.read(connections={"db": {"password": "hunter2"}}) == DAG_FILES
    assert kept.entries() == before


def test_a_folder_that_others_can_write_is_not_used(kept: Kept) -> None:
    kept.cache.chmod(0o777)
    assert kept.read() == DAG_FILES
    kept.cache.chmod(0o700)
    assert kept.read() == []


def test_a_file_that_changed_just_now_is_not_kept(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cache, "_SETTLED", 3600 * 10**9)
    kept.write("plain.py", FILES["plain.py"] + "# new\n")
    assert kept.read() == ["plain.py"]
    assert kept.read() == ["plain.py"]


def test_the_oldest_are_removed_when_there_is_too_much(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_cache, "MOST_BYTES", sum(file.stat().st_size for file in kept.entries()))
    assert kept.read(version="2.9") == DAG_FILES
    assert sum(file.stat().st_size for file in kept.entries()) <= _cache.MOST_BYTES
    assert kept.read(version="2.9") == []


def test_two_at_once(tmp_path: Path, kept: Kept) -> None:
    command = [sys.executable, "-m", "workbook_lib.cli", "read", str(kept.folder), "--json"]
    environment = os.environ | {"WORKBOOK_CACHE": str(tmp_path / "both")}
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) for _ in range(2)]
    first, second = (json.loads(process.communicate(timeout=120)[0]) for process in running)
    third = json.loads(subprocess.run(command, env=environment, capture_output=True, timeout=120).stdout)
    assert len(first["workflows"]) == 7
    assert first == second == third
    assert [one.name for one in (tmp_path / "both" / "readings").iterdir() if one.name.startswith(".")] == []
