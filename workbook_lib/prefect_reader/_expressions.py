"""Evaluates expressions: plain Python where everything is known, an `Unknown` that remembers its sources where not.

Nothing of the project is imported or run; only the pure functions of `_known` are called, on values of limited size.
"""

from __future__ import annotations

import ast
import builtins
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
    Either,
    Future,
    Futures,
    Marked,
    Method,
    Named,
    Scope,
    StateOf,
    Stream,
    Unknown,
    abstract_in,
    futures_in,
    runs_in,
    tasks_in,
)

MOST_STEPS = 200_000
_MODULE = frozenset({"__file__", "__path__"})  # names that every module has, beside those of `builtins`
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
            if hasattr(builtins, node.id) or node.id in _MODULE or scope.may_bind(node.id):
                return Named(f"builtins.{node.id}")
            return self.undefined(node.id)

    def undefined(self, name: str) -> Any:
        """A name that nothing binds: NameError."""
        raise Raised

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
        if isinstance(op, ast.Is | ast.IsNot) and (left is None or right is None) and self.truth(other) is not None:
            return (left is right) == isinstance(op, ast.Is)
        if abstract_in(left) or abstract_in(right):
            return Marked(type(op).__name__, (left, right))
        return self.attempt(_COMPARE[type(op)], left, right)

    def truth(self, value: Any) -> bool | None:
        """Whether a condition holds; None when only a run knows."""
        if isinstance(value, Unknown | Either | Marked | Method) or (isinstance(value, Named) and "." in value.name and not _real(value)):
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
                if part is not node.values[-1] and not self.may_go_on(value, node.values[node.values.index(part) + 1 :], scope):
                    break
            elif truth is stops_at or part is node.values[-1]:
                if not unsure:
                    return value
                return Marked("Or" if stops_at else "And", tuple([*unsure, value]))
        return unsure[0] if len(unsure) == 1 and not stops_at else Marked("Or" if stops_at else "And", tuple(unsure))

    def eval_IfExp(self, node: ast.IfExp, scope: Scope) -> Any:
        truth = self.truth(test := self.eval(node.test, scope))
        if truth is None:
            self.may_go_on(test, [node.body, node.orelse], scope)
            return Either((self.eval(node.body, scope), self.eval(node.orelse, scope)))
        return self.eval(node.body if truth else node.orelse, scope)

    def eval_Subscript(self, node: ast.Subscript, scope: Scope) -> Any:
        base = self.eval(node.value, scope)
        if is_several(base):
            self.part(base)
        if isinstance(node.slice, ast.Slice):
            given = (node.slice.lower, node.slice.upper, node.slice.step)
            bounds = [self.eval(part, scope) if part is not None else None for part in given]
            if isinstance(base, list | tuple | str) and not abstract_in(bounds) and not is_several(base):
                return self.attempt(operator.getitem, base, slice(*bounds))
            return self.unknown("part of a value", base)
        key = self.eval(node.slice, scope)
        if is_several(base):
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
        found = self.eval_ListComp(node, scope)
        if not isinstance(found, list) or not futures_in(found):
            return found
        stream = Stream(found)
        stream.several = is_several(found)
        return stream

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
        if is_several(value):
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
        elif isinstance(target, ast.Attribute) and isinstance(owner := self.eval(target.value, scope), Declared | Code):
            owner.options[target.attr] = value  # `_settings` refuses what is no option
        elif runs_in(value) or tasks_in(value):
            self.give_up("a value is stored where it cannot be followed")

    def _unpack(self, target: ast.Tuple | ast.List, value: Any, scope: Scope) -> None:
        items = self.known_items(value)
        if is_several(value):
            self.part(value)
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

    # --- what the three walks do differently ---

    def give_up(self, reason: str) -> None:
        """Note that something is not followed."""
        raise NotImplementedError  # each walk has its own

    def part(self, value: Any) -> None:
        """Some items are taken of a list of which one item stands for a number that only a run knows."""

    def unsure(self, what: str) -> None:
        """A decision that only a run makes, where no two paths are walked."""
        self.give_up(f"{what} depends on a value that only a run knows")

    def may_go_on(self, test: Any, rest: Sequence[ast.expr], scope: Scope) -> bool:
        """Whether operands behind an unknown one are evaluated."""
        return True

    def items(self, value: Any) -> tuple[Iterable[Any], bool]:
        """What a loop goes over, and whether one item stands for a number that only a run knows."""
        known = self.known_items(value)
        if known is not None:
            return known, False
        if is_several(value):
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


def _real(name: Named) -> bool:
    """Whether a name from outside is surely something: a builtin, or a function of Prefect's."""
    return name.name.startswith("builtins.") or name.name in _known.PREFECT


def is_several(value: Any) -> bool:
    """Whether a list of futures stands for a number of runs that only a run knows."""
    return isinstance(value, Futures) and value.several


def _hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _fits(base: Any, key: Any) -> bool:
    return isinstance(base, list) and isinstance(key, int) and -len(base) <= key < len(base)


def small_range(args: list[Any]) -> bool:
    """Whether the arguments of range() give a range of limited length."""
    return all(isinstance(arg, int) for arg in args) and 1 <= len(args) <= 3 and args[-1:] != [0] and len(range(*args)) <= LARGEST


def small(args: list[Any]) -> bool:
    """Whether a product of these stays within the limit."""
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
