"""What a user waits for, as ratios within one run: `make bench`, or parts of it by name.

    python -m benchmarks [examples] [many] [linear] [again] [steps] [flows] [graph] [--runs N] [--pairs N] [--files N] [--more N]

Seconds are of whole processes, lowest, median and highest of N runs in turn; ratios are of medians. Memory is that of all processes of a
command together, at their highest.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import _corpus, _measure
from benchmarks._measure import Command
from workbook_lib.errors import EngineError
from workbook_lib.sources.airflow.engine import environment

_HERE = Path(__file__).parent
_MIB = 2**20
_PACKAGES = ("asyncio", "jinja2", "pendulum", "pydantic.main", "yaml")  # what a reading needs of others: for its files, and for its model


def _read(name: str, *paths: object, cache: Path | None = None, options: Sequence[str] = ("--json",)) -> Command:
    words = [sys.executable, "-m", "workbook_lib.cli", "read", *map(str, paths), *options, *(() if cache else ("--no-cache",))]
    return Command(name, words, {"WORKBOOK_CACHE": str(cache)} if cache else {})


class Bench:
    """The sections; each prints its lines."""

    def __init__(self, runs: int, files: int, more: int, pairs: int, work: Path) -> None:
        self.runs, self.files, self.more, self.pairs, self.work = runs, files, more, pairs, work

    def examples(self) -> None:
        """Airflow's own example DAGs: its DagBag against the reading, in time and memory."""
        found = self._engine()
        if found is None:
            return
        python, folder = found
        home = self.work / "home"
        home.mkdir()
        quiet = {"AIRFLOW_HOME": str(home), "HOME": str(home)}
        dagbag = Command("DagBag", [python, str(_HERE / "_dagbag.py"), folder], quiet)
        reading = _read("read", folder)
        floor = Command("compile + fork", [sys.executable, "-I", "-S", str(_HERE / "_floor.py"), folder])
        large = Command("compile + fork, packages imported", [sys.executable, "-I", str(_HERE / "_floor.py"), folder, *_PACKAGES])
        taken = self._times([dagbag, reading, floor, large])
        _ratio("DagBag / read", taken["DagBag"], taken["read"], "at least 15")
        _ratio("DagBag / (compile + fork)", taken["DagBag"], taken[floor.name], "one after the other, nothing else done")
        _ratio("DagBag / the same, packages imported", taken["DagBag"], taken[large.name], f"{', '.join(_PACKAGES)}")
        bag, own = _measure.peak(dagbag), _measure.peak(reading)
        print(f"  peak memory, MiB: DagBag {bag / _MIB:.0f}, read {own / _MIB:.0f}; read / DagBag {own / bag:.2f} (at most 0.25)")

    def many(self) -> None:
        """Files of real size: the reading against one fork and one compile() a file."""
        folder, lines = self._corpus(self.files)
        print(f"  {self.files} files of {lines / self.files:.0f} lines")
        floor = Command("compile + fork", [sys.executable, "-I", "-S", str(_HERE / "_floor.py"), str(folder)])
        taken = self._times([floor, _read("read", folder)])
        _ratio("read / (compile + fork)", taken["read"], taken["compile + fork"], "at most 8")

    def linear(self) -> None:
        """Five times as many files: time a file, and memory while lines are printed."""
        (few, _), (many, _) = self._corpus(self.files), self._corpus(self.more)
        small = _read(f"{self.files} files", few, options=("--jsonl",))
        large = _read(f"{self.more} files", many, options=("--jsonl",))
        taken = self._times([small, large], min(self.runs, 3))
        a, b = (statistics.median(taken[name]) / count for name, count in ((small.name, self.files), (large.name, self.more)))
        print(f"  milliseconds a file: {a * 1000:.1f} and {b * 1000:.1f}; the second / the first {b / a:.2f} (1 is linear)")
        least, most = _measure.peak(small), _measure.peak(large)
        print(f"  peak memory, MiB: {least / _MIB:.0f} and {most / _MIB:.0f}; the second / the first {most / least:.2f} (1 is flat)")

    def again(self) -> None:
        """A folder that did not change, from the cache, against the same without."""
        folder, _ = self._corpus(self.files)
        taken = self._times([_read("without", folder), _read("from the cache", folder, cache=self.work / "cache")])
        _ratio("without / from the cache", taken["without"], taken["from the cache"], "at least 10")

    def steps(self) -> None:
        """The library's own steps, in one process: best of three."""
        from benchmarks._steps import steps

        print("\n".join(steps()))

    def flows(self) -> None:
        """Generated flows against flows written by hand, in turn against one server: 20 pairs; and Airflow's dag.test() on the same."""
        from benchmarks._flows import lines

        found = self._engine()
        lines(self.work / "flows", self.pairs, found[0] if found else None)

    def graph(self) -> None:
        """The graph widget's program in Chromium: a large graph from its message to the painted page, and moved about."""
        from benchmarks._graph import lines

        lines(self.work / "graph", runs=min(self.runs, 3))

    def _times(self, commands: Sequence[Command], runs: int | None = None) -> dict[str, list[float]]:
        taken = _measure.times(commands, runs or self.runs)
        for name, values in taken.items():
            print(f"  {name:44} {_measure.spread(values)}")
        return taken

    def _corpus(self, count: int) -> tuple[Path, int]:
        folder = self.work / f"corpus-{count}"
        if not folder.exists():
            _corpus.write(folder, count)
        return folder, sum(file.read_text(encoding="utf-8").count("\n") for file in folder.rglob("*.py"))

    def _engine(self) -> tuple[str, str] | None:
        try:
            python = str(environment().python)
            told = subprocess.run([python, str(_HERE / "_dagbag.py")], capture_output=True, text=True, check=True)
        except (EngineError, OSError, subprocess.CalledProcessError) as error:
            print(f"  left out, Airflow is not there: {' '.join(str(error).split())}")
            return None
        return python, told.stdout.strip()


def _ratio(what: str, above: list[float], below: list[float], wanted: str) -> None:
    pairs = sorted(a / b for a, b in zip(above, below, strict=True))
    middle = statistics.median(above) / statistics.median(below)
    print(f"  {what:44} {pairs[0]:8.2f} {middle:8.2f} {pairs[-1]:8.2f}   {wanted}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks")
    names = ["examples", "many", "linear", "again", "steps", "flows", "graph"]
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"some of {', '.join(names)}; all of them by default")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--more", type=int, default=5000)
    parser.add_argument("--pairs", type=int, default=20)
    given = parser.parse_args()
    unknown = [name for name in given.sections if name not in names]
    if unknown:
        parser.error(f"unknown section {unknown[0]!r}; known: {', '.join(names)}")
    print(f"{_measure.machine()}; Python {sys.version.split()[0]}; {given.runs} runs in turn: lowest, median, highest, in seconds")
    with tempfile.TemporaryDirectory(prefix="workbook-bench-") as work:
        bench = Bench(given.runs, given.files, given.more, given.pairs, Path(work))
        for name in given.sections or names:
            section: Callable[[], None] = getattr(bench, name)
            print(f"{name}: {section.__doc__}", flush=True)
            section()


if __name__ == "__main__":
    main()
