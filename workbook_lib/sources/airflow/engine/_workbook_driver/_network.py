"""No packet leaves the machine from the engine's own process: names are not looked up, only local addresses are connected to."""

from __future__ import annotations

import sys
from typing import Any

_LOCAL = ("127.", "::1", "localhost", "0.0.0.0")


def is_local(host: Any) -> bool:
    """Whether a host (None and "" mean this machine) is this machine."""
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    return text in (None, "") or (isinstance(text, str) and text.startswith(_LOCAL))


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.getaddrinfo" and not is_local(arguments[0]):
        raise OSError(f"the network is off while runs are compared: {arguments[0]!r}")
    if event == "socket.connect" and isinstance(arguments[1], tuple) and not is_local(arguments[1][0]):
        raise OSError(f"the network is off while runs are compared: {arguments[1][0]!r}")


def turn_off() -> None:
    """Install the guard in this process and in all that are forked from it."""
    sys.addaudithook(_guard)
