"""What an executed notebook may keep: no secrets, and less than a megabyte."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbook_lib.batch._execute import ON_PURPOSE, load, text_of
from workbook_lib.migration import Masker

LIMIT = 1_000_000  # bytes of one executed notebook
_KEPT = 2_000  # characters that are kept of an output that is too large
_MARKUP = ("text/html", "image/svg+xml")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")  # colours could stand in the middle of a secret
_INJECTED = "injected-parameters"


def clean(draft: Path, hide: Masker) -> str:
    """The text of the executed notebook `draft`, fit to be shown."""
    book = load(draft)
    book.metadata.pop("widgets", None)
    _hide(book.metadata, "papermill", hide)
    for cell in book.cells:
        _hide(cell.metadata, "papermill", hide)
        if _INJECTED in cell.metadata.get("tags", []):
            cell.source = hide.text(cell.source)
        if "outputs" in cell:
            cell.outputs = _together(cell.outputs)
        for output in cell.get("outputs", []):
            _output(output, hide)
    while len((text := text_of(book)).encode(errors="replace")) >= LIMIT and _shorten(book):
        pass
    return text


def _together(outputs: list[Any]) -> list[Any]:
    """Pieces of one stream that follow each other as one text: a secret may be written in two pieces."""
    found: list[Any] = []
    for output in outputs:
        if output.output_type == "stream" and found and found[-1].output_type == "stream" and found[-1].name == output.name:
            found[-1].text += output.text
        else:
            found.append(output)
    return found


def _hide(metadata: dict[str, Any], key: str, hide: Masker) -> None:
    if key in metadata:
        metadata[key] = hide.value(json.loads(json.dumps(metadata[key], default=str)))


def _output(output: Any, hide: Masker) -> None:
    if output.output_type == "stream":
        output.text = hide.text(_ANSI.sub("", output.text))
    elif output.output_type == "error":
        output.evalue = hide.text(_ANSI.sub("", output.evalue))
        output.traceback = [hide.text(text) for text in _ANSI.sub("", "\n".join(output.traceback)).split("\n")]
    else:
        for kind, value in output.data.items():
            output.data[kind] = _data(kind, value, hide)
        output.metadata = hide.value(json.loads(json.dumps(output.metadata, default=str)))


def _data(kind: str, value: Any, hide: Masker) -> Any:
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        value = "".join(value)
    if not isinstance(value, str):
        return hide.value(value)
    # What a page shows first, so that its tags stay whole; then whatever is left anywhere in it, whole or not.
    return hide.text(hide.markup(value) if kind in _MARKUP else value)


def _shorten(book: Any) -> bool:
    """Cut the largest output; whether there was one to cut."""
    sizes = [(_size(value), number, place) for number, (place, value) in enumerate(_values(book))]
    size, _, (holder, key) = max(sizes, key=lambda found: found[0], default=(0, 0, (None, "")))
    if size <= _KEPT + 200 or holder is None:
        return False
    note = f"[{size:,} bytes were left out: an executed notebook holds less than {LIMIT:,}]"
    value = holder[key]
    if key in ("text", "text/plain", "evalue") and isinstance(value, str):
        holder[key] = value[:_KEPT] + f"\n{note}\n"
    elif key == "traceback":
        holder[key] = [*value[-20:], note] if _size(value[-20:]) <= _KEPT else [note]
    else:
        del holder[key]
        holder["text/plain"] = str(holder.get("text/plain", ""))[:_KEPT] + f"\n{note}"
    return True


def _values(book: Any) -> Iterator[tuple[tuple[Any, str], Any]]:
    for cell in book.cells:
        for output in cell.get("outputs", []):
            holder = output.get("data", output)
            for key in list(holder):
                if key in ("text", "evalue", "traceback") or "/" in key:
                    yield (holder, key), holder[key]


def _size(value: Any) -> int:
    return len(value.encode(errors="replace")) if isinstance(value, str) else len(json.dumps(value, default=str))


def crosses(text: str) -> tuple[str, ...]:
    """What the checks said that were not passed, the exercises' left out."""
    found = []
    for cell in json.loads(text)["cells"]:
        if ON_PURPOSE not in cell["metadata"].get("tags", []):
            for output in cell.get("outputs", []):
                said = output.get("data", {}).get("text/plain", "")
                said = "".join(said) if isinstance(said, list) else str(said)
                if said.startswith("✕ "):
                    found.append(said.removeprefix("✕ "))
    return tuple(found)
