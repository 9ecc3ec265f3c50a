"""The settings under which Prefect runs here: local, quiet, and out of the user's home.

Names: https://docs.prefect.io/v3/api-ref/settings-ref
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

_COMMON = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_COLORS": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
}

SERVER = _COMMON | {
    # In memory: a file under concurrent writes answers 503 and clients sleep. The name lets a template be loaded first.
    "PREFECT_API_DATABASE_CONNECTION_URL": "sqlite+aiosqlite:///file::memory:?cache=shared&uri=true&check_same_thread=false",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_FOREMAN_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
}

CHILD = _COMMON | {
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    "PREFECT_LOGGING_TO_API_ENABLED": "false",
    "PREFECT_CLI_COLORS": "false",
    "PYTHONUNBUFFERED": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}

# What a run may see of the environment of whoever starts it; everything else comes from inputs/env.json.
_KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "USER", "LOGNAME", "SHELL", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SYSTEMROOT")


MACHINE = "WORKBOOK_MACHINE"  # set on machines that work on somebody else's migration folder


def place(root: Path) -> Path:
    """Where the server of this migration is told of. It answers on its own machine alone: others on the same disk name one of theirs."""
    name = os.environ.get(MACHINE, "")
    return root / ".workbook" / (f"server-{name}" if name else "server")


def home(root: Path) -> Path:
    """Prefect's own folder for this migration; it is also the home of the processes started here."""
    return place(root) / "home"


def environment(root: Path, more: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a process started for `root`. HOME points below it, so that nothing lands in the user's home."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    kept["PATH"] = os.pathsep.join(part for part in (str(Path(sys.executable).parent), kept.get("PATH", os.defpath)) if part)
    place = str(home(root))
    return kept | {"HOME": place, "PREFECT_HOME": place, "PREFECT_PROFILES_PATH": str(home(root) / "profiles.toml")} | dict(more)


def command(module: str, *arguments: str) -> list[str]:
    """How to run a module of this package, wherever it is installed, without the current folder on the import path."""
    library = str(Path(__file__).resolve().parents[2])
    code = f"import sys; sys.path.append({library!r}); from workbook_lib.pilot.{module} import main; main(sys.argv[1:])"
    return [sys.executable, "-P", "-c", code, *arguments]
