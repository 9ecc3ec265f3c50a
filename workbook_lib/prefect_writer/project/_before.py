"""What `MIGRATION.md` says of the time before the first run: limits to create, and how the runs of the past are made."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from workbook_lib.model.workflow import Workflow
from workbook_lib.prefect_writer.flow._plan import Plan
from workbook_lib.prefect_writer.project._text import uses_date
from workbook_lib.prefect_writer.python._dates import interval_seconds
from workbook_lib.prefect_writer.python._names import deployment_name, flow_name


def before(workflows: Sequence[Workflow], plans: Mapping[str, Plan]) -> list[str]:
    """The lines of two sections, each only where there is something to say."""
    pools = sorted({task.pool for w in workflows for task in w.tasks if task.pool and task.pool != "default_pool"})
    lines: list[str] = []
    if pools:
        lines += ["", "## Before the first run", ""]
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
