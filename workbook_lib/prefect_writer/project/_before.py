"""What `MIGRATION.md` says of the time before the first run: connections, limits, and how the runs of the past are made."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from workbook_lib.model import expr as e
from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_writer.flow._plan import Plan
from workbook_lib.prefect_writer.project._text import uses_date
from workbook_lib.prefect_writer.python._dates import interval_seconds
from workbook_lib.prefect_writer.python._names import block_name, deployment_name, flow_name
from workbook_lib.prefect_writer.tasks._scope import exprs_of

_EXPORTS = {"airflow": "airflow connections export connections.json"}  # what writes such a file


def before(workflows: Sequence[Workflow], plans: Mapping[str, Plan]) -> list[str]:
    """The lines of two sections, each only where there is something to say."""
    pools = sorted({task.pool for w in workflows for task in w.tasks if task.pool and task.pool != "default_pool"})
    asked = connections(workflows)
    lines: list[str] = ["", "## Before the first run"] if pools or asked else []
    if asked:
        lines += ["", *_blocks(workflows, asked)]
    if pools:
        lines += [""]
        lines += ["A pool is a global concurrency limit. Create each with as many slots as the pool has (SLOTS):", "", "```bash"]
        lines += [_command("prefect gcl create", deployment_name(pool), "--limit SLOTS") for pool in pools]
        lines += ["```"]
    past = [w for w in workflows if w.catchup and w.schedule.kind in ("cron", "interval") and uses_date(plans[w.id])]
    if past:
        lines += ["", "## Runs of the past", ""]
        lines += ["No Prefect schedule makes up for missing runs (`catchup`). Start them yourself, one for each date:", "", "```bash"]
        lines += [line for workflow in past for line in _backfill(workflow, plans[workflow.id])]
        lines += ["```"]
    return lines


def connections(workflows: Sequence[Workflow]) -> list[str]:
    """The legacy names of the connections that are read while flows run."""
    found = {part.id for w in workflows for value in _read(w) for part in e.walk(value) if isinstance(part, e.Connection)}
    return sorted(found)


def _read(workflow: Workflow) -> Iterator[e.Expr]:
    for task in workflow.tasks:
        yield from exprs_of(task)
    callbacks = (*workflow.callbacks, *(callback for task in workflow.tasks for callback in task.callbacks))
    spans = [span for _, function in callbacks for span in function.spans]
    spans += [span for definition in workflow.definitions for span in definition.spans]
    yield from (span.value for span in spans if span.value is not None)


def _blocks(workflows: Sequence[Workflow], asked: Sequence[str]) -> list[str]:
    """How connections become Secret blocks."""
    names = ", ".join(f"`{block_name(name)}`" for name in asked)
    exports = sorted({_EXPORTS[w.system] for w in workflows if w.system in _EXPORTS})
    return [
        f"A connection is a Secret block of Prefect: {names}. Its value is a URI, or JSON with `conn_type`, `host`, `login`,",
        "`password`, `schema`, `port` and `extra`. All connections of a JSON file become blocks by one command:",
        "",
        "```bash",
        *exports,
        "python -c \"from shared.connections import keep_connections; keep_connections('connections.json')\"",
        "```",
    ]


def _command(command: str, name: str, options: str) -> str:
    """A command for bash on one line; a name that starts with a dash stands behind `--`, so that it is no option."""
    return f"{command} {options} -- {_word(name)}" if name.startswith("-") else f"{command} {_word(name)} {options}"


def _word(text: str) -> str:
    """A text as one word, without characters that show as nothing or end the line: a line of its own could end a block of Markdown.

    https://www.gnu.org/software/bash/manual/html_node/ANSI_002dC-Quoting.html
    """
    if text.isprintable():
        return shlex.quote(text)
    quoted = re.sub(r"(['\\])", r"\\\1", text)
    return "$'" + "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in quoted) + "'"


def _backfill(workflow: Workflow, plan: Plan) -> list[str]:
    """A loop over days where the dates of runs are whole days apart; else one run to be repeated."""
    deployment = f"{flow_name(workflow.id)}/{deployment_name(workflow.id)}"
    name, start = plan.scope.date_name, (workflow.start_date or "")[:10]
    seconds = interval_seconds(workflow)
    if plan.scope.day and seconds and seconds % 86400 == 0 and start:
        return [
            f"d={start}",
            'while [[ "$d" < "$(date -I)" ]]; do',
            "  " + _command("prefect deployment run", deployment, f'--param {name}="$d"'),
            f'  d=$(date -I -d "$d + {seconds / 86400:g} day")',
            "done",
        ]
    return [_command("prefect deployment run", deployment, f"--param {name}=DATE")]
