"""Which options of tasks and flows the reader understands; any other value may decide what runs, so that it is not followed.

Prefect: `Task.__init__` and `Flow.__init__` of 3.8.8, https://docs.prefect.io/v3/api-ref/python/prefect-tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from workbook_lib.prefect_reader._hooks import refused
from workbook_lib.prefect_reader._options import MOST_DELAYS, backoff
from workbook_lib.prefect_reader._program import Hooks
from workbook_lib.prefect_reader._values import Code, Declared, Marked, Named

HOOKS = ("on_completion", "on_failure", "on_running", "on_cancellation", "on_crashed")

_UNCACHED = ("prefect.cache_policies.NO_CACHE", "prefect.cache_policies.NONE")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and value >= 0


def _seconds(value: Any) -> bool:
    return value is None or _number(value)


def _count(value: Any) -> bool:
    return value is None or (isinstance(value, int) and value >= 0)


def _delays(value: Any) -> bool:
    if isinstance(value, Marked):
        return backoff(value) is not None
    return _seconds(value) or (isinstance(value, list) and len(value) <= MOST_DELAYS and all(map(_number, value)))


def _text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _absent(value: Any) -> bool:
    return value is None or value is False or value == []


def _runner(value: Any) -> bool:
    return value is None or (isinstance(value, Marked) and value.mark == "threads") or _named(value, "prefect.task_runners")


def _named(value: Any, module: str) -> bool:
    return isinstance(value, Named) and value.name in (f"{module}.ThreadPoolTaskRunner", f"{module}.ConcurrentTaskRunner")


# Options that decide nothing: neither which tasks run, nor how often, nor when, nor how they end.
_HARMLESS = frozenset({
    "description", "tags", "version", "log_prints", "viz_return_value", "asset_deps", "by", "refresh_cache", "cache_expiration",
    "task_run_name", "flow_run_name", "validate_parameters",
})  # fmt: skip

# Option -> what it may be, and what is unknown when it is anything else.
_COMMON: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (_text, "what its runs are called"),
    "retries": (_count, "how often it is tried again"),
    "retry_delay_seconds": (_delays, "how long it waits before it is tried again"),
    "timeout_seconds": (_seconds, "when it is stopped"),
    "cache_result_in_memory": (lambda value: value is None or value is True, "whether its result can be read"),
}
_TASK: dict[str, tuple[Callable[[Any], bool], str]] = _COMMON | {
    "retry_jitter_factor": (lambda value: value is None or value == 0, "how long it waits before it is tried again"),
    "on_rollback": (_absent, "what happens when a transaction is rolled back"),
    "on_commit": (_absent, "what happens when a transaction is committed"),
}
_FLOW: dict[str, tuple[Callable[[Any], bool], str]] = _COMMON | {
    "task_runner": (_runner, "how its tasks are started"),
}
_PERSISTS = ("persist_result", "result_storage", "result_serializer", "result_storage_key")


def hooks(options: Mapping[str, Any]) -> Hooks:
    """The state hooks among the options of a task or flow; those that cannot be read are problems of their own."""
    return tuple(
        (event, hook.name)
        for event in HOOKS
        if isinstance(listed := options.get(event), list | tuple)
        for hook in listed
        if isinstance(hook, Code)
    )


# Conditions that stop trying only where the task itself says that it failed for good.
_TRIED_AGAIN = frozenset({"shared.trigger_rules.worth_a_retry"})


def task_problems(task: Declared) -> Iterator[str]:
    """Why it is not known how a task behaves."""
    options, who = task.options, f"the task {task.function}"
    yield from _unknown(options, _TASK, who, {"cache_policy", "cache_key_fn", "retry_condition_fn", *_PERSISTS})
    policy = options.get("cache_policy", "default")
    if policy is not None and policy != "default" and not (isinstance(policy, Named) and policy.name in _UNCACHED):
        yield _because(who, "whether its body runs", "cache_policy")
    if not _absent(options.get("cache_key_fn")):
        yield _because(who, "whether its body runs", "cache_key_fn")
    persisted = [name for name in _PERSISTS if not _absent(options.get(name))]
    # By Prefect's default policy a kept result answers for a second run with the same arguments.
    if persisted and (policy == "default" or "result_storage_key" in persisted):
        yield _because(who, "whether its body runs", persisted[0])
    condition = options.get("retry_condition_fn")
    if condition is not None and options.get("retries") and not (isinstance(condition, Named) and condition.name in _TRIED_AGAIN):
        yield _because(who, "how often it is tried again", "retry_condition_fn")


def flow_problems(flow: Code) -> Iterator[str]:
    """Why it is not known how a flow treats its tasks."""
    options, who = flow.options, f"the flow {flow.name}"
    yield from _unknown(options, _FLOW, who, set(_PERSISTS))
    if options.get("retries"):
        yield "the flow itself is tried again when it fails"
    for name in _PERSISTS:
        if not _absent(options.get(name)):
            yield _because(who, "whether the bodies of its tasks run", name)


def _unknown(
    options: Mapping[str, Any], table: Mapping[str, tuple[Callable[[Any], bool], str]], who: str, elsewhere: set[str]
) -> Iterator[str]:
    for name, value in options.items():
        if name in table:
            accepts, what = table[name]
            if not accepts(value):
                yield _because(who, what, name)
        elif name in HOOKS:
            reason = refused(value)
            if reason:
                yield f"{who} has a hook in {name} that {reason}"
        elif name == "**":
            yield f"the options of {who} are unpacked from a value that only a run knows"
        elif name not in _HARMLESS and name not in elsewhere:
            yield f"what {name} does to {who} is not known to the reader"


def _because(who: str, what: str, option: str) -> str:
    return f"{who}: {what} cannot be read from its {option}"
