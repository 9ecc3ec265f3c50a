"""Which values differ between two runs of the legacy engine itself, and therefore cannot be compared with a pilot's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from workbook_lib.errors import UsageError
from workbook_lib.model._base import Frozen, Json
from workbook_lib.model.run import RunRecord, TaskRun
from workbook_lib.validation._rows import canonical
from workbook_lib.validation._words import has, shared

Path = tuple[str | int, ...]
ABSENT = "absent"


class Mask(Frozen):
    """A place in a task's result (or, with an empty `id`, the output file `path[0]`) that two legacy runs filled differently.

    `kinds` are the JSON types seen there ("absent" when there was nothing): a pilot must still put one of them there. `like`, of two
    texts: the words that they share (`_words.py`), which a pilot's text must have as well.
    """

    id: str
    map_index: int = -1
    path: Path = ()
    kinds: tuple[str, ...]
    like: str = ""

    def fits(self, value: Json) -> bool:
        """Whether a value may stand at this place."""
        return kind(value) in self.kinds and (not isinstance(value, str) or has(value, self.like))

    @property
    def text(self) -> str:
        """The path as JSONPath; for an output its file name."""
        if not self.id:
            return str(self.path[0])
        return "$" + "".join(f".{step}" if isinstance(step, str) and step.isidentifier() else f"[{step!r}]" for step in self.path)


def masks(first: RunRecord, second: RunRecord) -> tuple[Mask, ...]:
    """The places where the results and outputs of two legacy runs of the same scenario differ."""
    if (first.workflow, first.scenario, first.engine) != (second.workflow, second.scenario, second.engine):
        raise UsageError(
            f"masks need two runs of one scenario by one engine, not {first.workflow!r} ({first.scenario}, {first.engine}) "
            f"and {second.workflow!r} ({second.scenario}, {second.engine}).",
            advice="Record the same scenario twice.",
        )
    found: list[Mask] = []
    others = {(task.id, task.map_index): task for task in second.tasks}
    for task in first.tasks:
        other = others.get((task.id, task.map_index))
        if other is not None:
            found += [
                Mask(id=task.id, map_index=task.map_index, path=path, kinds=kinds, like=like) for path, kinds, like in _results(task, other)
            ]
    digests = {output.path: output.digest for output in second.outputs}
    found += [
        Mask(id="", path=(output.path,), kinds=("digest",))
        for output in first.outputs
        if output.path in digests and digests[output.path] != output.digest
    ]
    return tuple(found)


def masked(value: Json, hidden: Iterable[Mask]) -> Json:
    """`value` with everything at the masked paths replaced by the name of its type, if it fits there, else kept."""
    for mask in hidden:
        value = _hide(value, mask.path, mask)
    return value


def kind(value: Json) -> str:
    """The JSON type of a value; numbers of both sorts are "number"."""
    names: dict[type, str] = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return "null" if value is None else names[type(value)]


def _results(first: TaskRun, second: TaskRun) -> Iterator[tuple[Path, tuple[str, ...], str]]:
    if "json" in first.result and "json" in second.result:
        yield from _differences(first.result["json"], second.result["json"], ())
    elif canonical(first.result) != canonical(second.result):
        yield (), tuple(dict.fromkeys(_outer(run) for run in (first, second))), ""


def _outer(run: TaskRun) -> str:
    if "json" in run.result:
        return kind(run.result["json"])
    return "digest" if "digest" in run.result else ABSENT


def _differences(first: Json, second: Json, path: Path) -> Iterator[tuple[Path, tuple[str, ...], str]]:
    if isinstance(first, dict) and isinstance(second, dict):
        for key in sorted(first.keys() | second.keys()):
            if key in first and key in second:
                yield from _differences(first[key], second[key], (*path, key))
            else:
                yield (*path, key), (ABSENT, kind(first.get(key, second.get(key)))), ""
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for index, (one, other) in enumerate(zip(first, second, strict=True)):
            yield from _differences(one, other, (*path, index))
    elif canonical(first) != canonical(second):
        like = shared(first, second) if isinstance(first, str) and isinstance(second, str) else ""
        yield path, tuple(dict.fromkeys((kind(first), kind(second)))), like


def _hide(value: Json, path: Path, mask: Mask) -> Json:
    if not path:
        return _marker(mask) if mask.fits(value) else value
    step, rest = path[0], path[1:]
    if isinstance(step, str) and isinstance(value, dict):
        if step in value:
            return value | {step: _hide(value[step], rest, mask)}
        return value | {step: _marker(mask)} if not rest and ABSENT in mask.kinds else value
    if isinstance(step, int) and isinstance(value, list) and step < len(value):
        return [_hide(item, rest, mask) if index == step else item for index, item in enumerate(value)]
    return value


def _marker(mask: Mask) -> Json:
    return {"\0masked": sorted(mask.kinds)}
