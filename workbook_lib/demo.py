"""`make demo`: the guided notebooks in order, on a shipped example, into a folder of their own."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from workbook_lib.batch import CHECKOUT, execute, find
from workbook_lib.errors import UsageError, WorkbookError
from workbook_lib.teaching.check import STRICT

NOTEBOOKS = CHECKOUT
EXAMPLE = NOTEBOOKS / "examples" / "airflow" / "daily_sales"
MARK = ".made-by-make-demo"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the notebooks and print the verdict and the places; 1 when one of them fails or the verdict is not good."""
    parser = argparse.ArgumentParser(prog="python -m workbook_lib.demo", description=__doc__)
    parser.add_argument("--out", default="demo", help="the folder for everything that is made")
    parser.add_argument("--source", default=str(EXAMPLE), help="the legacy sources")
    given = parser.parse_args(argv)
    try:
        return run(Path(given.out).absolute(), Path(given.source).absolute())
    except WorkbookError as error:
        print(error, file=sys.stderr)
        return 2


def run(out: Path, source: Path) -> int:
    """The demonstration."""
    books = find(NOTEBOOKS, "0*.ipynb", advice="Run this from a clone of the repository.")
    fresh(out)
    os.environ[STRICT] = "1"  # a check that is not passed ends the demonstration
    os.environ.setdefault("IPYTHONDIR", str(out / ".ipython"))  # nothing is left in the user's home
    began = time.monotonic()
    for number, book in enumerate(books, 1):
        print(f"[{number}/{len(books)}] {book.stem} ...", end="", flush=True)
        start = time.monotonic()
        known = {"root": str(out / "migration"), "source": str(source)}
        problem = execute(book, out / book.name, known)
        print(f" {time.monotonic() - start:.0f} s" if problem is None else " failed", flush=True)
        if problem is not None:
            print(f"{problem}\nThe notebook as far as it came: {out / book.name}", file=sys.stderr)
            return 1
    print(f"All notebooks in {time.monotonic() - began:.0f} s.\n")
    return conclude(out)


def fresh(out: Path) -> None:
    """An empty folder; one that something else made is refused."""
    if out.exists() and any(out.iterdir()):
        if not (out / MARK).exists():
            raise UsageError(f"{out} is not empty and was not made by this command.", advice="Choose another folder with --out.")
        shutil.rmtree(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / MARK).touch()


def conclude(out: Path) -> int:
    """Print the verdicts and where everything lies."""
    from workbook_lib.migration import Migration

    migration, good = Migration(out / "migration"), True
    for workflow in migration.workflows():
        verdict = migration.verdict(workflow.id)
        print(f"Verdict on {workflow.id}: {verdict.headline if verdict else 'none'}")
        good = good and verdict is not None and verdict.verdict in ("equal", "explained")
        if verdict:
            print(f"  HTML report         {migration.report(workflow.id)}")
    print(f"  Executed notebooks  {out}")
    print(f"  Prefect project     {migration.root / 'project'}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
