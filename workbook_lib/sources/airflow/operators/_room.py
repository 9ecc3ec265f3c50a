"""What operator rules work with: the task's arguments, each noted when a rule uses it, and the tools to compile them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time

from workbook_lib.model import expr as x
from workbook_lib.model.action import Action, Opaque
from workbook_lib.model.expr import Expr
from workbook_lib.model.workflow import Link
from workbook_lib.sources.airflow._context import Scope
from workbook_lib.sources.airflow._raw import RawDag, RawTask
from workbook_lib.sources.airflow._source import Sources
from workbook_lib.sources.airflow._template_files import find
from workbook_lib.sources.airflow.functions import Binder
from workbook_lib.sources.airflow.templates import compile_template, compile_value

_TIME = re.compile(r"(?:datetime\.time|Time|time)\((\d+(?:, *\d+){0,3})\)")


class Unfit(Exception):
    """The rule does not cover what this task was given; the text says what."""


@dataclass
class Built:
    """What a rule makes of a task."""

    action: Action
    steers: str = ""
    steers_rules: bool = False
    may_skip: bool = False
    links: list[Link] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # approximations, each a clause for a finding
    files: list[str] = field(default_factory=list)


class Given:
    """The arguments of one task, `partial` and `expand` together; what `take` hands out counts as used."""

    def __init__(self, task: RawTask) -> None:
        self.values: dict[str, Expr] = dict(task.arguments)
        self.sources = {source.name: source.text for source in task.argument_sources}
        self.records = False
        for name, over in task.mapping.over if task.mapping is not None else ():
            if name:
                self.values[name] = x.Element(name=name)
            else:
                self.records = True
                self.values |= {key: x.Element(name=key) for key in _record_keys(over)}
        self.used: set[str] = set()

    def take(self, name: str) -> Expr | None:
        """The argument's expression, None when it was not given or is None."""
        self.used.add(name)
        found = self.values.get(name)
        return None if found == x.Constant(value=None) else found

    def plain(self, name: str, default: object = None) -> object:
        """The argument's literal value; Unfit when it is only known when the task runs."""
        found = self.take(name)
        if found is None:
            return default
        try:
            return x.constant(found)
        except ValueError:
            raise Unfit(f"its argument `{name}` is only known when it runs") from None

    def seconds(self, name: str, default: float | None) -> float | None:
        """The argument as seconds: a number or a timedelta."""
        found = self.take(name)
        if isinstance(found, x.Moment) and found.type == "timedelta":
            return float(found.iso)
        value = self.plain(name, default)
        if value is None or isinstance(value, int | float):
            return float(value) if value is not None else None
        raise Unfit(f"its argument `{name}` is no number of seconds")

    def clock(self, name: str) -> Expr | None:
        """The argument as a fixed moment, or a time of day as its ISO text; Unfit when it is worked out while the file is read."""
        found = self.take(name)
        if found is None:
            return None
        source = self.sources.get(name, "")
        if re.search(r"\b(now|utcnow|today)\(", source):
            raise Unfit(f"its argument `{name}` is taken from the clock when the DAG file is read")
        match = _TIME.fullmatch(found.source.strip()) if isinstance(found, x.Unknown) else None
        if match is not None:
            hour, minute, second, fraction = ([int(part) for part in match.group(1).split(",")] + [0, 0, 0])[:4]
            return x.Constant(value=time(hour, minute, second, fraction).isoformat())
        if isinstance(found, x.Moment) and found.type == "datetime":
            return found
        if isinstance(found, x.Constant) and isinstance(found.value, str):
            return found
        raise Unfit(f"its argument `{name}` is no fixed moment or time of day")

    def unused(self) -> list[str]:
        """Arguments that no rule asked for."""
        return [name for name in self.values if name not in self.used]


def _record_keys(over: Expr) -> set[str]:
    """Argument names that every record of `expand_kwargs` surely has; none when the records are only known when it runs."""
    try:
        records = x.constant(over)
    except ValueError:
        return set()
    if not isinstance(records, list) or not records or not all(isinstance(record, dict) for record in records):
        return set()
    return set.intersection(*(set(record) for record in records))


@dataclass
class Room:
    """Everything that is the same for all tasks of one DAG."""

    dag: RawDag
    file: str
    sources: Sources
    binder: Binder
    scope: Scope
    root: str = ""


@dataclass
class Case:
    """One task on its way into the model."""

    task: RawTask
    given: Given
    room: Room
    scope: Scope
    files: list[str] = field(default_factory=list)

    def templated(self, name: str, *extensions: str) -> Expr | None:
        """A templated argument, compiled; a text that ends in one of the extensions names a template file."""
        found = self.given.take(name)
        return None if found is None else self.compiled(found, *extensions)

    def compiled(self, value: Expr, *extensions: str) -> Expr:
        """`value` as Airflow renders it for this task."""
        return compile_value(value, self.scope, self._loader(extensions))

    def _loader(self, extensions: tuple[str, ...]) -> Callable[[str], Expr | None]:
        def load(text: str) -> Expr | None:
            if not extensions or not text.endswith(extensions):
                return None
            found = find(text, self.room.dag, self.room.file, self.room.root, self.room.sources)
            if found is not None:
                self.files.append(found[0])
                return compile_template(found[1], self.scope)
            return x.Template(source=text, reason=f"names the template file {text!r}, which is not there")

        return load


Rule = Callable[[Case], Built]


def opaque(family: str, missing: str) -> Built:
    """A task that no rule turns into anything."""
    return Built(Opaque(family=family, missing=missing))


def mapping_of(found: Expr | None, what: str) -> Mapping[str, Expr]:
    """A dictionary argument by key; Unfit when its keys are not literal."""
    if found is None:
        return {}
    if isinstance(found, x.Constant) and isinstance(found.value, dict):
        return {str(key): x.Constant(value=value) for key, value in found.value.items()}
    if isinstance(found, x.DictOf) and all(isinstance(key, x.Constant) for key, _ in found.items):
        return {str(key.value): value for key, value in found.items if isinstance(key, x.Constant)}
    raise Unfit(f"its argument `{what}` is a dictionary that is only known when it runs")


def sequence_of(found: Expr | None, what: str) -> tuple[Expr, ...]:
    """A list argument by item; Unfit when its length is not known."""
    if found is None:
        return ()
    if isinstance(found, x.Constant) and isinstance(found.value, list):
        return tuple(x.Constant(value=value) for value in found.value)
    if isinstance(found, x.ListOf):
        return found.items
    raise Unfit(f"its argument `{what}` is a list that is only known when it runs")
