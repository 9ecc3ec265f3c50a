"""Python tasks: PythonOperator, @task and their variants that branch, stop short or run in an interpreter of their own.

Specification: https://airflow.apache.org/docs/apache-airflow/2.11.2/howto/operator/python.html
"""

from __future__ import annotations

import re

from workbook_lib.model import expr as x
from workbook_lib.model.action import PythonCall
from workbook_lib.sources.airflow.functions import Reading, Rest
from workbook_lib.sources.airflow.operators._bash import bash_of
from workbook_lib.sources.airflow.operators._room import Built, Case, mapping_of, sequence_of

# Arguments that say how the call is logged or isolated, and change neither its meaning nor its result.
_HARMLESS = {
    "provide_context",
    "show_return_value_in_logs",
    "python_callable_name",
    "multiple_outputs",
    "templates_exts",
    "system_site_packages",
    "python_version",
    "python",
    "use_dill",
    "serializer",
    "pip_install_options",
    "venv_cache_path",
    "index_urls",
    "expect_airflow",
    "expect_pendulum",
    "string_args",
    "skip_on_exit_code",
    "inherit_env",
    "env_vars",
}
_MAPPING_RETURN = re.compile(r"^(typing\.)?(dict|Dict|Mapping|MutableMapping|OrderedDict|collections\.abc\.Mapping)\b")


class _ByPosition(Rest):
    """Of the lists in `op_args`, by the place in them."""

    def required(self, name: str, position: int | None) -> x.Expr | None:
        return None if position is None else self._at(position)

    def _at(self, position: int) -> x.Expr:
        return x.Index(base=x.Element(name="op_args"), key=x.Constant(value=position))

    def optional(self, name: str, position: int | None, default: x.Expr) -> x.Expr | None:
        if position is None:
            return None
        length = x.Call(function="len", args=(x.Element(name="op_args"),))
        there = x.Operation(operator=">", operands=(length, x.Constant(value=position)))
        return x.Conditional(test=there, then=self._at(position), otherwise=default)

    def surplus(self, position: int) -> x.Expr | None:
        every = x.Element(name="op_args")
        return x.Call(function="slice", args=(every, x.Constant(value=position), x.Constant(value=None))) if position else every


class _ByKey(Rest):
    """Of the dicts in `op_kwargs`, by name."""

    def required(self, name: str, position: int | None) -> x.Expr | None:
        return x.Index(base=x.Element(name="op_kwargs"), key=x.Constant(value=name))

    def optional(self, name: str, position: int | None, default: x.Expr) -> x.Expr | None:
        return x.Call(function="dict_get", args=(x.Element(name="op_kwargs"), x.Constant(value=name), default))

    def surplus(self, position: int) -> x.Expr | None:
        return None


class _ByRecord(Rest):
    """Of the dicts that `expand_kwargs` is given; each run is called with its own, and what it leaves out keeps its default."""

    def required(self, name: str, position: int | None) -> x.Expr | None:
        return x.Element(name=name)

    def optional(self, name: str, position: int | None, default: x.Expr) -> x.Expr | None:
        return None

    def surplus(self, position: int) -> x.Expr | None:
        return None


def reading(case: Case, *, checks: bool = False) -> Reading:
    """The call of the task's `python_callable`, bound to its templated arguments."""
    given = case.given
    given.used |= _HARMLESS
    extensions = given.plain("templates_exts", ())
    exts = tuple(str(extension) for extension in extensions) if isinstance(extensions, list | tuple) else ()
    templates = case.templated("templates_dict", *exts)
    scope = case.scope.within(templates_dict=templates)
    args_given, kwargs_given = given.take("op_args"), given.take("op_kwargs")
    rest: Rest | None = None
    args: tuple[x.Expr, ...] = ()
    kwargs: dict[str, x.Expr] = {}
    if isinstance(args_given, x.Element):
        rest = _ByPosition()
    else:
        args = tuple(case.compiled(value, *exts) for value in sequence_of(args_given, "op_args"))
    if isinstance(kwargs_given, x.Element):
        rest = _ByKey()
    else:
        kwargs = {name: case.compiled(value, *exts) for name, value in mapping_of(kwargs_given, "op_kwargs").items()}
    if case.task.decorator and case.task.mapping is not None:
        over = {name for name, _ in case.task.mapping.over if name}
        kwargs |= {name: x.Element(name=name) for name in over if name not in ("op_args", "op_kwargs")}
        given.used |= over
        if given.records:
            kwargs |= {name: value for name, value in given.values.items() if isinstance(value, x.Element)}
            given.used |= set(kwargs)
            rest = _ByRecord()
    target = given.take("python_callable") or x.Unknown(source="None", reason="no python_callable was given")
    return case.room.binder.call(target, args, kwargs, scope, rest=rest, checks=checks)


def _call(case: Case) -> PythonCall:
    call = reading(case).call
    several = case.given.plain("multiple_outputs")
    if several is None and case.task.decorator:
        several = bool(_MAPPING_RETURN.match(call.function.returns or ""))
    packages = case.given.take("requirements")
    names: tuple[str, ...] = ()
    if packages is not None:
        value = x.constant(packages) if isinstance(packages, x.Constant | x.ListOf) else []
        names = tuple(str(item) for item in value) if isinstance(value, list) else tuple(str(value).split())
    keep = case.given.plain("do_xcom_push", True)
    return call.model_copy(update={"several_outputs": bool(several), "packages": names, "returns": "value" if keep else "none"})


_ISOLATION = {"virtualenv": "virtualenv", "external_python": "external", "Virtualenv": "virtualenv", "External": "external"}


def _isolation(case: Case) -> str:
    names = [case.task.decorator, case.task.operator, *case.task.bases]
    return next((kind for name in names for part, kind in _ISOLATION.items() if part in name), "none")


def python(case: Case) -> Built:
    """PythonOperator, @task, and both with an interpreter of their own."""
    call = _call(case).model_copy(update={"isolation": _isolation(case)})
    return Built(call, may_skip=call.function.may_skip, files=case.files)


def branch(case: Case) -> Built:
    """BranchPythonOperator, @task.branch: the result names the tasks that go on."""
    built = python(case)
    built.steers = "branch"
    return built


def short_circuit(case: Case) -> Built:
    """ShortCircuitOperator, @task.short_circuit: a false result skips what follows."""
    rules = case.given.plain("ignore_downstream_trigger_rules", True)
    built = python(case)
    built.steers, built.steers_rules = "short_circuit", not rules
    return built


def bash_decorated(case: Case) -> Built:
    """@task.bash."""
    return bash_of(case, _call(case))
