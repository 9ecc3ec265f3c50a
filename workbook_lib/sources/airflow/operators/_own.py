"""Operator classes of the repository's own that only keep arguments: their `execute` becomes a Python function.

Specification: https://airflow.apache.org/docs/apache-airflow/2.11.2/howto/custom-operator.html
"""

from __future__ import annotations

import ast

from workbook_lib.model import expr as x
from workbook_lib.model.expr import Expr
from workbook_lib.sources.airflow._callables import Found
from workbook_lib.sources.airflow._methods import NotPlain, OwnClass, as_function, read_class
from workbook_lib.sources.airflow._static import NotStatic, evaluate
from workbook_lib.sources.airflow.operators._room import Built, Case, Unfit

# Base arguments that change what is handed over, and nothing else.
_QUIET = {"do_xcom_push", "multiple_outputs"}


def own_execute(case: Case) -> Built:
    """`execute(self, context)`, its attributes as parameters."""
    task = case.task
    try:
        own = read_class(case.room.sources, task.operator, task.bases, task.execute)
        made = as_function(own)
        rendered, extensions = own.texts("template_fields"), own.texts("template_ext")
    except NotPlain as why:
        raise Unfit(str(why)) from None
    if task.mapping is not None and not own.calls_base_plainly:
        raise Unfit("its `__init__` changes the task's settings, and it is mapped")
    values = {attribute: _value(case, own, attribute, rendered, extensions) for attribute in own.stores}
    bound = {name: values.get(attribute) or _constant(case, own, attribute) for name, attribute in made.parameters.items()}
    case.given.used |= set(case.given.values) - _QUIET  # a name that its `__init__` does not take comes from default_args
    call = case.room.binder.bound(Found(own.module, made.node, made.source), (), bound, case.scope).call
    if call.function.blockers:
        raise Unfit(f"its `execute` cannot be carried over: {call.function.blockers[0]}")
    if call.function.is_generator:
        raise Unfit("its `execute` is a generator")
    keep, several = case.given.plain("do_xcom_push", True), case.given.plain("multiple_outputs", False)
    call = call.model_copy(update={"several_outputs": bool(several), "returns": "value" if keep else "none"})
    return Built(call, may_skip=call.function.may_skip, files=case.files)


def _value(case: Case, own: OwnClass, attribute: str, rendered: tuple[str, ...], extensions: tuple[str, ...]) -> Expr:
    """What the attribute holds when the task runs: the argument, rendered where the class says so."""
    parameter = own.stores[attribute]
    value = case.given.values.get(parameter)
    if attribute in case.given.values and attribute not in own.defaults and not isinstance(value, x.Element):
        value = case.given.values[attribute]  # set on the task after it was made
    if value is None:
        value = _default(case, own, parameter)
    if isinstance(value, x.Element):
        over = dict(case.task.mapping.over).get(parameter) if case.task.mapping is not None else None
        if attribute not in rendered and over is not None and _holds_template(over):
            raise Unfit(f"its `{attribute}` is no template field, and is mapped over texts that look like templates")
        return value
    if attribute in rendered:
        return case.compiled(value, *extensions)
    if any(isinstance(part, x.TaskOutput) for part in x.walk(value)):
        raise Unfit(f"its `{attribute}` is no template field, and is given the output of a task")
    return value


def _holds_template(value: Expr) -> bool:
    return any(isinstance(part, x.Constant | x.Format) and ("{{" in str(part) or "{%" in str(part)) for part in x.walk(value))


def _default(case: Case, own: OwnClass, parameter: str) -> Expr:
    node = own.defaults[parameter]
    if case.given.records and node is None:
        return x.Element(name=parameter)
    if case.given.records and _in_a_record(case, parameter):
        raise Unfit(f"its argument `{parameter}` may or may not stand in the records that it is mapped over")
    if node is None:
        raise Unfit(f"its argument `{parameter}` is not given")
    return _static(case, own, node, f"the default of its argument `{parameter}`")


def _in_a_record(case: Case, parameter: str) -> bool:
    """Whether a record of `expand_kwargs` may give the argument."""
    over = dict(case.task.mapping.over).get("") if case.task.mapping is not None else None
    if not isinstance(over, x.Constant):
        return True
    records = over.value if isinstance(over.value, list) else [over.value]
    return any(not isinstance(record, dict) or parameter in record for record in records)


def _constant(case: Case, own: OwnClass, attribute: str) -> Expr:
    given = case.given.values.get(attribute)
    return given if given is not None else _static(case, own, own.constants[attribute], f"its attribute `{attribute}`")


def _static(case: Case, own: OwnClass, node: ast.expr, what: str) -> Expr:
    try:
        value = evaluate(node, lambda name: case.room.binder.definitions.literal(own.module, own.execute, name))
    except NotStatic:
        raise Unfit(f"{what} is computed") from None
    if isinstance(value, tuple):
        return x.ListOf(items=tuple(x.Constant(value=item) for item in value), type="tuple")
    return x.Constant(value=value)
