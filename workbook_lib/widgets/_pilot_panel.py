"""Running a pilot and watching it. Plain call: `migration.pilot(workflow, scenario, on_event=print)`."""

from __future__ import annotations

import html
import json
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets

from workbook_lib.errors import PilotStopped, UsageError
from workbook_lib.widgets._alert import Alert
from workbook_lib.widgets._graph_view import GraphView

if TYPE_CHECKING:
    from workbook_lib.migration import Migration

_BLINK = 0.25  # seconds between two drawings of a running pilot
_SHOWN_FIRST = ("failed", "retrying", "running", "upstream_failed", "not_run", "pending", "skipped", "removed", "success")


class PilotPanel(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A form, the list of what will be executed, Run and Stop, and the graph in the colours of the states as they come."""

    scenario = traitlets.Unicode("real", help="name of the scenario to run")
    agreed = traitlets.Bool(False, help="whether the list of what will be executed was agreed to; falls back when the scenario changes")
    running = traitlets.Bool(False, read_only=True, help="whether a run goes on")
    states = traitlets.Dict(read_only=True, help="task id -> state; of a mapped task the state that matters most")
    status = traitlets.Unicode("", read_only=True, help="what the panel says")
    record = traitlets.Any(None, allow_none=True, read_only=True, help="the RunRecord of the last run")

    def __init__(self, migration: Migration, workflow: str | None = None) -> None:
        self._migration, self._workflow = migration, migration.workflow(workflow).id
        self._stop, self._thread = threading.Event(), threading.Thread()
        self._seen: dict[tuple[str, int], str] = {}
        self._alert, self._list = Alert(), ipywidgets.HTML()
        wide = ipywidgets.Layout(width="480px")
        self._choice = ipywidgets.Dropdown(description="Scenario", layout=wide)
        self._date = ipywidgets.Text(description="Logical date", placeholder="as in the legacy record", layout=wide)
        self._params = ipywidgets.Text(description="Parameters", placeholder='JSON, as {"day": "2024-01-01"}', layout=wide)
        self._agree = ipywidgets.Checkbox(description="I agree that this is executed", indent=False, layout=wide)
        self._run = ipywidgets.Button(description="Run", button_style="primary", icon="play", disabled=True)
        self._halt = ipywidgets.Button(description="Stop", button_style="danger", icon="stop", disabled=True)
        self.graph = GraphView(migration, self._workflow, colour_by="state")
        form = [self._choice, self._date, self._params, self._list, self._agree, ipywidgets.HBox([self._run, self._halt])]
        super().__init__([*form, self._alert, self.graph])
        with self._alert.guard():
            self._choice.options = [scenario.name for scenario in migration.scenarios(self._workflow)]
        traitlets.link((self, "scenario"), (self._choice, "value"))
        traitlets.link((self, "agreed"), (self._agree, "value"))
        self.observe(lambda _: self._other_scenario(), "scenario")
        self.observe(lambda _: self._enable(), ["agreed", "running"])
        self._run.on_click(lambda _: self.run())
        self._halt.on_click(lambda _: self.stop())
        self._other_scenario()

    def run(self, *, wait: bool = False) -> None:
        """Start the run; with `wait` come back when it ended."""
        with self._alert.guard():
            if self.running:
                raise UsageError("a run goes on.", advice="Stop it first, or wait for its end.")
            if not self.agreed:
                raise UsageError("nothing is executed without your consent.", advice="Tick the box below the list first.")
            options = self._options()
            self._stop.clear()
            self._seen = dict.fromkeys([(task.id, -1) for task in self._migration.workflow(self._workflow).tasks], "pending")
            self.set_trait("running", True)
            self._say("Starting; the first run also starts the local Prefect server, which takes some seconds.")
            self._thread = threading.Thread(target=self._work, args=(options,), daemon=True)
            self._thread.start()
            threading.Thread(target=self._blink, args=(self._thread,), daemon=True).start()
        if wait and self._thread.ident is not None:
            self._thread.join()

    def stop(self) -> None:
        """End the run that goes on, with all its processes."""
        self._stop.set()

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"stop": self._stop, "on_event": self._event}
        if self._date.value.strip():
            options["logical_date"] = self._date.value.strip()
        if self._params.value.strip():
            try:
                options["params"] = json.loads(self._params.value)
            except ValueError as error:
                raise UsageError(f"the parameters are not JSON: {error}.", advice='Write them as {"name": "value"}.') from error
        return options

    def _work(self, options: dict[str, Any]) -> None:
        try:
            record = self._migration.pilot(self._workflow, self._migration.scenario(self._workflow, self.scenario), **options)
        except PilotStopped as error:
            self._say(str(error))
        except Exception as error:
            self._alert.error(error)
            self.set_trait("status", str(error))
        else:
            self._seen = {(run.id, run.map_index): str(run.state) for run in record.tasks}
            self.set_trait("record", record)
            counts = Counter(str(run.state) for run in record.tasks)
            told = ", ".join(f"{number} {state.replace('_', ' ')}" for state, number in sorted(counts.items()))
            logs = "\n".join(f"--- {run.id}\n{run.log_tail}" for run in record.tasks if run.log_tail)
            self._say(f"The run ended as {record.state}: {told}.", "good" if record.state == "success" else "error", logs)
        finally:
            self._draw()
            self.set_trait("running", False)

    def _event(self, event: Any) -> None:
        if event.map_index >= 0:
            self._seen.pop((event.task, -1), None)
        self._seen[event.task, event.map_index] = event.state

    def _blink(self, thread: threading.Thread) -> None:
        """Draw while the run goes on, at a pace that a page can follow."""
        before: dict[tuple[str, int], str] = {}
        while thread.is_alive():
            if self._seen != before:
                before = dict(self._seen)
                self._draw()
            thread.join(_BLINK)

    def _draw(self) -> None:
        states: dict[str, str] = {}
        for (task, _), state in sorted(dict(self._seen).items()):
            states[task] = min(states.get(task, state), state, key=_SHOWN_FIRST.index)
        self.set_trait("states", states)
        self.graph.colours = states

    def _say(self, text: str, kind: str = "note", more: str = "") -> None:
        self.set_trait("status", text)
        self._alert.say(text, kind, more=more)

    def _enable(self) -> None:
        self._run.disabled = self.running or not self.agreed
        self._halt.disabled = not self.running

    def _other_scenario(self) -> None:
        self.agreed = False
        with self._alert.guard():
            lines = self._migration.consent(self._workflow, self._migration.scenario(self._workflow, self.scenario))
            items = "".join(f"<li><code>{html.escape(line)}</code></li>" for line in lines)
            self._list.value = f"This will be executed:<ul style='margin:0;line-height:1.5'>{items}</ul>"
