"""The scoreboard: what the library's own verdict says of every bundled example DAG of each Airflow version.

    python tests/bundled/scoreboard.py    # from the last proofs (`pytest -m proof tests/bundled`) into scoreboard.json and the README

`scoreboard.json` holds a row a DAG; the proofs compare it with what both engines did, and the README's table is counted from it.
"""

from __future__ import annotations

import functools
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from workbook_lib.validation import Verdict

ROOT = Path(__file__).parents[2]
BOARD = Path(__file__).with_name("scoreboard.json")
README = ROOT / "README.md"
KEPT = ROOT / ".cache" / "proof" / "scoreboard"
VERSIONS = ("2.11.2", "3.3.2")
BLOCK = re.compile(r"(<!-- scoreboard: [^\n]*-->\n).*?(<!-- end -->)", re.DOTALL)
Row = dict[str, Any]


def row(verdict: Verdict, unsteady: str = "") -> Row:
    """What a verdict says, in few words: per aspect, of the real run, and how many rehearsals are equal of how many.

    `unsteady` says why Airflow's own real run proves nothing, if so.
    """
    rehearsals = [scenario for scenario in verdict.scenarios if scenario.kind == "rehearsal" and scenario.verdict is not None]
    unequal = {scenario.name: scenario.reason for scenario in rehearsals if str(scenario.verdict) != "equal"}
    real = next(scenario for scenario in verdict.scenarios if scenario.name == "real")
    found: Row = {
        "verdict": verdict.verdict,
        "structure": str(verdict.aspects.get("structure", "not comparable")),
        "schedule": str(verdict.aspects.get("schedule", "not comparable")),
        "rehearsals": len(rehearsals),
        "equal": len(rehearsals) - len(unequal),
        "real": str(real.verdict),
        "placeholders": len(verdict.placeholders),
    }
    if unequal:
        found["unequal"] = unequal
    if found["real"] != "equal":
        found["why"] = unsteady or real.reason
    schedule = next((judged for judged in verdict.tasks if judged.aspect == "schedule" and str(judged.verdict) != "equal"), None)
    if schedule is not None:
        found["why_schedule"] = schedule.reason
    return found


@functools.cache
def committed() -> dict[str, dict[str, Row]]:
    """The rows by version and DAG."""
    found: dict[str, dict[str, Row]] = json.loads(BOARD.read_text(encoding="utf-8"))
    return found


def keep(version: str, dag_id: str, found: Row) -> None:
    """Remember a row for the next scoreboard."""
    (KEPT / version).mkdir(parents=True, exist_ok=True)
    (KEPT / version / f"{dag_id}.json").write_text(json.dumps(found), encoding="utf-8")


def table(board: dict[str, dict[str, Row]]) -> str:
    """The README's table."""
    columns = [list(board[version].values()) for version in VERSIONS]
    lines = ["| Airflow | " + " | ".join(VERSIONS) + " |", "|---|" + "--:|" * len(VERSIONS)]
    lines += [f"| {name} | " + " | ".join(str(count(rows)) for rows in columns) + " |" for name, count in COUNTS.items()]
    return "\n".join(lines) + "\n"


def _where(part: str, value: str) -> Any:
    return lambda rows: sum(found[part] == value for found in rows)


def _sum(part: str) -> Any:
    return lambda rows: sum(found[part] for found in rows)


def _verdicts(start: str) -> Any:
    return lambda rows: sum(found["verdict"].startswith(start) for found in rows)


COUNTS = {
    "example DAGs, all read as Airflow's DagBag reads them": len,
    "written, imported by Prefect, and read back to the same graph": _where("structure", "equal"),
    "every rehearsal ends as in Airflow, task by task, placeholders included": lambda rows: sum(
        found["equal"] == found["rehearsals"] for found in rows
    ),
    "rehearsals compared": _sum("rehearsals"),
    "the real run gives Airflow's state and result for every task": _where("real", "equal"),
    "the real run is not comparable": _where("real", "not comparable"),
    "DAGs with a placeholder": lambda rows: sum(found["placeholders"] > 0 for found in rows),
    "tasks that are placeholders": _sum("placeholders"),
    "**verdict** equal": _where("verdict", "equal"),
    "equal in rehearsal, with placeholders": _verdicts("equal in rehearsal"),
    "not comparable": _where("verdict", "not comparable"),
    "different": _where("verdict", "different"),
}


def written(readme: str, board: dict[str, dict[str, Row]]) -> str:
    """The README with the table of today."""
    return BLOCK.sub(lambda match: match[1] + table(board) + match[2], readme)


def main(arguments: Iterable[str]) -> int:
    """Gather what the proofs kept; 2 when a DAG of a version has no row yet."""
    from bundled_project import dag_ids

    board: dict[str, dict[str, Row]] = {}
    for version in VERSIONS:
        for dag_id in dag_ids(version):
            path = KEPT / version / f"{dag_id}.json"
            if not path.exists():
                print(f"no proof of {dag_id} ({version}) was run yet: pytest -m proof tests/bundled", file=sys.stderr)
                return 2
            board.setdefault(version, {})[dag_id] = json.loads(path.read_text(encoding="utf-8"))
    BOARD.write_text(json.dumps(board, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    README.write_text(written(README.read_text(encoding="utf-8"), board), encoding="utf-8")
    print(table(board))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
