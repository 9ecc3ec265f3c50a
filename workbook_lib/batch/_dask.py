"""Several workflows at a time on an existing Dask cluster. Its workers need this library, and the migration folder under the same path."""

from __future__ import annotations

import contextlib
import importlib
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import workbook_lib
from workbook_lib.batch._order import Order, folder
from workbook_lib.batch._rows import Row
from workbook_lib.batch._supervise import supervise
from workbook_lib.errors import FolderError, UsageError
from workbook_lib.migration import file_name

_SECONDS_TO_CONNECT = 20


def run(orders: Sequence[Order], address: str, jobs: int | None, done: Callable[[Row], None], progress: Callable[[str], None]) -> None:
    """Do all orders on the cluster of the scheduler at `address`. However this is left, the workers are told to stop."""
    distributed = _package()
    try:
        client = distributed.Client(address, timeout=_SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"--dask {address}: no scheduler answers there: {error}.", advice="Start one with `dask scheduler`.") from error
    with client:
        if not orders:
            return
        with _token(Path(orders[0].root), orders[0].token):
            threads = _agree(client, address, orders[0])
            progress(f"{len(threads)} Dask workers with {sum(threads.values())} threads")
            _spread(distributed, client, list(orders), jobs or sum(threads.values()), done)


def _spread(distributed: Any, client: Any, orders: list[Order], most: int, done: Callable[[Row], None]) -> None:
    """Keep `most` orders on the cluster."""
    waiting = list(reversed(orders))
    running: dict[Any, Order] = {}
    completed = distributed.as_completed(loop=client.loop, raise_errors=False)

    def fill() -> None:
        while waiting and len(running) < most:
            order = waiting.pop()
            future = client.submit(on_worker, order.model_dump_json(), pure=False, key=f"workbook-{order.token}-{len(waiting)}")
            running[future] = order
            completed.add(future)

    fill()
    for future in completed:
        order = running.pop(future)
        try:
            row = Row.model_validate_json(future.result())
        except Exception as error:  # its worker died, again and again, or the answer cannot be understood
            row = Row(id=order.workflow, key=order.key, state="failed", reason=f"Dask: {type(error).__name__}: {error}", where="Dask")
        done(row)
        fill()


def on_worker(text: str) -> str:
    """Do one order on a worker; runs in a thread of it."""
    order = Order.model_validate_json(text)
    if (host := socket.gethostname()) != order.host:
        os.environ["WORKBOOK_MACHINE"] = file_name(host)  # the server that gave the order's machine has cannot be reached from here
    here = folder(Path(order.root)) / order.token
    return supervise(order, lambda: not here.exists()).model_dump_json(by_alias=True)


@contextlib.contextmanager
def _token(root: Path, token: str) -> Iterator[None]:
    """A file that workers look for: whether they see the folder, and whether the batch is still wanted."""
    place = folder(root) / token
    try:
        place.touch()
    except OSError as error:
        raise FolderError(f"cannot be written: {error.strerror}", file=str(root), advice="Make room, then try again.") from error
    try:
        yield
    finally:
        place.unlink(missing_ok=True)


def about(root: str, token: str) -> dict[str, Any]:
    """What a worker says of itself."""
    return {"version": workbook_lib.__version__, "sees": (folder(Path(root)) / token).exists(), "host": socket.gethostname()}


def _agree(client: Any, address: str, order: Order) -> dict[str, int]:
    """The threads of each worker, once every one of them can do the work."""
    threads: dict[str, int] = client.nthreads()
    if not threads:
        raise UsageError(f"--dask {address}: the cluster has no workers.", advice="Start some with `dask worker`.")
    for worker, said in client.run(about, order.root, order.token, on_error="return").items():
        if isinstance(said, BaseException):
            what, advice = f"cannot import this library ({said})", "Install the same version there."
        elif said["version"] != workbook_lib.__version__:
            what, advice = (
                f"has version {said['version']} of this library, not {workbook_lib.__version__}",
                "Install the same version there.",
            )
        elif not said["sees"]:
            what = f"does not see {order.root}"
            advice = "Put the migration folder on a disk that all machines have under the same path."
        else:
            continue
        raise UsageError(
            f"--dask {address}: the worker {worker} on {said['host'] if isinstance(said, dict) else 'its machine'} {what}.", advice=advice
        )
    return threads


def _package() -> Any:
    try:
        return importlib.import_module("distributed")
    except ImportError as error:
        raise UsageError(
            "--dask needs the package `distributed`, which is not installed.", advice="Install it: pip install distributed"
        ) from error
