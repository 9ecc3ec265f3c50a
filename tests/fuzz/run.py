"""Continue a campaign: random DAGs through Airflow and through read, convert and pilot.

    python tests/fuzz/run.py --count 200 --seed 1 [--airflow 3.3] [--work DIR] [--no-shrink]
    python tests/fuzz/run.py renew              # the recorded DAGs and the cases, run again by Airflow
    python tests/fuzz/run.py record --seed 1    # choose 50 DAGs anew (25 a version) and record them

What Airflow did is kept in the work folder, and not asked again for the same DAG. Each divergence is shrunk and stored as a case below
`tests/corpus/airflow/fuzz_cases`. The interpreters of the engines are found as everywhere (`WORKBOOK_AIRFLOW_PYTHON` ...).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from fuzz_corpus import cases, recorded, write_case, write_recorded
from fuzz_dags import draw_dags
from fuzz_run import Result, compare, legacy_records
from fuzz_shrink import shrink
from fuzz_source import Dag, dag_id

from workbook_lib.model.run import RunRecord

BATCH = 25
VERSIONS = ("2.11", "3.3")


def main(arguments: list[str]) -> int:
    """1 when something diverged."""
    parser = argparse.ArgumentParser(description="Random DAGs through both engines.")
    parser.add_argument("what", nargs="?", choices=["campaign", "renew", "record"], default="campaign")
    parser.add_argument("--count", type=int, default=100, help="DAGs to run")
    parser.add_argument("--seed", type=int, default=1, help="of the first batch; each further batch takes the next one")
    parser.add_argument("--airflow", choices=VERSIONS, help="one version alone")
    parser.add_argument("--work", type=Path, default=Path(".cache/fuzz"), help="keeps records and the journal")
    parser.add_argument("--no-shrink", action="store_true", help="only note divergences in the journal")
    given = parser.parse_args(arguments)
    work = given.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    if given.what == "renew":
        return renew(work)
    if given.what == "record":
        return record(work, given.seed)
    counted: Counter[str] = Counter()
    started, number, seed = time.monotonic(), 0, given.seed
    while number < given.count:
        version = given.airflow or VERSIONS[seed % 2]
        dags = draw_dags(min(BATCH, given.count - number), seed, version)
        found = through(dags, work)
        for result in found:
            counted[result.state] += 1
            tell(result, seed, work)
        number += len(dags)
        seconds = (time.monotonic() - started) / number
        print(f"seed {seed}: {number} DAGs, {dict(counted)}, {seconds:.1f} s each", flush=True)
        for result in found:
            if result.state == "different" and not given.no_shrink:
                print("   ", keep(result, work), flush=True)
        seed += 1
    return 1 if counted["different"] else 0


def through(dags: Sequence[Dag], work: Path) -> list[Result]:
    """All DAGs through both engines."""
    records = legacy_records(dags, work, work / "records")
    return list(compare(dags, records, work / "root"))


def keep(result: Result, work: Path) -> Path:
    """Shrink a divergence and store it as a case."""
    wanted = kinds(result)

    def still(dags: Sequence[Dag]) -> list[bool]:
        found = {dag_id(one.dag): one for one in through(dags, work)} if dags else {}
        return [found[dag_id(dag)].state == "different" and bool(kinds(found[dag_id(dag)]) & wanted) for dag in dags]

    small = shrink(result.dag, still)
    final = through([small], work)[0]
    legacy = legacy_records([small], work, work / "records")[dag_id(small)]
    assert isinstance(legacy, RunRecord)
    return write_case(dag_id(small).removeprefix("fuzz_"), small, legacy, "; ".join(final.differences[:3]))


def kinds(result: Result) -> set[str]:
    """What is different, without ids: the aspect alone."""
    return {text.partition(":")[0] for text in result.differences}


def tell(result: Result, seed: int, work: Path) -> None:
    """One line in the journal."""
    entry = {"id": dag_id(result.dag), "seed": seed, "airflow": result.dag["airflow"], "state": result.state, "form": result.form}
    if result.state != "equal":
        entry |= {"why": result.differences or result.refused or result.placeholders, "dag": result.dag}
    with (work / "journal.jsonl").open("a") as lines:
        lines.write(json.dumps(entry) + "\n")


def renew(work: Path) -> int:
    """Ask Airflow again about everything that is kept."""
    found = cases()
    pairs = recorded()
    dags = [dag for dag, _ in (*pairs, *found.values())]
    records = legacy_records(dags, work)
    refused = {name: record for name, record in records.items() if not isinstance(record, RunRecord)}
    if refused:
        print(json.dumps(refused, indent=1), file=sys.stderr)
        return 1
    known = {name: record for name, record in records.items() if isinstance(record, RunRecord)}
    write_recorded([(dag, known[dag_id(dag)]) for dag, _ in pairs])
    for name, (dag, _) in found.items():
        write_case(name, dag, known[dag_id(dag)])
    return 0


def record(work: Path, seed: int) -> int:
    """Record 25 DAGs a version that Airflow runs, and whose course does not hang on which of two tasks ends first."""
    pairs: list[tuple[Dag, RunRecord]] = []
    for number, version in enumerate(VERSIONS):
        dags = draw_dags(35, seed + number, version)
        records = legacy_records(dags, work, work / "records")
        usable = [result.dag for result in compare(dags, records, work / "root") if result.state not in ("refused", "overtaken")]
        for dag in usable[:25]:
            one = records[dag_id(dag)]
            assert isinstance(one, RunRecord)
            pairs.append((dag, one))
    write_recorded(pairs)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
