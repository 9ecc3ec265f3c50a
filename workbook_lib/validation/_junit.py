"""A verdict as a JUnit XML report, for continuous integration.

The form: https://github.com/testmoapp/junitxml (one suite per aspect, one case per row).
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from workbook_lib.validation._rows import ASPECTS, Judgement
from workbook_lib.validation._text import in_scenario, label, show
from workbook_lib.validation._verdict import Verdict

# What XML 1.0 cannot hold at all, not even escaped (https://www.w3.org/TR/xml/#charsets).
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(verdict: Verdict) -> str:
    """Different rows are failures; those that are not comparable count as skipped; a verdict without equality fails as a whole."""
    suites = ET.Element("testsuites", name=_clean(verdict.workflow))
    for aspect in ASPECTS:
        rows = [row for row in verdict.tasks if row.aspect == aspect]
        if not rows:
            continue
        different = sum(row.verdict is Judgement.DIFFERENT for row in rows)
        skipped = sum(row.verdict is Judgement.NOT_COMPARABLE for row in rows)
        name = f"{_clean(verdict.workflow)}.{aspect}"
        counts = {"tests": str(len(rows)), "failures": str(different), "skipped": str(skipped)}
        suite = ET.SubElement(suites, "testsuite", {"name": name, **counts})
        for row in rows:
            case = ET.SubElement(suite, "testcase", classname=name, name=_clean(label(row) + in_scenario(row)))
            text = _clean(f"legacy: {show(row.legacy, 2000)}\npilot: {show(row.pilot, 2000)}")
            if row.verdict is Judgement.DIFFERENT:
                ET.SubElement(case, "failure", message=_clean(row.reason), type="different").text = text
            elif row.verdict is Judgement.NOT_COMPARABLE:
                ET.SubElement(case, "skipped", message=_clean(f"not comparable: {row.reason}"))
            elif row.reason:
                ET.SubElement(case, "system-out").text = _clean(f"{row.verdict}: {row.reason}")
    whole = ET.SubElement(suites, "testsuite", name=f"{_clean(verdict.workflow)}.verdict", tests="1")
    case = ET.SubElement(whole, "testcase", classname=f"{_clean(verdict.workflow)}.verdict", name="equal or explained")
    failed = verdict.verdict not in (Judgement.EQUAL, Judgement.EXPLAINED)
    whole.set("failures", str(int(failed)))
    if failed:
        ET.SubElement(case, "failure", message=_clean(verdict.headline), type="verdict")
    if verdict.unproven:
        ET.SubElement(case, "system-out").text = _clean(f"bodies that never ran: {', '.join(verdict.unproven)}")
    for name in ("tests", "failures"):
        suites.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=False) + "\n"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("�", text)
