"""The arguments of `workbook`. Plain argparse: reading must start fast, and usage errors must be one line."""

from __future__ import annotations

import argparse
from typing import NoReturn

from workbook_lib.errors import UsageError


class Parser(argparse.ArgumentParser):
    """Raises UsageError instead of printing the usage and leaving."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}.", advice=f"See `{self.prog} --help`.")


def parser() -> Parser:
    """All commands and their options."""
    what = "Read legacy workflows, write a Prefect 3 project, and prove that it does the same."
    top = Parser(prog="workbook", description=what, allow_abbrev=False)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)

    read = _command(commands, "read", "read workflows and print what they are made of")
    read.add_argument("paths", nargs="+", metavar="PATH", help="a workflow file or a folder of them")
    read.add_argument("--airflow", metavar="V", help="the Airflow version whose meaning holds, as 2.11 or 3")
    _inputs(read)
    for name in ("variables", "connections", "env"):
        read.add_argument(f"--{name}", metavar="F", help=f"values of {name}, a JSON or (env) NAME=value file as Airflow exports it")
    read.add_argument(
        "--root", action="append", default=[], metavar="DIR", help="look up modules here first, as PYTHONPATH does; can be repeated"
    )
    read.add_argument("--missing-inputs", metavar="F", help="write a file with all values that were asked for and not given, to fill in")
    read.add_argument("--full", action="store_true", help="add everything the model knows")
    read.add_argument("--jsonl", action="store_true", help="one JSON document a line, as soon as it is read: workflows, findings")
    read.add_argument("--no-cache", action="store_true", help="read every file anew, and keep nothing of it for the next time")

    assess = _command(commands, "assess", "inventory, needs, complexity, and which workflow to pilot first")
    assess.add_argument("path", metavar="PATH")
    assess.add_argument("--html", metavar="F", help="write the assessment as a page to F")

    convert = _command(commands, "convert", "write a Prefect project, or bring changes into one")
    convert.add_argument("path", metavar="PATH")
    convert.add_argument("--out", required=True, metavar="ROOT", help="the migration folder, made or renewed")
    _inputs(convert)
    convert.add_argument("--workflow", action="append", metavar="ID", help="only this workflow; can be repeated")

    resolve = _command(commands, "resolve", "settle a conflict between your edits and what is written now")
    resolve.add_argument("root", metavar="ROOT")
    resolve.add_argument("file", metavar="FILE", help="the file, as the conflict names it below the project")
    sides = resolve.add_mutually_exclusive_group()
    sides.add_argument("--mine", dest="side", action="store_const", const="mine", help="keep your lines wherever a mark is left")
    sides.add_argument("--theirs", dest="side", action="store_const", const="theirs", help="take the new lines wherever a mark is left")

    pilot = _command(commands, "pilot", "run a converted workflow on a local Prefect server")
    pilot.add_argument("root", metavar="ROOT")
    pilot.add_argument("--workflow", required=True, metavar="ID")
    pilot.add_argument("--param", action="append", default=[], metavar="K=V", help="a run parameter, V as JSON or text; can be repeated")
    pilot.add_argument("--logical-date", metavar="ISO")
    _running(pilot)

    record = _command(commands, "record", "run a workflow with the real legacy engine and keep what it did")
    record.add_argument("root", metavar="ROOT_OR_PATH")
    record.add_argument("--workflow", required=True, metavar="ID")
    _running(record)

    validate = _command(commands, "validate", "run what is missing or stale, compare both engines, and judge")
    validate.add_argument("root", metavar="ROOT")
    validate.add_argument("--workflow", metavar="ID")
    validate.add_argument("--junit", metavar="F", help="write the verdict as JUnit XML to F")
    validate.add_argument("--yes", action="store_true", help="agree to the list of what will be executed")

    batch = _command(commands, "batch", "run the notebooks 01-05 for every workflow, and write an index")
    batch.add_argument("path", metavar="PATH")
    batch.add_argument("--out", required=True, metavar="ROOT", help="the migration folder, made or renewed; index: ROOT/batch/index.html")
    batch.add_argument("--jobs", type=int, metavar="N", help="workflows at a time (default: 1; on Dask as many as it has threads)")
    batch.add_argument("--workflow", action="append", metavar="ID", help="only this workflow; can be repeated")
    batch.add_argument("--time-limit", type=float, default=1800, metavar="S", help="seconds that one workflow may take (default: 1800)")
    batch.add_argument("--record", action="store_true", help="let the real legacy engine make the records that are missing")
    batch.add_argument("--notebooks", metavar="DIR", help="notebooks 01-05 of your own, with the same parameters")
    batch.add_argument("--dask", metavar="ADDRESS", help="spread the workflows over the Dask cluster of this scheduler")
    batch.add_argument("--junit", metavar="F", help="write how it went as JUnit XML to F")
    _inputs(batch)
    batch.add_argument("--yes", action="store_true", help="agree to what the runs execute; without it they are left out")

    checkpoint = _command(commands, "checkpoint", "make a migration folder as if the notebooks before one were done")
    checkpoint.add_argument("notebook", metavar="NN", help="the notebook to begin with, 00 to 06")
    checkpoint.add_argument("--out", default="my_migration", metavar="ROOT", help="the migration folder (default: my_migration)")
    checkpoint.add_argument("--example", default="daily_sales", metavar="NAME", help="the shipped example (default: daily_sales)")
    return top


def _inputs(command: Parser) -> None:
    command.add_argument("--inputs", metavar="F", help="values of all kinds in one file, as --missing-inputs writes it")


def _command(commands: argparse._SubParsersAction[Parser], name: str, what: str) -> Parser:
    made = commands.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".", allow_abbrev=False)
    made.add_argument("--json", action="store_true", help="print one JSON document on stdout")
    return made


def _running(command: Parser) -> None:
    command.add_argument("--scenario", default="real", metavar="NAME", help="the real run (default) or a rehearsal by its name")
    command.add_argument("--real-delays", action="store_true", help="wait as long as the retries say, instead of shortening the delays")
    command.add_argument("--yes", action="store_true", help="agree to the list of what will be executed")
