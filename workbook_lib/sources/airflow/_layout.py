"""Where a repository keeps what Airflow looks for: the folder of DAGs, Airflow's home around it, and the import roots that follow."""

from __future__ import annotations

import configparser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbook_lib.sources.airflow._ignore import NAME as IGNORE_FILE

_REPOSITORY_MARKS = (".git", "setup.py", "setup.cfg", "pyproject.toml", "requirements.txt", "Dockerfile")
# What Airflow puts on `sys.path` besides the folder of DAGs, and what images and templates add: `include` is Astronomer's.
# https://airflow.apache.org/docs/apache-airflow/stable/administration-and-deployment/modules_management.html
_BESIDE_DAGS = ("plugins", "config", "include", "src")
_HOME_MARKS = ("airflow.cfg", "plugins", "include", "dags")
_CONFIGURATION_FILES = ("airflow.cfg", "config/airflow.cfg")


@dataclass(frozen=True)
class Layout:
    """`base` is where the search began; `dags` and `home` what Airflow would call DAGS_FOLDER and AIRFLOW_HOME.

    `roots` are looked up for modules, in order. A worker may read `readable`.
    """

    base: Path
    dags: Path
    home: Path
    roots: tuple[Path, ...]
    readable: tuple[Path, ...]


def layout_of(file: Path, base: Path, given: Sequence[Path] = ()) -> Layout:
    """How the repository around a DAG file is laid out; `given` are import roots that come before all others."""
    outside = _repository(base)
    dags = dags_folder(file.parent, base, outside)
    home = _home(dags, base, outside)
    between = [folder for folder in file.parents if folder == base or base in folder.parents]
    folders = [dags, *(home / name for name in _BESIDE_DAGS), home, *between]
    folders += [base / name for name in ("dags", *_BESIDE_DAGS)]
    for folder in outside:
        folders += [folder, *(folder / name for name in ("dags", *_BESIDE_DAGS))]
    enclosing = home in base.parents and home not in outside  # nothing says that it is a repository: it may be somebody's own home
    folders += [] if enclosing else _folders_in(home)
    roots = tuple(folder for folder in dict.fromkeys([*given, *folders]) if folder.is_dir())
    allowed = [root for root in roots if not (enclosing and root == home)] + (_code_in(home) if enclosing else [])
    readable = tuple(dict.fromkeys((base, file.parent, *allowed)))
    return Layout(base, dags, home, roots, readable)


def dags_folder(folder: Path, base: Path, outside: Sequence[Path] = ()) -> Path:
    """What Airflow would begin its search in, as far as names tell: the innermost `dags` around `folder`, else the base."""
    chain = [folder, *folder.parents]
    inside = chain[: chain.index(base) + 1] if base in chain else [base]
    for one in (*inside, *outside):
        if one.name == "dags":
            return one
    return next((one for one in reversed(inside) if (one / IGNORE_FILE).is_file()), base)


def _home(dags: Path, base: Path, outside: Sequence[Path]) -> Path:
    if dags.name == "dags":
        return dags.parent
    around = [dags, *(one for one in dags.parents if base in one.parents or one == base), *outside]
    return next((one for one in around if any((one / mark).exists() for mark in _HOME_MARKS)), base)


def _repository(base: Path) -> list[Path]:
    """Folders above the base that belong to the same repository: up to three levels, ending at one that bears a repository's marks."""
    chain: list[Path] = []
    for folder in list(base.parents)[:3]:
        if folder.name in ("site-packages", "dist-packages") or folder == folder.parent or folder == Path.home():
            break
        chain.append(folder)
        if any((folder / mark).exists() for mark in _REPOSITORY_MARKS):
            return chain
    return []


def _code_in(home: Path) -> list[Path]:
    """Modules and packages directly in a folder."""
    try:
        return [one for one in sorted(home.iterdir()) if one.suffix == ".py" or (one / "__init__.py").is_file()]
    except OSError:
        return []


def _folders_in(home: Path) -> list[Path]:
    """Folders directly in Airflow's home: some images put such a one on the path as well."""
    try:
        found = sorted(one for one in home.iterdir() if one.is_dir() and not one.name.startswith((".", "_")))
    except OSError:
        return []
    return [one for one in found if one.name not in ("test", "tests", "docs", "venv", "node_modules", "site-packages")]


def configuration(base: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Settings of `[core]` that say which files are DAG files: the environment's, else those of an `airflow.cfg` of the repository."""
    names = ("dag_ignore_file_syntax", "dag_discovery_safe_mode")
    found: dict[str, str] = {}
    for folder in (base.parent, base) if base.name == "dags" else (base,):
        for name in _CONFIGURATION_FILES:
            found |= {key: value for key, value in _core(folder / name).items() if key in names}
    given = {name: environment.get(f"AIRFLOW__CORE__{name.upper()}") for name in names}
    return found | {name: str(value) for name, value in given.items() if value is not None}


def _core(file: Path) -> dict[str, str]:
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
        return {key: value for key, value in parser.items("core") if value is not None}
    except configparser.Error:
        return {}


def configured_dags_folder(home: Path) -> str | None:
    """`dags_folder` of a configuration file of the repository: where the DAGs lie when they run."""
    return next((value for name in _CONFIGURATION_FILES if (value := _core(home / name).get("dags_folder"))), None)
