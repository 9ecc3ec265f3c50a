"""What an executed notebook may keep: no secrets, less than a megabyte, and no failure that was allowed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from batch_books import notebooks

from workbook_lib.batch import execute
from workbook_lib.batch._clean import LIMIT, clean, crosses
from workbook_lib.migration import Masker

SECRET = "s3cret/pass word"


def notebook(path: Path, *outputs: dict[str, Any], source: str = "1", tags: tuple[str, ...] = ()) -> Path:
    """A notebook with one executed cell."""
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": list(tags), "papermill": {"status": "completed"}})
    cell.outputs = [nbformat.from_dict(output) for output in outputs]
    book = nbformat.v4.new_notebook(cells=[cell], metadata={"papermill": {"parameters": {"source": f"/data/{SECRET}"}}})
    nbformat.write(book, path)
    return path


def stream(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def shown(**data: Any) -> dict[str, Any]:
    kinds = {"plain": "text/plain", "html": "text/html", "svg": "image/svg+xml", "json": "application/json"}
    return {"output_type": "display_data", "metadata": {}, "data": {kinds[name]: value for name, value in data.items()}}


FAILED = {
    "output_type": "error",
    "ename": "ValueError",
    "evalue": f"no {SECRET}",
    "traceback": ["above", f"\x1b[31ms3cret\x1b[0m/pass word {SECRET}"],
}


@pytest.mark.parametrize(
    "outputs",
    [
        [stream(f"the password is {SECRET}\n")],
        [stream("the password is s3cret/pa"), stream("ss word\n")],
        [stream("coloured: \x1b[31ms3cret\x1b[0m/pass word")],
        [shown(html=f"<b title='{SECRET}'>{SECRET}</b>", plain=SECRET)],
        [shown(svg=f"<svg><text>{SECRET}</text></svg>")],
        [shown(json={"deep": [{"password": SECRET, SECRET: 1}]})],
        [shown(plain=["s3cret/", "pass word"])],
        [stream("czNjcmV0L3Bhc3Mgd29yZA==")],
        [stream("s3cret%2Fpass%20word")],
        [FAILED],
    ],
    ids=["plain", "in two pieces", "coloured", "html", "svg", "json", "in lines", "base64", "quoted", "error"],
)
def test_no_secret_is_kept(tmp_path: Path, outputs: list[dict[str, Any]]) -> None:
    text = clean(notebook(tmp_path / "draft.ipynb", *outputs), Masker([SECRET], b"key"))
    for form in (SECRET, "s3cret", "pass word", "czNjcmV0", "s3cret%2F"):
        assert form not in text
    assert "***" in text
    nbformat.validate(nbformat.reads(text, as_version=4))


def test_injected_parameters_hide_what_they_were_given(tmp_path: Path) -> None:
    draft = notebook(tmp_path / "draft.ipynb", source=f'source = "/data/{SECRET}"', tags=("injected-parameters",))
    assert "s3cret" not in clean(draft, Masker([SECRET], b"key"))


def test_without_secrets_nothing_changes(tmp_path: Path) -> None:
    draft = notebook(tmp_path / "draft.ipynb", stream("one\n"), shown(html="<b>x</b>", plain="x"))
    cell = json.loads(clean(draft, Masker(())))["cells"][0]
    assert [output.get("text", output.get("data")) for output in cell["outputs"]] == [
        ["one\n"],
        {"text/html": ["<b>x</b>"], "text/plain": ["x"]},
    ]


@pytest.mark.parametrize(
    ("large", "kept"),
    [
        (stream("x" * 3_000_000), "x" * 100),
        (shown(html="<p>" + "y" * 3_000_000, plain="short"), "short"),
        (shown(plain="z" * 3_000_000), "z" * 100),
        (FAILED | {"traceback": ["line"] * 600_000}, "line"),
        (FAILED | {"traceback": ["w" * 2_000_000]}, "no "),
    ],
    ids=["stream", "html", "plain", "traceback", "long line"],
)
def test_what_is_too_large_is_cut_and_says_so(tmp_path: Path, large: dict[str, Any], kept: str) -> None:
    draft = notebook(tmp_path / "draft.ipynb", stream("before it"), large, stream("after it", "stderr"))
    text = clean(draft, Masker(()))
    assert len(text.encode()) < LIMIT
    assert "bytes were left out: an executed notebook holds less than 1,000,000]" in text
    assert [part for part in ("before it", "after it", kept) if part not in text] == []
    nbformat.validate(nbformat.reads(text, as_version=4))


def test_many_outputs_are_cut_until_all_fit(tmp_path: Path) -> None:
    outputs = [one for number in range(40) for one in (stream(f"{number} " * 20_000), shown(plain="x"))]
    assert 100_000 < len(clean(notebook(tmp_path / "draft.ipynb", *outputs), Masker(())).encode()) < LIMIT


def test_checks_that_were_not_passed_are_told_of(tmp_path: Path) -> None:
    cross, tick = shown(plain="✕ Missing: variable region."), shown(plain="✓ Nothing is missing.")
    assert crosses(clean(notebook(tmp_path / "a.ipynb", tick, cross), Masker(()))) == ("Missing: variable region.",)
    assert crosses(clean(notebook(tmp_path / "b.ipynb", cross, tags=("fails-on-purpose",)), Masker(()))) == ()


@pytest.mark.notebook
@pytest.mark.parametrize(
    ("tag", "problem"),
    [("", "AssertionError: no"), ("fails-on-purpose", None), ("raises-exception", None)],
    ids=["plain", "exercise", "lesson"],
)
def test_only_a_failure_that_is_no_lesson_counts(tmp_path: Path, tag: str, problem: str | None) -> None:
    books = notebooks(tmp_path, {"02_rewrite": 'assert not workflow, "no"'}, {"02_rewrite": tag} if tag else None)
    target = tmp_path / "out.ipynb"
    assert execute(books / "02_rewrite.ipynb", target, {"workflow": "a", "other": 1}) == problem
    marked = [cell for cell in nbformat.read(target, as_version=4).cells if "papermill-error-cell-tag" in cell.metadata.get("tags", [])]
    assert bool(marked) == (problem is not None)


@pytest.mark.notebook
def test_a_notebook_that_is_none_is_a_failure_like_others(tmp_path: Path) -> None:
    (tmp_path / "01.ipynb").write_text("{}")
    assert execute(tmp_path / "01.ipynb", tmp_path / "out.ipynb", {}) is not None


@pytest.mark.notebook
def test_a_kernel_that_dies_is_a_failure_like_others(tmp_path: Path) -> None:
    books = notebooks(tmp_path, {"01_assess": "import os; os._exit(1)"})
    assert execute(books / "01_assess.ipynb", tmp_path / "out.ipynb", {}) == "Kernel died"
