"""What a call means: a task, its methods, a function of the project, a pure function, or something outside."""

from __future__ import annotations

import ast
from typing import Any

from workbook_lib.prefect_reader import _known
from workbook_lib.prefect_reader._expressions import Expressions, is_several, small, small_range
from workbook_lib.prefect_reader._options import merged
from workbook_lib.prefect_reader._settings import HOOKS
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
    Scope,
    StateOf,
    Unknown,
    abstract_in,
    runs_in,
    streams_in,
    tasks_in,
)

_DECORATORS = ("task", "flow", "materialize")


def _meaning(function: Any) -> str:
    """What a name of Prefect or of the emitted rules means to the reader."""
    return _known.PREFECT.get(function.name, "") if isinstance(function, Named) else ""


def _starts(function: Any) -> bool:
    return isinstance(function, Declared) or (isinstance(function, Method) and isinstance(function.owner, Declared))


def _listed(several: Futures) -> Futures:
    """`list(...)` of a number of futures that only a run knows."""
    plain = Futures(several)
    plain.several, plain.runs = True, several.runs
    return plain


class Calls(Expressions):
    """Calls, as far as all walks agree; the hooks at the end are theirs."""

    def eval_Call(self, node: ast.Call, scope: Scope) -> Any:
        awaited, self.awaited = self.awaited is node, None
        function = self.eval(node.func, scope)
        args: list[Any] = []
        for arg in node.args:
            if isinstance(arg, ast.Starred):
                items = self.known_items(self.eval(arg.value, scope))
                if items is None:
                    if isinstance(function, Declared | Code | Method) or _meaning(function).startswith("rules."):
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
            elif _meaning(function) in _DECORATORS:
                kwargs["**"] = value
            elif isinstance(function, Declared | Code | Method | Decorator) or _meaning(function):
                self.give_up("keyword arguments are unpacked from a value that only a run knows")
        self.line = node.lineno
        return self.call(function, args, kwargs, awaited)

    def call(self, function: Any, args: list[Any], kwargs: dict[str, Any], awaited: bool = False) -> Any:
        """The result of a call of any value."""
        line = self.line
        if streams_in((args, kwargs)) and (_starts(function) or _meaning(function).startswith("rules.")):
            self.give_up("a generator of futures is handed to a task, which waits for none of them")
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
        if _known.of_rules(name):
            self.give_up(f"{name} is not known to the reader")
        short = name.removeprefix("builtins.")
        if short in _known.REFLECTION:
            self.give_up(f"{short}() reaches names in a way that is not followed")
        if "." in short and short.rpartition(".")[2] in _known.STARTERS:
            self.give_up(f"{short}() starts something outside of the project")
        given = [*args, *kwargs.values()]
        if short in _known.REARRANGE and not any(isinstance(arg, Abstract) or is_several(arg) for arg in given):
            if short == "range" and not small_range(args):
                self.give_up("a range is too long, or its length is known only to a run")
                return self.unknown("a long range")
            return self.attempt(_known.REARRANGE[short], *args, **kwargs)
        if short in ("list", "tuple") and len(args) == 1 and is_several(args[0]):
            return _listed(args[0])
        pure = _known.BUILTINS.get(short) or _known.PURE.get(name)
        if pure is not None and not abstract_in((args, kwargs)) and (name != "itertools.product" or small(args)):
            return self.attempt(pure, *args, **kwargs)
        if short in ("Exception", "ValueError", "RuntimeError", "NotImplementedError"):
            return self.unknown(f"a {short}", args)
        return self._outside(short, args, kwargs)

    def _call_prefect(self, meaning: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if meaning in _DECORATORS:
            options = dict(kwargs)
            if args and isinstance(args[0], Code) and meaning != "materialize":
                return self._decorate(Decorator(meaning, options), args[:1])
            return Decorator("task" if meaning == "materialize" else meaning, options)
        if meaning in ("unmapped", "allow_failure", "quote"):
            return Marked(meaning, args[0] if args else kwargs.get("value"))
        if meaning in ("rules.chosen", "rules.pick", "rules.peek", "rules.setup", "rules.peer"):
            return Marked(meaning, args[0] if args else None, tuple(args[1:]))
        if meaning == "rules.combined":
            return Marked(meaning, tuple(args[1:]), (args[0] if args else None, kwargs))
        if meaning in ("completed", "failed"):
            return self.made_state(meaning, kwargs)
        if meaning == "threads":
            return Marked(meaning, None)
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
            return Code(code.node, code.scope, True, code.options | decorator.options)  # what stands inside wraps the flow's body
        node = None if isinstance(code.node, ast.Lambda) else code.node
        name = decorator.options.get("name")
        own = name if isinstance(name, str) and name else code.name
        return Declared(own, code.name, node, dict(decorator.options), code.node.lineno)

    def _call_method(self, method: Method, args: list[Any], kwargs: dict[str, Any]) -> Any:
        owner, name, line = method.owner, method.name, self.line
        if isinstance(owner, Declared):
            return self._task_method(owner, name, args, kwargs, line)
        if isinstance(owner, Code) and owner.is_flow and name in HOOKS:
            owner.options[name] = [*(owner.options.get(name) or []), *args]
            return args[0] if args else None
        if isinstance(owner, Code) and name == "with_options":
            return Code(owner.node, owner.scope, owner.is_flow, owner.options | kwargs)
        if isinstance(owner, Future | StateOf) or (isinstance(owner, Futures) and name in ("result", "wait")):
            return self.await_value(owner, name, args, kwargs)
        if isinstance(owner, Either) and name in ("result", "wait", "submit", "map"):
            return Either(tuple(self._call_method(Method(option, name), list(args), dict(kwargs)) for option in owner.options))
        if isinstance(owner, list | dict | tuple) and not is_several(owner):
            allowed = next((names for kind, names in _known.CONTAINER_METHODS.items() if isinstance(owner, kind)), frozenset())
            if name in allowed:
                value = self.attempt(getattr(owner, name), *args, **kwargs)
                return list(value) if name in ("items", "keys", "values") and not isinstance(value, Unknown) else value
        if is_several(owner) and name == "append":
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
            renamed = kwargs.get("name")
            own = renamed if isinstance(renamed, str) and renamed else task.name
            return Declared(own, task.function, task.node, merged(task, kwargs), task.line)
        if name in HOOKS or name in ("on_rollback", "on_commit"):
            task.options[name] = [*(task.options.get(name) or []), *args]
            return args[0] if args else None
        if name == "submit":
            return self.submit_task(task, args, kwargs, line)
        if name == "map":
            return self.map_task(task, args, kwargs, line)
        if name == "fn":
            return self.unknown(f"the result of {task.function} itself", args, kwargs)
        self.give_up(f"{task.function}.{name}() is not followed")
        return self.unknown(f"the result of {name}", args, kwargs)

    # --- what the three walks do differently ---

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
