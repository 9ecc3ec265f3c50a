"""Operator classes of the repository itself: a class that only keeps its arguments, and its `execute` as a plain function.

`read_class` accepts a class that derives from BaseOperator alone and whose `__init__` stores what it is given; `as_function` writes the
method anew, `self.value` as a parameter `value`. NotPlain says what stands in the way.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from dataclasses import dataclass, field

from workbook_lib.model import expr as x
from workbook_lib.sources.airflow._definitions import globals_of
from workbook_lib.sources.airflow._source import Callish, Module, Sources, header_end, offsets

# Methods beside `__init__` and `execute` that say nothing about what a task that is left alone does.
_QUIET = frozenset({"on_kill", "__repr__", "__str__"})
# What `self` knows beyond its arguments, as it is reached through the task context.
_KNOWN = {"task_id": '["ti"].task_id', "dag_id": '["ti"].dag_id'}


class NotPlain(Exception):
    """The class does more than a function could; the text is a clause that says what."""


@dataclass
class OwnClass:
    """A class as far as it matters: which attribute holds which argument, defaults as source, and the method."""

    module: Module
    name: str
    execute: ast.FunctionDef
    stores: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, ast.expr | None] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    constants: dict[str, ast.expr] = field(default_factory=dict)
    calls_base_plainly: bool = True

    def texts(self, name: str) -> tuple[str, ...]:
        """A class attribute that holds names, such as `template_fields`."""
        node = self.constants.get(name)
        try:
            value = ast.literal_eval(node) if node is not None else ()
        except ValueError:
            raise NotPlain(f"its `{name}` is computed") from None
        return (value,) if isinstance(value, str) else tuple(str(item) for item in value)


def read_class(sources: Sources, name: str, bases: tuple[str, ...], execute: x.Expr | None) -> OwnClass:
    """The class `name`, found by where its `execute` begins."""
    if bases != (name, "BaseOperator"):
        others = ", ".join(base for base in bases if base not in (name, "BaseOperator"))
        raise NotPlain(f"it derives from {others or 'no known class'}")
    if not isinstance(execute, x.Callable) or execute.file is None or execute.line is None:
        raise NotPlain("its `execute` has no source that could be read")
    module = sources.module(execute.file)
    found = [node for node in module.functions.get("execute", ()) if _begins(node, execute.line)] if module is not None else []
    if module is None or len(found) != 1:
        raise NotPlain("its `execute` has no source that could be read")
    method, around = found[0], module.parents.get(found[0])
    if not isinstance(around, ast.ClassDef) or around.name != name or around.decorator_list or around.keywords:
        raise NotPlain("its `execute` does not stand in a plain class of that name")
    if not isinstance(method, ast.FunctionDef) or method.decorator_list:
        raise NotPlain("its `execute` is decorated, or a coroutine function")
    made = OwnClass(module, name, method)
    for node in around.body:
        _member(node, made)
    return made


def _begins(node: Callish, line: int) -> bool:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) <= line <= node.lineno


def _member(node: ast.stmt, made: OwnClass) -> None:
    if isinstance(node, Callish):
        if node.name == "__init__":
            _init(node, made)
        elif node.name != "execute" and node.name not in _QUIET:
            raise NotPlain(f"it has a method `{node.name}` beside `execute`")
    elif isinstance(node, ast.Assign) and all(isinstance(target, ast.Name) for target in node.targets):
        made.constants |= {target.id: node.value for target in node.targets if isinstance(target, ast.Name)}
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        if node.value is not None:
            made.constants[node.target.id] = node.value
    elif not isinstance(node, ast.Pass) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        raise NotPlain(f"its class body holds `{ast.unparse(node).splitlines()[0][:60]}`")


def _init(node: Callish, made: OwnClass) -> None:
    args = node.args
    if any(ast.unparse(decorator).split(".")[-1] != "apply_defaults" for decorator in node.decorator_list):
        raise NotPlain("its `__init__` is decorated")
    every = [*args.posonlyargs, *args.args]
    given: list[ast.expr | None] = [None] * (len(every) - len(args.defaults))
    made.defaults = {arg.arg: default for arg, default in zip(every, [*given, *args.defaults], strict=True)}
    me = every[0].arg
    del made.defaults[me]
    made.defaults |= {arg.arg: default for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)}
    made.annotations = {arg.arg: ast.unparse(arg.annotation) for arg in [*every, *args.kwonlyargs] if arg.annotation is not None}
    for statement in node.body:
        if isinstance(statement, ast.Pass) or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            continue
        if _calls_base(statement, node, made):
            continue
        pairs = _stored(statement, me)
        if not pairs or any(value not in made.defaults for _, value in pairs):
            raise NotPlain(f"its `__init__` does more than keep arguments: `{ast.unparse(statement).splitlines()[0][:60]}`")
        made.stores |= dict(pairs)


def _calls_base(node: ast.stmt, init: Callish, made: OwnClass) -> bool:
    """`super().__init__(...)`; what it passes was recorded when the class ran, except for a mapped task."""
    call = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(call, ast.Call) or not re.fullmatch(r"super\(.*\)\.__init__|BaseOperator\.__init__", ast.unparse(call.func)):
        return False
    rest = {arg.arg for arg in (init.args.vararg, init.args.kwarg) if arg is not None}
    positional = [arg.value if isinstance(arg, ast.Starred) else arg for arg in call.args]
    values = [*positional, *(word.value for word in call.keywords if word.arg is None)]
    same = all(isinstance(word.value, ast.Name) and word.value.id == word.arg for word in call.keywords if word.arg is not None)
    known = rest | {init.args.args[0].arg if init.args.args else "self"}
    made.calls_base_plainly &= same and all(isinstance(value, ast.Name) and value.id in known for value in values)
    return True


def _stored(node: ast.stmt, me: str) -> list[tuple[str, str]]:
    """`self.a = a`, also several at once: (attribute, parameter) pairs; none for anything else."""
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        targets, values = [node.target], [node.value]
    elif isinstance(node, ast.Assign) and len(node.targets) == 1:
        target, value = node.targets[0], node.value
        both = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts)
        targets = target.elts if both else [target]  # type: ignore[attr-defined, list-item]
        values = value.elts if both else [value]  # type: ignore[attr-defined]
    else:
        return []
    pairs = list(zip(targets, values, strict=True))
    good = all(_attribute(target, me) and isinstance(value, ast.Name) for target, value in pairs)
    return [(target.attr, value.id) for target, value in pairs] if good else []  # type: ignore[union-attr, attr-defined]


def _attribute(node: ast.AST, me: str) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == me


@dataclass(frozen=True)
class Rewritten:
    """The method as a function: its text, the node that tells where names are looked up, and the attribute behind each parameter."""

    node: Callish
    source: str
    parameters: dict[str, str]


def as_function(own: OwnClass) -> Rewritten:
    """`def execute(self, context): return self.a + 1` -> `def add_one(a, **context): return a + 1`."""
    args = own.execute.args
    every = [*args.posonlyargs, *args.args]
    if len(every) != 2 or args.vararg or args.kwarg or args.kwonlyargs:
        raise NotPlain("its `execute` does not take the context alone")
    source = own.module.cut(own.execute, decorators=False)
    method = ast.parse(source).body[0]
    assert isinstance(method, ast.FunctionDef)
    me, context = every[0].arg, every[1].arg
    named = _names(method)
    if "super" in named or "__class__" in named:
        raise NotPlain("its `execute` calls `super()`")
    uses = [node for node in ast.walk(method) if _attribute(node, me) and isinstance(node, ast.Attribute)]
    if len(uses) != sum(isinstance(node, ast.Name) and node.id == me for node in ast.walk(method)):
        raise NotPlain(f"its `execute` uses `{me}` as a whole")
    parameters: dict[str, str] = {}  # name of the parameter -> attribute
    edits: list[tuple[int, int, str]] = []
    at = offsets(source)
    logger = "logger" if "log" in named or "log" in own.stores else "log"
    for node in uses:
        start, end = at(node.lineno, node.col_offset), at(node.end_lineno or 0, node.end_col_offset or 0)
        if source[start:end] != f"{me}.{node.attr}":  # Python before 3.12 misplaces what stands in joined format strings
            raise NotPlain(f"`{me}.{node.attr}` stands in a text over several lines, where Python does not tell its place")
        if not isinstance(node.ctx, ast.Load):
            raise NotPlain(f"its `execute` changes `{me}.{node.attr}`")
        if node.attr in own.stores or node.attr in own.constants:
            name = node.attr.lstrip("_") or "value"
            name = f"{name}_" if name in named or name in _RESERVED else name
            if parameters.setdefault(name, node.attr) != node.attr:
                raise NotPlain(f"its attributes `{node.attr}` and `{parameters[name]}` cannot be told apart")
        elif node.attr == "log":
            name = logger
        elif node.attr in _KNOWN:
            name = context + _KNOWN[node.attr]
        else:
            raise NotPlain(f"its `execute` uses `{me}.{node.attr}`")
        edits.append((start, end, name))
    if any(node.attr == "log" and "log" not in own.stores for node in uses):
        edits.append(_logger(source, method, logger))
    body = source
    for start, end, text in sorted(edits, reverse=True):
        body = body[:start] + text + body[end:]
    order = [name for attribute in dict.fromkeys([*own.stores, *own.constants]) for name, of in parameters.items() if of == attribute]
    notes = {name: own.annotations.get(own.stores.get(parameters[name], "")) for name in order}
    signature = ", ".join([*(f"{name}: {notes[name]}" if notes[name] else name for name in order), f"**{context}"])
    returns = f" -> {ast.unparse(method.returns)}" if method.returns is not None else ""
    # All edits stand behind the signature, so that its end has not moved.
    text = f"def {_name(own, source)}({signature}){returns}:{body[header_end(source) :]}"
    made = ast.parse(text).body[0]
    assert isinstance(made, Callish)
    own.module.parents[made] = own.module.parents[own.execute]
    ast.copy_location(made, own.execute)
    return Rewritten(made, text, {name: parameters[name] for name in order})


def _names(method: ast.FunctionDef) -> set[str]:
    """Every name that the method mentions or binds; the words of keyword arguments are none."""
    found: set[str] = set()
    for node in ast.walk(method):
        if not isinstance(node, ast.keyword):
            every = (getattr(node, part, None) for part in ("id", "arg", "name", "asname"))
            found |= {text.split(".")[0] for text in every if isinstance(text, str)}
    return found


_RESERVED = frozenset(keyword.kwlist) | {"logging"}


def _logger(source: str, method: ast.FunctionDef, name: str) -> tuple[int, int, str]:
    """`self.log` is an ordinary logger, made where the body begins."""
    documented = ast.get_docstring(method) is not None
    first = method.body[1 if documented else 0]
    begin = source.rfind("\n", 0, offsets(source)(first.lineno, first.col_offset)) + 1
    indent = source[begin : offsets(source)(first.lineno, first.col_offset)]
    if indent.strip() or not indent:
        raise NotPlain("its `execute` logs in one line with its signature")
    return begin, begin, f"{indent}import logging\n\n{indent}{name} = logging.getLogger(__name__)\n"


def _name(own: OwnClass, source: str) -> str:
    """GetRequestOperator -> get_request; a name that the method itself uses, or that is Python's, is avoided."""
    short = re.sub(r"Operator$", "", own.name) or own.name
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", short).lower().strip("_")
    taken = name in globals_of(source) or name in own.module.names.bound or hasattr(builtins, name) or keyword.iskeyword(name)
    return f"{name}_task" if taken or not name.isidentifier() else name
