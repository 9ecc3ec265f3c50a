"""A verdict as a table. Plain call: `draw_verdict(migration.verdict(workflow).document())`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets
import traitlets

from workbook_lib.view import draw_verdict
from workbook_lib.widgets._alert import Alert

if TYPE_CHECKING:
    from workbook_lib.migration import Migration

ALL = "all scenarios"


class VerdictView(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Tasks and aspects; the scenario can be chosen."""

    scenario = traitlets.Unicode(ALL, help="the scenario whose rows are shown")
    html = traitlets.Unicode("", read_only=True, help="the table as last made")

    def __init__(self, migration: Migration, workflow: str | None = None) -> None:
        self._migration, self._workflow = migration, migration.workflow(workflow).id
        self._alert, self._table = Alert(), ipywidgets.HTML()
        self._choice = ipywidgets.Dropdown(options=[ALL], description="Scenario", layout=ipywidgets.Layout(width="480px"))
        super().__init__([self._choice, self._alert, self._table])
        self.refresh()
        traitlets.link((self, "scenario"), (self._choice, "value"))
        self.observe(lambda _: self.refresh(), "scenario")

    def refresh(self) -> None:
        """Show the verdict as it is stored now."""
        with self._alert.guard():
            verdict = self._migration.verdict(self._workflow)
            if verdict is None:
                self._alert.say(f"{self._workflow} has no verdict yet: run migration.validate({self._workflow!r}), as notebook 05 does.")
                return
            names = [ALL, *dict.fromkeys(row.scenario for row in verdict.tasks if row.scenario)]
            if tuple(self._choice.options) != tuple(names):
                self._choice.options = names
            only, stale = None if self.scenario == ALL else self.scenario, self._migration.stale(self._workflow)
            table = draw_verdict(verdict.document(), scenario=only, headline=verdict.headline, stale=stale)
            self._alert.clear()
            self.set_trait("html", str(table))
            self._table.value = str(table)
