"""Flows whose run stops at its first failed task: what has not started by then is skipped.

What runs already goes on to its end. A task that has to run whatever failed, such as a teardown, is started by `submit`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from prefect import Task
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run, task_run
from shared.mapped_tasks import Runs, submit_each
from shared.trigger_rules import FinalFailure, Gate, Skip, start

FAILED: dict[str, list[Task]] = {}  # by flow run


def submit_unless_failed(
    work: Task,
    *args: Any,
    after: Iterable[Any] = (),
    gates: Iterable[PrefectFuture] = (),
    needs: Iterable[PrefectFuture] = (),
    rule: str = "all_success",
    early: bool = False,
    **kwargs: Any,
) -> PrefectFuture:
    """Start `work` as `submit` does, unless a task of this flow run has failed: then it is skipped."""
    told = _told(work)
    return start(told, args, kwargs, _Unless(told, after, gates, rule, (args, kwargs), must=list(needs), early=early))


def submit_each_unless_failed(work: Task, **options: Any) -> Runs:
    """Start `work` as `submit_each` does, unless another task of this flow run has failed: then it is skipped."""
    told = _told(work)
    return submit_each(told, make_gate=lambda *given, **more: _Unless(told, *given, **more), **options)


class _Unless(Gate):
    """A gate that skips once a task of the flow run has failed, other than the runs of the same mapped task."""

    def __init__(self, work: Task, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.work = work

    def closed(self) -> str | None:
        failed = any(task is not self.work for task in FAILED.get(str(flow_run.id), ()))
        return "skipped" if super().closed() or failed else None


def _told(work: Task) -> Task:
    """The task, but of its last failure the rest of the flow run is told."""

    @functools.wraps(work.fn)
    def telling(*args: Any, **kwargs: Any) -> Any:
        try:
            return work.fn(*args, **kwargs)
        except Skip:
            raise
        except BaseException as error:
            if task_run.run_count > (work.retries or 0) or isinstance(error, FinalFailure):
                FAILED.setdefault(str(flow_run.id), []).append(told)
            raise

    told = work.with_options()
    told.fn = telling
    return told
