"""Several workflows at a time on this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from workbook_lib.batch._order import Order
from workbook_lib.batch._rows import Row
from workbook_lib.batch._supervise import supervise


def run(orders: Sequence[Order], jobs: int, done: Callable[[Row], None]) -> None:
    """Do all orders, `jobs` at a time. However this is left, no process goes on, and each row that there is was handed to `done`."""
    stop = threading.Event()
    with ThreadPoolExecutor(jobs) as pool:
        left: set[Future[Row]] = {pool.submit(supervise, order, stop.is_set) for order in orders}
        try:
            while left:
                for one in wait(left, timeout=0.5, return_when=FIRST_COMPLETED).done:
                    left.discard(one)
                    done(one.result())
        except BaseException:
            stop.set()
            for one in left:
                one.cancel()
            for one in wait(left).done:
                if not one.cancelled():
                    done(one.result())
            raise
