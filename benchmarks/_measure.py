"""Whole commands, from the start of the process to its end: time and the memory of the process with all its children."""

from __future__ import annotations

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_EVERY = 0.02  # seconds between two looks at the memory


@dataclass(frozen=True)
class Command:
    """What is run, with variables added to the environment; `name` is what the table calls it."""

    name: str
    words: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """The variables of a measured process: compiled modules may be kept, as they are for a user."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | dict(more)


def seconds(command: Command) -> float:
    """Wall time of one run; CalledProcessError when it ends badly (1 is the status for findings)."""
    began = time.perf_counter()
    done = subprocess.run(command.words, env=environment(command.environment), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    taken = time.perf_counter() - began
    if done.returncode not in (0, 1):
        raise subprocess.CalledProcessError(done.returncode, list(command.words), stderr=done.stderr.decode(errors="replace")[-500:])
    return taken


def times(commands: Sequence[Command], runs: int) -> dict[str, list[float]]:
    """Seconds of each command's runs, one command after the other in each round, so that a slow minute meets all of them."""
    for command in commands:
        seconds(command)  # not counted: what is compiled and cached once
    found: dict[str, list[float]] = {command.name: [] for command in commands}
    for _ in range(runs):
        for command in commands:
            found[command.name].append(seconds(command))
    return found


def peak(command: Command) -> int:
    """Bytes of memory of the process and all below it at their highest together, pages that they share counted once."""
    process = subprocess.Popen(command.words, env=environment(command.environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    highest = 0
    done = threading.Event()

    def look() -> None:
        nonlocal highest
        while not done.is_set():
            highest = max(highest, sum(_proportional(pid) for pid in _tree(process.pid)))
            time.sleep(_EVERY)

    watching = threading.Thread(target=look)
    watching.start()
    process.wait()
    done.set()
    watching.join()
    return highest


def _tree(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        try:
            for task in os.listdir(f"/proc/{one}/task"):
                found += map(int, Path(f"/proc/{one}/task/{task}/children").read_text().split())
        except OSError:
            continue
    return found


def _proportional(pid: int) -> int:
    """The process's share of memory: proportional set size, where the kernel tells it, else resident."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def spread(values: Sequence[float]) -> str:
    """Lowest, median and highest."""
    return f"{min(values):8.3f} {statistics.median(values):8.3f} {max(values):8.3f}"


def machine() -> str:
    """The machine in one line."""
    model = next((line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "unknown processor")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return f"{model}, {cores} cores, {memory:.0f} GiB, Linux {os.uname().release.split('-')[0]}, load before the run {load:.1f}"


def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_text().splitlines()
    except OSError:
        return []
