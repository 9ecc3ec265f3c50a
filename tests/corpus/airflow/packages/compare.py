"""Read the example and system-test DAGs of many packages, compare them with what Airflow makes of them, and write the table.

    make corpus                                  # or, with engines elsewhere or fewer packages:
    python tests/corpus/airflow/packages/compare.py [--engine PYTHON ...] [--only WORD ...] [--show]

Writes `corpus.json` (counts, structures as digests, ids of the differences that are left; no source) and the table in the room's README.
What was fetched and what the engines said is kept below `.cache/corpus` (or WORKBOOK_CACHE), so a second run takes a minute.
"""

from __future__ import annotations

import argparse
import collections
import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from corpus_engines import Engine, differences
from corpus_fetching import HERE, Package, fetch, packages, unique
from corpus_reading import digest, errors, is_answered, read
from corpus_table import write_table

from workbook_lib.sources.tracing import Tracer

RESULT = HERE / "corpus.json"


def compared(package: Package, files: dict[str, Path], engines: list[Engine], tracer: Tracer) -> dict[str, Any]:
    """One row: what was read, and how far the engines say the same."""
    readings = {None: read(package, files, None, tracer)}
    row: dict[str, Any] = {"package": package.name, "version": package.version, "form": package.form, "files": {}, "differences": []}
    said = [(engine, engine.ask(package, files)) for engine in engines]
    for engine, answers in said:
        as_other = [name for name in files if "error" not in answers[name] and readings[None][name]["version"] != engine.major]
        if as_other and engine.major not in readings:
            readings[engine.major] = read(package, files, engine.major, tracer)
    for name in files:
        mine = readings[None][name]
        entry: dict[str, Any] = {
            "dags": len(mine["dags"]),
            "tasks": sum(len(dag["tasks"]) for dag in mine["dags"]),
            "structure": digest(mine["dags"]),
        }
        if not is_answered(mine):
            entry["unanswered"] = True
        if errors(mine):
            entry["errors"] = sorted(set(errors(mine)))
        for engine, theirs in said:
            if "error" in theirs[name]:
                continue
            ours = readings[engine.major if mine["version"] != engine.major else None][name]
            rows = [{"file": name, "airflow": engine.version, **one} for one in differences(theirs[name]["dags"], ours["dags"])]
            entry[engine.version] = "differs" if rows or entry.get(engine.version) == "differs" else "equal"
            row["differences"] += [one for one in rows if one not in row["differences"]]
        row["files"][name] = entry
    return row


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", action="append", default=[], metavar="PYTHON", help="a Python with Airflow; several, also of one version, may be given")
    parser.add_argument("--only", action="append", default=[], metavar="WORD", help="packages with this in their name; nothing is written")
    parser.add_argument("--show", action="store_true", help="print every difference")
    given = parser.parse_args()
    if not given.engine and not given.only:
        parser.error("name at least one Python with Airflow (--engine): the table says what it was compared with. See engine-*.txt.")
    engines = [Engine(python) for python in given.engine]
    versions = sorted({engine.version for engine in engines})
    listed = packages()
    for package in listed:
        fetch(package)
    files = unique(listed)
    rows, started = [], time.monotonic()
    with Tracer("airflow") as tracer:
        for package in listed:
            if given.only and not any(word in package.key for word in given.only):
                continue
            row = compared(package, files[package.key], engines, tracer)
            rows.append(row)
            print(_line(row, versions), flush=True)
            if given.show:
                for one in row["differences"]:
                    print("   ", json.dumps(one), flush=True)
    print(f"{sum(len(row['files']) for row in rows)} files in {time.monotonic() - started:.0f} s")
    if not given.only:
        document = {"engines": sorted({engine.version for engine in engines}), "packages": rows}
        RESULT.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
        write_table(document)
    return 1 if any(row["differences"] for row in rows) else 0


def _line(row: dict[str, Any], versions: list[str]) -> str:
    entries = list(row["files"].values())
    states = collections.Counter((version, entry.get(version)) for entry in entries for version in versions)
    told = [f"{one}: {states[one, 'equal']} of {states[one, 'equal'] + states[one, 'differs']}" for one in versions]
    wrong = collections.Counter(code for entry in entries for code in entry.get("errors", []))
    silent = sum(entry.get("unanswered", False) for entry in entries)
    return f"{row['package']} {row['version']}: {len(entries)} files; equal {', '.join(told)}; {dict(wrong)}; without answer {silent}"


if __name__ == "__main__":
    sys.exit(main())
