"""The tables of `docs/conversion.md`, made of the JSON document."""

from __future__ import annotations

import collections
import re
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[3] / "docs" / "conversion.md"
BEGIN, END = "<!-- conversion: written by tests/corpus/airflow/conversion/convert.py -->", "<!-- end of the conversion -->"
TITLES = (
    "from",
    "version",
    "projects",
    "DAGs",
    "tasks",
    "converted",
    "import",
    "ruff finds nothing",
    "read back equal",
    "not comparable",
    "different",
)

# Why a task is a placeholder, by what its finding says: the first that fits.
REASONS = (
    (r"no rule for|no rule writes", "no rule for the operator"),
    (r"needs a decision: a Prefect block", "a connection, for which a place has to be chosen"),
    (r"template .* is not understood", "a template that is not understood"),
    (r"is given to a task that", "an output of a mapped task in a form that is not known"),
    (r"mapped", "mapping in a form that is not known"),
    (r"is no function whose source|has no source", "a function without source"),
    (r"Airflow|airflow|hook", "a function that needs Airflow"),
    (r"own `?execute", "an operator's own `execute`"),
    (r"argument", "an argument that its rule does not cover"),
)


def reason_of(message: str) -> str:
    """The kind of reason that a placeholder's finding gives."""
    told = message.partition(" is not converted: ")[2] or message
    return next((kind for pattern, kind in REASONS if re.search(pattern, told)), "other")


def plain(problem: str) -> str:
    """What is wrong, without the names in it: so that the same thing is one thing."""
    return re.sub(r"'[^']*'|`[^`]*`|(?<=: )[\w.-]+(?=: )|\b\d+\b", "…", problem)[:160]


def _lines(rows: list[Any]) -> str:
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)


def _numbers(row: dict[str, Any]) -> list[int]:
    passed = [row["projects"] - row["failed"][gate] for gate in ("import", "ruff")]
    told = row["structure"]
    verdicts = [told.get(verdict, 0) for verdict in ("equal", "not comparable", "different")]
    return [row["projects"], row["dags"], row["tasks"], row["converted"], *passed, *verdicts]


def table(rows: list[dict[str, Any]]) -> str:
    """A row for each package or repository, and a sum."""
    counted = [_numbers(row) for row in rows]
    sums = [sum(column) for column in zip(*counted, strict=True)]
    body = [[row["name"], row["version"], *numbers] for row, numbers in zip(rows, counted, strict=True)]
    return _lines([TITLES, ["---", "---", *["--:"] * len(sums)], *body, ["**all**", "", *sums]])


def placeholders(document: dict[str, Any]) -> str:
    """Why tasks are placeholders, in the packages and in the repositories."""
    sides = [collections.Counter[str](), collections.Counter[str]()]
    for side, name in zip(sides, ("packages", "repositories"), strict=True):
        for row in document[name]:
            side.update(row["placeholders"])
    kinds = sorted(sides[0] | sides[1], key=lambda kind: (-(sides[0][kind] + sides[1][kind]), kind))
    return _lines(
        [("reason", "packages", "repositories"), ("---", "--:", "--:"), *([kind, sides[0][kind], sides[1][kind]] for kind in kinds)]
    )


# What a DAG's structure is not comparable for: the words that many share, up to where names begin or the kept text ends.
_SHARED = re.compile(r"(not comparable …: on_\w+ … is not carried over)\b.*")


def remaining(document: dict[str, Any]) -> str:
    """What does not pass: how many projects (of the structure: DAGs), and what is told."""
    found: set[tuple[str, str, str]] = set()
    for row in (*document["packages"], *document["repositories"]):
        for wrong in row["wrong"].values():
            for gate, problems in wrong.items():
                named = [problem.split(": ", 1) if gate == "structure" else ("", problem) for problem in problems]
                found.update({(gate, name, _SHARED.sub(r"\1", problem)) for name, problem in named})
    told = collections.Counter((gate, problem) for gate, _, problem in found)
    rows = [
        (gate, number, problem) for (gate, problem), number in sorted(told.items(), key=lambda pair: (pair[0][0], -pair[1], pair[0][1]))
    ]
    return _lines([("gate", "projects or DAGs", "what it says"), ("---", "--:", "---"), *rows]) if rows else "Nothing."


def section(document: dict[str, Any]) -> str:
    """All that stands between the marks."""
    return "\n\n".join([
        "Packages, a project for each file that gives DAGs:",
        table(document["packages"]),
        *(["Public repositories, a project for each:", table(document["repositories"])] if document["repositories"] else []),
        "Why tasks are placeholders:",
        placeholders(document),
        "What does not pass:",
        remaining(document),
    ])  # fmt: skip


def write_page(document: dict[str, Any]) -> None:
    """Put it between its marks."""
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{section(document)}\n{END}{rest.split(END)[1]}")
