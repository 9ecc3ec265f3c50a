"""The repository around a DAG file, as the file sees it: Airflow's folders, paths where it runs, paths that must not leak."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbook_lib.sources.airflow._layout import configured_dags_folder
from workbook_lib.sources.airflow._standins._state import SESSION, report
from workbook_lib.sources.tracing._paths import Hidden, Places

# Where images and hosts put Airflow's home: the official image, Astronomer's and the one before it, Composer, Bitnami's, the plain default.
DEPLOYED_HOMES = (
    "/opt/airflow",
    "/usr/local/airflow",
    "/home/airflow/gcs",
    "/opt/bitnami/airflow",
    "/root/airflow",
    "/home/airflow/airflow",
)
UNPACKED = "workbook-zip-"
_SETTINGS_MODULES = ("airflow", "airflow.settings", "airflow.configuration")


class Repository:
    """What `job` says of the place of its file. `install` before the file runs, `hide` when the answer is complete."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.file = Path(job["file"])
        self.base = Path(job["base"]) if job["base"] else self.file.parent
        self.dags, self.home = (Path(job["folders"].get(name, self.base)) for name in ("dags", "home"))
        self.roots = [Path(root) for root in job["roots"]]
        shown = Path(job["shown"])
        depth = len(self.file.relative_to(self.base).parts) if self.file.is_relative_to(self.base) else 1
        self.shown_root = Path(*shown.parts[:-depth]) if len(shown.parts) > depth else Path()
        self.packed = self.base.parent.parent.name.startswith(UNPACKED)
        self.hidden = Hidden(list(self._hidden()))

    def _hidden(self) -> Iterator[tuple[str, str]]:
        if self.packed:
            yield str(self.base.parent), ""
        else:
            yield str(self.base), ""
        for root in self.roots:
            if not root.is_relative_to(self.base):
                yield str(root), root.name if self.packed else os.path.relpath(root, self.base)

    def shown(self, path: Path) -> str:
        """A file as the user would name it."""
        if path.is_relative_to(self.base):
            return str(self.shown_root / path.relative_to(self.base))
        return str(path) if self.packed else os.path.normpath(self.shown_root / os.path.relpath(path, self.base))

    def install(self) -> None:
        """Set what the file asks for its folders."""
        SESSION.dags_folder, SESSION.home = str(self.dags), str(self.home)
        bases = list(dict.fromkeys(map(str, (self.home, self.dags, self.base, self.file.parent))))
        self.places = Places(_deployed(self.dags, self.home), bases, os.getcwd())
        self.places.install()

    def hide(self, dags: list[dict[str, Any]], findings: list[dict[str, Any]]) -> None:
        """Take this machine's paths out of what is answered; files of the repository that arguments name are listed."""
        for dag in dags:
            dag["template_paths"] = [self.places.found(path) for path in dag["template_paths"]]
            before: set[str] = set()
            _texts(dag, before)
            told = sorted(text for text in before if self.hidden.holds(text) and self.hidden.text(text) != text)
            if not told:
                continue
            self._relative(dag)
            files = [self.hidden.text(text) for text in told if text.startswith("/") and os.path.isfile(text)]
            dag["files"] = sorted({*dag.get("files", []), *files})
            shown = ", ".join(repr(self.hidden.text(text))[:60] for text in told[:3]) + (" ..." if len(told) > 3 else "")
            report(
                "airflow.repository_path", "note",
                f"the DAG {dag['id']!r} names places in its repository; they are kept relative to what was read: {shown}",
                advice="Bring these files along, and give the flow's own paths.", file=dag["origin"]["file"], line=dag["origin"]["line"],
                workflow=dag["id"],
            )  # fmt: skip
        for finding in findings:
            for name in ("message", "advice"):
                finding[name] = self.hidden.text(finding[name]) if finding.get(name) else finding.get(name)

    def _relative(self, value: Any, constant: bool = False) -> Any:
        """`Hidden.data` in place, without the names of files that the user gave (`file` of an origin or a callable)."""
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in list(items):
            if isinstance(item, str):
                if constant or key != "file":
                    value[key] = self.hidden.text(item)
            elif isinstance(item, (dict, list)):
                whole = constant or key == "value" and isinstance(value, dict) and value.get("kind") == "constant"
                self._relative(item, whole)
        return value


def _texts(value: Any, found: set[str], constant: bool = False) -> None:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if isinstance(item, str):
            if constant or key != "file":
                found.add(item)
        elif isinstance(item, (dict, list)):
            _texts(item, found, constant or key == "value" and isinstance(value, dict) and value.get("kind") == "constant")


def _deployed(dags: Path, home: Path) -> list[tuple[str, str]]:
    pairs = [pair for there in DEPLOYED_HOMES for pair in ((there, str(home)), (f"{there}/dags", str(dags)))]
    own = configured_dags_folder(home)
    if own is not None and own.startswith("/") and own.count("/") > 1:
        pairs += [(own, str(dags)), (os.path.dirname(own.rstrip("/")), str(home))]
    return pairs


def setting(module: str, name: str) -> Any:
    """A folder or the time zone, by the names that Airflow's settings have; None for any other name."""
    if module not in _SETTINGS_MODULES:
        return None
    if name == "TIMEZONE":
        import pendulum

        return pendulum.timezone("UTC")
    folders = {"AIRFLOW_HOME": SESSION.home, "DAGS_FOLDER": SESSION.dags_folder, "PLUGINS_FOLDER": f"{SESSION.home}/plugins"}
    if name == "get_airflow_home":
        return lambda: SESSION.home
    return folders.get(name)
