"""Make the mutation table: judge mutants, keep what was found in `results.json`, and write `docs/mutation.md` from it.

    python tests/mutation/mutation_table.py [--subject NAME ...] [--part I/N] [--no-runs] [--no-tests] [--page]

What `results.json` holds of a flow that is still written the same is not judged again; `--part` takes every N-th mutant.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mutation_equivalent import reason
from mutation_mutants import MEANING, Mutant, mutants
from mutation_own_tests import OwnTests
from mutation_subjects import BUNDLED, Subject, names, subjects
from mutation_verdicts import by_runs, by_structure, prepare

from workbook_lib.errors import WorkbookError
from workbook_lib.model.run import RunRecord
from workbook_lib.pilot import Session

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
PAGE = HERE.parents[1] / "docs" / "mutation.md"
Kept = dict[str, dict[str, Any]]


def load() -> dict[str, Any]:
    """What is kept: per subject a digest of its files and per mutant what was found."""
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}


def save(found: dict[str, Any]) -> None:
    RESULTS.write_text(json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def digest(subject: Subject) -> str:
    """What the mutants of a subject depend on: its flow and its tests."""
    texts = [subject.file.read_bytes(), (subject.root / "project" / subject.test).read_bytes()]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]


def in_part(mutant: Mutant, part: str) -> bool:
    """Whether a mutant belongs to part I of N, by its name alone."""
    number, _, of = part.partition("/")
    return int(hashlib.sha256(mutant.key.encode()).hexdigest(), 16) % int(of) == int(number) - 1


def judge_structure(subject: Subject, kept: Kept, part: str) -> list[Mutant]:
    """The verdict of reading alone for the mutants of a part that have none yet; bodies do not change what is read."""
    made = [mutant for mutant in mutants(subject) if in_part(mutant, part)]
    written = by_structure(subject, None)
    assert written[0] == "equal", f"{subject.name} itself is {written}"
    for mutant in made:
        row = kept.setdefault(f"{mutant.operator} | {mutant.where}", {})
        if "structure" not in row:
            row["structure"], row["reason"] = written if mutant.in_body else by_structure(subject, mutant)
    return made


def judge_runs(subject: Subject, chosen: Sequence[Mutant], kept: Kept, session: Session) -> None:
    """What runs of the flow tell of mutants in which reading alone saw no difference.

    What reading cannot compare is not run: the verdict on it is "not comparable" or "different", whatever the runs show.
    """
    todo = [(mutant, kept[f"{mutant.operator} | {mutant.where}"]) for mutant in chosen if not mutant.schedule]
    todo = [(mutant, row) for mutant, row in todo if row["structure"] == "equal" and "verdict" not in row]
    rehearsed: dict[str, RunRecord] = {}
    if todo:
        prepare(subject, session)
        untouched = Mutant(subject.name, "", "", subject.file.read_text(encoding="utf-8"), in_body=True)
        verdict, _, told = by_runs(subject, untouched, session, rehearsed)
        # Else a run tells nothing of a mutant. What is not comparable, as what the clock decides, stays so for each mutant, or is worse.
        assert verdict.startswith(("equal", "not comparable")), f"{subject.name} itself is {verdict}: {told}"
    for mutant, row in todo:
        row["verdict"], row["by"], row["reason"] = by_runs(subject, mutant, session, rehearsed)


def judge_tests(subject: Subject, chosen: Sequence[Mutant], kept: Kept, own: OwnTests) -> None:
    """Whether the project's own tests fail: `tests` with `--real`, `rehearsed` without it."""
    todo = [(mutant, kept[f"{mutant.operator} | {mutant.where}"]) for mutant in chosen]
    todo = [(mutant, row) for mutant, row in todo if "tests" not in row]
    subject.prepare()
    passing = own.passing(subject) if todo else ()
    for mutant, row in todo:
        row["tests"], row["rehearsed"] = own.notices(subject, mutant, passing)


def outcome(name: str, key: str, row: dict[str, Any]) -> str:
    """How a mutant fared, in one word of the table's columns."""
    if row["structure"] == "different":
        return "structure"
    if str(row.get("verdict", "")).startswith("no run") or row.get("verdict") == "different":
        return "rehearsal" if row.get("by") == "rehearsal" else "real run"
    if reason(f"{name} | {key}"):
        return "equivalent"
    if "verdict" not in row:
        return "not comparable" if row["structure"] == "not comparable" else "open"
    return "edited" if row["verdict"].endswith(" edited") else str(row["verdict"]).split(" in ")[0]


COLUMNS = ("structure", "rehearsal", "real run", "not comparable", "edited", "equivalent", "equal", "open")


def page(found: dict[str, Any]) -> str:
    """`docs/mutation.md`."""
    rows: dict[str, Counter[str]] = {operator: Counter() for operator in MEANING}
    for name, entry in found.items():
        for key, row in entry["mutants"].items():
            counts = rows[key.split(" | ")[0]]
            counts["sites"] += 1
            counts[outcome(name, key, row)] += 1
            if "tests" in row:
                counts["tested"] += 1
                counts["failed"] += row["tests"]
                counts["rehearsed"] += row.get("rehearsed", False)
    lines = [*HEAD.splitlines(), ""]
    headings = ["operator", "sites", *COLUMNS, "own tests fail", "without `--real`"]
    lines += ["| " + " | ".join(headings) + " |", "|---|" + "---:|" * (len(headings) - 1)]
    total: Counter[str] = Counter()
    for operator, counts in rows.items():
        total += counts
        lines.append(_line(f"`{operator}`", counts))
    lines += [_line("**all**", total), ""]
    if len(found) < len(names()) or total["open"] or total["tested"] < total["sites"]:
        lines += [
            f"This is a part: the mutants of {len(found)} of {len(names())} flows ({', '.join(f'`{name}`' for name in found)}). "
            f"{total['open']} of these mutants are still to be run, and {total['tested']} met the flow's own tests.",
            "",
        ]
    lines += ["## The operators", ""]
    lines += [f"- `{operator}`: {meaning}" for operator, meaning in MEANING.items()]
    lines += ["", "## The flows", "", "All flows of the shipped examples, and of Airflow's own examples:", ""]
    lines += [f"- `{dag_id}` ({version}): {brings}" for version, dags in BUNDLED.items() for dag_id, brings in dags.items()]
    return "\n".join(lines) + "\n"


def _line(name: str, counts: Counter[str]) -> str:
    tests = " | ".join(f"{counts[what]} of {counts['tested']}" + _share(counts[what], counts["tested"]) for what in ("failed", "rehearsed"))
    return f"| {name} | {counts['sites']} | " + " | ".join(str(counts[column]) for column in COLUMNS) + f" | {tests} |"


def _share(part: int, whole: int) -> str:
    return f" ({part / whole:.0%})" if whole else ""


HEAD = """# Mutants of generated flows

Made by `python tests/mutation/mutation_table.py` from `tests/mutation/results.json`. Each operator changes a generated flow (or its
deployment) at every site where it can; each mutant is judged as a user's edit would be, against what Airflow did. *structure*: reading the
flow shows the difference. *rehearsal*, *real run*: a run of that kind ends differently. *not comparable*: the verdict says that it
cannot tell. *edited*: nothing that ran differs, and the verdict says so and names the edited code: "equal as run", not "equal".
*equivalent*: the change has no meaning, for the reason listed in `tests/mutation/mutation_equivalent.py`. *equal* would be a wrong
verdict. *open*: not run yet. *own tests fail*: the tests that the project carries (`pytest --real`) notice it, of those tried; `pytest`
alone lets no task do its own work, and so cannot notice what is changed in one.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge, keep, write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--subject", nargs="*", default=names())
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--page", action="store_true", help="judge nothing, write the page again")
    parser.add_argument("--no-runs", action="store_true")
    parser.add_argument("--no-tests", action="store_true")
    options = parser.parse_args(arguments)
    found = load()
    if options.page:
        PAGE.write_text(page(found), encoding="utf-8")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "root"
        made = subjects(root, options.subject)
        every: dict[str, list[Mutant]] = {name: [] for name in options.subject}
        for name in options.subject:
            now = digest(made[name])
            if found.get(name, {}).get("flow") != now:
                found[name] = {"flow": now, "mutants": {}}
            every[name] = judge_structure(made[name], found[name]["mutants"], options.part)
            save(found)
        with OwnTests() as own, Session(root) as session:
            for name, chosen in every.items():
                kept, began = found[name]["mutants"], time.monotonic()
                try:
                    if not options.no_tests:
                        judge_tests(made[name], chosen, kept, own)
                        save(found)
                    tested = time.monotonic()
                    if not options.no_runs:
                        judge_runs(made[name], chosen, kept, session)
                except (WorkbookError, AssertionError) as error:
                    print(f"{name}: {error}", file=sys.stderr)
                    continue
                save(found)
                took = f"{tested - began:.0f} s for its own tests, {time.monotonic() - tested:.0f} s for runs"
                print(f"{name}: {len(chosen)} mutants, {took}", flush=True)
    PAGE.write_text(page(found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
