"""Predict, then run: a question about the workflow, asked before a notebook shows what happens."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbook_lib.errors import UsageError
from workbook_lib.teaching._cards import marked
from workbook_lib.teaching._questions import Question, questions, states

if TYPE_CHECKING:
    from workbook_lib.migration import Migration

KINDS = ("run", "task", "branch", "tries")


@dataclass(frozen=True)
class Prediction:
    """An answer, and what really happened: true when it was right."""

    question: Question
    answer: str
    pilot: str | None

    def __bool__(self) -> bool:
        return self.answer == self.question.right

    @property
    def told(self) -> tuple[str, ...]:
        """What there is to say, a sentence each."""
        asked = self.question
        source = "Airflow" if asked.recorded else "Airflow, by its rules (no run of it is recorded)"
        head = "Right." if self else f"You said {self.answer}."
        prefect = {None: "Your flow was not run in this scenario yet", asked.right: "Your flow: the same"}
        return (
            head,
            f"{source}: {asked.right}.",
            prefect.get(self.pilot, f"Your flow: {self.pilot}") + ".",
            "" if self else asked.why.get(self.answer, ""),
        )

    def __str__(self) -> str:
        return f"{'✓' if self else '✕'} " + " ".join(filter(None, self.told))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        fill, line = ("#d9f0e6", "#00735a") if self else ("#fbdccb", "#b23c00")
        body = f"{marked(str(self))}"
        return f'<div style="background:{fill};border-left:4px solid {line};color:#1a1a1a;padding:6px 10px">{body}</div>'


class Asked:
    """A question that waits for its answer: radio buttons in a live notebook, text elsewhere."""

    def __init__(self, migration: Migration, workflow: str, question: Question) -> None:
        self.migration, self.workflow, self.question = migration, workflow, question

    def answer(self, answer: str) -> Prediction:
        """Say what will happen."""
        if answer not in self.question.choices:
            raise UsageError(f"{answer!r} is no answer to this question.", advice=f"Answers: {', '.join(self.question.choices)}.")
        return Prediction(self.question, answer, _pilot(self.migration, self.workflow, self.question))

    @property
    def call(self) -> str:
        """The plain call that answers."""
        return f'predict(migration, workflow, {json.dumps(self.question.key)}, answer="...")'

    def __str__(self) -> str:
        return f"{self.question.text} {' / '.join(self.question.choices)}\nAnswer with {self.call}"

    __repr__ = __str__

    def _repr_mimebundle_(self, **given: Any) -> dict[str, Any]:
        choices = " / ".join(html.escape(choice) for choice in self.question.choices)
        page = (
            f"<p><strong>{marked(self.question.text)}</strong> {choices}</p><p>As a plain call: <code>{html.escape(self.call)}</code></p>"
        )
        return _live(self) | {"text/plain": str(self), "text/html": page}


@dataclass(frozen=True)
class Unasked:
    """What is shown of a workflow in which every run goes the same way, such as one without tasks."""

    workflow: str

    def __str__(self) -> str:
        return f"There is nothing to predict: no scenario of {self.workflow} fails or chooses."

    __repr__ = __str__


def predict(migration: Migration, workflow: str, question: str = "run", answer: str | None = None) -> Asked | Prediction | Unasked:
    """Ask a question about the workflow, or with `answer` compare that with what Airflow and the flow did.

    `question` names one, as "if_total_fails" or "notify_if_total_fails", or a kind, of which the most surprising is taken: "run" (how a
    run ends), "task" (how a task ends after a failure), "branch" (after a choice) or "tries"; another kind where there is none.
    """
    found = questions(migration, migration.workflow(workflow))
    if not found:
        return Unasked(workflow)
    asked = Asked(migration, workflow, _chosen(found, question))
    return asked if answer is None else asked.answer(answer)


def _chosen(found: tuple[Question, ...], wanted: str) -> Question:
    if wanted in KINDS:
        order = [wanted, *(kind for kind in KINDS if kind != wanted)]
        return min(found, key=lambda question: order.index(question.kind))
    for question in found:
        if question.key == wanted:
            return question
    some = ", ".join(question.key for question in found[:6])
    raise UsageError(f"there is no question {wanted!r}.", advice=f"Name a kind ({', '.join(KINDS)}) or one of: {some} ...")


def _pilot(migration: Migration, workflow: str, question: Question) -> str | None:
    """What the flow did in that scenario, where it was run."""
    record = migration.store.record("pilot", workflow, question.scenario)
    if record is None:
        return None
    if question.kind == "run":
        return str(record.state)
    if question.kind == "tries":
        return str(max((run.attempts for run in record.tasks if run.id == question.task), default=0))
    return states(record.tasks).get(question.task)


def _live(asked: Asked) -> dict[str, Any]:
    """The radio buttons' own bundle; nothing where there is no notebook to show them in."""
    try:
        import ipywidgets
        from IPython import get_ipython
    except ImportError:
        return {}
    if get_ipython() is None or not hasattr(get_ipython(), "kernel"):
        return {}
    radio = ipywidgets.RadioButtons(options=asked.question.choices, value=None, layout={"width": "max-content"})
    said = ipywidgets.HTML()

    def show(change: Any) -> None:
        said.value = asked.answer(change["new"])._repr_html_()

    radio.observe(show, names="value")
    box = ipywidgets.VBox([ipywidgets.HTML(f"<strong>{marked(asked.question.text)}</strong>"), radio, said])
    bundle = box._repr_mimebundle_()
    return dict(bundle[0] if isinstance(bundle, tuple) else bundle)
