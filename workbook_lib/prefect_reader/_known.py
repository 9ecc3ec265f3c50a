"""What the reader knows about Prefect and about plain Python: tables, no code that decides.

Prefect: https://docs.prefect.io/v3/api-ref/python/prefect-tasks and prefect-futures, checked against 3.8.8.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Callable
from typing import Any

# Where a name can be imported from -> what it means to the reader.
PREFECT: dict[str, str] = {
    "prefect.task": "task",
    "prefect.flow": "flow",
    "prefect.tasks.task": "task",
    "prefect.flows.flow": "flow",
    "prefect.assets.materialize": "materialize",
    "prefect.unmapped": "unmapped",
    "prefect.allow_failure": "allow_failure",
    "prefect.utilities.annotations.unmapped": "unmapped",
    "prefect.utilities.annotations.allow_failure": "allow_failure",
    "prefect.utilities.annotations.quote": "quote",
    "prefect.futures.wait": "wait",
    "prefect.futures.as_completed": "as_completed",
    "prefect.futures.PrefectFutureList": "futures",
    "prefect.states.Completed": "completed",
    "prefect.states.Failed": "failed",
    "prefect.tasks.exponential_backoff": "exponential_backoff",
    "prefect.task_runners.ThreadPoolTaskRunner": "threads",
    "prefect.task_runners.ConcurrentTaskRunner": "threads",
    "contextlib.suppress": "suppress",
    "shared.trigger_rules.submit": "rules.submit",
    "shared.mapped_tasks.submit_each": "rules.submit_each",
    "shared.fail_fast.submit_unless_failed": "rules.submit_unless_failed",
    "shared.fail_fast.submit_each_unless_failed": "rules.submit_each_unless_failed",
    "shared.upstream.chosen": "rules.chosen",
    "shared.upstream.pick": "rules.pick",
    "shared.upstream.peek": "rules.peek",
    "shared.upstream.Setup": "rules.setup",
    "shared.mapped_tasks.peer": "rules.peer",
    "shared.mapped_tasks.combined": "rules.combined",
    "shared.trigger_rules.finish": "rules.finish",
}

# The modules of a project that carry the trigger rules; what they mean is built in, `_helpers` sees to it that it still is so.
RULE_MODULES = ("shared.trigger_rules", "shared.mapped_tasks", "shared.upstream", "shared.rule_table", "shared.fail_fast")

# Context managers that let an exception through and run their body exactly once.
TRANSPARENT_CONTEXTS = frozenset({
    "prefect.tags", "prefect.settings.temporary_settings", "prefect.context.tags",
    "prefect.concurrency.sync.concurrency",
    "prefect.concurrency.asyncio.concurrency", "prefect.transactions.transaction", "contextlib.nullcontext", "open",
    "tempfile.TemporaryDirectory", "tempfile.NamedTemporaryFile", "contextlib.closing", "contextlib.chdir",
})  # fmt: skip

# Flow-body calls into Prefect that create runs which the reader does not see.
STARTS_RUNS = frozenset({"prefect.deployments.run_deployment", "prefect.deployments.arun_deployment"})

# Builtins through which any name can be reached.
REFLECTION = frozenset({"globals", "locals", "vars", "getattr", "setattr", "eval", "exec", "__import__", "importlib.import_module"})

# What `combined` may put lists together by.
COMBINE: dict[str, Callable[..., Any]] = {
    "builtins.zip": zip,
    "itertools.zip_longest": itertools.zip_longest,
    "itertools.chain": itertools.chain,
}

# Methods by which a task is started.
STARTERS = frozenset({"submit", "map", "delay", "apply_async", "serve"})

# Pure functions that are called for real, when all they are given is known.
PURE: dict[str, Callable[..., Any]] = {
    "datetime.timedelta": datetime.timedelta,
    "datetime.datetime": datetime.datetime,
    "datetime.date": datetime.date,
    "datetime.time": datetime.time,
    "itertools.product": lambda *a, **k: list(itertools.product(*a, **k)),
    "itertools.chain": lambda *a: list(itertools.chain(*a)),
}

BUILTINS: dict[str, Callable[..., Any]] = {
    "len": len, "str": str, "int": int, "float": float, "bool": bool, "sum": sum, "min": min, "max": max, "sorted": sorted, "abs": abs,
    "round": round, "any": any, "all": all, "repr": repr,
}  # fmt: skip


def _zip(*lists: Any, strict: bool = False) -> list[Any]:
    return list(zip(*lists, strict=strict))


# Those that only rearrange what they are given, so that futures may be among it.
REARRANGE: dict[str, Callable[..., Any]] = {
    "list": list,
    "tuple": tuple,
    "set": lambda *a: list(dict.fromkeys(*a)),
    "dict": dict,
    "zip": _zip,
    "enumerate": lambda *a, **k: list(enumerate(*a, **k)),
    "reversed": lambda a: list(reversed(a)),
    "range": lambda *a: list(range(*a)),
    "len": len,
}

# Methods of plain values that are called for real; the second set keeps futures intact.
PURE_METHODS: dict[type, frozenset[str]] = {
    str: frozenset({"format", "join", "upper", "lower", "strip", "lstrip", "rstrip", "split", "replace", "startswith", "endswith", "title",
                    "removeprefix", "removesuffix", "splitlines", "zfill"}),
    datetime.timedelta: frozenset({"total_seconds"}),
    datetime.datetime: frozenset({"isoformat", "date", "strftime"}),
    datetime.date: frozenset({"isoformat", "strftime"}),
}  # fmt: skip
CONTAINER_METHODS: dict[type, frozenset[str]] = {
    list: frozenset({"append", "extend", "insert", "copy", "pop", "reverse", "index", "count", "clear"}),
    dict: frozenset({"items", "keys", "values", "get", "update", "setdefault", "pop", "copy"}),
    tuple: frozenset({"index", "count"}),
}

# Exceptions whose handler surely catches what a failed task raises.
CATCHES_ALL = frozenset({"Exception", "BaseException"})

CONSTANTS: dict[str, Any] = {
    "math.inf": float("inf"), "datetime.timezone.utc": datetime.UTC, "datetime.UTC": datetime.UTC, "typing.TYPE_CHECKING": False,
}  # fmt: skip


def of_rules(name: str) -> bool:
    """Whether a dotted name is one of the trigger rules' modules, or what one of them holds."""
    return any(name == module or name.startswith(f"{module}.") for module in RULE_MODULES)
