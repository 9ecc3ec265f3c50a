"""Prints the futures form: `.submit` and `.map` with arguments and `wait_for`; the flow returns its leaves."""

from __future__ import annotations

from workbook_lib.model.workflow import Task
from workbook_lib.prefect_writer.flow._printer import SubmittingPrinter
from workbook_lib.prefect_writer.tasks._code import Parameter


class FuturesPrinter(SubmittingPrinter):
    """Plain Prefect."""

    def returns(self) -> str:
        self.imports.add("from prefect.futures import PrefectFuture")
        return "list[PrefectFuture]"

    def _started(self, task: Task, function: str, plain: list[str], parameters: list[Parameter]) -> str:
        handed, patient = self._handed(parameters), self.plan.patient.get(task.id, frozenset())
        ups = dict.fromkeys((*self.workflow.upstream(task.id), *self.plan.needs.get(task.id, ())))
        waits = [self._awaited(up, whatever=up in patient) for up in ups if up not in handed]
        wait_for = [f"wait_for=[{', '.join(waits)}]"] if waits else []
        if task.id not in self.mapped.over:
            return f"{function}.submit({', '.join([*self._shown(parameters, plain), *wait_for])})"
        return self._over(task, function, parameters, wait_for)

    def _awaited(self, task_id: str, *, whatever: bool) -> str:
        """A run, or all runs of a mapped task, in a list of what is waited for; `whatever` their end."""
        name = self._variable(task_id)
        if not whatever:
            return self._spread([name])[0]
        self.imports.add("from prefect import allow_failure")
        return f"*(allow_failure(run) for run in {name})" if self._is_mapped(name) else f"allow_failure({name})"

    def _spread(self, names: list[str]) -> list[str]:
        return [f"*{name}" if self._is_mapped(name) else name for name in names]

    def _is_mapped(self, name: str) -> bool:
        return any(variable == name and task_id in self.mapped.over for task_id, variable in self.variables.items())

    def _end(self) -> list[str]:
        # A join gives up with its first failed upstream task, and Prefect cancels what still runs when a flow has ended.
        late, ends = self._late(), self._ends()
        returned = [task_id for task_id in self.plan.order if task_id in ends or (task_id in late and self._fails_an_end(task_id))]
        lines = [f"return [{', '.join(self._spread([self._variable(task_id) for task_id in returned]))}]"]
        others = [self._variable(task_id) for task_id in late if task_id not in returned]
        if not others:
            return lines
        self.imports.add("from prefect.futures import wait")
        return ["# The run does not end as these do, but must not end before them.", f"wait([{', '.join(self._spread(others))}])", *lines]

    def _fails_an_end(self, task_id: str) -> bool:
        """Whether the run surely fails when this task does, so that the flow may return it: every way on is one of success."""
        waiting, seen = [task_id], set()
        while waiting:
            one = waiting.pop()
            if one in self.plan.leaves:
                return True
            waiting += [
                down
                for down in self.workflow.downstream(one)
                if down not in seen and one not in self.plan.patient.get(down, frozenset())
            ]
            seen.update(waiting)
        return False

    def _others_at_end(self) -> list[str]:
        return [*self._late(), *super()._others_at_end()]

    def _joins_instances(self, source: str, target: str) -> bool:
        """Whether a task waits for all instances of a task of a mapped group."""
        return source in self.mapped.groups and source not in self.mapped.peers(target)

    def _late(self) -> list[str]:
        """The tasks that may still run when the leaves have ended: no task waits for them alone."""
        waits = {t.id: {*self.workflow.upstream(t.id), *self.plan.needs.get(t.id, ())} for t in self.workflow.tasks}
        awaited = {up for task_id, ups in waits.items() if len(ups) == 1 for up in ups if not self._joins_instances(up, task_id)}
        return [task_id for task_id in self.plan.order if task_id not in awaited and task_id not in self.plan.leaves]
