"""What a scripted task body does in a rehearsal, and the value that stands for a result nobody scripted."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from workbook_lib.model.run import Outcome


class ScriptedFailure(Exception):
    """The failure that a rehearsal asked for."""


class TokenUsed(Exception):
    """Flow code computed with a result that no scenario scripted: such a rehearsal proves nothing."""


USED: list[str] = []  # what flow code did with tokens in the run under way, also where it swallowed the exception


class Token:
    """The unknown result of a scripted task. It may be handed on to tasks, whole or in part, and nothing else."""

    __slots__ = ("_task",)

    def __init__(self, task: str) -> None:
        self._task = task

    def __getitem__(self, key: object) -> Token:
        return Token(f"{self._task}[{key!r}]")

    def __repr__(self) -> str:
        return f"<scripted result of {self._task}>"


def _refuse(name: str) -> Any:
    def refuse(self: Token, *others: object, **_: object) -> Any:
        frame = sys._getframe(1)
        if name in _HARMLESS and "site-packages" in frame.f_code.co_filename:
            return _HARMLESS[name](self, *others)  # Prefect itself may ask; only the project's code decides anything by it
        text = f"flow code computes with the scripted result of {self._task!r} ({frame.f_code.co_filename}:{frame.f_lineno})"
        USED.append(text)
        raise TokenUsed(text)

    refuse.__name__ = name
    return refuse


_HARMLESS: dict[str, Callable[..., Any]] = {
    "__bool__": lambda self: True,
    "__eq__": lambda self, other: self is other,
    "__ne__": lambda self, other: self is not other,
    "__str__": repr,
    "__format__": lambda self, _: repr(self),
}
_OPERATIONS = {
    "asking": ("bool", "eq", "ne", "lt", "le", "gt", "ge", "contains"),
    "collection": ("len", "iter"),
    "number": (
        "int",
        "float",
        "index",
        "add",
        "radd",
        "sub",
        "rsub",
        "mul",
        "rmul",
        "truediv",
        "rtruediv",
        "floordiv",
        "mod",
        "rmod",
        "neg",
    ),
    "text": ("str", "format"),
}
for _name in (f"__{name}__" for names in _OPERATIONS.values() for name in names):
    setattr(Token, _name, _refuse(_name))


def act(task_id: str, outcome: Outcome, attempt: int, decides: bool) -> Any:
    """Do what the script says for this attempt, and return what the body would have returned.

    Where the result `decides` the run's course (a branch, a short circuit, a mapping) no result is None, as in the legacy engine.
    """
    if outcome.does == "fail" or (outcome.does == "recover" and attempt <= outcome.fails):
        raise ScriptedFailure(f"{task_id}: scripted failure of attempt {attempt}")
    if outcome.does == "skip":
        return skip(task_id)
    if outcome.arms is not None:
        return outcome.arms[0] if len(outcome.arms) == 1 else list(outcome.arms)
    if outcome.value is None and not decides:
        return Token(task_id)
    return outcome.value


def skip(task_id: str) -> Any:
    """Skip in the way of the project: its own `Skip` where it has the rules module, else a state named Skipped."""
    rules = sys.modules.get("shared.trigger_rules")
    exception = getattr(rules, "Skip", None)
    if isinstance(exception, type) and issubclass(exception, BaseException):
        raise exception(f"{task_id}: scripted skip")
    from prefect.states import Completed

    return Completed(name="Skipped", message=f"{task_id}: scripted skip")
