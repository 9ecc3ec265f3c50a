"""The index and the JUnit report, from reports made by hand; ids and messages are hostile text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from workbook_lib.batch import Book, Report, Row, to_html, to_junit
from workbook_lib.findings import Finding, Severity

HOSTILE = """<script>alert(1)</script>"' onload=x &amp; \u202egnp.\x07"""
BOOKS = (
    Book(name="01_assess", state="run", path="batch/a%20b/01_assess.ipynb", crosses=("a is number 2 of 3.",)),
    Book(name="04_pilot", state="left out", message="it executes 2 things; agree with --yes"),
)


def report(*rows: Row, findings: tuple[Finding, ...] = (), **more: object) -> Report:
    fixed = {"source": "/dags", "root": "/root", "index": "/root/batch/index.html", "rows": rows, "findings": findings}
    return Report.model_validate(fixed | more)


def row(name: str = "a", **more: object) -> Row:
    fixed = {"id": name, "state": "done", "tasks": 4, "converted": 4, "pilot": "success", "verdict": "equal", "headline": "equal: in all"}
    return Row.model_validate(fixed | more)


def warning(workflow: str | None = None, file: str | None = None) -> Finding:
    return Finding(code="read.odd", severity=Severity.WARNING, message="odd", workflow=workflow, file=file)


class Page(HTMLParser):
    """What a page is made of: its tags, with their attributes, and its text."""

    VOID = ("meta", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data.strip())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_a_row_says_all_of_its_workflow() -> None:
    page = Page(to_html(report(row(notebooks=BOOKS, report="report/a.html", warnings=1, notes=2, seconds=41.4))))
    assert page.open == []
    said = [word for word in page.words if word]
    for words in ("equal", "in all", "4", "100%", "success", "41", "01_assess", "✕ a is number 2 of 3.", "and 2 notes"):
        assert words in said
    assert [link["href"] for link in page.all("a")] == ["../report/a.html", "../batch/a%2520b/01_assess.ipynb"]


def test_what_is_left_to_a_person_stands_in_its_row() -> None:
    told = Finding(code="x", severity=Severity.ERROR, message="no operator", workflow="a", task="t", line=7, advice="Write it.")
    note = Finding(code="y", severity=Severity.NOTE, message="a note", workflow="a")
    words = Page(to_html(report(row(errors=1, notes=1), findings=(told, note)))).words
    assert "no operator. Write it." in words
    assert "(t, line 7)" in words
    assert "a note" not in words


def test_links_lead_to_files_whose_names_hold_signs() -> None:
    book = Book(name="01_assess", state="run", path="batch/caf%C3%A9?#/01_assess.ipynb")
    (link,) = Page(to_html(report(row(notebooks=(book,))))).all("a")
    assert unquote(link["href"] or "") == "../batch/caf%C3%A9?#/01_assess.ipynb"


def test_hostile_text_stays_text() -> None:
    bad = row(HOSTILE, file=HOSTILE, headline=HOSTILE, reason=HOSTILE, executes=(HOSTILE,), state="failed",
              notebooks=(Book(name=HOSTILE, state="failed", path=f"batch/{HOSTILE}", message=HOSTILE, crosses=(HOSTILE,)),))  # fmt: skip
    told = Finding(code="x", severity=Severity.ERROR, message=HOSTILE, file=HOSTILE, advice=HOSTILE)
    page = Page(to_html(report(bad, findings=(told,), source=HOSTILE)))
    assert len(page.all("script")) == 1
    assert page.open == []
    assert [attributes for _, attributes in page.tags if "onload" in attributes] == []
    assert "\u202e" not in "".join(page.words)
    assert sum("<script>alert(1)</script>" in word for word in page.words) >= 8


def test_the_page_needs_nobody_else() -> None:
    text = to_html(report(row(notebooks=BOOKS)))
    assert re.findall(r"(?:https?:)?//[\w.]+\.\w+|@import|url\(", text) == []
    assert [name for name, attributes in Page(text).tags if name in ("link", "img", "iframe") or "src" in attributes] == []


def test_the_page_can_be_read_aloud_and_printed() -> None:
    text = to_html(report(row(notebooks=BOOKS)))
    page = Page(text)
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("caption")) == 1
    assert {head["scope"] for head in page.all("th")} == {"col", "row"}
    signs = [one for one in page.all("span") if one.get("role") == "img"]
    assert [sign["aria-label"] for sign in signs] == ["run", "left out"]
    assert "@media print" in text


def test_the_worst_comes_first() -> None:
    rows = [
        row("good"),
        row("open", verdict="not comparable"),
        row("late", state="timed out", verdict=None),
        row("other", verdict="different"),
        row("half", verdict="equal in rehearsal, 1 placeholders"),
    ]
    heads = [head["data-sort"] for head in Page(to_html(report(*rows))).all("th") if head["scope"] == "row"]
    assert heads == ["other", "late", "open", "half", "good"]


@pytest.mark.parametrize(
    ("one", "outcome", "good"),
    [
        (row(), "equal", True),
        (row(verdict="explained"), "explained", True),
        (row(verdict="equal as run, 1 edited"), "equal as run, 1 edited", True),
        (row(verdict="equal in rehearsal, 1 placeholders"), "equal in rehearsal, 1 placeholders", False),
        (row(verdict="different"), "different", False),
        (row(state="failed"), "failed", False),
        (row(verdict=None, executes=("one: a shell command",)), "not agreed", False),
        (row(verdict=None), "no verdict", False),
    ],
)
def test_what_counts_as_good(one: Row, outcome: str, good: bool) -> None:
    assert (one.outcome, one.good) == (outcome, good)


@pytest.mark.parametrize(
    ("whole", "good"),
    [
        (report(row()), True),
        (report(row(), row("b", verdict="different")), False),
        (report(row(), findings=(warning("a"),)), False),
        (report(row(), findings=(warning(None, "/dags/x.py"),)), False),
        (report(row(), stopped=True), False),
        (report(), False),
    ],
    ids=["good", "different", "warning", "a file", "stopped", "nothing"],
)
def test_when_a_batch_is_good_and_its_gate_open(whole: Report, good: bool) -> None:
    failures = int(ElementTree.fromstring(to_junit(whole)).get("failures", "0"))
    assert whole.good is good
    if whole.rows and not whole.stopped:
        assert (failures == 0) is good


def test_the_share_of_converted_tasks_is_rounded_down() -> None:
    assert [row(tasks=tasks, converted=converted).percent for tasks, converted in ((1000, 999), (3, 0), (0, 0))] == [99, 0, None]


def test_junit_has_a_case_per_notebook_and_one_for_the_verdict() -> None:
    failed = Book(name="02_rewrite", state="failed", message=f"broken {HOSTILE}")
    rows = [row(notebooks=BOOKS), row("b", state="failed", reason="broken", verdict=None, notebooks=(failed,), seconds=3)]
    top = ElementTree.fromstring(to_junit(report(*rows, findings=(warning("b"), warning(None, "/dags/x.py")))))
    cases = {f"{case.get('classname')} {case.get('name')}": [child.tag for child in case] for case in top.iter("testcase")}
    assert cases == {
        "a.batch 01_assess": ["system-out"],
        "a.batch 04_pilot": ["skipped"],
        "a.batch equal or explained": [],
        "b.batch 02_rewrite": ["failure"],
        "b.batch equal or explained": ["failure"],
        "b.batch read.odd": ["failure"],
        "sources read.odd /dags/x.py": ["failure"],
    }
    assert [top.get(name) for name in ("tests", "failures", "skipped")] == ["7", "4", "1"]


def test_a_page_of_many_workflows_stays_small() -> None:
    assert len(to_html(report(*(row(f"w{number}", notebooks=BOOKS) for number in range(1000))))) < 3_000_000


def test_the_style_is_its_own_file() -> None:
    folder = Path(to_html.__code__.co_filename).parent
    assert sorted(path.suffix for path in folder.glob("index.*")) == [".css", ".js"]
