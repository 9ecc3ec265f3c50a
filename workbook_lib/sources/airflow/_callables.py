"""Where a callable is written, and what it carries along: closures, lambdas, partials, methods, decorated and library functions.

`find` gives the `def` that Airflow would call, as text that could stand alone: what a method reads of its object, and what a closure
takes from around it, become parameters with a value (`Found.values`). Unreadable says why there is none.
"""

from __future__ import annotations

import ast
import keyword
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from workbook_lib.model import expr as x
from workbook_lib.model.expr import Expr
from workbook_lib.sources.airflow._source import Callish, Module, Sources, header_end, offsets

# What the standard library's functions do not tell of their parameters: name -> signature.
_SIGNATURES: dict[str, tuple[str, ...]] = {
    "builtins.print": ("*values",),
    "pprint.pprint": ("object",),
    "time.sleep": ("secs",),
}

_GIVE_NOTHING = frozenset({"builtins.print", "pprint.pprint", "time.sleep"})  # what they return is always None


class Unreadable(Exception):
    """A callable without source that could be carried over; the text says why, `name` is what it is called."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        super().__init__(reason)


@dataclass(frozen=True)
class Found:
    """A function's text and the node that tells where its names are looked up.

    `values` are for names that it takes from around it, where these cannot be carried over; `defaults` for its parameters; `fixed` for
    parameters that it was given here, in place of `self`; `args` and `kwargs` are bound in front.
    """

    module: Module | None
    node: Callish
    source: str
    values: Mapping[str, Expr] = field(default_factory=dict)
    defaults: Mapping[str, Expr] = field(default_factory=dict)
    fixed: Mapping[str, Expr] = field(default_factory=dict)
    args: tuple[Expr, ...] = ()
    kwargs: Mapping[str, Expr] = field(default_factory=dict)


def find(sources: Sources, target: Expr, task: str, args: Sequence[Expr], kwargs: Mapping[str, Expr], context: frozenset[str]) -> Found:
    """The function that `target(*args, **kwargs)` calls in the task; `context` are names that Airflow adds where they are asked for."""
    name = identifier(task) or "task"
    if not isinstance(target, x.Callable):
        shown = target.source if isinstance(target, x.Unknown | x.Template) else target.kind
        raise Unreadable(name, f"`{shown}` is no function whose source could be read")
    args, kwargs = (*target.args, *args), {**dict(target.kwargs), **kwargs}
    given = {*kwargs, *context}
    found = _find(sources, target, name, len(args), given)
    values = {name: value for name, value in target.values if known(value)}
    defaults = {name: value for name, value in target.defaults if known(value)}
    return Found(found.module, found.node, found.source, values, defaults, found.fixed, target.args, dict(target.kwargs))


def known(value: Expr) -> bool:
    """Whether a value is data that can be handed over."""
    return not any(isinstance(part, x.Unknown | x.Callable | x.Template) for part in x.walk(value))


def _find(sources: Sources, target: x.Callable, task: str, positional: int, given: set[str]) -> Found:
    short = target.name.split(".")[-1]
    name = identifier(short) or task
    if target.file is None or target.line is None:
        return _library(target, name, positional, given)
    module = sources.module(target.file)
    if module is None:
        file = PurePath(target.file).name
        raise Unreadable(name, f"the source of `{target.name}` ({file}) cannot be read")
    if short == "<lambda>" or target.reason == "lambda":
        return _lambda(module, target, task)
    wrapped = sources.module(target.wraps.file) if isinstance(target.wraps, x.Callable) and target.wraps.file else None
    by_name = _by_name(wrapped or module, target, positional, given) if wrapped or target.named not in (None, short) else None
    if by_name is not None and (wrapped or "." not in (target.named or "")):
        return by_name
    node = next((node for node in module.functions.get(short, ()) if _begins(node, target.line)), None)
    if wrapped is not None or isinstance(target.wraps, x.Callable):
        raise Unreadable(name, f"`{target.name}` is decorated, and its module does not hold it under a name")
    if node is None:
        raise Unreadable(name, f"no function `{short}` begins at line {target.line} of {module.shown}")
    if not isinstance(module.parents.get(node), ast.ClassDef):
        return _plain(module, node)
    try:
        return _method(module, node, target)
    except Unreadable:
        if by_name is None:
            raise
        return by_name


def _begins(node: Callish, line: int) -> bool:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) <= line <= node.lineno


def _plain(module: Module, node: Callish) -> Found:
    return Found(module, node, module.cut(node, decorators=False))


def _library(target: x.Callable, name: str, positional: int, given: set[str]) -> Found:
    """A function of the standard library: a small one that calls it."""
    dotted = target.name if "." in target.name else f"builtins.{target.name}"
    home = dotted.partition(".")[0]
    signature = _SIGNATURES.get(dotted, target.signature)
    if home not in sys.stdlib_module_names or not all(part.isidentifier() for part in dotted.split(".")):
        raise Unreadable(name, f"`{target.name}` has no source that could be read: {target.reason or 'no place is known'}")
    if signature is None:
        raise Unreadable(name, f"`{target.name}` has no source, and Python does not tell its parameters, which Airflow asks for")
    importing = "" if home == "builtins" else f"    import {dotted.rpartition('.')[0]}\n\n"
    called = dotted.removeprefix("builtins.")
    source = _calling(name, called, target.name, signature, positional, given, importing)
    source = source.replace("    return ", "    ") if dotted in _GIVE_NOTHING else source
    return Found(None, definition(source), source)


def _by_name(module: Module, target: x.Callable, positional: int, given: set[str]) -> Found | None:
    """Something that the module holds under a name, called by that name: a decorated function, an object with `__call__`."""
    named = target.named
    if named is None or target.signature is None or len(module.names.bound.get(named.split(".")[0], ())) != 1:
        return None
    source = _calling(f"call_{named.split('.')[-1]}", named, named, target.signature, positional, given)
    return _placed(module, module.tree, source)


def _calling(name: str, called: str, shown: str, signature: Sequence[str], positional: int, given: set[str], importing: str = "") -> str:
    """`def name(a): return called(a)` with those parameters that are given a value; Unreadable where that is everything."""
    if any(part.startswith("**") for part in signature):
        raise Unreadable(name, f"`{shown}` takes any keyword argument, so that Airflow gives it the whole task context")
    taken: list[str] = []
    passed: list[str] = []
    by_keyword = False
    for part in signature:
        own = part.partition("=")[0].strip()
        by_keyword |= own.startswith("*")
        if own not in ("/", "*") and (own == part or len(taken) < positional or own in given):
            taken.append(own)
            passed.append(f"{own}={own}" if by_keyword and not own.startswith("*") else own)
    return f"def {name}({', '.join(taken)}):\n{importing}    return {called}({', '.join(passed)})\n"


def _lambda(module: Module, target: x.Callable, name: str) -> Found:
    line = target.line or 0
    found = [node for node in module.lambdas if node.lineno == line]
    if not found:
        found = [node for node in module.lambdas if node.lineno <= line <= (node.end_lineno or node.lineno)]
    if len(found) > 1 and target.column is not None:
        found = [node for node in found if (node.body.lineno, node.body.col_offset) == (line, target.column)] or found
    if len(found) != 1:
        raise Unreadable(name, f"there are {len(found)} lambdas at line {line} of {module.shown}; which one is meant is not known")
    body = module.segment(found[0].body)
    if "\n" in body:
        body = f"({body})"
    source = f"def {name}({ast.unparse(found[0].args)}):\n    return {body}\n"
    return _placed(module, module.parents[found[0]], source, found[0])


def _placed(module: Module, parent: ast.AST, source: str, at: ast.AST | None = None) -> Found:
    """A function that is made here; its names are looked up as if it stood at that place."""
    node = definition(source)
    module.parents[node] = parent
    if at is not None:
        ast.copy_location(node, at)
    return Found(module, node, source)


def _method(module: Module, node: Callish, target: x.Callable) -> Found:
    """A method without its object: what it reads of `self` becomes parameters, as the object was when the file had been read."""
    plain = {ast.unparse(decorator) for decorator in node.decorator_list}
    if "staticmethod" in plain:
        return _plain(module, node)
    source = module.cut(node, decorators=False)
    method = definition(source)
    every = [*method.args.posonlyargs, *method.args.args]
    shown = target.name
    if not every:
        raise Unreadable(node.name, f"the method `{shown}` takes no object")
    me = every[0].arg
    mentions = [n for n in ast.walk(method) if isinstance(n, ast.Name) and n.id == me]
    if plain - {"classmethod"}:
        raise Unreadable(node.name, f"the method `{shown}` is decorated")
    if "super" in {n.id for n in ast.walk(method) if isinstance(n, ast.Name)}:
        raise Unreadable(node.name, f"the method `{shown}` calls `super()`")
    state = dict(target.state or ())
    uses = [n for n in ast.walk(method) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == me]
    if len(uses) != len(mentions):
        raise Unreadable(node.name, f"the method `{shown}` uses `{me}` as a whole")
    names = {n.id for n in ast.walk(method) if isinstance(n, ast.Name)} | {a.arg for a in ast.walk(method) if isinstance(a, ast.arg)}
    fixed: dict[str, Expr] = {}
    edits: list[tuple[int, int, str]] = []
    at = offsets(source)
    for use in uses:
        start, end = at(use.lineno, use.col_offset), at(use.end_lineno or 0, use.end_col_offset or 0)
        value = state.get(use.attr)
        if not isinstance(use.ctx, ast.Load) or source[start:end] != f"{me}.{use.attr}":
            raise Unreadable(node.name, f"the method `{shown}` changes `{me}.{use.attr}`, which other tasks do not see")
        if value is None or not known(value):
            raise Unreadable(node.name, f"the method `{shown}` uses `{me}.{use.attr}`, which is no plain data")
        wish = use.attr.lstrip("_") or "value"
        name = f"{wish}_" if wish in names or keyword.iskeyword(wish) else wish
        fixed[name] = value
        edits.append((start, end, name))
    body = source
    for begins, ends, text in sorted(edits, reverse=True):
        body = body[:begins] + text + body[ends:]
    kept = ast.parse(source).body[0]
    assert isinstance(kept, Callish)
    (kept.args.posonlyargs or kept.args.args).pop(0)
    kept.args.kwonlyargs += [ast.arg(arg=name) for name in fixed]
    kept.args.kw_defaults += [None] * len(fixed)
    returns = f" -> {ast.unparse(kept.returns)}" if kept.returns is not None else ""
    keyword_ = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    text = f"{keyword_} {node.name}({ast.unparse(kept.args)}){returns}:{body[header_end(source) :]}"
    found = _placed(module, module.parents[module.parents[node]], text, node)
    return Found(module, found.node, text, fixed=fixed)


def definition(source: str) -> Callish:
    """The `def` that a text is."""
    node = ast.parse(source).body[0]
    assert isinstance(node, Callish)
    return node


def identifier(text: str) -> str:
    """A name for a function, from the last part of a dotted name; empty where nothing of it can be one."""
    name = re.sub(r"\W+", "_", text.split(".")[-1]).strip("_")
    return "" if not name else f"{name}_" if keyword.iskeyword(name) else f"task_{name}" if name[0].isdigit() else name
