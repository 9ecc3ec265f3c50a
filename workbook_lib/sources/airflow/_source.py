"""Source text of the DAG file and its sibling modules: what binds which name, and pieces cut out of it unharmed."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import tokenize
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePath

from workbook_lib.sources.tracing._trees import children, walk

Callish = ast.FunctionDef | ast.AsyncFunctionDef
_LONGEST = 5_000_000
_MUTATORS = frozenset({"append", "extend", "insert", "update", "add", "pop", "remove", "clear", "setdefault", "sort", "reverse"})


@dataclass(frozen=True)
class Binding:
    """One statement that binds `name`; `guard` is the `if` or `try` around it, `loop` that it stands in a loop."""

    name: str
    node: ast.stmt
    guard: ast.stmt | None = None
    loop: bool = False
    typing_only: bool = False
    target: str = ""  # for imports: the dotted name that is meant
    level: int = 0


@dataclass
class Names:
    """What one scope (a module or a function) binds, and which of its names are changed in place afterwards."""

    bound: dict[str, list[Binding]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    stars: list[str] = field(default_factory=list)

    def add(self, binding: Binding) -> None:
        """Take one more binding."""
        self.bound.setdefault(binding.name, []).append(binding)


class Module:
    """One parsed file; `dotted` is its name as a sibling module, empty for the DAG file itself."""

    def __init__(self, path: str, text: str, dotted: str = "") -> None:
        self.path = path
        self.text = text.replace("\r\n", "\n").replace("\r", "\n")
        self.dotted = dotted
        self.lines = lines_of(self.text)
        self.tree = ast.parse(self.text)

    @property
    def shown(self) -> str:
        """The file's name for people, as far as it lies in the repository: texts about it get into what is written."""
        parts = PurePath(self.path).parts
        inside = self.dotted.count(".") + (2 if self.dotted and parts[-1] == "__init__.py" else 1)
        return "/".join(parts[-inside:])

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """For each node the node around it."""
        return {child: node for node in walk(self.tree) for child in children(node)}

    @cached_property
    def names(self) -> Names:
        """What the module itself binds."""
        return collect(self.tree.body)

    @cached_property
    def functions(self) -> dict[str, list[Callish]]:
        """All functions by name, wherever they stand."""
        found: dict[str, list[Callish]] = {}
        for node in walk(self.tree):
            if isinstance(node, Callish):
                found.setdefault(node.name, []).append(node)
        return found

    @cached_property
    def lambdas(self) -> list[ast.Lambda]:
        """All lambdas."""
        return [node for node in walk(self.tree) if isinstance(node, ast.Lambda)]

    def enclosing(self, node: ast.AST) -> list[Callish]:
        """The functions around `node`, innermost first."""
        found: list[Callish] = []
        while node in self.parents:
            node = self.parents[node]
            if isinstance(node, Callish):
                found.append(node)
        return found

    def segment(self, node: ast.stmt | ast.expr) -> str:
        """A node's text, as `ast.get_source_segment` gives it, which splits the whole file into lines each time."""
        first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        if first == last:
            return self.lines[first].encode()[node.col_offset : node.end_col_offset].decode()
        begins, ends = self.lines[first].encode()[node.col_offset :], self.lines[last].encode()[: node.end_col_offset]
        return "".join((begins.decode(), *self.lines[first + 1 : last], ends.decode()))

    def cut(self, node: ast.stmt, *, decorators: bool = True) -> str:
        """The statement's text, dedented, with what follows on its last line (a comment) and without changing any string."""
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) if decorators else node.lineno
        last = node.end_lineno or node.lineno
        indent = _indent(self.lines[first - 1])
        if self.lines[first - 1][: node.col_offset].strip() and first == node.lineno:  # behind a semicolon or a colon
            return self.segment(node) + "\n"
        kept = self._inside_strings(node)
        lines = [line if number in kept else _dedent(line, indent) for number, line in enumerate(self.lines[first - 1 : last], start=first)]
        text = "".join(lines)
        return text if text.endswith("\n") else text + "\n"

    def _inside_strings(self, node: ast.stmt) -> set[int]:
        """Lines that begin inside a string, whose text would change; a docstring may be dedented."""
        begins = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
        if not self._spans_lines("".join(self.lines[begins - 1 : node.end_lineno])):
            return set()
        every, docs = walk(node), set()
        for inner in every:
            if isinstance(inner, Callish | ast.ClassDef) and ast.get_docstring(inner, clean=False) is not None:
                docs.add(id(inner.body[0].value))  # type: ignore[attr-defined]
        kept: set[int] = set()
        for inner in every:
            text = isinstance(inner, ast.JoinedStr) or (isinstance(inner, ast.Constant) and isinstance(inner.value, str | bytes))
            if text and id(inner) not in docs:
                first, last = inner.lineno, inner.end_lineno or inner.lineno
                if last > first and not self._implicit_joins(first, last):
                    kept |= set(range(first + 1, last + 1))
        return kept

    def _implicit_joins(self, first: int, last: int) -> bool:
        """Whether the lines hold several short strings side by side, none of which spans lines."""
        return not self._spans_lines("".join(self.lines[first - 1 : last]))

    def _spans_lines(self, text: str) -> bool:
        """Whether a string in the text may go on in the next line."""
        return '"""' in text or "'''" in text or any(line.rstrip("\r\n").endswith("\\") for line in text.split("\n"))


def lines_of(text: str) -> list[str]:
    """The lines as Python counts them, ends kept: a form feed or a Unicode separator ends none."""
    return [line for line in re.split("(?<=\n)", text) if line]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _dedent(line: str, indent: int) -> str:
    return line[min(indent, _indent(line)) :] if line.strip() else line.lstrip(" \t")


def collect(body: list[ast.stmt]) -> Names:
    """What the statements bind in their own scope; bodies of functions and classes are not entered."""
    names = Names()
    _collect(body, names, None, False, False)
    return names


def names_of(annotation: ast.expr) -> set[str]:
    """The names in an annotation, also in one that is text."""
    parts = list(ast.walk(annotation))
    found = {part.id for part in parts if isinstance(part, ast.Name)}
    for text in (part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)):
        with contextlib.suppress(SyntaxError, ValueError):
            found |= {part.id for part in ast.walk(ast.parse(text, mode="eval")) if isinstance(part, ast.Name)}
    return found


def _collect(body: list[ast.stmt], names: Names, guard: ast.stmt | None, loop: bool, typing_only: bool) -> None:
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            _imports(node, names, guard, loop, typing_only)
        elif isinstance(node, Callish | ast.ClassDef):
            names.add(Binding(node.name, node, guard, loop, typing_only))
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            _assigned(node, names, guard, loop)
        elif isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                _targets(item.optional_vars, node, names, guard, True)
            _collect(node.body, names, guard, loop, typing_only)
        elif isinstance(node, ast.For | ast.AsyncFor):
            _targets(node.target, node, names, guard, True)
            _collect(node.body + node.orelse, names, guard, True, typing_only)
        elif isinstance(node, ast.While):
            _collect(node.body + node.orelse, names, guard, True, typing_only)
        elif isinstance(node, ast.If):
            typing = typing_only or "TYPE_CHECKING" in ast.unparse(node.test)
            _collect(node.body, names, guard or node, loop, typing)
            _collect(node.orelse, names, guard or node, loop, typing_only)
        elif isinstance(node, ast.Try):
            inner = [*node.body, *(s for handler in node.handlers for s in handler.body), *node.orelse, *node.finalbody]
            _collect(inner, names, guard or node, loop, typing_only)
        elif isinstance(node, ast.Expr):
            _changed(node, names)


def _imports(node: ast.Import | ast.ImportFrom, names: Names, guard: ast.stmt | None, loop: bool, typing_only: bool) -> None:
    for alias in node.names:
        if isinstance(node, ast.Import):
            target = alias.name if alias.asname else alias.name.split(".")[0]
            names.add(Binding(alias.asname or target, node, guard, loop, typing_only, target))
        elif alias.name == "*":
            names.stars.append(node.module or "")
        else:
            target = f"{node.module}.{alias.name}" if node.module else alias.name
            names.add(Binding(alias.asname or alias.name, node, guard, loop, typing_only, target, node.level))


def _assigned(node: ast.Assign | ast.AnnAssign | ast.AugAssign, names: Names, guard: ast.stmt | None, loop: bool) -> None:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        if isinstance(target, ast.Subscript | ast.Attribute):
            base: ast.expr = target
            while isinstance(base, ast.Subscript | ast.Attribute):
                base = base.value
            if isinstance(base, ast.Name):
                names.changed.add(base.id)
        elif isinstance(node, ast.AugAssign) and isinstance(target, ast.Name):
            names.changed.add(target.id)
        elif not (isinstance(node, ast.AnnAssign) and node.value is None):
            _targets(target, node, names, guard, loop)


def _targets(target: ast.expr | None, node: ast.stmt, names: Names, guard: ast.stmt | None, loop: bool) -> None:
    for inner in ast.walk(target) if target is not None else ():
        if isinstance(inner, ast.Name):
            names.add(Binding(inner.id, node, guard, loop))


def _changed(node: ast.Expr, names: Names) -> None:
    call = node.value
    changes = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in _MUTATORS
    if changes and isinstance(call.func.value, ast.Name):  # type: ignore[attr-defined]
        names.changed.add(call.func.value.id)  # type: ignore[attr-defined]


class Sources:
    """The files that one reading may look at; `texts` gives the text of a path."""

    def __init__(self, modules: Mapping[str, str], texts: Callable[[str], str] | None = None) -> None:
        self.modules = dict(modules)
        self._texts = texts or (lambda path: Path(path).read_text(encoding="utf-8"))
        self._parsed: dict[str, Module | None] = {}
        self._dotted = {path: name for name, path in self.modules.items()}

    def text(self, path: str) -> str | None:
        """The text of a file, or None when there is none or it is too long to be source."""
        try:
            text = self._texts(path)
        except (OSError, KeyError, ValueError):
            return None
        return text if len(text) <= _LONGEST else None

    def module(self, path: str) -> Module | None:
        """The parsed file, or None when it is missing or no Python."""
        if path not in self._parsed:
            text = self.text(path)
            try:
                self._parsed[path] = Module(path, text, self._dotted.get(path, "")) if text is not None else None
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self._parsed[path] = None
        return self._parsed[path]

    def sibling(self, target: str, level: int, importer: Module) -> tuple[Module, str] | None:
        """The sibling module that an imported dotted name lies in, and the name inside it ("" for the module itself)."""
        if level:
            folder = PurePath(importer.path)
            for _ in range(level):
                folder = folder.parent
            stems = {str(PurePath(path).with_suffix("")).removesuffix("/__init__"): path for path in self.modules.values()}
            return self._find(target, lambda parts: stems.get(str(folder.joinpath(*parts))))
        return self._find(target, lambda parts: self.modules.get(".".join(parts)))

    def _find(self, target: str, path_of: Callable[[list[str]], str | None]) -> tuple[Module, str] | None:
        parts = target.split(".")
        for inner in (0, 1):
            path = path_of(parts[: len(parts) - inner])
            module = self.module(path) if path else None
            if module is not None:
                return module, parts[-1] if inner else ""
        return None


def offsets(text: str) -> Callable[[int, int], int]:
    """A function from (line from 1, column in UTF-8 bytes) to an offset in characters."""
    lines = lines_of(text)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def at(line: int, column: int) -> int:
        if line > len(lines):
            return len(text)
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode(errors="ignore"))

    return at


def header_end(source: str) -> int:
    """The offset just behind the colon that ends the signature of the `def` at the start of `source`."""
    at = offsets(source)
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.OP:
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token.string, 0)
            if token.string == ":" and depth == 0:
                line = lines_of(source)[token.end[0] - 1]
                return at(token.end[0], len(line[: token.end[1]].encode()))
    raise ValueError("no signature")
