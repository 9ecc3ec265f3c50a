"""The table in the room's README, made of the JSON document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

README = Path(__file__).resolve().parents[4] / "workbook_lib" / "sources" / "airflow" / "README.md"
BEGIN, END = "<!-- corpus table: written by `make corpus` -->", "<!-- end of the corpus table -->"


def table(document: dict[str, Any]) -> str:
    """The rows as Markdown, with a sum."""
    engines = document["engines"]
    titles = ["package", "version", "files", "DAGs", "tasks", *(title for one in engines for title in (f"import in {one}", "equal"))]
    rows = [[row["package"], row["version"] + (" (archive)" if row["form"] == "sdist" else ""), *_numbers(row, engines)] for row in document["packages"]]
    sums = [sum(int(row[column]) for row in rows) for column in range(2, len(titles))]
    lines = [titles, ["---", "---", *["--:"] * len(sums)], *rows, ["**all**", "", *sums]]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _numbers(row: dict[str, Any], engines: list[str]) -> list[int]:
    entries = list(row["files"].values())
    counts = [len(entries), sum(entry["dags"] for entry in entries), sum(entry["tasks"] for entry in entries)]
    for engine in engines:
        counts += [sum(engine in entry for entry in entries), sum(entry.get(engine) == "equal" for entry in entries)]
    return counts


def write_table(document: dict[str, Any]) -> None:
    """Put the table between its marks."""
    text = README.read_text()
    before, rest = text.split(BEGIN)
    README.write_text(f"{before}{BEGIN}\n{table(document)}\n{END}{rest.split(END)[1]}")
