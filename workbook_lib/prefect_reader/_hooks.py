"""State hooks: called after a state was reached, so that they decide nothing as long as they keep away from runs, states and tasks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from workbook_lib.prefect_reader._known import STARTERS, of_rules
from workbook_lib.prefect_reader._values import Code, Declared, Marked, Named, Scope, tasks_in

# What a hook may use of Prefect: it only tells or reads.
_TELLS = ("prefect.runtime", "prefect.get_run_logger", "prefect.logging", "prefect.variables", "prefect.blocks", "prefect.events")
# Exceptions of a hook are caught by Prefect, but not what ends the process.
_ENDS = frozenset({"SystemExit", "KeyboardInterrupt", "BaseException", "GeneratorExit", "exit", "quit"})
_ENDS_BY = frozenset({"sys.exit", "os._exit", "os.abort", "os.kill", "signal.raise_signal"})
# What starts something when it is asked of the task or flow that a hook is given.
_RUNS = STARTERS | {"fn", "with_options", "deploy", "__call__", "set_state"}
_REFLECTION = frozenset({"setattr", "delattr", "globals", "locals", "vars", "eval", "exec", "__import__"})


def refused(hooks: Any) -> str | None:
    """Why a list of hooks may have an effect on the run; None when it has none."""
    if hooks is None:
        return None
    if not isinstance(hooks, list | tuple):
        return "only a run knows"
    for hook in hooks:
        if not isinstance(hook, Code) or hook.is_flow:
            return "only a run knows" if not isinstance(hook, Named) else f"is no function of the project ({hook.name})"
        reason = next(_effects(hook, set()), None)
        if reason:
            return reason
    return None


def _effects(hook: Code, seen: set[int]) -> Iterator[str]:
    seen.add(id(hook))
    body = [hook.node.body] if isinstance(hook.node, ast.Lambda) else hook.node.body
    given = _parameters(hook.node.args)
    for node in (node for part in body for node in ast.walk(part)):
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            yield f"changes {ast.unparse(node)}"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from _imported(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in given:
            yield f"calls {node.func.id}"
        elif isinstance(node, ast.Name | ast.Attribute):
            dotted = ast.unparse(node)
            if dotted.partition(".")[0] not in given:  # a hook's own parameter hides what the module calls so, such as `task`
                yield from _used(node, hook.scope, seen)
            elif isinstance(node, ast.Attribute) and node.attr in _RUNS:
                yield f"uses {dotted}"


def _parameters(spec: ast.arguments) -> set[str]:
    several = [one for one in (spec.vararg, spec.kwarg) if one is not None]
    return {arg.arg for arg in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs, *several)}


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    base = node.module if isinstance(node, ast.ImportFrom) else None
    for alias in node.names:
        name = f"{base}.{alias.name}" if base else alias.name
        if _acts(name):
            yield f"uses {name}"


def _used(node: ast.Name | ast.Attribute, scope: Scope, seen: set[int]) -> Iterator[str]:
    dotted = ast.unparse(node)
    if isinstance(node, ast.Attribute):
        root = dotted.partition(".")[0]
        value = _find(root, scope)
        full = f"{value.name}.{dotted.partition('.')[2]}" if isinstance(value, Named) else dotted
        if full in _ENDS_BY or (full.startswith("prefect.") and _acts(full)):
            yield f"uses {full}"
        return
    value = _find(dotted, scope)
    if value is None and dotted in _ENDS | _REFLECTION:
        yield f"uses {dotted}"
    elif isinstance(value, Named) and value.name != "prefect" and (_acts(value.name) or value.name in _ENDS_BY):
        yield f"uses {value.name}"
    elif isinstance(value, Declared) or (isinstance(value, list | dict | Marked) and tasks_in(value)):
        yield f"uses the task {getattr(value, 'function', dotted)}"
    elif isinstance(value, Code) and id(value) not in seen:
        if value.is_flow:
            yield f"starts the flow {value.name}"
        else:
            yield from _effects(value, seen)


def _find(name: str, scope: Scope) -> Any:
    try:
        return scope.find(name)
    except KeyError:
        return None


def _acts(name: str) -> bool:
    ours = name == "prefect" or name.startswith("prefect.") or of_rules(name)
    return ours and name != "prefect" and not any(name == known or name.startswith(known + ".") for known in _TELLS)
