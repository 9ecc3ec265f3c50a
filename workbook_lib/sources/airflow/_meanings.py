"""What a use of Airflow's context can mean: an expression, something of the engine's, or nothing that is understood."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from workbook_lib.model.expr import Expr
from workbook_lib.model.workflow import Schedule


class NotUnderstood(Exception):
    """A use of the context that has no neutral meaning; the text says why, in a clause that follows the thing's name."""


@dataclass(frozen=True)
class Scope:
    """What the meaning of a template or a body depends on: the DAG, the task and the inputs declared for them.

    `facts` are attributes of the task that are settled while the file is read; `scheduled` tells whether runs follow one another by a cron
    schedule or an interval, None that this is not known. `own_macro` and `own_filter` give what the DAG itself defines for templates.
    `inlets` and `outlets` are the task's assets, by URI, and aliases, by `alias:` and their name; `written` those of all the DAG's tasks.
    `from_conf` gathers the inputs that the DAG reads from what the run alone is given, `pushes` what templates hand over by name, where
    the task can.
    """

    workflow: str
    task: str = ""
    airflow: str = "2.11"
    declared: frozenset[str] = frozenset()
    task_params: Mapping[str, Expr] = field(default_factory=dict)
    macros: frozenset[str] = frozenset()
    filters: frozenset[str] = frozenset()
    native: bool = False
    mapped: frozenset[str] = frozenset()
    templates_dict: Expr | None = None
    facts: Mapping[str, Expr] = field(default_factory=dict)
    scheduled: bool | None = False
    inlets: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()
    written: frozenset[str] = frozenset()
    from_conf: set[str] = field(default_factory=set)
    pushes: dict[str, Expr] | None = None
    own_macro: Callable[[str], Expr | None] = lambda name: None
    own_filter: Callable[[str], Expr | None] = lambda name: None

    def within(self, **changes: object) -> Scope:
        """The same scope with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]

    @property
    def is_3(self) -> bool:
        """Whether names that Airflow 3 removed are gone."""
        return not self.airflow.startswith(("1.", "2."))


def regular(schedule: Schedule) -> bool | None:
    """Whether each run's interval ends where the next one's begins; None where nobody knows."""
    if schedule.kind in ("cron", "interval"):
        return None if schedule.trigger else True
    return False if schedule.kind in ("none", "once") else None


@dataclass(frozen=True)
class Entity:
    """Something of the engine's that is no value by itself: the task instance, the DAG run, the stored variables ..."""

    name: str
    detail: str = ""


Meaning = Expr | Entity
