"""Walks statements; what to do where a run decides is left to the walk (`_modules`, `_explore`, `_simulate`)."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from workbook_lib.prefect_reader import _known
from workbook_lib.prefect_reader._calls import Calls
from workbook_lib.prefect_reader._expressions import Expressions, is_several
from workbook_lib.prefect_reader._signals import Break, Continue, Raised, Return
from workbook_lib.prefect_reader._values import Code, Declared, Marked, Method, Named, Scope, Unknown, futures_in, runs_in, tasks_in

DEEPEST = 30  # calls inside calls


class Statements(Calls):
    """Statements that mean the same in every walk."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0

    def block(self, body: Sequence[ast.stmt], scope: Scope) -> None:
        """Run statements in order."""
        for statement in body:
            self.line = statement.lineno
            self.statement(statement, scope)

    def statement(self, node: ast.stmt, scope: Scope) -> None:
        """Run one statement."""
        handler = getattr(self, "do_" + type(node).__name__, None)
        if handler is None:
            self.give_up(f"a {type(node).__name__.lower()} statement is not followed")
        else:
            handler(node, scope)

    def do_Expr(self, node: ast.Expr, scope: Scope) -> None:
        self.eval(node.value, scope)

    def do_Assign(self, node: ast.Assign, scope: Scope) -> None:
        value = self.eval(node.value, scope)
        for target in node.targets:
            self.assign(target, value, scope)

    def do_AnnAssign(self, node: ast.AnnAssign, scope: Scope) -> None:
        if node.value is not None:
            self.assign(node.target, self.eval(node.value, scope), scope)

    def do_AugAssign(self, node: ast.AugAssign, scope: Scope) -> None:
        read = ast.copy_location(ast.BinOp(_as_load(node.target), node.op, node.value), node)
        old = self.eval(_as_load(node.target), scope)
        if isinstance(old, list) and isinstance(node.op, ast.Add):
            items = self.known_items(self.eval(node.value, scope))
            if items is None:
                self.give_up("a list grows by a number of items that only a run knows")
            else:
                old.extend(items)
            return
        self.assign(node.target, self.eval(read, scope), scope)

    def do_Pass(self, node: ast.Pass, scope: Scope) -> None:
        return None

    def do_Return(self, node: ast.Return, scope: Scope) -> None:
        raise Return(self.eval(node.value, scope) if node.value is not None else None)

    def do_Break(self, node: ast.Break, scope: Scope) -> None:
        raise Break

    def do_Continue(self, node: ast.Continue, scope: Scope) -> None:
        raise Continue

    def do_Raise(self, node: ast.Raise, scope: Scope) -> None:
        if node.exc is not None:
            self.eval(node.exc, scope)
        raise Raised

    def do_Delete(self, node: ast.Delete, scope: Scope) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                scope.names.pop(target.id, None)

    def do_Assert(self, node: ast.Assert, scope: Scope) -> None:
        truth = self.truth(self.eval(node.test, scope))
        if truth is None:
            self.unsure("an assertion")
        elif not truth:
            raise Raised

    def do_Import(self, node: ast.Import, scope: Scope) -> None:
        for alias in node.names:
            name = alias.name if alias.asname else alias.name.partition(".")[0]
            scope.names[alias.asname or name] = self.module(name) or Named(name)

    def do_ImportFrom(self, node: ast.ImportFrom, scope: Scope) -> None:
        base = node.module or ""
        if node.level:
            package = scope.module.split(".")[: -node.level]
            base = ".".join([*package, *([base] if base else [])])
        found = self.module(base)
        for alias in node.names:
            if alias.name == "*":
                scope.names.update(found.names if found else {})
                continue
            dotted = f"{base}.{alias.name}"
            value = found.names.get(alias.name) if found else self.module(dotted)
            scope.names[alias.asname or alias.name] = _known.CONSTANTS.get(dotted, Named(dotted)) if value is None else value

    def module(self, name: str) -> Scope | None:
        """A module of the project by its dotted name, read but not run; None for any other."""
        return None

    def do_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
        value: Any = Code(node, scope)
        for decorator in reversed(node.decorator_list):
            value = self._decorated(value, decorator, scope)
        scope.names[node.name] = value

    def _decorated(self, value: Any, decorator: ast.expr, scope: Scope) -> Any:
        if _concerns(decorator, scope, self):
            return self.call(self.eval(decorator, scope), [value], {})
        if isinstance(value, Code | Declared):
            value.options[f"@{ast.unparse(decorator)}"] = True  # `_settings` refuses it on tasks and flows
        return value

    def do_AsyncFunctionDef(self, node: ast.AsyncFunctionDef, scope: Scope) -> None:
        self.do_FunctionDef(node, scope)

    def do_ClassDef(self, node: ast.ClassDef, scope: Scope) -> None:
        scope.names[node.name] = Unknown(f"the class {node.name}")

    def do_With(self, node: ast.With | ast.AsyncWith, scope: Scope) -> None:
        managers = [self.eval(item.context_expr, scope) for item in node.items]
        names = [_manager_name(item.context_expr, scope, self) for item in node.items]
        for item, manager in zip(node.items, managers, strict=True):
            if item.optional_vars is not None:
                self.assign(item.optional_vars, self.unknown("what a context manager gives", manager), scope)
        if any(isinstance(manager, Marked) and manager.mark == "suppress" for manager in managers):
            everything = all(m.extra == ("all",) for m in managers if isinstance(m, Marked))
            self.guarded(node.body, [] if everything else None, scope)
            return
        if any(name not in _known.TRANSPARENT_CONTEXTS for name in names) and self.concerns_tasks(node.body, scope):
            self.give_up(f"whether the context manager {next(n for n in names if n not in _known.TRANSPARENT_CONTEXTS)} passes failures on")
        self.block(node.body, scope)

    def do_AsyncWith(self, node: ast.AsyncWith, scope: Scope) -> None:
        self.do_With(node, scope)

    def guarded(self, body: Sequence[ast.stmt], handler: Sequence[ast.stmt] | None, scope: Scope) -> None:
        """`with suppress(Exception): body`; `handler` is None when only some exceptions are caught."""
        self.block(body, scope)

    def do_If(self, node: ast.If, scope: Scope) -> None:
        truth = self.truth(test := self.eval(node.test, scope))
        if truth is None:
            self.fork(test, [node.body, node.orelse], scope, node)
        else:
            self.block(node.body if truth else node.orelse, scope)

    def fork(self, test: Any, arms: Sequence[Sequence[ast.stmt]], scope: Scope, node: ast.stmt) -> None:
        """An `if` that only a run decides."""
        for arm in arms:
            self.block(arm, scope)

    def do_Match(self, node: ast.Match, scope: Scope) -> None:
        subject = self.eval(node.subject, scope)
        self._match(subject, node.cases, scope, node)

    def _match(self, subject: Any, cases: Sequence[ast.match_case], scope: Scope, node: ast.stmt) -> None:
        if not cases:
            return
        case, *rest = cases
        pattern = case.pattern
        if isinstance(pattern, ast.MatchAs) and pattern.pattern is None:
            if pattern.name is not None:
                scope.names[pattern.name] = subject
            test: Any = True
        else:
            options = pattern.patterns if isinstance(pattern, ast.MatchOr) else [pattern]
            if not all(isinstance(option, ast.MatchValue) for option in options):
                self.give_up("a pattern other than plain values is not followed")
                return
            values = [self.eval(option.value, scope) for option in options if isinstance(option, ast.MatchValue)]
            test = self.compare(subject, ast.In(), values)
        if case.guard is not None:
            self.give_up("a guard of a case is not followed")
        truth = self.truth(test)
        if truth is None:
            self.fork_calls(test, lambda: self.block(case.body, scope), lambda: self._match(subject, rest, scope, node), node)
        elif truth:
            self.block(case.body, scope)
        else:
            self._match(subject, rest, scope, node)

    def fork_calls(self, test: Any, then: Any, otherwise: Any, node: ast.stmt) -> None:
        """Two paths as functions."""
        then()
        otherwise()

    def do_Try(self, node: ast.Try, scope: Scope) -> None:
        self.block([*node.body, *node.orelse, *node.finalbody], scope)

    def do_For(self, node: ast.For | ast.AsyncFor, scope: Scope) -> None:
        over = self.eval(node.iter, scope)
        items, several = self.items(over)
        if is_several(over) and any(isinstance(part, ast.Break | ast.Return) for line in node.body for part in ast.walk(line)):
            self.part(over)

        def round_() -> bool:
            try:
                self.block(node.body, scope)
            except Continue:
                return False
            return False

        for item in items:
            self.assign(node.target, item, scope)
            try:
                self.looped(several, round_)
            except Break:
                return
        self.block(node.orelse, scope)

    def do_AsyncFor(self, node: ast.AsyncFor, scope: Scope) -> None:
        self.do_For(node, scope)

    def do_While(self, node: ast.While, scope: Scope) -> None:
        self.give_up("a while loop is not followed")

    def do_Global(self, node: ast.Global | ast.Nonlocal, scope: Scope) -> None:
        self.give_up("global and nonlocal are not followed")

    def do_Nonlocal(self, node: ast.Nonlocal, scope: Scope) -> None:
        self.do_Global(node, scope)

    def catches_all(self, handler: ast.ExceptHandler, scope: Scope) -> bool:
        """Whether a handler surely catches what a failed task raises."""
        if handler.type is None:
            return True
        types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        return any(isinstance(one, ast.Name) and one.id in _known.CATCHES_ALL for one in types)

    def concerns_tasks(self, body: Sequence[ast.AST], scope: Scope) -> bool:
        """Whether code mentions a task, or a function that does, by any name visible here."""
        return _mentions(body, scope, set())

    def acts(self, parts: Sequence[ast.expr], scope: Scope) -> bool:
        """Whether evaluating any of these starts a task or waits for one."""
        calls = [node for part in parts for node in ast.walk(part) if isinstance(node, ast.Call)]
        if not calls:
            return False
        names = {node.id for part in parts for node in ast.walk(part) if isinstance(node, ast.Name)}
        return self.concerns_tasks(parts, scope) or any(futures_in(_value(name, scope)) for name in names)

    def call_code(self, code: Code, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if isinstance(code.node, ast.Lambda):
            return self.eval(code.node.body, _bound(code, args, kwargs, self))
        follows = self.depth == 0 or tasks_in((args, kwargs)) or bool(runs_in((args, kwargs)))
        follows = follows or _mentions(code.node.body, code.scope, set())
        if code.is_flow and self.depth:
            self.give_up(f"the nested flow {code.name} is not followed")
        if not follows:
            return self.unknown(f"the result of {code.name}", args, kwargs)
        around = next((name for name in code.options if name.startswith("@")), None)
        if around is not None and not code.is_flow:
            self.give_up(f"what {around} does to the function {code.name} is not followed")
        if self.depth >= DEEPEST:
            self.give_up(f"the function {code.name} calls itself")
            return self.unknown(f"the result of {code.name}", args, kwargs)
        if any(isinstance(part, ast.Yield | ast.YieldFrom) for part in ast.walk(code.node)):
            self.give_up(f"the generator {code.name} is not followed")
            return self.unknown(f"the result of {code.name}", args, kwargs)
        self.depth += 1
        try:
            return self.body(code, _bound(code, args, kwargs, self))
        finally:
            self.depth -= 1

    def body(self, code: Code, scope: Scope) -> Any:
        """Run a function's body; its result."""
        assert not isinstance(code.node, ast.Lambda)
        try:
            self.block(code.node.body, scope)
        except Return as signal:
            return signal.value
        return None


def _bound(code: Code, args: list[Any], kwargs: dict[str, Any], walk: Expressions) -> Scope:
    """The scope of a call: parameters bound, defaults evaluated where the function was defined."""
    spec = code.node.args
    names = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
    scope = Scope({}, code.scope, code.scope.module)
    defaults = dict(zip(names[len(names) - len(spec.defaults) :], spec.defaults, strict=True))
    defaults |= {arg.arg: default for arg, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if default is not None}
    for name in [*names, *(arg.arg for arg in spec.kwonlyargs)]:
        if name in defaults:
            scope.names[name] = walk.eval(defaults[name], code.scope)
        else:
            scope.names[name] = walk.unknown(f"the parameter {name}")
    scope.names.update(zip(names, args, strict=False))
    known = {*names, *(arg.arg for arg in spec.kwonlyargs)}
    scope.names.update({name: value for name, value in kwargs.items() if name in known})
    if spec.vararg is not None:
        scope.names[spec.vararg.arg] = tuple(args[len(names) :])
    if spec.kwarg is not None:
        scope.names[spec.kwarg.arg] = {name: value for name, value in kwargs.items() if name not in known}
    return scope


def _mentions(body: Sequence[ast.AST], scope: Scope, seen: set[int]) -> bool:
    for statement in body:
        for node in ast.walk(statement):
            if not isinstance(node, ast.Name):
                continue
            try:
                value = scope.find(node.id)
            except KeyError:
                continue
            if isinstance(value, Declared) or (isinstance(value, Named) and _known.of_rules(value.name)):
                return True
            if isinstance(value, list | dict | Marked) and tasks_in(value):
                return True
            if isinstance(value, Code) and id(value) not in seen and not isinstance(value.node, ast.Lambda):
                seen.add(id(value))
                if value.is_flow or _mentions(value.node.body, value.scope, seen):
                    return True
    return False


def _value(name: str, scope: Scope) -> Any:
    try:
        return scope.find(name)
    except KeyError:
        return None


def _concerns(decorator: ast.expr, scope: Scope, walk: Expressions) -> bool:
    """Whether a decorator is one of Prefect's."""
    base = decorator.func if isinstance(decorator, ast.Call) else decorator
    value = walk.eval(base, scope)
    if isinstance(value, Method):
        owner = value.owner
        return value.name.startswith("on_") and (isinstance(owner, Declared) or (isinstance(owner, Code) and owner.is_flow))
    return isinstance(value, Named) and _known.PREFECT.get(value.name) in ("task", "flow", "materialize")


def _manager_name(node: ast.expr, scope: Scope, walk: Expressions) -> str:
    base = node.func if isinstance(node, ast.Call) else node
    value = walk.eval(base, scope) if isinstance(base, ast.Name | ast.Attribute) else None
    return value.name.removeprefix("builtins.") if isinstance(value, Named) else ast.unparse(base)


def _as_load(target: ast.expr) -> ast.expr:
    kind: Any = type(target)
    fields = {name: getattr(target, name) for name in target._fields if name != "ctx"}
    return ast.copy_location(kind(**fields, ctx=ast.Load()), target) if "ctx" in target._fields else target
