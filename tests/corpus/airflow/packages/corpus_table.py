"""The table in the room's README, and the list of what is left below it, made of the JSON document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
README = HERE.parents[3] / "workbook_lib" / "sources" / "airflow" / "README.md"
BEGIN, END = "<!-- corpus table: written by `make corpus` -->", "<!-- end of the corpus table -->"
REASONS: dict[str, str] = json.loads((HERE / "reasons.json").read_text())  # file -> why it differs, or cannot be read


def table(document: dict[str, Any]) -> str:
    """The rows as Markdown, with a sum."""
    engines = document["engines"]
    titles = ["package", "version", "files", "DAGs", "tasks", *(title for one in engines for title in (f"import in {one}", "equal"))]
    rows = [[row["package"], _version(row), *_numbers(row, engines)] for row in document["packages"]]
    sums = [sum(int(row[column]) for row in rows) for column in range(2, len(titles))]
    lines = [titles, ["---", "---", *["--:"] * len(sums)], *rows, ["**all**", "", *sums]]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _version(row: dict[str, Any]) -> str:
    return f"{row['version']} (sdist)" if row["form"] == "sdist" else str(row["version"])


def _numbers(row: dict[str, Any], engines: list[str]) -> list[int]:
    entries = list(row["files"].values())
    counts = [len(entries), sum(entry["dags"] for entry in entries), sum(entry["tasks"] for entry in entries)]
    for engine in engines:
        counts += [sum(engine in entry for entry in entries), sum(entry.get(engine) == "equal" for entry in entries)]
    return counts


def left(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What differs, and what gave an error: package with version, file, how."""
    found = []
    for row in document["packages"]:
        for name, entry in sorted(row["files"].items()):
            differs = [f"differs from {engine}" for engine in document["engines"] if entry.get(engine) == "differs"]
            how = ", ".join([*differs, *(f"`{code}`" for code in entry.get("errors", []))])
            if how:
                found.append((f"{row['package']} {row['version']}", name, how))
    return found


def remaining(document: dict[str, Any]) -> str:
    """The same as Markdown, with the reasons."""
    lines = [("package", "file", "what", "reason"), ("---",) * 4]
    lines += [(package, f"`{name.rpartition('/')[2]}`", how, REASONS.get(name, "?")) for package, name, how in left(document)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def section(document: dict[str, Any]) -> str:
    """All that stands between the marks."""
    return f"{table(document)}\n\nWhat is left, of these files:\n\n{remaining(document)}"


def write_table(document: dict[str, Any]) -> None:
    """Put it between its marks."""
    text = README.read_text()
    before, rest = text.split(BEGIN)
    README.write_text(f"{before}{BEGIN}\n{section(document)}\n{END}{rest.split(END)[1]}")
