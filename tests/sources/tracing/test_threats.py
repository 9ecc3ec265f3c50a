"""Every threat, with all layers, with each layer that is said to stop it alone, and with none, when the harm must be seen."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from threats import INPUT, THREATS, Threat

from workbook_lib.sources._types import ReadOptions
from workbook_lib.sources.airflow import _read
from workbook_lib.sources.airflow._raw import RawFile
from workbook_lib.sources.tracing import Job, Tracer, _client, _landlock, _layers

HERE = Path(__file__).parent
GOOD = """
from airflow import DAG
from airflow.operators.bash import BashOperator
with DAG("good", doc_md="text"):
    BashOperator(task_id="a", bash_command="echo") >> BashOperator(task_id="b", bash_command="echo")
"""
HEAD, TAIL = "from airflow import DAG\nfound = ''\n", "\nwith DAG('threat', description=str(found)):\n    pass\n"
BY_NAME = {threat.name: threat for threat in THREATS}
ALONE = [(threat.name, layer) for threat in THREATS for layer in threat.layers]


class World:
    """A throwaway folder with what threats reach for, and what they did to it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.dags, self.kept, secrets = folder / "dags", folder / "kept", folder / "home" / ".aws"
        for path in (self.dags, self.kept, secrets):
            path.mkdir(parents=True)
        (self.kept / "victim").write_text("mine")
        (secrets / "credentials").write_text("HARM")
        (self.dags / "link").symlink_to(secrets / "credentials")
        (self.dags / "good.py").write_text(GOOD)
        self.threat = BY_NAME[name]
        self.file = self.dags / "a_threat.py"
        self.listeners = [socket.create_server(("127.0.0.1", 0)), *(socket.socket(kind, how) for kind, how in _OTHER_SOCKETS)]
        self.listeners[1].bind(("127.0.0.1", 0))
        self.listeners[2].bind(os.path.relpath(folder / "s"))
        self.listeners[3].bind(f"\0{folder}" if sys.platform == "linux" else str(folder / "abstract"))
        for listener in self.listeners:
            listener.settimeout(0)
        for listener in self.listeners[2:]:
            listener.listen()
        asleep = [sys.executable, "-S", "-c", "import time; time.sleep(100)"]
        self.sleeper = subprocess.Popen(asleep) if re.search(r"\{(sleeper|parent)\}", self.threat.body) else None

    def lay(self, megabytes: int = 1000, parent: bool = True) -> None:
        """Write the threat's file."""
        words: dict[str, Any] = {"canary": str(self.kept / "canary"), "victim": str(self.kept / "victim"), "kept": str(self.kept)}
        words |= {"secret": str(self.folder / "home/.aws/credentials"), "unix": str(self.folder / "s"), "abstract": str(self.folder)}
        words |= {"port": self.listeners[0].getsockname()[1], "udp": self.listeners[1].getsockname()[1], "megabytes": megabytes}
        words |= {"sleeper": self.sleeper.pid if self.sleeper else 0}
        words["parent"] = "os.getppid()" if parent else words["sleeper"]
        self.file.write_text(HEAD + self.threat.body.format(**words) + TAIL)
        self.before = self.state()

    def state(self) -> list[tuple[str, ...]]:
        """All files that are not the reading's own."""
        paths = sorted([*self.kept.rglob("*"), *self.dags.rglob("*"), self.folder / "home/.aws/credentials", self.kept])
        return [(str(path), *map(str, _facts(path))) for path in paths if path != self.kept or path.exists()]

    def harms(self) -> Iterator[str]:
        """What was done to it."""
        if self.state() != self.before:
            yield "files"
        for listener in self.listeners:
            with suppress(OSError):
                listener.recv(10) if listener.type == socket.SOCK_DGRAM else listener.accept()[0].close()
                yield "network"
        with suppress(subprocess.TimeoutExpired):
            if self.sleeper is not None and self.sleeper.wait(0.05) is not None:
                yield "another process"

    def close(self) -> None:
        for listener in self.listeners:
            listener.close()
        if self.sleeper is not None:
            self.sleeper.kill()
            self.sleeper.wait()


_OTHER_SOCKETS = ((socket.AF_INET, socket.SOCK_DGRAM), (socket.AF_UNIX, socket.SOCK_STREAM), (socket.AF_UNIX, socket.SOCK_STREAM))


def _facts(path: Path) -> tuple[Any, ...]:
    facts = path.lstat()
    return facts.st_mode, facts.st_size, facts.st_nlink, 0 if path.is_dir() else facts.st_mtime_ns


class Readers:
    """Servers whose processes and files can be told from all others: their environment, which is inherited, names `scratch`."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.shared = Tracer("airflow", 1)
        self.good: dict[str, Any] = {}
        self.whole: RawFile

    def processes(self) -> set[int]:
        """All processes that come from these servers, and these."""
        mark = b"TMPDIR=" + os.fsencode(self.scratch) + b"\0"
        found = set()
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (folder / "environ").read_bytes() and "State:\tZ" not in (folder / "status").read_text():
                    found.add(int(folder.name))
        return found

    def left(self) -> list[str]:
        """What is left in the folder for temporary files."""
        return sorted(path.name for path in self.scratch.iterdir())


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Readers]:
    scratch = tmp_path_factory.mktemp("scratch")
    made = Readers(scratch)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_client, "ENVIRONMENT", _client.ENVIRONMENT | {"TMPDIR": str(scratch), "WORKBOOK_CANARY": "HARM"})
        good = scratch.parent / "good.py"
        good.write_text(GOOD)
        reply = made.shared.trace(_job(good, BY_NAME["write"], _layers.LAYERS))
        made.good = _plain(reply.answer)
        made.whole = RawFile.model_validate(reply.answer)
        assert [dag["id"] for dag in made.good["dags"]] == ["good"]
        yield made
        made.shared.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Callable[[str], World]]:
    made: list[World] = []

    def make(name: str) -> World:
        made.append(World(tmp_path, name))
        return made[-1]

    yield make
    for one in made:
        one.close()


def _job(file: Path, threat: Threat, layers: tuple[str, ...]) -> Job:
    folder = str(file.parent)
    return Job(
        file=str(file), shown=file.name, base=folder, roots=(folder,), readable=(folder,),
        seconds=threat.seconds, memory=threat.memory_mb << 20, layers=layers,
    )  # fmt: skip


def _same(raw: RawFile, folder: Path) -> str:
    return json.dumps([dag.model_dump(mode="json") for dag in raw.dags]).replace(f"{folder}/", "")


def _plain(answer: Any) -> Any:
    return {key: value for key, value in answer.items() if key not in ("seconds", "file")} if isinstance(answer, dict) else answer


def harms_of(world: World, readers: Readers, tracer: Tracer, layers: tuple[str, ...]) -> list[str]:
    """What a threat did, as far as these layers let it."""
    found: list[str] = []
    before = readers.processes()
    try:
        reply = tracer.trace(_job(world.file, world.threat, layers))
        if "HARM" in json.dumps(reply.answer):
            found.append("told")
        good = tracer.trace(replace(_job(world.dags / "good.py", world.threat, layers), seconds=10.0))
        if _plain(good.answer) != readers.good:
            found.append("other files")
    except Exception:  # whatever breaks the reading as a whole
        found.append("the reader")
    started = readers.processes() - before
    if len(started) > (0 if before else 1):
        found.append("processes")
    if world.threat.name == "thread left running":
        time.sleep(0.8)
    return [*found, *world.harms()]


@pytest.mark.parametrize("name", BY_NAME)
def test_with_all_layers_nothing_happens_but_a_finding(name: str, world: Callable[[str], World], readers: Readers) -> None:
    made = world(name)
    made.lay()
    threat = made.threat
    options = ReadOptions(seconds=threat.seconds, memory_mb=threat.memory_mb)
    before = readers.processes()
    raws, findings, _ = _read.trace([made.dags], options, readers.shared)
    here = next((number for number, line in enumerate(made.file.read_text().splitlines(), 1) if line.endswith("# here")), None)
    assert (threat.finding is None) == bool(threat.silent)
    told = {(finding.code, finding.file, finding.line) for finding in findings}
    if threat.finding is not None:
        assert (threat.finding, str(made.file), here) in told
    else:
        assert told == set()
    assert {finding.file for finding in findings} <= {str(made.file)}
    if threat.silent is INPUT:
        asked = {(one.kind, one.name): one.places for raw in raws for one in raw.asked}
        assert asked == {("environment", "WORKBOOK_CANARY"): (f"{made.file}:{here}",)}
    by_file = {Path(raw.file).name: raw for raw in raws}
    assert _same(by_file["good.py"], made.dags) == _same(readers.whole, Path())
    assert [dag.description for dag in by_file.get("a_threat.py", by_file["good.py"]).dags if "HARM" in str(dag.description)] == []
    assert readers.processes() == before
    if name == "thread left running":
        time.sleep(0.8)
    assert list(made.harms()) == []
    assert readers.left() == []


@pytest.mark.parametrize(("name", "layer"), ALONE)
def test_a_layer_alone_stops_it(name: str, layer: str, world: Callable[[str], World], readers: Readers) -> None:
    if layer == "landlock" and _landlock.version() < BY_NAME[name].landlock:
        pytest.skip(f"the kernel's Landlock is older than version {BY_NAME[name].landlock}")
    if layer in _layers.missing():
        pytest.skip(f"this machine has no {layer}")
    made = world(name)
    made.lay()
    assert harms_of(made, readers, readers.shared, tuple(dict.fromkeys(("process", layer)))) == []
    assert readers.left() == []


@pytest.mark.parametrize("name", BY_NAME)
def test_without_any_layer_the_harm_is_seen(name: str, world: Callable[[str], World], readers: Readers) -> None:
    made = world(name)
    made.lay(megabytes=3, parent=False)  # its parent is this very process
    with Tracer("airflow", 1) as tracer:
        found = harms_of(made, readers, tracer, ())
        process = tracer._process
    found += made.harms()
    for left in readers.processes() - {process.pid if process else 0} - _servers(readers):
        os.kill(left, 9)
    for left_file in readers.left():
        found.append("files left")
        subprocess.run(["rm", "-rf", str(readers.scratch / left_file)], check=True)
    assert found != []


def _servers(readers: Readers) -> set[int]:
    return {readers.shared._process.pid} if readers.shared._process is not None else set()
