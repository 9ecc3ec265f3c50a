"""Watches and scripts a flow from outside, by patches inside the child process; the project's files stay as they are.

What is patched, and why there (Prefect 3.8): `Task.__init__` sees every task object, also those made by factories; the engines'
`set_state` sees every state that a task run enters, because task runs are orchestrated in the process that runs them; the task
runners' `submit` gives the order in which mapped runs are created; `call_hooks` is silenced in a rehearsal; `emit_event` is how a flow
tells of the assets that it updates.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, ClassVar

from prefect import events, flow_engine, task_engine, task_runners
from prefect.client.orchestration._events.client import EventClient
from prefect.context import TaskRunContext
from prefect.events import Event, ReceivedEvent, utilities
from prefect.events.filters import EventFilter, EventOrder, EventRelatedFilter
from prefect.tasks import Task

from workbook_lib.model.run import Outcome
from workbook_lib.pilot import _clock
from workbook_lib.pilot._observer import Observer, Seen, failure_of, install_streams
from workbook_lib.pilot._script import USED, Token, act
from workbook_lib.pilot._started import elsewhere
from workbook_lib.prefect_writer import UPDATED


class Stage:
    """What holds for the flow run under way; None of it between runs."""

    observer: Observer | None = None
    script: Callable[[str, int], tuple[str, Outcome, bool]] | None = None
    real_delays: bool = False
    project: str = ""
    told: ClassVar[list[Event]] = []  # updates of assets, in a real run


STAGE = Stage()


def _observer() -> Observer | None:
    """Who watches this code; nobody watches a run that the flow has started."""
    return None if elsewhere() else STAGE.observer


def install() -> None:
    """Patch Prefect in this process, once."""
    original = Task.__init__

    @functools.wraps(original)
    def init(self: Any, fn: Any, *args: Any, **options: Any) -> None:
        original(self, fn, *args, **options)
        if not _is_gate(self.fn):
            self.fn = _watched(self.fn)
        if not STAGE.real_delays:
            self.retry_delay_seconds, self.retry_jitter_factor = None, None

    Task.__init__ = init  # type: ignore[method-assign]
    _patch_states(task_engine.SyncTaskRunEngine)
    _patch_states(task_engine.AsyncTaskRunEngine)
    _patch_hooks(task_engine.SyncTaskRunEngine)
    _patch_hooks(flow_engine.FlowRunEngine)
    _patch_hooks(task_engine.AsyncTaskRunEngine, is_async=True)
    _patch_hooks(flow_engine.AsyncFlowRunEngine, is_async=True)
    _patch_submit(task_runners.ThreadPoolTaskRunner)
    _patch_events()
    _patch_updates()
    _patch_reading()
    _clock.install(lambda file: not STAGE.real_delays and bool(STAGE.project) and file.startswith(STAGE.project))
    install_streams(_printed)
    logging.getLogger("prefect.task_runs").addHandler(_Handler())


def label_of(task: Any, run_name: str | None, parameters: dict[str, Any] | None = None) -> str | None:
    """What a task run is matched by: the task run name that the task was given, else the task's own name."""
    template = task.task_run_name
    if template is None:
        return str(task.name)
    if isinstance(template, str) and "{" not in template:
        return template
    if run_name is not None:
        return run_name
    if isinstance(template, str) and parameters is not None:
        try:
            return template.format(**parameters)
        except (KeyError, IndexError, AttributeError, ValueError, TypeError):
            return None
    return None


def _patch_states(engine: Any) -> None:
    original = engine.set_state

    def noted(self: Any, state: Any) -> None:
        observer = _observer()
        if observer is not None and self.task_run is not None:
            # Before its name is resolved a blocked run bears the default name; its given name is then made from its own arguments.
            name = self.task_run.name if self._task_name_set else None
            label = label_of(self.task, name, self.parameters)
            observer.state(self.task_run.id, label or self.task_run.name, state.type.value, state.name or "", state.message or "")
            error = failure_of(state)
            if error is not None:
                observer.failure(error)

    if engine is task_engine.AsyncTaskRunEngine:

        async def set_state_async(self: Any, state: Any, force: bool = False) -> Any:
            new = await original(self, state, force=force)
            noted(self, new)
            return new

        engine.set_state = set_state_async  # type: ignore[method-assign]
    else:

        def set_state(self: Any, state: Any, force: bool = False) -> Any:
            new = original(self, state, force=force)
            noted(self, new)
            return new

        engine.set_state = set_state


def _patch_hooks(engine: Any, *, is_async: bool = False) -> None:
    original = engine.call_hooks

    if is_async:

        async def call_async(self: Any, *args: Any, **options: Any) -> None:
            if STAGE.script is None:
                with _hooked(self):
                    await original(self, *args, **options)

        engine.call_hooks = call_async
    else:

        def call(self: Any, *args: Any, **options: Any) -> None:
            if STAGE.script is None:
                with _hooked(self):
                    original(self, *args, **options)

        engine.call_hooks = call


def _patch_events() -> None:
    """A rehearsal tells the server nothing of its task runs: nobody asks, and recording them takes most of the time."""
    engine: Any = task_engine
    original = engine.emit_task_run_state_change_event

    def emit(*args: Any, **options: Any) -> Any:
        return original(*args, **options) if STAGE.script is None else None

    engine.emit_task_run_state_change_event = emit


_HOOKED: ContextVar[Any] = ContextVar("the task run whose hooks are called", default=None)


@contextlib.contextmanager
def _hooked(engine: Any) -> Iterator[None]:
    before = _HOOKED.set(getattr(engine, "task_run", None))
    try:
        yield
    finally:
        _HOOKED.reset(before)


def _patch_updates() -> None:
    """Note the updates of assets that task runs or their hooks tell of, whatever becomes of the event."""
    original = utilities.emit_event
    signature = inspect.signature(original)

    @functools.wraps(original)
    def emit_event(*args: Any, **options: Any) -> Any:
        told = original(*args, **options)
        given = signature.bind(*args, **options).arguments
        if given["event"] != UPDATED:
            return told
        if told is not None:
            STAGE.told.append(told)
        context, observer = TaskRunContext.get(), _observer()
        run = _HOOKED.get() or (context.task_run if context is not None else None)
        if observer is not None and run is not None:
            extra = json.loads(json.dumps(given.get("payload") or {}, default=str))
            observer.update(run.id, dict(given["resource"]).get("prefect.resource.id", ""), extra)
        return told

    utilities.emit_event = emit_event
    events.emit_event = emit_event


def _patch_reading() -> None:
    """Who asks for updates of assets gets those of this run and of what ran for it before, as if the server had had time to keep them.

    Earlier runs are out of sight: the legacy engine's run begins with an empty database, too. The server is asked all the same, for it
    refuses what is no query.
    """
    original = EventClient.read_events

    @functools.wraps(original)
    def read_events(self: EventClient, filter: EventFilter | None = None, limit: int = 100) -> Any:
        page = original(self, filter, limit)
        if filter is None or filter.event is None or filter.event.name != [UPDATED]:
            return page
        documents = [event.model_dump(mode="json") | {"received": event.occurred} for event in STAGE.told if _asked(event, filter)]
        found = [ReceivedEvent.model_validate(document) for document in documents]
        ordered = found if filter.order == EventOrder.ASC else found[::-1]
        return page.model_copy(update={"events": ordered, "total": len(found), "next_page": None})

    EventClient.read_events = read_events  # type: ignore[method-assign]


def _asked(event: Event, filter: EventFilter) -> bool:
    """Whether a filter lets an event through; Prefect's own `includes` does not look at what is related."""
    related = [filter.related] if isinstance(filter.related, EventRelatedFilter) else filter.related or []
    roles = {(resource.id, resource.role) for resource in event.related}
    return filter.includes(event) and all(roles & set(map(tuple, one.resources_in_roles or ())) for one in related)


def _patch_submit(runner: Any) -> None:
    original = runner.submit

    def submit(self: Any, task: Any, parameters: Any, *args: Any, **options: Any) -> Any:
        observer = _observer()
        if observer is None:
            return original(self, task, parameters, *args, **options)
        with observer.lock:  # a run that starts at once must find itself noted, in the order of submission
            future = original(self, task, parameters, *args, **options)
            plain = {name: value for name, value in parameters.items() if isinstance(value, str | int)}
            # A name that is known now is noted now: runs of one name are numbered in the order in which they were submitted.
            observer.state(future.task_run_id, label_of(task, None, plain), "PENDING", "Pending")
        return future

    runner.submit = submit


_MARK = "__pilot_watched__"


def _is_gate(fn: Any) -> bool:
    """Whether a function stands between the engine and a watched body: the body itself reports, the gate must not."""
    if getattr(fn, _MARK, False):
        return True
    cells = [cell.cell_contents for cell in getattr(fn, "__closure__", None) or () if _filled(cell)]
    given = [*cells, *getattr(fn, "args", ()), *(getattr(fn, "keywords", None) or {}).values(), getattr(fn, "__wrapped__", None)]
    return any(getattr(one, _MARK, False) or (isinstance(one, Task) and getattr(one.fn, _MARK, False)) for one in given)


def _filled(cell: Any) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True


def _watched(fn: Any) -> Any:
    """The body, reported and in a rehearsal replaced; sync, async or generator as the body is."""
    if inspect.isasyncgenfunction(fn) or inspect.isgeneratorfunction(fn):
        wrapped = _generator(fn) if inspect.isgeneratorfunction(fn) else _async_generator(fn)
    elif inspect.iscoroutinefunction(fn):
        wrapped = _async(fn)
    else:
        wrapped = _sync(fn)
    setattr(wrapped, _MARK, True)
    return wrapped


def _sync(fn: Any) -> Any:
    @functools.wraps(fn)
    def body(*args: Any, **options: Any) -> Any:
        run = _begin()
        if run is None:
            return fn(*args, **options)
        value, returned = None, False
        try:
            value = fn(*args, **options) if STAGE.script is None else _scripted(run)
            returned = True
            return value
        finally:
            _end(run, value, returned)

    return body


def _async(fn: Any) -> Any:
    @functools.wraps(fn)
    async def body(*args: Any, **options: Any) -> Any:
        run = _begin()
        if run is None:
            return await fn(*args, **options)
        value, returned = None, False
        try:
            value = await fn(*args, **options) if STAGE.script is None else _scripted(run)
            returned = True
            return value
        finally:
            _end(run, value, returned)

    return body


def _generator(fn: Any) -> Any:
    @functools.wraps(fn)
    def body(*args: Any, **options: Any) -> Any:
        run = _begin()
        if run is None:
            return (yield from fn(*args, **options))
        value, returned = None, False
        try:
            value = (yield from fn(*args, **options)) if STAGE.script is None else _scripted(run)
            returned = True
            return value
        finally:
            _end(run, value, returned)

    return body


def _async_generator(fn: Any) -> Any:
    @functools.wraps(fn)
    async def body(*args: Any, **options: Any) -> Any:
        run = _begin()
        try:
            if STAGE.script is None or run is None:
                async for item in fn(*args, **options):
                    yield item
            else:
                _scripted(run)
        finally:
            if run is not None:
                _end(run, None, False)

    return body


class BodyOutsideTaskRun(Exception):
    """A rehearsal met a task's body called as a plain function by flow code: it would really execute."""


def _begin() -> Seen | None:
    observer, context = _observer(), TaskRunContext.get()
    if observer is None:
        return None
    if context is None:
        if STAGE.script is not None:
            USED.append("flow code calls a task's body directly; a rehearsal cannot replace it")
            raise BodyOutsideTaskRun(USED[-1])
        return None
    return observer.begin(context.task_run.id, label_of(context.task, context.task_run.name) or context.task_run.name)


def _end(run: Seen, value: Any, returned: bool) -> None:
    if STAGE.observer is not None:
        error = sys.exc_info()[1]
        if not returned and error is not None:
            STAGE.observer.failure(error)
        STAGE.observer.end(run, value, returned=returned)


def _scripted(run: Seen) -> Any:
    assert STAGE.script is not None
    assert STAGE.observer is not None
    task_id, outcome, decides = STAGE.script(run.label or "", STAGE.observer.index(run))
    return act(task_id, outcome, run.bodies, decides) if task_id else Token(run.label or "?")


def _printed(text: str) -> None:
    context, observer = TaskRunContext.get(), _observer()
    if context is not None and observer is not None:
        observer.log(context.task_run.id, text)


class _Handler(logging.Handler):
    """Keeps the end of what task runs log."""

    def emit(self, record: logging.LogRecord) -> None:
        """Note one record."""
        run_id, observer = getattr(record, "task_run_id", None), _observer()
        if run_id and observer is not None:
            observer.log(run_id, record.getMessage() + "\n")
