"""Imports while a file is traced: which modules are real, which are the user's, which are stand-ins."""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import io
import sys
import tokenize
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from workbook_lib.sources.tracing._entries import user_line
from workbook_lib.sources.tracing._inert import InertModule
from workbook_lib.sources.tracing._instrument import instrument
from workbook_lib.sources.tracing._stack import NAMES, SOURCES

# Run for real, whether they matter to the workflow or not: small, pure, and part of how definitions are computed.
REAL_PACKAGES = frozenset(
    {"dateutil", "jinja2", "markupsafe", "more_itertools", "packaging", "pendulum", "pytz", "six", "typing_extensions", "tzdata", "yaml"}
)
PRIVATE_PARTS = frozenset({"_pendulum", "_yaml", "time_machine", "tzlocal", "workbook_lib", "_distutils_hack"})
# A way around the sandbox; the packages among them are inert in any case, their calls are told.
INERT_STDLIB = frozenset({"_ctypes", "ctypes", "multiprocessing", "cffi", "_cffi_backend"})
NATIVE: Callable[[str], InertModule] = InertModule  # what makes these modules
_IMPORT_ERRORS = ("ImportError", "ModuleNotFoundError", "Exception")  # BaseException included


def decode(raw: bytes) -> str:
    """Source text as Python itself would read it; SyntaxError or UnicodeDecodeError when it cannot."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
    return io.TextIOWrapper(io.BytesIO(raw), encoding, newline=None).read()


def run(module: ModuleType, file: Path, shown: str) -> None:
    """Execute a file of the user's as `module`."""
    source = decode(file.read_bytes())
    name = str(file)
    try:
        SOURCES[name], NAMES[name] = (source, ast.parse(source, name)), shown
        code = compile(instrument(ast.parse(source, name)), name, "exec", dont_inherit=True)
    except (RecursionError, MemoryError) as error:
        if len(source) > _LARGE:
            raise
        lines = source.split("\n")
        deepest = max(range(len(lines)), key=lambda number: len(lines[number]))  # Python itself does not tell
        raise SyntaxError("nested too deeply", (name, deepest + 1, 1, "")) from error
    exec(code, module.__dict__)


_LARGE = 5_000_000  # characters: a source from which Python may really run out of memory


class _Loader(importlib.abc.Loader):
    def __init__(self, file: Path | None, shown: str) -> None:
        self.file, self.shown = file, shown

    def create_module(self, spec: Any) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        if self.file is not None:
            run(module, self.file, self.shown)


class _Prepared(importlib.abc.Loader):
    def __init__(self, make: Callable[[str], ModuleType]) -> None:
        self.make = make

    def create_module(self, spec: Any) -> ModuleType:
        return self.make(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        return None


class Finder(importlib.abc.MetaPathFinder):
    """Decides for every import.

    `legacy`: top-level names of the legacy package; `stand_in(name)` makes such a module. `roots`: folders in which the user's modules
    are looked up, in order; `aliases`: dotted name -> folder, for files that name themselves as part of the legacy package.
    `missing` fills with modules that a package of the user's does not hold, and where they are imported: they are inert. Where the user's
    `google` hides an installed package of that name, or a part of the repository is not there, the rest of the file can still be read.
    """

    def __init__(
        self,
        legacy: frozenset[str],
        stand_in: Callable[[str], ModuleType],
        roots: Sequence[Path],
        aliases: dict[str, Path],
        shown: Callable[[Path], str],
    ) -> None:
        self.legacy, self.stand_in, self.roots, self.aliases, self.shown = legacy, stand_in, list(roots), aliases, shown
        self.modules: dict[str, str] = {}
        self.inert: set[str] = set()
        self.missing: dict[str, tuple[str | None, int | None]] = {}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        top = name.partition(".")[0]
        if top in self.legacy:
            for alias, folder in self.aliases.items():
                if name == alias:
                    return self._user(name, [folder.parent], folder.name)
                if name.startswith(alias + "."):
                    return self._user(name, [folder.joinpath(*name[len(alias) + 1 :].split(".")[:-1])], name.rpartition(".")[2])
            return importlib.machinery.ModuleSpec(name, _Prepared(self.stand_in), is_package=True)
        if top in INERT_STDLIB:
            return importlib.machinery.ModuleSpec(name, _Prepared(NATIVE), is_package=True)
        if top in sys.stdlib_module_names or top in REAL_PACKAGES or top in PRIVATE_PARTS:
            return None
        parent = sys.modules.get(name.rpartition(".")[0])
        if "." in name and not isinstance(parent, InertModule):
            found = self._user(name, [Path(str(part)) for part in path or ()], name.rpartition(".")[2])
            if found is not None:
                return found
            if _is_guarded():
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            self.missing.setdefault(name, user_line())
            return importlib.machinery.ModuleSpec(name, _Prepared(InertModule), is_package=True)
        found = None if isinstance(parent, InertModule) else self._user(name, self.roots, name)
        if found is not None:
            return found
        self.inert.add(top)
        return importlib.machinery.ModuleSpec(name, _Prepared(InertModule), is_package=True)

    def _user(self, name: str, folders: Sequence[Path], last: str) -> Any:
        for folder in folders:
            package = folder / last
            for file, is_package in ((package / "__init__.py", True), (folder / f"{last}.py", False)):
                if file.is_file():
                    return self._spec(name, file, package if is_package else None)
            if package.is_dir() and _holds_python(package):
                return self._spec(name, None, package)
        return None

    def _spec(self, name: str, file: Path | None, package: Path | None) -> Any:
        shown = self.shown(file) if file else ""
        spec = importlib.machinery.ModuleSpec(
            name, _Loader(file, shown), origin=str(file) if file else None, is_package=package is not None
        )
        if package is not None:
            spec.submodule_search_locations = [str(package)]
        if file is not None:
            spec.has_location = True
            self.modules[name] = shown
        return spec


def _holds_python(folder: Path) -> bool:
    """Whether a folder without `__init__.py` is a package: Python files in it, or one level below."""
    try:
        return any(folder.glob("*.py")) or any(folder.glob("*/*.py"))
    except OSError:
        return False


def _is_guarded() -> bool:
    """Whether the user's innermost line is in a `try` that is prepared for a module that is not there."""
    name, line = user_line(2)
    if name is None or line is None or name not in SOURCES:
        return False
    for node in ast.walk(SOURCES[name][1]):
        if isinstance(node, ast.Try) and any(part.lineno <= line <= (part.end_lineno or 0) for part in node.body):
            going_on = [handler for handler in node.handlers if not isinstance(handler.body[-1], ast.Raise)]
            caught = [ast.unparse(handler.type) if handler.type else "" for handler in going_on]
            if any(not text or any(word in text for word in _IMPORT_ERRORS) for text in caught):
                return True
    return False


_hidden_among = 0  # how many modules there were when that was done last


def hide_foreign_modules(keep: frozenset[str]) -> None:
    """Forget already imported packages that a traced file must not see; nothing to do in a worker whose server did it."""
    global _hidden_among
    if len(sys.modules) == _hidden_among:
        return
    for name in list(sys.modules):
        top = name.partition(".")[0]
        known = top in sys.stdlib_module_names or top in REAL_PACKAGES or top in PRIVATE_PARTS or top in keep
        if not known or top in INERT_STDLIB:
            del sys.modules[name]
    _hidden_among = len(sys.modules)
