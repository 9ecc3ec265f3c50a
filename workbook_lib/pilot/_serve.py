"""The server process: Prefect's API on 127.0.0.1 until no user holds the lock any more.

It watches the lock itself, so that nothing has to outlive the users to end it: the system releases the lock of a killed user.
Whether it lives is told by another lock, which it holds; the pid in `server.json` is for people and for signals.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

LINGER = 2.0  # seconds without a user before it ends


def main(argv: list[str]) -> None:
    """Serve for the folder and on the port given."""
    folder, port = Path(argv[0]), int(argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is meant for the notebook or command, not for the server
    life = open(folder / "server.lock", "w")  # noqa: SIM115 - held until the process ends
    try:
        fcntl.flock(life, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise SystemExit("another server already serves this folder") from None
    state = folder / "server.json"
    draft = folder / "server.json.new"
    draft.write_text(json.dumps({"pid": os.getpid(), "port": port, "url": f"http://127.0.0.1:{port}/api"}))
    draft.replace(state)
    threading.Thread(target=_watch, args=(folder, state), daemon=True).start()
    _serve(folder, port)


def _watch(folder: Path, state: Path) -> None:
    """End the process at once when nobody has held the users' lock for a while, or when the folder is gone."""
    free_since: float | None = None
    while True:
        time.sleep(0.25)
        try:
            with open(folder / "users.lock") as users:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                free_since = free_since or time.monotonic()
                if time.monotonic() - free_since < LINGER:
                    continue
                state.unlink(missing_ok=True)
                os._exit(0)
        except FileNotFoundError:
            os._exit(0)
        except OSError:
            free_since = None


def _serve(folder: Path, port: int) -> None:
    import prefect
    import uvicorn
    from prefect.server.api.server import create_app

    template = folder / f"template-{prefect.__version__}.db"
    keep = _load(template)
    app = create_app(final=True)
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", timeout_keep_alive=30, ws="auto")
    server = uvicorn.Server(config)
    if keep is None:
        threading.Thread(target=_save, args=(server, template), daemon=True).start()
    server.run()


_MEMORY = "file::memory:?cache=shared"


def _load(template: Path) -> sqlite3.Connection | None:
    """Fill the shared in-memory database from an earlier start's, which saves the migrations."""
    if not template.exists():
        return None
    memory = sqlite3.connect(_MEMORY, uri=True, check_same_thread=False)
    try:
        with sqlite3.connect(template) as stored:
            stored.backup(memory)
    except sqlite3.DatabaseError:
        memory.close()
        template.unlink(missing_ok=True)
        return None
    return memory


def _save(server: Any, template: Path) -> None:
    """Store the freshly migrated database for the next start; it holds no run yet."""
    while not server.started:
        time.sleep(0.02)
    draft = template.with_suffix(f".{os.getpid()}")
    try:
        with sqlite3.connect(_MEMORY, uri=True, timeout=5) as memory, sqlite3.connect(draft) as stored:
            memory.backup(stored)
        draft.replace(template)
    except (sqlite3.Error, OSError):
        draft.unlink(missing_ok=True)  # the next start migrates again, nothing is lost
