"""One Prefect server per migration root, shared by everybody on this machine who works on that root."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from workbook_lib.errors import ServerError
from workbook_lib.pilot import _settings

START_TIMEOUT = 120.0
_guard = threading.RLock()
_held: dict[Path, _Held] = {}


@dataclass(frozen=True)
class Server:
    """A running server: its API address, its port, its process and its log."""

    url: str
    port: int
    pid: int
    log: Path


@dataclass
class _Held:
    """This process's share in a root's server: the lock that says so, and how many uses it has."""

    lock: IO[str]
    server: Server
    uses: int = 0


@contextlib.contextmanager
def server(root: Path | str) -> Iterator[Server]:
    """Use the root's server, starting it when needed; it ends after its last user, also when that one was killed."""
    folder = Path(root).resolve()
    with _guard:
        held = _acquire(folder)
        held.uses += 1
    try:
        yield held.server
    finally:
        with _guard:
            held.uses -= 1
            if held.uses == 0 and _held.get(folder) is held:
                release(folder)


def keep(root: Path) -> Server:
    """Use the root's server until this process ends or `release` is called."""
    with _guard:
        held = _acquire(root.resolve())
        if held.uses == 0:
            held.uses = 1
        return held.server


def release(root: Path | str | None = None) -> None:
    """Let go of one root's server, or of all that this process holds."""
    with _guard:
        for folder in [Path(root).resolve()] if root is not None else list(_held):
            held = _held.pop(folder, None)
            if held is not None:
                held.lock.close()


def _forget_in_fork() -> None:
    """A forked child is no user: its copies of the locks would keep the server alive."""
    for held in _held.values():
        with contextlib.suppress(OSError):
            os.close(held.lock.fileno())
    _held.clear()


os.register_at_fork(after_in_child=_forget_in_fork)


def _acquire(root: Path) -> _Held:
    held = _held.get(root)
    if held is not None and _answers(held.server.port, 2.0):
        return held
    release(root)
    folder = _settings.place(root)
    try:
        _settings.home(root).mkdir(parents=True, exist_ok=True)
        lock = open(folder / "users.lock", "w")  # noqa: SIM115 - held as long as the server is used
        try:
            _wait_for(lock, fcntl.LOCK_SH, 30.0, folder)
            with open(folder / "start.lock", "w") as start:
                _wait_for(start, fcntl.LOCK_EX, START_TIMEOUT + 30, folder)
                found = _running(folder) or _start(root, folder)
        except BaseException:
            lock.close()
            raise
    except OSError as error:
        raise ServerError(
            f"the folder for the local Prefect server cannot be used: {error.strerror or error}",
            file=str(folder),
            advice="Free disk space or make the migration folder writable, then run again.",
        ) from error
    held = _held[root] = _Held(lock, found)
    return held


def _wait_for(lock: IO[str], kind: int, seconds: float, folder: Path) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end:
                raise ServerError(
                    f"another process has been holding {lock.name} for {seconds:.0f} s",
                    advice=f"End the process named in {folder / 'server.json'} and run again.",
                ) from None
            time.sleep(0.05)


def _running(folder: Path) -> Server | None:
    """The server that serves the folder already; one that hangs is ended."""
    with open(folder / "server.lock", "a") as life:
        try:
            fcntl.flock(life, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return None
        except BlockingIOError:
            pass
    found = _stated(folder)
    if found is not None and _answers(found.port, 10.0):
        return found
    if found is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(found.pid, signal.SIGKILL)
    time.sleep(0.2)
    return None


def _stated(folder: Path) -> Server | None:
    try:
        data: dict[str, Any] = json.loads((folder / "server.json").read_text())
        return Server(url=data["url"], port=data["port"], pid=data["pid"], log=folder / "server.log")
    except (OSError, ValueError, KeyError):
        return None


def _start(root: Path, folder: Path) -> Server:
    """Start a server and wait until it answers; a port taken meanwhile by somebody else gets another try."""
    last = ""
    for _ in range(3):
        port = _free_port()
        (folder / "server.json").unlink(missing_ok=True)
        with open(folder / "server.log", "wb") as log:
            process = subprocess.Popen(
                _settings.command("_serve", str(folder), str(port)),
                env=_settings.environment(root, _settings.SERVER),
                cwd=_settings.home(root), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + START_TIMEOUT
        try:
            while process.poll() is None and time.monotonic() < end:
                if _answers(port, 1.0):
                    found = _stated(folder)
                    if found is not None and found.pid == process.pid:
                        threading.Thread(target=process.wait, daemon=True).start()  # no zombie while this process goes on
                        return found
                time.sleep(0.05)
        except BaseException:
            process.kill()
            process.wait()
            raise
        ended = process.poll()
        if ended is None:
            process.kill()
            process.wait()
        last = _tail(folder / "server.log")
        if ended is None or "address already in use" not in last.lower():
            break
    why = f"it did not answer within {START_TIMEOUT:.0f} s" if ended is None else f"it ended with status {ended}"
    raise ServerError(
        f"the local Prefect server on 127.0.0.1:{port} did not start: {why}; its last words: {last or 'none'}",
        file=str(folder / "server.log"),
        advice="Read that log; when Prefect itself does not import, install the pinned dependencies again.",
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int, seconds: float) -> bool:
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy must not see local calls
        with opener.open(f"http://127.0.0.1:{port}/api/health", timeout=seconds) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError, urllib.error.URLError):
        return False


def _tail(log: Path) -> str:
    try:
        lines = [line.strip() for line in log.read_text(errors="replace")[-4000:].splitlines() if line.strip()]
    except OSError:
        return ""
    return " | ".join(lines[-3:])
