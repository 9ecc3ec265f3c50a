"""Dynamic task mapping of operators: `Operator.partial(...).expand(...)`."""

from __future__ import annotations

from typing import Any

from workbook_lib.sources.airflow._standins._defaults import merged_defaults
from workbook_lib.sources.airflow._standins._operator import BaseOperator
from workbook_lib.sources.airflow._standins._sources import Call
from workbook_lib.sources.tracing._stack import trail

PARTIALS: list[Partial] = []


class Partial:
    """What `partial` gives: waits for `expand`."""

    def __init__(self, cls: type[BaseOperator], kwargs: dict[str, Any]) -> None:
        self.cls, self.kwargs = cls, kwargs
        self._trail = trail()
        self._calls: list[Call] = [(self._trail, ())]
        self.used = False
        PARTIALS.append(self)

    def _made(self, form: str, over: dict[str, Any]) -> Mapped:
        self.used = True
        made = Mapped(self.cls, self.kwargs, form, over)
        path = trail()
        object.__setattr__(made, "_trail", path)
        object.__setattr__(made, "_calls", [*self._calls, (path, ())])
        return made

    def expand(self, **kwargs: Any) -> Mapped:
        """As in Airflow."""
        if not kwargs:
            raise TypeError("no arguments to expand against")
        return self._made("product", kwargs)

    def expand_kwargs(self, values: Any, *, strict: bool = True) -> Mapped:
        """As in Airflow."""
        return self._made("records", {"": values})


class Mapped(BaseOperator):
    """A task that runs once per element. The operator's own `__init__` is not run: there is no instance yet, in Airflow neither."""

    is_mapped = True
    operator_class: type[BaseOperator]
    form: str
    over: dict[str, Any]

    def __init__(self, cls: type[BaseOperator], kwargs: dict[str, Any], form: str, over: dict[str, Any]) -> None:
        object.__setattr__(self, "operator_class", cls)
        object.__setattr__(self, "form", form)
        object.__setattr__(self, "over", over)
        given = dict(kwargs)
        task_id = given.pop("task_id")
        merged = self._defaults_for(given)
        object.__setattr__(self, "_defaults", merged)
        super().__init__(task_id=task_id, **given)
        self._own["__over__"] = over

    def _defaults_for(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        return merged_defaults(kwargs)

    @property
    def task_type(self) -> str:
        return self.operator_class.__name__

    def _fields(self) -> tuple[str, ...] | None:
        return None
