"""Python callables as model functions, read from source text and never run.

`read_call` binds a callable to its arguments and to what Airflow adds from the task context
(https://airflow.apache.org/docs/apache-airflow/2.11.2/howto/operator/python.html#context); `read_callback` reads a callback, whose one
argument is the whole context. What still needs Airflow becomes a blocker; the source is kept in any case.
"""

from __future__ import annotations

import ast
import keyword
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from workbook_lib.model import expr as x
from workbook_lib.model.action import PythonCall
from workbook_lib.model.expr import Expr
from workbook_lib.model.function import Argument, Function, Origin
from workbook_lib.sources.airflow import _context as context
from workbook_lib.sources.airflow._context import Entity, Meaning, NotUnderstood, Scope
from workbook_lib.sources.airflow._definitions import Definitions, foreign_writes, globals_of, rewritten
from workbook_lib.sources.airflow._source import Callish, Module, Sources, header_end
from workbook_lib.sources.airflow._spans import Surroundings, mark

__all__ = ["Binder", "Reading"]

Form = Literal["positional", "keyword", "var_positional", "var_keyword"]
Rest = Callable[[str, int], Expr]  # the value of a required parameter (its name and position) that is not bound by name

# Library functions that are used as callables: how a task that calls them looks. Their signatures take nothing from the context.
_LIBRARY: dict[str, str] = {
    "print": "def print_values(*values):\n    print(*values)\n",
    "sleep": "def sleep(secs):\n    import time\n\n    time.sleep(secs)\n",
    "pprint": "def pprint(object):\n    import pprint as printer\n\n    printer.pprint(object)\n",
}


@dataclass(frozen=True)
class Reading:
    """A bound call; `hands_over` tells that a sensor's check gives (done, value)."""

    call: PythonCall
    hands_over: bool = False


class Binder:
    """Reads the callables of one DAG; `definitions` gathers what they need of their modules."""

    def __init__(self, sources: Sources, definitions: Definitions) -> None:
        self.sources = sources
        self.definitions = definitions

    def call(
        self,
        target: Expr,
        args: Sequence[Expr],
        kwargs: Mapping[str, Expr],
        scope: Scope,
        *,
        rest: Rest | None = None,
        checks: bool = False,
    ) -> Reading:
        """`target(*args, **kwargs)` as Airflow calls it; `rest` gives required parameters that only a mapped element names."""
        found = self._find(target, scope)
        if isinstance(found, Function):
            return Reading(PythonCall(function=found))
        return self.bound(*found, args, kwargs, scope, rest=rest, checks=checks)

    def bound(
        self,
        module: Module | None,
        node: Callish,
        source: str,
        args: Sequence[Expr],
        kwargs: Mapping[str, Expr],
        scope: Scope,
        *,
        rest: Rest | None = None,
        checks: bool = False,
    ) -> Reading:
        """The same for a function that is already found: `source` is its text, `node` tells where its names are looked up."""
        bound, names, extras, problems = _bind(node, args, kwargs, scope, rest)
        function, hands_over = self._read(module, node, source, scope, names, extras, checks)
        kept = tuple(p for p in function.parameters if p.name in bound or p.default is not None)
        kept = tuple(p for p in kept if p.name not in names or not isinstance(names[p.name], Entity))
        if problems:
            function = function.model_copy(update={"blockers": (*function.blockers, *problems)})
        function = function.model_copy(update={"parameters": kept})
        arguments = tuple((p.name, bound[p.name]) for p in kept if p.name in bound)
        return Reading(PythonCall(function=function, arguments=arguments), hands_over)

    def callback(self, target: Expr, scope: Scope) -> Function:
        """A callback: its first argument is the context."""
        found = self._find(target, scope)
        if isinstance(found, Function):
            return found
        module, node, source = found
        every = [*node.args.posonlyargs, *node.args.args]
        names: dict[str, Meaning] = {every[0].arg: Entity("context")} if every else {}
        if node.args.kwarg is not None and not every:
            names[node.args.kwarg.arg] = Entity("context")
        function, _ = self._read(module, node, source, scope, names, {}, False)
        kept = tuple(p for p in function.parameters if p.name not in names)
        return function.model_copy(update={"parameters": kept})

    def _find(self, target: Expr, scope: Scope) -> Function | tuple[Module | None, Callish, str]:
        """The `def` that a callable is, or an empty function with the reason why it cannot be read."""
        name = _identifier(scope.task) or "task"
        if not isinstance(target, x.Callable):
            shown = target.source if isinstance(target, x.Unknown | x.Template) else target.kind
            return _unreadable(name, f"`{shown}` is no function whose source could be read")
        short = target.name.split(".")[-1]
        if target.file is None or target.line is None:
            if short in _LIBRARY:
                return None, _definition(_LIBRARY[short]), _LIBRARY[short]
            why = target.reason or "no place is known"
            return _unreadable(_identifier(short) or name, f"`{target.name}` has no source that could be read: {why}")
        module = self.sources.module(target.file)
        if module is None:
            file = PurePath(target.file).name
            return _unreadable(_identifier(short) or name, f"the source of `{target.name}` ({file}) cannot be read")
        if short == "<lambda>" or target.reason == "lambda":
            return self._lambda(module, target.line, name)
        if "<locals>" not in target.name and "." in target.name and target.reason:
            return _unreadable(_identifier(short) or name, f"`{target.name}` cannot be read: {target.reason}")
        for node in module.functions.get(short, ()):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if first <= target.line <= node.lineno:
                source = module.cut(node, decorators=False)
                return module, node, source
        return _unreadable(_identifier(short) or name, f"no function `{short}` begins at line {target.line} of {module.shown}")

    def _lambda(self, module: Module, line: int, name: str) -> Function | tuple[Module | None, Callish, str]:
        found = [node for node in module.lambdas if node.lineno == line]
        if not found:
            found = [node for node in module.lambdas if node.lineno <= line <= (node.end_lineno or node.lineno)]
        if len(found) != 1:
            return _unreadable(name, f"there are {len(found)} lambdas at line {line} of {module.shown}; which one is meant is not known")
        body = ast.get_source_segment(module.text, found[0].body) or ""
        if "\n" in body:
            body = f"({body})"
        source = f"def {name}({ast.unparse(found[0].args)}):\n    return {body}\n"
        node = _definition(source)
        # Names are looked up where the lambda stands, so the new function takes its place among the parents.
        module.parents[node] = module.parents[found[0]]
        ast.copy_location(node, found[0])
        return module, node, source

    def _read(
        self,
        module: Module | None,
        node: Callish,
        source: str,
        scope: Scope,
        names: Mapping[str, Meaning],
        extras: Mapping[str, Expr],
        checks: bool,
    ) -> tuple[Function, bool]:
        tree = ast.parse(source)
        definition = tree.body[0]
        assert isinstance(definition, Callish)
        blockers = foreign_writes(tree)
        uses: tuple[str, ...] = ()
        resolved: dict[str, Meaning] = dict(names)
        helpers_skip = False
        if module is not None:
            found = self.definitions.needs(module, node, globals_of(source))
            blockers += found.problems
            uses, helpers_skip = found.uses, found.may_skip
            resolved = {**found.references, **names}
        around = Surroundings(
            scope=scope,
            names=resolved,
            airflow=(lambda name: self.definitions.airflow_name(module, node, name)) if module is not None else (lambda name: None),
            literal=(lambda name: self.definitions.literal(module, node, name)) if module is not None else (lambda name: None),
            extras=extras,
            checks=checks,
        )
        marks = mark(source, tree, around)
        before, after = globals_of(source), globals_of(rewritten(source, marks))
        uses = tuple(use for use in uses if use in after or use not in before)  # what only a span named is not needed any more
        drop = self._annotations(module, node)
        uses += tuple(use for use in self._named(module, node, drop) if use not in uses)
        every = [*definition.args.posonlyargs, *definition.args.args]
        offset = len(every) - len(definition.args.defaults)
        parameters = [
            _argument(arg, definition.args.defaults[i - offset] if i >= offset else None, "positional", drop) for i, arg in enumerate(every)
        ]
        if definition.args.vararg is not None:
            parameters.append(_argument(definition.args.vararg, None, "var_positional", drop))
        pairs = zip(definition.args.kwonlyargs, definition.args.kw_defaults, strict=True)
        parameters += [_argument(arg, default, "keyword", drop) for arg, default in pairs]
        if definition.args.kwarg is not None:
            parameters.append(_argument(definition.args.kwarg, None, "var_keyword", drop))
        returns = ast.unparse(definition.returns) if definition.returns is not None else None
        function = Function(
            name=definition.name,
            source=source,
            header_end=header_end(source),
            parameters=tuple(parameters),
            returns=None if returns is None or returns in drop else returns,
            doc=ast.get_docstring(definition),
            spans=tuple(marks.spans),
            uses=uses,
            blockers=(*blockers, *marks.blockers),
            may_skip=marks.may_skip or helpers_skip,
            is_async=isinstance(definition, ast.AsyncFunctionDef),
            is_generator=_yields(definition),
            origin=Origin(file=module.path, line=node.lineno, column=node.col_offset) if module is not None else None,
        )
        return function, marks.hands_over

    def _annotations(self, module: Module | None, node: Callish) -> frozenset[str]:
        """Annotations that must go: they name something of Airflow's, or something imported for type checking only."""
        if module is None:
            return frozenset()
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        notes = [arg.annotation for arg in every if arg is not None and arg.annotation is not None]
        notes += [node.returns] if node.returns is not None else []
        gone = set()
        for note in notes:
            named = {n.id for n in ast.walk(note) if isinstance(n, ast.Name)}
            for text in (n.value for n in ast.walk(note) if isinstance(n, ast.Constant) and isinstance(n.value, str)):
                named |= set(re.findall(r"[A-Za-z_]\w*", text))
            if any(not self.definitions.plain(module, node, name) for name in named):
                gone.add(ast.unparse(note))
        return frozenset(gone)

    def _named(self, module: Module | None, node: Callish, drop: frozenset[str]) -> tuple[str, ...]:
        """Definitions that the annotations which stay need."""
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        notes = [arg.annotation for arg in every if arg is not None and arg.annotation is not None]
        notes += [node.returns] if node.returns is not None else []
        names = {n.id for note in notes if ast.unparse(note) not in drop for n in ast.walk(note) if isinstance(n, ast.Name)}
        return self.definitions.needs(module, node, names).uses if module is not None else ()


def _yields(node: ast.AST) -> bool:
    """Whether a function is a generator: a `yield` in it, but not in a function inside of it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(child, Callish | ast.Lambda | ast.ClassDef) and _yields(child):
            return True
    return False


def _argument(arg: ast.arg, default: ast.expr | None, form: Form, drop: frozenset[str]) -> Argument:
    note = ast.unparse(arg.annotation) if arg.annotation is not None else None
    return Argument(
        name=arg.arg,
        annotation=None if note in drop else note,
        default=ast.unparse(default) if default is not None else None,
        form=form,
    )


def _bind(
    node: Callish, args: Sequence[Expr], kwargs: Mapping[str, Expr], scope: Scope, rest: Rest | None
) -> tuple[dict[str, Expr], dict[str, Meaning], dict[str, Expr], list[str]]:
    """Bound values by parameter; names with a meaning in the body; what else goes into **kwargs; and problems."""
    bound: dict[str, Expr] = {}
    names: dict[str, Meaning] = {}
    problems: list[str] = []
    positional = [*node.args.posonlyargs, *node.args.args]
    every = [*positional, *node.args.kwonlyargs]
    without_default = {arg.arg for arg in positional[: len(positional) - len(node.args.defaults)]}
    without_default |= {arg.arg for arg, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if default is None}
    for arg, value in zip(positional, args, strict=False):
        bound[arg.arg] = value
    surplus = list(args[len(positional) :])
    if node.args.vararg is not None:
        bound[node.args.vararg.arg] = x.ListOf(items=tuple(surplus))
    elif surplus:
        problems.append(f"it is given {len(args)} positional arguments and takes {len(positional)}")
    for arg in every:
        name = arg.arg
        if name in bound:
            continue
        if name in kwargs:
            bound[name] = kwargs[name]
        elif name in context.CONTEXT_KEYS:
            problems += _from_context(name, name in without_default, bound, names, scope)
        elif rest is not None and name in without_default:
            bound[name] = rest(name, every.index(arg))
        elif name in without_default:
            problems.append(f"its parameter `{name}` gets no value")
    extras = {name: value for name, value in kwargs.items() if name not in {arg.arg for arg in every}}
    if node.args.kwarg is not None:
        names[node.args.kwarg.arg] = Entity("context")
    elif extras:
        problems.append(f"it is given the argument `{next(iter(extras))}`, which it does not take")
    return bound, names, extras, problems


def _from_context(name: str, required: bool, bound: dict[str, Expr], names: dict[str, Meaning], scope: Scope) -> list[str]:
    try:
        found = context.lookup(name, scope)
    except NotUnderstood as why:
        return [f"its parameter `{name}` {why}"]
    if isinstance(found, Entity):
        if name == "templates_dict":  # no templates_dict was given: it is None
            bound[name] = x.Constant(value=None)
        else:
            names[name] = found
    else:
        bound[name] = found
        names[name] = found
    return []


def _definition(source: str) -> Callish:
    node = ast.parse(source).body[0]
    assert isinstance(node, Callish)
    return node


def _identifier(text: str) -> str:
    name = re.sub(r"\W+", "_", text.split(".")[-1]).strip("_")
    return "" if not name else f"{name}_" if keyword.iskeyword(name) else f"task_{name}" if name[0].isdigit() else name


def _unreadable(name: str, reason: str) -> Function:
    return Function(name=name, source="", header_end=0, blockers=(reason,))


def dedented(text: str) -> str:
    """Source text of a generated function, as it is written in this library."""
    return textwrap.dedent(text).lstrip("\n")
