"""A run as JUnit XML for build servers: one test case for the verdict and one for each finding. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree as ET

# Characters that XML 1.0 cannot represent, not even escaped.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
GOOD, UNDETERMINED = "none", "undetermined"
# Outcome -> element of the test case. A warning counts as passed, with a note in the output.
KINDS = {"fail": "failure", "error": "error", "skip": "skipped"}


def junit_xml(report: Mapping[str, Any], *, name: str) -> str:
    """`report` is the JSON of the command line, `name` the name of the suite."""
    verdict, findings = report["verdict"], report["findings"]
    seconds = f"{report['duration_ms'] / 1000:.3f}"
    suites = ET.Element("testsuites", {"name": "Cobrowse Doctor", "time": seconds})
    suite = ET.SubElement(suites, "testsuite", {"name": _text(name), "time": seconds})
    cases = [_verdict_case(suite, verdict), *(_finding_case(suite, finding) for finding in findings)]
    for element in (suite, suites):
        element.attrib |= _counts(cases)
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _verdict_case(suite: ET.Element, verdict: Mapping[str, Any]) -> ET.Element:
    """A failure if a cause was found, and an error if undetermined, like the exit code."""
    case = ET.SubElement(suite, "testcase", {"classname": "verdict", "name": "No problem found"})
    cause, lines = verdict["cause"], (verdict["sentence"], verdict["remedy"])
    if cause != GOOD:
        kind = "error" if cause == UNDETERMINED else "failure"
        _add_text(case, kind, cause, f"{cause} ({verdict['certainty']})", lines)
    return case


def _finding_case(suite: ET.Element, finding: Mapping[str, Any]) -> ET.Element:
    subject = f" [{finding['subject']}]" if finding["subject"] else ""
    area = finding["check"].partition(".")[0]
    case = ET.SubElement(suite, "testcase", {"classname": _text(area), "name": _text(finding["check"] + subject)})
    lines = (finding["sentence"], finding["hint"])
    if kind := KINDS.get(finding["outcome"]):
        _add_text(case, kind, finding["code"], finding["sentence"], lines)
    else:
        output = ET.SubElement(case, "system-out")
        output.text = _text("\n".join((f"{finding['outcome']}: {finding['code']}", *filter(None, lines))))
    return case


def _add_text(case: ET.Element, kind: str, code: str, message: str, lines: Iterable[str]) -> None:
    element = ET.SubElement(case, kind, {"message": _text(message)})
    if kind != "skipped":
        element.attrib["type"] = _text(code)
    element.text = _text("\n".join(filter(None, lines)))


def _counts(cases: list[ET.Element]) -> dict[str, str]:
    elements = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    counts = {name: sum(case.find(kind) is not None for case in cases) for name, kind in elements.items()}
    return {"tests": str(len(cases)), **{name: str(count) for name, count in counts.items()}}


def _text(text: str) -> str:
    return UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
