"""Imports generated projects where only Prefect is installed: `python conversion_importing.py JOB.json OUT.jsonl`.

The job names `projects` (folder -> modules to import, packages that the project declares). Prefect is imported once; forks import the projects in
an empty folder. There, only the standard library, what Prefect itself needs and the project exist; a package that the project declares is a
stand-in. Connections, other programs and writes are refused, and told also when the project swallows the refusal.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import json
import os
import re
import signal
import sys
import tempfile
import traceback
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

SECONDS = 60  # of one project
TOGETHER = 50  # projects that one process imports after each other
# What projects import of Prefect, imported once.
KNOWN = (
    "prefect.main", "prefect.flows", "prefect.tasks", "prefect.task_runners", "prefect.futures", "prefect.variables", "prefect.deployments",
    "prefect.concurrency.sync", "prefect.runtime", "prefect.states", "prefect.exceptions",
)  # fmt: skip
# https://docs.python.org/3/library/audit_events.html: what reaches out of the process.
REFUSED = (
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.sendto",
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
)
WRITING = ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink", "os.link", "shutil.rmtree", "os.truncate")


def prefects_own() -> frozenset[str]:
    """The top-level modules of Prefect and of all that it needs."""
    by_distribution: dict[str, list[str]] = {}
    for module, owners in importlib.metadata.packages_distributions().items():
        for owner in owners:
            by_distribution.setdefault(_plain(owner), []).append(module)
    found: set[str] = set()
    pending, seen = ["prefect"], set()
    while pending:
        name = _plain(pending.pop())
        if name in seen:
            continue
        seen.add(name)
        found.update(by_distribution.get(name, ()))
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            # Extras are followed too: which of them are meant is more than this has to know.
            pending += [
                re.split(r"[^\w.-]", line.strip(), maxsplit=1)[0]
                for line in importlib.metadata.requires(name) or ()
                if "extra ==" not in line
            ]
    return frozenset(found)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _anything(self: object, name: str) -> object:
    if name.startswith("__"):
        raise AttributeError(name)
    return self


class Anything(type):
    """A class that has every attribute."""

    __getattr__ = _anything


class StandIn(types.ModuleType):
    """A package that the project declares: every name exists, as a class that takes anything."""

    __path__: Sequence[str] = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = Anything(
            name, (Exception,), {"__init__": lambda self, *a, **k: None, "__getattr__": _anything, "__call__": lambda self, *a, **k: self}
        )
        setattr(self, name, made)
        return made


def _asking() -> str:
    """The file that asks for an import: what Prefect itself tries is no fault of a project."""
    frame = sys._getframe(2)
    while frame.f_back is not None and "importlib" in frame.f_code.co_filename:
        frame = frame.f_back
    return frame.f_code.co_filename


class OnlyPrefect(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Lets nothing be imported that neither Prefect brings nor the project declares."""

    def __init__(self) -> None:
        self.known = prefects_own() | sys.stdlib_module_names | {"flows", "shared"}
        self.project = ""
        self.declared: frozenset[str] = frozenset()
        self.asked: list[str] = []  # what was refused, also when the project swallows it
        self.stood_in: set[str] = set()

    def find_spec(self, name: str, path: object = None, target: object = None) -> importlib.machinery.ModuleSpec | None:
        top = name.partition(".")[0]
        if top in ("airflow", "workbook_lib") or top not in self.known | self.declared:
            if self.project and _asking().startswith(self.project):
                self.asked.append(name)
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if top in self.declared and top not in self.known:
            self.stood_in.add(top)
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return StandIn(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        return None


class Watch:
    """What an audit hook sees while a project is imported; a hook cannot be taken away, so it is told when to look."""

    def __init__(self) -> None:
        self.told: list[str] | None = None
        sys.addaudithook(self)

    def __call__(self, event: str, given: tuple[Any, ...]) -> None:
        if self.told is None:
            return
        writes = event == "open" and isinstance(given[1], str) and set(given[1]) & set("wax+") and str(given[0]) != os.devnull
        if event in REFUSED or event in WRITING or writes:
            self.told.append(f"{event} {given[0] if event == 'open' else ''}".strip())
            raise PermissionError(f"importing a project must not do this: {event}")


def imported(project: str, modules: list[str], finder: OnlyPrefect, watch: Watch) -> dict[str, Any]:
    """What happens when all modules of a project are imported, in this process; they are forgotten again."""
    sys.path.insert(0, project)
    watch.told = told = []
    finder.asked, finder.stood_in = [], set()
    errors = []
    for name in modules:
        try:
            importlib.import_module(name)
        except BaseException as error:
            frames = reversed(traceback.extract_tb(error.__traceback__))
            line = next((f"{Path(f.filename).name}:{f.lineno}" for f in frames if f.filename.startswith(project)), name)
            errors.append(f"{line}: {type(error).__name__}: {error}"[:300])
    watch.told = None
    left = sorted(name for name in sys.modules if name.partition(".")[0] in ("airflow", "workbook_lib"))
    sys.path.remove(project)
    stood_in = sorted(finder.stood_in)
    for name in [name for name in sys.modules if name.partition(".")[0] in ("flows", "shared", *stood_in)]:
        del sys.modules[name]
    importlib.invalidate_caches()
    return {"project": project, "errors": errors, "did": told, "refused": finder.asked, "left": left, "stood_in": stood_in}


def in_fork(projects: list[tuple[str, dict[str, Any]]], finder: OnlyPrefect, lines: TextIO) -> int:
    """Import some projects after each other in a process of their own; how many gave an answer."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        try:
            sys.dont_write_bytecode = True
            watch = Watch()
            with os.fdopen(writer, "w") as pipe:
                for project, given in projects:
                    signal.alarm(SECONDS)
                    finder.project, finder.declared = project, frozenset(given["declared"])
                    pipe.write(json.dumps(imported(project, given["modules"], finder, watch)) + "\n")
                    pipe.flush()
        finally:
            os._exit(0)
    os.close(writer)
    answered = 0
    with os.fdopen(reader) as pipe:
        for line in pipe:
            lines.write(line)
            answered += 1
    os.waitpid(pid, 0)
    return answered


def main(job_file: str, out: str) -> None:
    projects = list(json.loads(Path(job_file).read_text())["projects"].items())
    finder = OnlyPrefect()
    sys.meta_path.insert(0, finder)
    for name in KNOWN:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    with Path(out).open("w") as lines, tempfile.TemporaryDirectory() as empty:
        os.chdir(empty)
        while projects:
            answered = in_fork(projects[:TOGETHER], finder, lines)
            if answered < len(projects[:TOGETHER]):  # the next one ended the process
                lines.write(
                    json.dumps({"project": projects[answered][0], "errors": ["importing it ends the process, or takes too long"]}) + "\n"
                )
                answered += 1
            projects = projects[answered:]


if __name__ == "__main__":
    main(*sys.argv[1:])
