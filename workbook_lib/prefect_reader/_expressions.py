"""Evaluates expressions: plain Python where everything is known, an `Unknown` that remembers its sources where not.

Nothing of the project is imported or run; only the pure functions of `_known` are called, on values of limited size.
"""

from __future__ import annotations

import ast
import copy
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from workbook_lib.prefect_reader import _known
from workbook_lib.prefect_reader._signals import GiveUp, Raised
from workbook_lib.prefect_reader._values import (
    Abstract,
    Code,
    Declared,
    Decorator,
    Either,
    Future,
    Futures,
    Marked,
    Method,
    Named,
    Run,
    Scope,
    StateOf,
    Unknown,
    abstract_in,
    runs_in,
    tasks_in,
)

MOST_STEPS = 200_000
LARGEST = 20_000  # items or characters of a value computed here

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.Not: operator.not_, ast.USub: operator.neg, ast.UAdd: operator.pos}
_CONVERSIONS: dict[int, Callable[[Any], str]] = {115: str, 114: repr, 97: ascii}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
    ast.Is: lambda a, b: a is b,
    ast.IsNot: lambda a, b: a is not b,
}


class Expressions:
    """The part that reading a module, exploring a flow and simulating it share. The hooks at the end are theirs."""

    def __init__(self) -> None:
        self.steps = 0
        self.line = 0
        self.awaited: ast.expr | None = None

    def eval(self, node: ast.expr, scope: Scope) -> Any:
        """The value of an expression."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            self.give_up("the flow takes too many steps to follow")
            raise GiveUp
        self.line = node.lineno
        handler = getattr(self, "eval_" + type(node).__name__, None)
        if handler is None:
            return self.unknown(f"{type(node).__name__} is not followed", *self._inside(node, scope))
        return handler(node, scope)

    def unknown(self, why: str, *values: Any) -> Unknown:
        """A value computed from `values`, known only to a run."""
        return Unknown(why, tuple(runs_in(values)))

    def attempt(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """The value of a pure call, or Unknown when Python refuses."""
        try:
            value = function(*args, **kwargs)
        except Exception as error:
            self.give_up(f"this raises {type(error).__name__} when the flow runs")
            return self.unknown(str(error), args, kwargs)
        if isinstance(value, str | list | tuple | dict) and len(value) > LARGEST:
            return self.unknown("too large to follow", args, kwargs)
        return value

    def _inside(self, node: ast.expr, scope: Scope) -> list[Any]:
        return [self.eval(child, scope) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]

    def eval_Constant(self, node: ast.Constant, scope: Scope) -> Any:
        return node.value

    def eval_Name(self, node: ast.Name, scope: Scope) -> Any:
        try:
            return scope.find(node.id)
        except KeyError:
            return Named(f"builtins.{node.id}")

    def eval_Await(self, node: ast.Await, scope: Scope) -> Any:
        self.awaited = node.value
        return self.eval(node.value, scope)

    def eval_NamedExpr(self, node: ast.NamedExpr, scope: Scope) -> Any:
        scope.names[node.target.id] = value = self.eval(node.value, scope)
        return value

    def eval_Starred(self, node: ast.Starred, scope: Scope) -> Any:
        return self.unknown("an unpacked value", self.eval(node.value, scope))

    def eval_Lambda(self, node: ast.Lambda, scope: Scope) -> Any:
        return Code(node, scope)

    def eval_List(self, node: ast.List | ast.Tuple | ast.Set, scope: Scope) -> Any:
        items: list[Any] = []
        for element in node.elts:
            if not isinstance(element, ast.Starred):
                items.append(self.eval(element, scope))
                continue
            known = self.known_items(self.eval(element.value, scope))
            if known is None:
                items.append(self.eval(element, scope))
            else:
                items += known
        return items

    def eval_Tuple(self, node: ast.Tuple, scope: Scope) -> Any:
        return tuple(self.eval_List(node, scope))

    def eval_Set(self, node: ast.Set, scope: Scope) -> Any:
        return self.eval_List(node, scope)

    def eval_Dict(self, node: ast.Dict, scope: Scope) -> Any:
        result: dict[Any, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            known = self.eval(value, scope)
            if key is not None:
                name = self.eval(key, scope)
                result[name if _hashable(name) else id(name)] = known
            elif isinstance(known, dict):
                result |= known
            else:
                return self.unknown("a dict of unknown keys", result, known)
        return result

    def eval_JoinedStr(self, node: ast.JoinedStr, scope: Scope) -> Any:
        text: list[Any] = []
        for part in node.values:
            value = self.eval(part.value if isinstance(part, ast.FormattedValue) else part, scope)
            if isinstance(part, ast.FormattedValue) and not abstract_in(value):
                spec = self.eval(part.format_spec, scope) if part.format_spec is not None else ""
                turned = _CONVERSIONS[part.conversion](value) if part.conversion in _CONVERSIONS else value
                value = self.attempt(format, turned, spec) if isinstance(spec, str) else spec
            text.append(value)
        return self.unknown("a text", text) if abstract_in(text) else "".join(text)

    def eval_BinOp(self, node: ast.BinOp, scope: Scope) -> Any:
        left, right = self.eval(node.left, scope), self.eval(node.right, scope)
        function = _BINARY.get(type(node.op))
        joins = isinstance(node.op, ast.Add) and isinstance(left, list) and isinstance(right, list)
        if joins:
            return Futures([*left, *right]) if isinstance(left, Futures) and isinstance(right, Futures) else [*left, *right]
        large = isinstance(node.op, ast.Mult) and any(isinstance(side, int) and abs(side) > LARGEST for side in (left, right))
        if function is None or large or abstract_in((left, right)):
            return self.unknown("a computed value", left, right)
        return self.attempt(function, left, right)

    def eval_UnaryOp(self, node: ast.UnaryOp, scope: Scope) -> Any:
        value = self.eval(node.operand, scope)
        if isinstance(node.op, ast.Not):
            truth = self.truth(value)
            return self.negated(value) if truth is None else not truth
        function = _UNARY.get(type(node.op))
        return self.unknown("a computed value", value) if function is None or abstract_in(value) else self.attempt(function, value)

    def negated(self, value: Any) -> Any:
        """`not value`, when it is unknown."""
        return Marked("not", value)

    def eval_Compare(self, node: ast.Compare, scope: Scope) -> Any:
        left = self.eval(node.left, scope)
        values = [self.eval(right, scope) for right in node.comparators]
        if len(values) == 1:
            return self.compare(left, node.ops[0], values[0])
        answers = [self.compare(a, op, b) for a, op, b in zip([left, *values], node.ops, values, strict=False)]
        return self.unknown("a comparison", answers) if abstract_in(answers) else all(answers)

    def compare(self, left: Any, op: ast.cmpop, right: Any) -> Any:
        """One comparison."""
        if isinstance(op, ast.Eq | ast.NotEq) and any(isinstance(side, StateOf) for side in (left, right)):
            return isinstance(op, ast.NotEq)
        other = left if right is None else right
        if isinstance(op, ast.Is | ast.IsNot) and (left is None or right is None) and not isinstance(other, Unknown | Either):
            return (left is right) == isinstance(op, ast.Is)
        if abstract_in(left) or abstract_in(right):
            return Marked(type(op).__name__, (left, right))
        return self.attempt(_COMPARE[type(op)], left, right)

    def truth(self, value: Any) -> bool | None:
        """Whether a condition holds; None when only a run knows."""
        if isinstance(value, Unknown | Either | Marked | Method):
            return None
        return True if isinstance(value, Abstract) else bool(value)

    def eval_BoolOp(self, node: ast.BoolOp, scope: Scope) -> Any:
        stops_at = isinstance(node.op, ast.Or)
        unsure: list[Any] = []
        for part in node.values:
            value = self.eval(part, scope)
            truth = self.truth(value)
            if truth is None:
                unsure.append(value)
                if part is not node.values[-1] and not self.may_go_on(value, node.values[node.values.index(part) + 1 :]):
                    break
            elif truth is stops_at or part is node.values[-1]:
                if not unsure:
                    return value
                return Marked("Or" if stops_at else "And", tuple([*unsure, value]))
        return unsure[0] if len(unsure) == 1 and not stops_at else Marked("Or" if stops_at else "And", tuple(unsure))

    def eval_IfExp(self, node: ast.IfExp, scope: Scope) -> Any:
        truth = self.truth(test := self.eval(node.test, scope))
        if truth is None:
            self.may_go_on(test, [node.body, node.orelse])
            return Either((self.eval(node.body, scope), self.eval(node.orelse, scope)))
        return self.eval(node.body if truth else node.orelse, scope)

    def eval_Subscript(self, node: ast.Subscript, scope: Scope) -> Any:
        base = self.eval(node.value, scope)
        if isinstance(node.slice, ast.Slice):
            given = (node.slice.lower, node.slice.upper, node.slice.step)
            bounds = [self.eval(part, scope) if part is not None else None for part in given]
            if isinstance(base, list | tuple | str) and not abstract_in(bounds) and not _several(base):
                return self.attempt(operator.getitem, base, slice(*bounds))
            return self.unknown("part of a value", base)
        key = self.eval(node.slice, scope)
        if _several(base):
            return base[0]
        if isinstance(base, list | tuple | str | dict) and not abstract_in(key):
            return self.attempt(operator.getitem, base, key)
        if isinstance(base, list | tuple | dict) and base:
            return Either(tuple(base.values()) if isinstance(base, dict) else tuple(base))
        return self.unknown("part of a value", base, key)

    def eval_Attribute(self, node: ast.Attribute, scope: Scope) -> Any:
        base = self.eval(node.value, scope)
        if isinstance(base, Named):
            name = f"{base.name}.{node.attr}"
            return _known.CONSTANTS.get(name, Named(name))
        if isinstance(base, Scope):
            return base.names.get(node.attr, self.unknown(f"nothing called {node.attr}"))
        if isinstance(base, Future) and node.attr == "state":
            return self.state_of(base)
        if isinstance(base, StateOf) and node.attr in ("name", "type"):
            return self.state_name(base, node.attr)
        return Method(base, node.attr)

    def eval_ListComp(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp, scope: Scope) -> Any:
        found: list[Any] = []
        several = self.comprehend(node.generators, Scope({}, scope, scope.module), lambda inner: found.append(self.eval(node.elt, inner)))
        if several:
            result = Futures(found)
            result.several = True
            return result if all(isinstance(item, Future) for item in found) else self.unknown("a list made while it runs", found)
        return found

    def eval_GeneratorExp(self, node: ast.GeneratorExp, scope: Scope) -> Any:
        return self.eval_ListComp(node, scope)

    def eval_SetComp(self, node: ast.SetComp, scope: Scope) -> Any:
        return self.eval_ListComp(node, scope)

    def eval_DictComp(self, node: ast.DictComp, scope: Scope) -> Any:
        found: dict[Any, Any] = {}

        def add(inner: Scope) -> None:
            key = self.eval(node.key, inner)
            found[key if _hashable(key) else id(key)] = self.eval(node.value, inner)

        several = self.comprehend(node.generators, Scope({}, scope, scope.module), add)
        return self.unknown("a dict made while it runs", found) if several else found

    def comprehend(self, generators: Sequence[ast.comprehension], scope: Scope, yields: Callable[[Scope], None]) -> bool:
        """Run a comprehension; whether its length is known only to a run."""
        if not generators:
            yields(scope)
            return False
        first, *rest = generators
        items, several = self.items(self.eval(first.iter, scope))
        for item in items:
            self.assign(first.target, item, scope)
            truths = [self.truth(self.eval(test, scope)) for test in first.ifs]
            if None in truths:
                self.unsure("a comprehension's condition")
                several = True
            if False not in truths:
                several |= self.looped(several, lambda: self.comprehend(rest, scope, yields))
        return several

    def looped(self, several: bool, body: Callable[[], bool]) -> bool:
        """Run the body of a loop once; `several` when it stands for any number of rounds."""
        return body()

    def known_items(self, value: Any) -> list[Any] | None:
        """The items of a value that is there now, or None."""
        if _several(value):
            return None
        if isinstance(value, dict | list | tuple | set | range | str):
            return list(value) if len(value) <= LARGEST else None
        return None

    def assign(self, target: ast.expr, value: Any, scope: Scope) -> None:
        """Bind a target to a value."""
        if isinstance(target, ast.Name):
            scope.names[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            self._unpack(target, value, scope)
        elif isinstance(target, ast.Subscript):
            base, key = self.eval(target.value, scope), self.eval(target.slice, scope)
            if isinstance(base, dict) and _hashable(key) or _fits(base, key):
                base[key] = value
            elif runs_in(value):
                self.give_up("a value is stored where it cannot be followed")
        elif runs_in(value) or tasks_in(value):
            self.give_up("a value is stored where it cannot be followed")

    def _unpack(self, target: ast.Tuple | ast.List, value: Any, scope: Scope) -> None:
        items = self.known_items(value)
        starred = [i for i, element in enumerate(target.elts) if isinstance(element, ast.Starred)]
        if items is not None and starred and len(items) >= len(target.elts) - 1:
            at, more = starred[0], len(items) - len(target.elts) + 1
            items = [*items[:at], items[at : at + more], *items[at + more :]]
        if items is None or len(items) != len(target.elts):
            if items is not None:
                self.give_up("this raises ValueError when the flow runs")
            items = [self.unknown("part of a value", value)] * len(target.elts)
        for element, item in zip(target.elts, items, strict=True):
            self.assign(element.value if isinstance(element, ast.Starred) else element, item, scope)

    def eval_Call(self, node: ast.Call, scope: Scope) -> Any:
        awaited, self.awaited = self.awaited is node, None
        function = self.eval(node.func, scope)
        args: list[Any] = []
        for arg in node.args:
            if isinstance(arg, ast.Starred):
                items = self.known_items(self.eval(arg.value, scope))
                if items is None:
                    if isinstance(function, Declared | Code | Method):
                        self.give_up("arguments are unpacked from a value that only a run knows")
                    items = [self.eval(arg, scope)]
                args += items
            else:
                args.append(self.eval(arg, scope))
        kwargs: dict[str, Any] = {}
        for keyword in node.keywords:
            value = self.eval(keyword.value, scope)
            if keyword.arg is not None:
                kwargs[keyword.arg] = value
            elif isinstance(value, dict):
                kwargs |= {str(key): item for key, item in value.items()}
            elif isinstance(function, Declared | Code | Method | Decorator):
                self.give_up("keyword arguments are unpacked from a value that only a run knows")
        self.line = node.lineno
        return self.call(function, args, kwargs, awaited)

    def call(self, function: Any, args: list[Any], kwargs: dict[str, Any], awaited: bool = False) -> Any:
        """The result of a call of any value."""
        line = self.line
        if isinstance(function, Named):
            return self._call_named(function.name, args, kwargs)
        if isinstance(function, Decorator):
            return self._decorate(function, args)
        if isinstance(function, Declared):
            if isinstance(function.node, ast.AsyncFunctionDef) and not awaited:
                self.give_up(f"the async task {function.name} is called without await")
            return self.call_task(function, args, kwargs, line)
        if isinstance(function, Code):
            return self.call_code(function, args, kwargs)
        if isinstance(function, Method):
            return self._call_method(function, args, kwargs)
        if isinstance(function, Either):
            self.give_up("which function is called depends on the run")
            return Either(tuple(self.call(option, args, kwargs, awaited) for option in function.options))
        self.give_up("which function is called is known only to a run")
        return self._outside("a value", args, kwargs, function)

    def _outside(self, name: str, args: list[Any], kwargs: dict[str, Any], *more: Any) -> Any:
        """A call of code that is not followed; it must not be handed anything that starts tasks."""
        if tasks_in((args, kwargs)):
            self.give_up(f"a task is handed to {name}, which is not followed")
        return self.unknown(f"the result of {name}", args, kwargs, *more)

    def _call_named(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        meaning = _known.PREFECT.get(name)
        if meaning is not None:
            return self._call_prefect(meaning, args, kwargs)
        if name in _known.STARTS_RUNS:
            return self.unknown(f"the result of {name}", args, kwargs)
        if name.startswith("shared.trigger_rules."):
            self.give_up(f"{name} is not known to the reader")
        short = name.removeprefix("builtins.")
        if short in _known.REFLECTION:
            self.give_up(f"{short}() reaches names in a way that is not followed")
        if "." in short and short.rpartition(".")[2] in _known.STARTERS:
            self.give_up(f"{short}() starts something outside of the project")
        given = [*args, *kwargs.values()]
        if short in _known.REARRANGE and not any(isinstance(arg, Abstract) or _several(arg) for arg in given):
            if short == "range" and not _small_range(args):
                self.give_up("a range is too long, or its length is known only to a run")
                return self.unknown("a long range")
            return self.attempt(_known.REARRANGE[short], *args, **kwargs)
        if short in ("list", "tuple") and len(args) == 1 and _several(args[0]):
            return args[0]
        pure = _known.BUILTINS.get(short) or _known.PURE.get(name)
        if pure is not None and not abstract_in((args, kwargs)) and (name != "itertools.product" or _small(args)):
            return self.attempt(pure, *args, **kwargs)
        if short in ("Exception", "ValueError", "RuntimeError", "NotImplementedError"):
            return self.unknown(f"a {short}", args)
        return self._outside(short, args, kwargs)

    def _call_prefect(self, meaning: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if meaning in ("task", "flow", "materialize"):
            options = dict(kwargs)
            if args and isinstance(args[0], Code) and meaning != "materialize":
                return self._decorate(Decorator(meaning, options), args[:1])
            return Decorator("task" if meaning == "materialize" else meaning, options)
        if meaning in ("unmapped", "allow_failure", "quote"):
            return Marked(meaning, args[0] if args else kwargs.get("value"))
        if meaning in ("rules.chosen", "rules.pick", "rules.peek", "rules.setup", "rules.passed"):
            return Marked(meaning, args[0] if args else None, tuple(args[1:]))
        if meaning in ("completed", "failed"):
            return self.made_state(meaning, kwargs)
        if meaning == "futures":
            return Futures(self.known_items(args[0]) or []) if args else Futures()
        if meaning == "exponential_backoff":
            return Marked("exponential_backoff", args[0] if args else kwargs.get("backoff_factor"))
        return self.call_prefect(meaning, args, kwargs)

    def _decorate(self, decorator: Decorator, args: list[Any]) -> Any:
        code = args[0] if args else None
        if not isinstance(code, Code):
            return self._outside("a decorator", args, {})
        if decorator.kind == "flow":
            return Code(code.node, code.scope, True, decorator.options)
        node = None if isinstance(code.node, ast.Lambda) else code.node
        name = decorator.options.get("name", code.name)
        return Declared(name if isinstance(name, str) else code.name, code.name, node, decorator.options, code.node.lineno)

    def _call_method(self, method: Method, args: list[Any], kwargs: dict[str, Any]) -> Any:
        owner, name, line = method.owner, method.name, self.line
        if isinstance(owner, Declared):
            return self._task_method(owner, name, args, kwargs, line)
        if isinstance(owner, Code) and name == "with_options":
            return owner
        if isinstance(owner, Future | StateOf) or (isinstance(owner, Futures) and name in ("result", "wait")):
            return self.await_value(owner, name, args, kwargs)
        if isinstance(owner, Either) and name in ("result", "wait", "submit", "map"):
            return Either(tuple(self._call_method(Method(option, name), list(args), dict(kwargs)) for option in owner.options))
        if isinstance(owner, list | dict | tuple) and not _several(owner):
            allowed = next((names for kind, names in _known.CONTAINER_METHODS.items() if isinstance(owner, kind)), frozenset())
            if name in allowed:
                value = self.attempt(getattr(owner, name), *args, **kwargs)
                return list(value) if name in ("items", "keys", "values") and not isinstance(value, Unknown) else value
        if _several(owner) and name == "append":
            owner.append(*args)
            return None
        names = next((names for kind, names in _known.PURE_METHODS.items() if isinstance(owner, kind)), frozenset())
        if name in names and not abstract_in((args, kwargs)):
            return self.attempt(getattr(owner, name), *args, **kwargs)
        if name in _known.STARTERS and isinstance(owner, Unknown | Marked):
            self.give_up(f"what {name}() starts is known only to a run")
        if isinstance(owner, list) and runs_in(args) and name not in ("count", "index"):
            self.give_up(f"{name}() of a list of futures is not followed")
        return self._outside(f"{name}()", args, kwargs, owner)

    def _task_method(self, task: Declared, name: str, args: list[Any], kwargs: dict[str, Any], line: int) -> Any:
        if name == "with_options":
            options = task.options | kwargs
            renamed = kwargs.get("name", task.name)
            return Declared(renamed if isinstance(renamed, str) else task.name, task.function, task.node, options, task.line)
        if name == "submit":
            return self.submit_task(task, args, kwargs, line)
        if name == "map":
            return self.map_task(task, args, kwargs, line)
        if name == "fn":
            return self.unknown(f"the result of {task.function} itself", args, kwargs)
        self.give_up(f"{task.function}.{name}() is not followed")
        return self.unknown(f"the result of {name}", args, kwargs)

    # --- what the three walks do differently ---

    def give_up(self, reason: str) -> None:
        """Note that something is not followed."""
        raise NotImplementedError  # each walk has its own

    def unsure(self, what: str) -> None:
        """A decision that only a run makes, where no two paths are walked."""
        self.give_up(f"{what} depends on a value that only a run knows")

    def may_go_on(self, test: Any, rest: Sequence[ast.expr]) -> bool:
        """Whether operands behind an unknown one are evaluated."""
        return True

    def items(self, value: Any) -> tuple[Iterable[Any], bool]:
        """What a loop goes over, and whether one item stands for a number that only a run knows."""
        known = self.known_items(value)
        if known is not None:
            return known, False
        if _several(value):
            return [value[0]] if value else [], True
        return [self.unknown("an item", value)], True

    def state_of(self, future: Future) -> Any:
        """`future.state`, which is final only once the run was waited for."""
        return StateOf(future.run)

    def state_name(self, state: StateOf, attribute: str) -> Any:
        """`state.name` or `state.type`."""
        return self.unknown("a state", state)

    def made_state(self, meaning: str, kwargs: dict[str, Any]) -> Any:
        """`Completed(...)` or `Failed(...)` made by the flow."""
        return StateOf(None)

    def call_prefect(self, meaning: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """wait, as_completed, suppress and the emitted rules."""
        return self._outside(meaning, args, kwargs)

    def call_task(self, task: Declared, args: list[Any], kwargs: dict[str, Any], line: int) -> Any:
        """`task(...)`."""
        self.give_up("a task is called outside of a flow")
        return self.unknown("a result")

    def submit_task(self, task: Declared, args: list[Any], kwargs: dict[str, Any], line: int) -> Any:
        """`task.submit(...)`."""
        return self.call_task(task, args, kwargs, line)

    def map_task(self, task: Declared, args: list[Any], kwargs: dict[str, Any], line: int) -> Any:
        """`task.map(...)`."""
        return self.call_task(task, args, kwargs, line)

    def await_value(self, owner: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """A method of a future, a list of futures or a state."""
        return self.unknown("a result", owner)

    def call_code(self, code: Code, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """A function of the project."""
        return self.unknown(f"the result of {code.name}", args, kwargs)


def _several(value: Any) -> bool:
    return isinstance(value, Futures) and value.several


def _hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _fits(base: Any, key: Any) -> bool:
    return isinstance(base, list) and isinstance(key, int) and -len(base) <= key < len(base)


def _small_range(args: list[Any]) -> bool:
    return all(isinstance(arg, int) for arg in args) and 1 <= len(args) <= 3 and args[-1:] != [0] and len(range(*args)) <= LARGEST


def _small(args: list[Any]) -> bool:
    size = 1
    for arg in args:
        size *= len(arg) if hasattr(arg, "__len__") else LARGEST + 1
    return size <= LARGEST


def deep(value: Any, memo: dict[int, Any]) -> Any:
    """A copy of the containers in `value`, everything abstract kept as it is."""
    if id(value) in memo:
        return memo[id(value)]
    if isinstance(value, Futures):
        twin = memo[id(value)] = copy.copy(value)
        twin[:] = [deep(item, memo) for item in value]
        return twin
    if type(value) is list:
        plain: list[Any] = []
        memo[id(value)] = plain
        plain += [deep(item, memo) for item in value]
        return plain
    if type(value) is dict:
        table: dict[Any, Any] = {}
        memo[id(value)] = table
        table.update({key: deep(item, memo) for key, item in value.items()})
        return table
    return value


__all__ = ["Expressions", "Raised", "Run", "deep"]
