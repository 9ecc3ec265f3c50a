"""Expressions: what a legacy argument means, in a small closed language.

Rooms compile templates and traced values into these; the writer prints them as Python. A value that is unknown when reading
(a variable, a connection, another task's output) stays an expression, never today's value.
"""

from __future__ import annotations

import collections.abc
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from workbook_lib.model._base import Frozen, Json


class Constant(Frozen):
    """A JSON value written in the source."""

    kind: Literal["constant"] = "constant"
    value: Json = None


class Moment(Frozen):
    """A date or time fixed in the source: `iso` is ISO 8601, `type` one of date, datetime, timedelta (ISO: seconds as text)."""

    kind: Literal["moment"] = "moment"
    iso: str
    type: Literal["date", "datetime", "timedelta"] = "datetime"


class ListOf(Frozen):
    """A list (or tuple, when `type` is tuple) whose items are expressions."""

    kind: Literal["list"] = "list"
    items: tuple[Expr, ...] = ()
    type: Literal["list", "tuple", "set"] = "list"


class DictOf(Frozen):
    """A mapping whose keys and values are expressions, in order."""

    kind: Literal["dict"] = "dict"
    items: tuple[tuple[Expr, Expr], ...] = ()


class TaskOutput(Frozen):
    """What another task handed over. `key` is `return_value` or the name it was pushed under.

    `mapped` says that the task is mapped, so that the value is the list of all its instances' outputs.
    """

    kind: Literal["task_output"] = "task_output"
    task: str
    key: str = "return_value"
    mapped: bool = False


class Parameter(Frozen):
    """A run parameter of the workflow."""

    kind: Literal["parameter"] = "parameter"
    name: str


class Variable(Frozen):
    """A value kept by the legacy server. `json_value` says that the reader of it decoded JSON."""

    kind: Literal["variable"] = "variable"
    name: str
    json_value: bool = False
    default: Expr | None = None


class Connection(Frozen):
    """A field of a stored connection: conn_type, host, login, password, schema, port, uri, extra (JSON text), extra_dejson (what it holds)
    or extra.<name>; None is the whole."""

    kind: Literal["connection"] = "connection"
    id: str
    field: str | None = None


class Environment(Frozen):
    """An environment variable."""

    kind: Literal["environment"] = "environment"
    name: str
    default: Expr | None = None


ContextName = Literal[
    "logical_date",  # datetime the run stands for
    "interval_start",  # datetime
    "interval_end",  # datetime
    "run_id",  # str
    "workflow_id",  # str
    "task_id",  # str
    "attempt",  # int from 1
    "map_index",  # int, -1 when not mapped
    "run_parameters",  # dict: all run parameters
    "run_start",  # datetime at which the run really began
    "previous_date",  # datetime: the logical date of the run before, by the schedule
    "logger",  # the run's own logger, as of `logging`
    "scheduled",  # bool: a schedule started the run, not a person or another program
]


class Context(Frozen):
    """Something the engine knows about the run."""

    kind: Literal["context"] = "context"
    name: ContextName


class Call(Frozen):
    """A call of a pure function from a fixed list.

    `format_date(moment, strftime_format)`, `iso(moment)`, `timestamp(moment)`, `add_days(iso_date_text, n)`,
    `shift(moment, seconds)`, `reformat_date(text, from_format, to_format)`, `str`, `int`, `float`, `bool`,
    `len`, `list`, `dict`, `sum`, `min`, `max`, `sorted`, `json_loads`, `json_dumps`, `lower`, `upper`,
    `strip`, `replace(text, old, new)`, `join(separator, items)`, `split(text, separator)`, `default(value,
    other)`, `uuid`, `now`, `random`, `present(list)` (its items without those that are None), `json_html(value)` (JSON text
    with sorted keys and `<`, `>`, `&`, `'` as \\u escapes), `required(value, name)` (an error where it is None), `parse_moment(iso_text)`
    (None stays None), `parse_date(text, format)`, `start_of(moment, unit)`, `with_parts(moment, name,
    value ...)`, `capitalize`, `title`, `abs`, `round`, `dict_get(dict, key,
    [other])`, `dict_items`, `dict_keys`, `dict_values`, `unique`, `reversed`, `slice(value, start, stop, step)`. `render(text, names,
    [filters])` and `render_native` are the legacy engine's own rendering with Jinja, `pulled(dict)` and `pulled_3` what they call there.

    Of lists, as what is mapped over or as an argument: `zip(*lists)` as far as the shortest, `zip_longest(*lists, fill)`, `concat(*lists)`,
    `map(function, list)`. `apply(function, value)` is one call. There `function` is a Reference to a definition that is carried over.
    `get(dict, key, other)`. Without arguments, `connection_of`, `variable_of`, `set_variable` and `delete_variable` are functions of what
    the server keeps, called with the arguments that stand behind them in the source.
    """

    kind: Literal["call"] = "call"
    function: str
    args: tuple[Expr, ...] = ()


class Index(Frozen):
    """`base[key]`."""

    kind: Literal["index"] = "index"
    base: Expr
    key: Expr


class Attribute(Frozen):
    """`base.name`."""

    kind: Literal["attribute"] = "attribute"
    base: Expr
    name: str


class Operation(Frozen):
    """`+ - * / // % == != < <= > >= and or not in` over one or two operands."""

    kind: Literal["operation"] = "operation"
    operator: str
    operands: tuple[Expr, ...]


class Conditional(Frozen):
    """`then if test else otherwise`."""

    kind: Literal["conditional"] = "conditional"
    test: Expr
    then: Expr
    otherwise: Expr


class Format(Frozen):
    """Text made by joining the parts, each turned into `str`."""

    kind: Literal["format"] = "format"
    parts: tuple[Expr, ...]


class Element(Frozen):
    """The element that a mapped task instance was given for `name` (its expanded argument)."""

    kind: Literal["element"] = "element"
    name: str


class Reference(Frozen):
    """A module-level name of the legacy source that is carried over (see `Workflow.definitions`).

    `called`: it has become a function, whose result the value is.
    """

    kind: Literal["reference"] = "reference"
    name: str
    called: bool = False

    @property
    def text(self) -> str:
        """It as Python."""
        return f"{self.name}()" if self.called else self.name


class Callable(Frozen):
    """A Python callable of the legacy source: where its definition starts, for the room to read, and what it carries along.

    `values` are names of its body that stand for data of the function or module around it, as they were when the file had been read;
    `defaults` the same for its parameters. `args` and `kwargs` are bound in front (`functools.partial`); `state` holds the attributes of
    the object that it is a method of. `named` is the name under which its module holds it, `wraps` the function inside of a decorator's.
    """

    kind: Literal["callable"] = "callable"
    name: str
    file: str | None = None
    line: int | None = None
    column: int | None = None  # of a lambda: where its body begins, in UTF-8 bytes from 0
    reason: str | None = None  # why it cannot be read, e.g. "builtin", "lambda"
    values: tuple[tuple[str, Expr], ...] = ()
    defaults: tuple[tuple[str, Expr], ...] = ()
    args: tuple[Expr, ...] = ()
    kwargs: tuple[tuple[str, Expr], ...] = ()
    state: tuple[tuple[str, Expr], ...] | None = None
    named: str | None = None
    wraps: Expr | None = None
    signature: tuple[str, ...] | None = None  # its parameters as Python writes them, where its source cannot be read


class Template(Frozen):
    """A text in the legacy template language that could not be compiled; `reason` says why."""

    kind: Literal["template"] = "template"
    source: str
    reason: str = ""


class Unknown(Frozen):
    """Something that no rule understands; its source text, or `repr`, is kept."""

    kind: Literal["unknown"] = "unknown"
    source: str
    reason: str = ""


Expr = Annotated[
    Constant
    | Moment
    | ListOf
    | DictOf
    | TaskOutput
    | Parameter
    | Variable
    | Connection
    | Environment
    | Context
    | Call
    | Index
    | Attribute
    | Operation
    | Conditional
    | Format
    | Element
    | Reference
    | Callable
    | Template
    | Unknown,
    Field(discriminator="kind"),
]

for _class in (ListOf, DictOf, Variable, Environment, Call, Index, Attribute, Operation, Conditional, Format, Callable):
    _class.model_rebuild()


def walk(expr: Expr) -> Iterator[Expr]:
    """`expr` and everything inside it, outermost first."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def tasks_in(values: Iterable[Expr]) -> set[str]:
    """The tasks whose outputs expressions take."""
    return {part.task for value in values for part in walk(value) if isinstance(part, TaskOutput)}


def children(expr: Expr) -> tuple[Expr, ...]:
    """The direct parts of `expr`, in source order."""
    parts = _PARTS.get(type(expr))
    return parts(expr) if parts is not None else ()


def _default(expr: Any) -> tuple[Expr, ...]:
    return (expr.default,) if expr.default is not None else ()


_PARTS: dict[type, collections.abc.Callable[[Any], tuple[Expr, ...]]] = {
    ListOf: lambda expr: expr.items,
    DictOf: lambda expr: tuple(part for pair in expr.items for part in pair),
    Call: lambda expr: expr.args,
    Operation: lambda expr: expr.operands,
    Format: lambda expr: expr.parts,
    Index: lambda expr: (expr.base, expr.key),
    Attribute: lambda expr: (expr.base,),
    Conditional: lambda expr: (expr.test, expr.then, expr.otherwise),
    Variable: _default,
    Environment: _default,
}


def key(expr: Expr) -> str:
    """A text that is the same for equal expressions, to look them up by; JSON values inside make them unhashable."""
    return expr.model_dump_json()


def constant(expr: Expr) -> Json:
    """The JSON value of an expression without unknowns; ValueError when it has one."""
    if isinstance(expr, Constant):
        return expr.value
    if isinstance(expr, ListOf):
        return [constant(item) for item in expr.items]
    if isinstance(expr, DictOf):
        return {constant(key): constant(value) for key, value in expr.items}
    raise ValueError(f"not a constant: {expr.kind}")
