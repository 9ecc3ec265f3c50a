"""A batch as JUnit XML: a suite per workflow with its notebooks, its verdict, and the verdict's rows.

The form: https://github.com/testmoapp/junitxml
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from workbook_lib.batch._rows import Report, Row
from workbook_lib.findings import Finding
from workbook_lib.validation import Verdict
from workbook_lib.validation import to_junit as verdict_suites

# What XML 1.0 cannot hold at all, not even escaped (https://www.w3.org/TR/xml/#charsets).
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(report: Report, verdicts: Iterable[Verdict] = ()) -> str:
    """The report; `verdicts` add their rows. Whatever makes the exit status 1 is a failure in it."""
    top = ET.Element("testsuites", name="workbook batch")
    for row in report.rows:
        top.append(_workflow(row, [finding for finding in report.findings if finding.workflow == row.id]))
    if report.elsewhere:
        suite = ET.SubElement(top, "testsuite", name="sources")
        for finding in report.elsewhere:
            _finding(suite, "sources", finding)
    for verdict in verdicts:
        suites = ET.fromstring(verdict_suites(verdict))
        top.extend(suite for suite in suites if not str(suite.get("name")).endswith(".verdict"))  # the workflow has a case for it already
    for suite in top:
        cases = suite.findall("testcase")
        suite.set("tests", str(len(cases)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    for name in ("tests", "failures", "skipped"):
        top.set(name, str(sum(int(suite.get(name, "0")) for suite in top)))
    ET.indent(top)
    return ET.tostring(top, encoding="unicode", xml_declaration=True) + "\n"


def _workflow(row: Row, findings: list[Finding]) -> ET.Element:
    name = f"{_clean(row.id)}.batch"
    suite = ET.Element("testsuite", name=name, time=f"{row.seconds:.1f}")
    for book in row.notebooks:
        case = _case(suite, name, book.name, book.seconds)
        if book.state == "failed":
            ET.SubElement(case, "failure", message=_clean(book.message), type="notebook")
        elif book.state != "run":
            ET.SubElement(case, "skipped", message=_clean(book.message or book.state))
        elif book.crosses:
            ET.SubElement(case, "system-out").text = _clean("\n".join(book.crosses))
    case = _case(suite, name, "equal or explained", 0)
    if not row.good:
        message = ": ".join(part for part in (row.outcome, row.explanation) if part)
        ET.SubElement(case, "failure", message=_clean(message), type="verdict")
    for finding in findings:
        if finding.severity.needs_human:
            _finding(suite, name, finding)
    return suite


def _finding(suite: ET.Element, name: str, finding: Finding) -> None:
    place = ":".join(str(part) for part in (finding.file, finding.line) if part is not None)
    case = _case(suite, name, " ".join(part for part in (finding.code, finding.task or "", place) if part), 0)
    ET.SubElement(case, "failure", message=_clean(finding.message), type=str(finding.severity)).text = _clean(finding.advice or "")


def _case(suite: ET.Element, group: str, name: str, seconds: float) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=group, name=_clean(name), time=f"{seconds:.1f}")


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
