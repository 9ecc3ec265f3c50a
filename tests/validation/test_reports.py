"""The three reports: what they say, and that hostile text stays text."""

from __future__ import annotations

from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from validation_build import changed, flow, program, records

from workbook_lib.model.run import State
from workbook_lib.validation import Mask, TaskVerdict, Verdict, as_text, judge, report_html, to_junit

HOSTILE = "<script>alert(1)</script>\"'&\u202e\x1b[31m\n\x00"
W = flow("a >> b")


def verdict() -> Verdict:
    pilot = records(W, "prefect", {"a": 1})
    pilot["real"] = changed(pilot["real"], "a", result={"json": 2})
    pilot["b fails"] = changed(pilot["b fails"], "b", state=State.SUCCESS)
    return judge(W, program(W), records(W, "airflow", {"a": 1}), pilot, masks=[Mask(id="b", path=("at",), kinds=("string",))])


TEXT = """\
w: different: 2 of 19 comparisons differ, in a, b

           structure  schedule  states  order  results
a              =         .        =       .       X
b              =         .        X       =       .
(the run)      .         ?        =       .       .

= equal   ~ explained   ? not comparable   X different   . nothing to compare

different: a, results, in the real run
  the values differ
  legacy: 1
  pilot:  2

different: b, states, in "b fails"
  ended failed in the legacy engine, success in the pilot
  legacy: failed, 1 attempt
  pilot:  success, 1 attempt

not comparable: (the run), schedule
  prefect.yaml has no deployment for this flow

Scenarios: 2 of 4 equal.
States filled in by the rules, because the flow never created the task: 1 of 8.
Masked, because two legacy runs differ there: b $.at.
"""


def test_text() -> None:
    assert as_text(verdict()) == TEXT


def test_text_names_what_it_does_not_show() -> None:
    assert as_text(verdict(), most=1).splitlines()[-5] == "... and 2 more; the report and --json list them all."


def hostile() -> Verdict:
    values = {"legacy": HOSTILE, "pilot": {HOSTILE: [HOSTILE]}}
    row = TaskVerdict(id=HOSTILE, aspect="states", verdict="different", reason=HOSTILE, scenario=HOSTILE, **values)
    mask = Mask(id=HOSTILE, path=(HOSTILE,), kinds=(HOSTILE,))
    return Verdict(
        workflow=HOSTILE, verdict="different", headline=HOSTILE, tasks=(row,), masks=(mask,), placeholders=(HOSTILE,), unproven=(HOSTILE,)
    )


def test_hostile_text_cannot_steer_a_terminal() -> None:
    assert [char for char in as_text(hostile()) if char in "\x1b\x00\u202e"] == []
    assert as_text(hostile()).splitlines()[0].startswith("<script>alert(1)</script>\"'&\\u202e\\x1b[31m\\n\\x00: ")


class Tags(HTMLParser):
    """Which elements and attributes a page has, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("svg", [None, "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"])
def test_hostile_text_stays_text_in_html(svg: str | None) -> None:
    page = Tags(report_html(hostile(), flow("a"), svg))
    plain = Tags(report_html(verdict(), W))
    assert set(page.tags) - {"img"} <= set(plain.tags) | {"ul", "li", "article"}
    assert {"script", "iframe", "link", "object", "base"} & set(page.tags) == set()
    assert [name for name, _ in page.attributes if name.startswith("on")] == []
    assert [value for name, value in page.attributes if name in ("src", "href") and not (value or "").startswith("data:")] == []
    assert [char for char in page.text if char in "\x1b\x00\u202e"] == []


def test_html_shows_headline_matrix_both_values_and_masks() -> None:
    page = Tags(report_html(verdict(), W))
    for said in ("2 of 19 comparisons differ, in a, b", "The values differ", "success, 1 attempt", "failed, 1 attempt", "$.at", "b fails"):
        assert said in page.text
    assert page.tags.count("article") == 3
    assert [value for name, value in page.attributes if name == "aria-label"].count("different") == 6


def test_html_needs_neither_a_workflow_nor_a_drawing() -> None:
    assert Tags(report_html(verdict())).tags.count("img") == 0


def test_a_graph_is_shown_as_an_image() -> None:
    images = [value for name, value in Tags(report_html(verdict(), W, "<svg/>")).attributes if name == "src"]
    assert images == ["data:image/svg+xml;base64,PHN2Zy8+"]


def test_junit() -> None:
    suites = ET.fromstring(to_junit(verdict()))
    counts = {suite.get("name"): (suite.get("tests"), suite.get("failures"), suite.get("skipped")) for suite in suites}
    assert counts == {
        "w.structure": ("2", "0", "0"),
        "w.schedule": ("1", "0", "1"),
        "w.states": ("12", "1", "0"),
        "w.order": ("3", "0", "0"),
        "w.results": ("1", "1", "0"),
        "w.verdict": ("1", "1", None),
    }
    failures = [(case.get("name"), child.get("message")) for case in suites.iter("testcase") for child in case.iter("failure")]
    assert failures == [
        ('b, in "b fails"', "ended failed in the legacy engine, success in the pilot"),
        ("a, in the real run", "the values differ"),
        ("equal or explained", "different: 2 of 19 comparisons differ, in a, b"),
    ]


def test_junit_of_an_equal_verdict_has_no_failures() -> None:
    found = verdict().model_copy(update={"verdict": "equal", "headline": "equal: x", "tasks": ()})
    assert ET.fromstring(to_junit(found)).attrib == {"name": "w", "tests": "1", "failures": "0"}


def test_html_and_junit_name_bodies_that_never_ran() -> None:
    found = verdict().model_copy(update={"unproven": ("a", HOSTILE)})
    assert "Bodies that never ran" in Tags(report_html(found)).text
    assert [one.text for one in ET.fromstring(to_junit(found)).iter("system-out")][-1].startswith("bodies that never ran: a, <script>")


@pytest.mark.parametrize("word", ["not comparable", "equal in rehearsal, 1 placeholder", "explained in rehearsal, 1 placeholder"])
def test_junit_fails_without_equality(word: str) -> None:
    found = verdict().model_copy(update={"verdict": word, "headline": word, "tasks": ()})
    assert ET.fromstring(to_junit(found)).get("failures") == "1"


def test_hostile_text_keeps_junit_well_formed() -> None:
    (case,) = [case for case in ET.fromstring(to_junit(hostile())).iter("testcase") if case.get("name") != "equal or explained"]
    assert case.get("name", "").startswith("<script>alert(1)</script>")
