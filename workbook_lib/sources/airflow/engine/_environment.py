"""Where Airflow's own interpreter is, and how it is made: one virtual environment per Airflow version, in the user's cache.

The pins in `pins/` are complete, so that no constraints file is needed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from workbook_lib.errors import EngineError
from workbook_lib.sources._cache import user_folder

# By major version: the variable that names the interpreter of an existing environment.
POINTERS = {"2": "WORKBOOK_AIRFLOW_PYTHON", "3": "WORKBOOK_AIRFLOW3_PYTHON"}
DEFAULT = "2.11.2"
PINS = Path(__file__).parent / "pins"
# Versions that can be run, with the Pythons that they run under.
VERSIONS: dict[str, tuple[str, ...]] = {"2.11.2": ("3.11", "3.12"), "3.3.2": ("3.11", "3.12")}


@dataclass(frozen=True)
class EngineEnvironment:
    """An interpreter that has Airflow, and the folder for what is made once for it (the migrated metadata database)."""

    version: str
    python: Path
    cache: Path

    @property
    def major(self) -> str:
        """The major version, which decides how it is driven."""
        return self.version.split(".")[0]

    @property
    def template(self) -> Path:
        """The migrated, empty metadata database that every run starts from a copy of."""
        return self.cache / f"airflow-{self.version}.db"


def cache_folder() -> Path:
    """The folder that environments and databases are kept in."""
    return user_folder("engines")


_DONE = ("complete", "with-extras")  # set when an installation has ended: without, with what the bundled examples need


def serving(version: str) -> str:
    """The version that runs DAGs of an Airflow version ("3", "2.9", ...): the one of the same major version, else the default."""
    return next((known for known in VERSIONS if known.split(".")[0] == version.split(".")[0]), DEFAULT)


def environment_for(version: str) -> EngineEnvironment:
    """The environment that runs DAGs of an Airflow version; EngineError, with the command that makes it, when there is none."""
    return environment(serving(version))


def environment(version: str = DEFAULT) -> EngineEnvironment:
    """The environment of an Airflow version; EngineError, with the command that makes it, when there is none."""
    _known(version)
    cache = cache_folder()
    pointer = POINTERS[version.split(".")[0]]
    given = os.environ.get(pointer)
    if given:
        if not os.access(given, os.X_OK):
            raise EngineError(f"{pointer} names {given!r}, which is not an interpreter.", advice="Correct it or unset it.")
        return EngineEnvironment(version, Path(given), cache)
    folder = cache / f"airflow-{version}"
    python = _python(folder)
    if not any((folder / mark).exists() for mark in _DONE):  # what an installation that failed left behind is no engine
        raise EngineError(
            f"Airflow {version} is not installed in {python.parent.parent}.",
            advice=f"Install it with `python -m workbook_lib.sources.airflow.engine.install {version}` (about 200 MB), "
            f"or let {pointer} name the Python of an existing one.",
        )
    return EngineEnvironment(version, python, cache)


def install(version: str = DEFAULT, progress: Callable[[str], None] | None = None, *, extras: bool = False) -> EngineEnvironment:
    """Make the environment of an Airflow version; `extras` adds what Airflow's bundled examples need. Nothing is done twice."""
    _known(version)
    folder = cache_folder() / f"airflow-{version}"
    done = folder / _DONE[extras]
    tell = progress or (lambda line: None)
    if not done.exists() and not (folder / _DONE[True]).exists():
        pins = PINS / f"{version}{'-examples' if extras else ''}.txt"
        interpreter = _interpreter(version)
        tell(f"Making an environment for Airflow {version} in {folder}")
        folder.parent.mkdir(parents=True, exist_ok=True)
        if not _with_uv(interpreter, folder, pins, tell):
            _call([interpreter, "-m", "venv", str(folder)])
            tell("Installing with pip (a few minutes)")
            _call([str(_python(folder)), "-m", "pip", "install", "--quiet", "--no-deps", "-r", str(pins)])
        done.touch()
        tell(f"Airflow {version} is ready")
    return EngineEnvironment(version, _python(folder), cache_folder())


def _with_uv(interpreter: str, folder: Path, pins: Path, tell: Callable[[str], None]) -> bool:
    """Install with uv where there is one: seconds instead of minutes. It may fail where pip, with settings of its own, does not."""
    uv = shutil.which("uv")
    if uv is None:
        return False
    tell("Installing with uv (a few seconds)")
    try:
        _call([uv, "venv", "--quiet", "--allow-existing", "--python", interpreter, str(folder)])
        _call([uv, "pip", "install", "--quiet", "--no-deps", "--python", str(_python(folder)), "-r", str(pins)])
    except EngineError:
        tell("uv could not, so pip does it")
        return False
    return True


def _known(version: str) -> None:
    if version not in VERSIONS:
        raise EngineError(f"Airflow {version} cannot be run here; valid: {', '.join(VERSIONS)}.")


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"


def _interpreter(version: str) -> str:
    """A Python that this Airflow runs under: the present one if it fits, else one on the path."""
    wanted = VERSIONS[version]
    if "{}.{}".format(*sys.version_info[:2]) in wanted:
        return sys.executable
    for name in wanted:
        found = shutil.which(f"python{name}")
        if found:
            return found
    raise EngineError(f"Airflow {version} needs Python {' or '.join(wanted)}, and none is on the path.", advice="Install one of them.")


def _call(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise EngineError(f"`{' '.join(command[:4])} ...` failed: {lines[-1]}")
