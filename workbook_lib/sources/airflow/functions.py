"""Python callables as model functions, read from source text and never run.

`read_call` binds a callable to its arguments and to what Airflow adds from the task context
(https://airflow.apache.org/docs/apache-airflow/2.11.2/howto/operator/python.html#context); `read_callback` reads a callback, whose one
argument is the whole context. What still needs Airflow becomes a blocker; the source is kept in any case.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from workbook_lib.model import expr as x
from workbook_lib.model.action import PythonCall
from workbook_lib.model.expr import Expr
from workbook_lib.model.function import Argument, Function, Origin
from workbook_lib.sources.airflow import _context as context
from workbook_lib.sources.airflow._callables import Found, Unreadable, find
from workbook_lib.sources.airflow._definitions import Definitions, foreign_writes, globals_of, rewritten
from workbook_lib.sources.airflow._meanings import Entity, Meaning, NotUnderstood, Scope
from workbook_lib.sources.airflow._source import Callish, Module, Sources, header_end
from workbook_lib.sources.airflow._spans import Surroundings, mark
from workbook_lib.sources.tracing._trees import children

__all__ = ["Binder", "Reading", "Rest"]

Form = Literal["positional", "keyword", "var_positional", "var_keyword"]


class Rest(Protocol):
    """What the elements of a mapping give to parameters that are not bound by name; `position` is None of one that only a name reaches."""

    def required(self, name: str, position: int | None) -> Expr | None:
        """The value of a parameter that has no default; None where it gets none."""

    def optional(self, name: str, position: int | None, default: Expr) -> Expr | None:
        """The same of one that has one; None where an element that leaves it out needs no word of it."""

    def surplus(self, position: int) -> Expr | None:
        """What stands from this position on, for `*args`."""


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
        try:
            found = find(self.sources, target, scope.task, args, kwargs, context.CONTEXT_KEYS)
        except Unreadable as why:
            return Reading(PythonCall(function=_unreadable(why.name, str(why))))
        args, kwargs = (*found.args, *args), {**found.kwargs, **kwargs, **found.fixed}
        return self.bound(found, args, kwargs, scope, rest=rest, checks=checks)

    def bound(
        self,
        found: Found,
        args: Sequence[Expr],
        kwargs: Mapping[str, Expr],
        scope: Scope,
        *,
        rest: Rest | None = None,
        checks: bool = False,
    ) -> Reading:
        """The same for a function that is already found."""
        bound, names, extras, problems = _bind(found, args, kwargs, scope, rest)
        function, hands_over = self._read(found, scope, names, extras, checks, bound)
        around = {parameter.name: found.values[parameter.name] for parameter in function.parameters if parameter.name in found.values}
        bound |= {name: value for name, value in around.items() if name not in bound}
        kept = tuple(p for p in function.parameters if p.name in bound or p.default is not None)
        kept = tuple(p for p in kept if p.name not in names or not isinstance(names[p.name], Entity))
        if function.is_async and scope.airflow.startswith(("1.", "2.")):
            problems.append("it is a coroutine function, which Airflow awaits from 3.2 on")
        if problems:
            function = function.model_copy(update={"blockers": (*function.blockers, *problems)})
        function = function.model_copy(update={"parameters": kept})
        arguments = tuple((p.name, bound[p.name]) for p in kept if p.name in bound)
        return Reading(PythonCall(function=function, arguments=arguments), hands_over)

    def callback(self, target: Expr, scope: Scope) -> Function:
        """A callback: its first argument is the context."""
        try:
            found = find(self.sources, target, scope.task, (x.Context(name="run_parameters"),), {}, frozenset())
        except Unreadable as why:
            return _unreadable(why.name, str(why))
        node = found.node
        every = [*node.args.posonlyargs, *node.args.args]
        given = dict(zip([arg.arg for arg in every], found.args, strict=False)) | dict(found.kwargs) | dict(found.fixed)
        first = next((arg.arg for arg in every if arg.arg not in given), None)
        names: dict[str, Meaning] = {first: Entity("context")} if first else {}
        if node.args.kwarg is not None and not every:
            names[node.args.kwarg.arg] = Entity("context")
        given |= {name: value for name, value in found.defaults.items() if name not in given and not _is_literal(node, name)}
        function, _ = self._read(found, scope, names, {}, False, given)
        given = {**found.values, **given}
        kept = tuple(_with_default(parameter, given) for parameter in function.parameters if parameter.name not in names)
        missing = next((p.name for p in kept if p.default is None and not p.form.startswith("var_")), None)
        blockers = (f"its parameter `{missing}` gets no value",) if missing is not None else ()
        return function.model_copy(update={"parameters": kept, "blockers": (*function.blockers, *blockers)})

    def after(self, target: Expr, result: Expr, scope: Scope) -> PythonCall:
        """A function that is called once a task has run: its first argument is the context, its second the result."""
        try:
            found = find(self.sources, target, scope.task, (x.Context(name="run_parameters"), result), {}, frozenset())
        except Unreadable as why:
            return PythonCall(function=_unreadable(why.name, str(why)))
        every = [arg.arg for arg in (*found.node.args.posonlyargs, *found.node.args.args)]
        if len(every) != 2 or found.args or found.kwargs or found.node.args.vararg is not None or found.node.args.kwonlyargs:
            return PythonCall(function=_unreadable(found.node.name, "it takes something else than the context and the result"))
        bound = {every[1]: result}
        function, _ = self._read(found, scope, {every[0]: Entity("context")}, {}, False, bound)
        kept = tuple(parameter for parameter in function.parameters if parameter.name in bound)
        return PythonCall(function=function.model_copy(update={"parameters": kept}), arguments=tuple(bound.items()))

    def _read(
        self,
        found: Found,
        scope: Scope,
        names: Mapping[str, Meaning],
        extras: Mapping[str, Expr],
        checks: bool,
        bound: Mapping[str, Expr],
    ) -> tuple[Function, bool]:
        module, node, source = found.module, found.node, found.source
        tree = ast.parse(source)
        definition = tree.body[0]
        assert isinstance(definition, Callish)
        blockers = foreign_writes(tree)
        uses: tuple[str, ...] = ()
        resolved: dict[str, Meaning] = dict(names)
        helpers_skip = False
        asked = globals_of(_without_defaults(source, set(bound)))
        around: tuple[str, ...] = ()
        if module is not None:
            assets = {name: asset for name in asked if (asset := self.definitions.asset(module, node, name)) is not None}
            asked -= frozenset(assets)
            around = self._around(module, node, asked, found.values)
            needs = self.definitions.needs(module, node, asked - set(around))
            blockers += needs.problems
            uses, helpers_skip = needs.uses, needs.may_skip
            resolved = {**needs.references, **assets, **names}
        constants = {name: value.value for name, value in bound.items() if isinstance(value, x.Constant)}
        surroundings = Surroundings(
            scope=scope,
            names=resolved,
            airflow=(lambda name: self.definitions.airflow_name(module, node, name)) if module is not None else (lambda name: None),
            literal=(lambda name: self.definitions.literal(module, node, name)) if module is not None else (lambda name: None),
            only_typed=(lambda name: self.definitions.only_typed(module, node, name)) if module is not None else (lambda name: False),
            extras=extras,
            checks=checks,
            constants=constants,
        )
        marks = mark(source, tree, surroundings)
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
        parameters += [Argument(name=name, form="keyword") for name in around]
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
            notes=tuple(marks.notes),
            may_skip=marks.may_skip or helpers_skip,
            is_async=isinstance(definition, ast.AsyncFunctionDef),
            is_generator=_yields(definition) > marks.tells,
            origin=Origin(file=module.path, line=node.lineno, column=node.col_offset) if module is not None else None,
        )
        return function, marks.hands_over

    def _around(self, module: Module, node: Callish, names: Iterable[str], values: Mapping[str, Expr]) -> tuple[str, ...]:
        """Names that the function takes from around it, that cannot be carried over, and whose value is known: they become parameters."""
        return tuple(name for name in sorted(names) if name in values and self.definitions.needs(module, node, [name]).problems)

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


def _yields(node: ast.AST) -> int:
    """How often a function yields, which makes it a generator; what a function inside of it yields does not count."""
    waiting = children(node)
    for one in waiting:
        if not isinstance(one, Callish | ast.Lambda | ast.ClassDef):
            waiting += children(one)
    return sum(isinstance(one, ast.Yield | ast.YieldFrom) for one in waiting)


def _argument(arg: ast.arg, default: ast.expr | None, form: Form, drop: frozenset[str]) -> Argument:
    note = ast.unparse(arg.annotation) if arg.annotation is not None else None
    return Argument(
        name=arg.arg,
        annotation=None if note in drop else note,
        default=ast.unparse(default) if default is not None else None,
        form=form,
    )


def _bind(
    found: Found, args: Sequence[Expr], kwargs: Mapping[str, Expr], scope: Scope, rest: Rest | None
) -> tuple[dict[str, Expr], dict[str, Meaning], dict[str, Expr], list[str]]:
    """Bound values by parameter; names with a meaning in the body; what else goes into **kwargs; and problems."""
    node = found.node
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
        spread = rest.surplus(len(positional)) if rest is not None and not args else None
        bound[node.args.vararg.arg] = spread or x.ListOf(items=tuple(surplus))
    elif surplus:
        problems.append(f"it is given {len(args)} positional arguments and takes {len(positional)}")
    for arg in every:
        name, place = arg.arg, positional.index(arg) if arg in positional else None
        if name in bound:
            continue
        if name in kwargs:
            bound[name] = kwargs[name]
        elif name in context.CONTEXT_KEYS:
            problems += _from_context(name, name in without_default, bound, names, scope)
        elif rest is not None and name in without_default and (given := rest.required(name, place)) is not None:
            bound[name] = given
        elif name in without_default:
            problems.append(f"its parameter `{name}` gets no value")
        elif rest is not None and (given := rest.optional(name, place, _default_of(found, name))) is not None:
            bound[name] = given
        elif name in found.defaults and not _is_literal(node, name):
            bound[name] = found.defaults[name]  # a default that is worked out where the function is made
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


def _default_node(node: Callish, name: str) -> ast.expr | None:
    positional = [*node.args.posonlyargs, *node.args.args]
    pairs = [*zip(positional[::-1], node.args.defaults[::-1], strict=False), *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)]
    return next((default for arg, default in pairs if arg.arg == name), None)


def _default_of(found: Found, name: str) -> Expr:
    """A default as an expression; only what is known when reading can stand in the place of an argument that is left out."""
    if name in found.defaults:
        return found.defaults[name]
    default = _default_node(found.node, name)
    assert default is not None
    try:
        return x.Constant(value=ast.literal_eval(default))
    except (ValueError, TypeError, SyntaxError):
        return x.Unknown(source=ast.unparse(default), reason="the default of an argument that an element may leave out")


def _is_literal(node: Callish, name: str) -> bool:
    """Whether the default of a parameter is written as a literal."""
    default = _default_node(node, name)
    try:
        ast.literal_eval(default) if default is not None else None
    except (ValueError, TypeError, SyntaxError):
        return False
    return True


def _without_defaults(source: str, bound: set[str]) -> str:
    """`source` without the defaults of parameters that are given a value, for finding the names that it needs."""
    tree = ast.parse(source)
    node = tree.body[0]
    if not isinstance(node, Callish):
        return source
    positional = [*node.args.posonlyargs, *node.args.args][::-1]
    defaults = node.args.defaults[::-1]
    none = ast.Constant(value=None)
    kept = [none if arg.arg in bound else default for arg, default in zip(positional, defaults, strict=False)]
    pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    words = [none if default is not None and arg.arg in bound else default for arg, default in pairs]
    if kept == defaults and words == node.args.kw_defaults:
        return source
    node.args.defaults, node.args.kw_defaults = kept[::-1], words
    return ast.unparse(tree)


def _with_default(parameter: Argument, given: Mapping[str, Expr]) -> Argument:
    """A parameter of a callback with the constant that it was given as its default; nobody else gives it a value."""
    value = given.get(parameter.name)
    if value is None:
        return parameter
    try:
        return parameter.model_copy(update={"default": repr(x.constant(value))})
    except ValueError:
        return parameter.model_copy(update={"default": None})


def _unreadable(name: str, reason: str) -> Function:
    return Function(name=name, source="", header_end=0, blockers=(reason,))


def dedented(text: str) -> str:
    """Source text of a generated function, as it is written in this library."""
    return textwrap.dedent(text).lstrip("\n")
