"""What is mapped over, as lists that can be counted; what `.map(f)` makes of each element is worked out inside the task.

Airflow calls `f` in the task instance, which fails, is tried again or skips by it, so that the same has to happen in the task's body
(https://airflow.apache.org/docs/apache-airflow/2.11.2/authoring-and-scheduling/dynamic-task-mapping.html#transforming-expanding-data).
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from workbook_lib.model import expr as x
from workbook_lib.model.action import Action, PythonCall
from workbook_lib.model.expr import Expr
from workbook_lib.model.workflow import Mapping
from workbook_lib.sources.airflow._callables import Unreadable, find
from workbook_lib.sources.airflow._definitions import Definitions
from workbook_lib.sources.airflow._raw import RawTask
from workbook_lib.sources.airflow._rewrite import transform
from workbook_lib.sources.airflow._source import Sources

Wrap = Callable[[Expr], Expr]
_RECORD = "element"  # names the element that a function turns into a dict of arguments


@dataclass(frozen=True)
class Elements:
    """A mapping in its plain form; `inside` says what stands for an argument in the task where that is not the plain element, `record`
    what stands for the dict of all arguments."""

    mapping: Mapping
    inside: dict[str, Expr] = field(default_factory=dict)
    record: Expr | None = None


def plain(mapping: Mapping) -> Elements:
    """The mapping without functions in it."""
    over: list[tuple[str, Expr]] = []
    inside: dict[str, Expr] = {}
    for name, value in mapping.over:
        listed, wrap = _peeled(value)
        if wrap is not None and mapping.form == "records":
            record = wrap(x.Element(name=_RECORD))
            return Elements(Mapping(over=((_RECORD, listed),), applied=(("", record),)), record=record)
        over.append((name, listed))
        if wrap is not None:
            inside[name] = wrap(x.Element(name=name))
    return Elements(mapping.model_copy(update={"over": tuple(over), "applied": tuple(inside.items())}), inside)


def _peeled(value: Expr) -> tuple[Expr, Wrap | None]:
    """The list below all functions, and what they make of one element of it."""
    if not isinstance(value, x.Call):
        return value, None
    if value.function == "map":
        function, inner = value.args
        listed, wrap = _peeled(inner)
        return listed, lambda element: x.Call(function="apply", args=(function, wrap(element) if wrap is not None else element))
    if value.function == "zip":
        parts = [_peeled(part) for part in value.args]
        if any(wrap is not None for _, wrap in parts):
            return value.model_copy(update={"args": tuple(listed for listed, _ in parts)}), lambda element: x.ListOf(
                type="tuple",
                items=tuple(
                    wrap(part) if wrap is not None else part
                    for part, (_, wrap) in zip((_part(element, number) for number in range(len(parts))), parts, strict=True)
                ),
            )
    return value, None


def _part(element: Expr, number: int) -> Expr:
    return x.Index(base=element, key=x.Constant(value=number))


def mapped_calls(task: RawTask) -> bool:
    """Whether a function is applied to an output somewhere in the task's arguments."""
    values = [value for _, value in task.arguments] + [value for _, value in (task.mapping.over if task.mapping is not None else ())]
    return any(isinstance(part, x.Call) and part.function == "map" for value in values for part in x.walk(value))


def with_elements(action: Action, elements: Elements) -> Action:
    """The action with its arguments as the functions make them."""
    if elements.record is not None:
        return _with_record(action, elements.record)
    if not elements.inside:
        return action
    inside = elements.inside
    return transform(action, lambda found: inside.get(found.name, found) if isinstance(found, x.Element) else found)


def _with_record(action: Action, record: Expr) -> Action:
    def entry(found: Expr) -> Expr:
        return x.Index(base=record, key=x.Constant(value=found.name)) if isinstance(found, x.Element) else found

    changed = transform(action, entry)
    if not isinstance(changed, PythonCall):
        return changed
    given = dict(changed.arguments)
    more = []
    for parameter in changed.function.parameters:
        if parameter.name in given or parameter.default is None or parameter.form not in ("positional", "keyword"):
            continue
        other = _literal(parameter.default)
        value = x.Call(function="get", args=(record, x.Constant(value=parameter.name), other))
        more.append((parameter.name, value))
    return changed.model_copy(update={"arguments": (*changed.arguments, *more)})


def _literal(default: str) -> Expr:
    """A default as an expression; only what stands in the source can be given in the place of an entry that is missing."""
    try:
        return x.Constant(value=ast.literal_eval(default))
    except (ValueError, SyntaxError):
        return x.Unknown(source=default, reason="the default of an argument that an element may leave out")


def applied(target: Expr, sources: Sources, definitions: Definitions, task: str, wish: str) -> tuple[Expr, bool]:
    """A function that is called with an element, as a definition of the flow's module: a Reference, and whether it may skip.

    A lambda becomes a function called `wish`, if that is free. What cannot be carried over is Unknown.
    """
    shown = target.name if isinstance(target, x.Callable) else target.kind
    try:
        found = find(sources, target, task, (x.Constant(),), {}, frozenset())
    except Unreadable as why:
        return x.Unknown(source=shown, reason=str(why)), False
    if found.module is None or found.fixed or found.args or found.kwargs or not isinstance(found.node, ast.FunctionDef):
        return x.Unknown(source=shown, reason="it is no plain function"), False
    if shown.endswith("<lambda>"):
        source = found.source.replace(f"def {found.node.name}(", f"def {wish}(", 1)
        made = definitions.add(found.module, found.node, wish, source)
    else:
        made = definitions.needs(found.module, found.node, [found.node.name])
    if made.problems or not made.uses:
        return x.Unknown(source=shown, reason=(*made.problems, "it cannot be carried over")[0]), False
    return x.Reference(name=made.uses[0]), made.may_skip
