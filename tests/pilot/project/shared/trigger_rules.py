"""A small gate: `submit` asks how the upstream tasks ended before the body may start."""

from __future__ import annotations

import functools

from prefect import allow_failure
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed, Failed


class Skip(Exception):
    """Raised by a body that skips."""


def submit(work, *args, after=(), gate=None, rule="all_success"):
    @functools.wraps(work.fn)
    def gated(*later):
        states = [future.state for future in after]
        if gate is not None and gate.state.is_completed() and not gate.result():
            return Completed(name="Skipped")
        if rule == "all_success" and any(not state.is_completed() for state in states):
            return Failed(name="UpstreamFailed")
        if rule == "all_success" and any(state.name == "Skipped" for state in states):
            return Completed(name="Skipped")
        try:
            return work.fn(*later)
        except Skip as skip:
            return Completed(name="Skipped", message=str(skip))

    copy = work.with_options(cache_policy=NO_CACHE, retry_condition_fn=_worth_a_retry)
    copy.fn = gated
    return copy.submit(*args, wait_for=[allow_failure(future) for future in after])


def _worth_a_retry(task, run, state):
    return state.name != "UpstreamFailed"


def finish(last):
    return [future.wait() or future.state for future in last]
