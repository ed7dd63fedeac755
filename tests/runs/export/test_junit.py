"""JUnit XML: what passes, fails, errs and is skipped, and that whatever an org said can be written."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.runs.export.junit import junit_xml


def report(cause: str = "none", *findings: dict[str, Any]) -> dict[str, Any]:
    verdict = {"cause": cause, "certainty": "proved", "sentence": "So it is.", "remedy": "Mend it.", "also": []}
    return {"verdict": verdict, "findings": list(findings), "exchanges": [], "duration_ms": 1234.0}


def finding(outcome: str, **values: str) -> dict[str, Any]:
    reported = {"check": "oauth.token", "subject": "", "code": "granted", "sentence": "It is granted.", "hint": ""}
    return {**reported, "outcome": outcome, **values}


def read(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [("pass", "system-out"), ("warn", "system-out"), ("fail", "failure"), ("error", "error"), ("skip", "skipped")],
)
def test_each_outcome_is_what_build_servers_call_it(outcome: str, kind: str) -> None:
    case = read(junit_xml(report("none", finding(outcome)), name="diagnose Acme")).findall(".//testcase")[1]
    assert [child.tag for child in case] == [kind]
    assert (case.get("classname"), case.get("name")) == ("oauth", "oauth.token")


@pytest.mark.parametrize(
    ("cause", "kinds"), [("none", []), ("path.not_in_api", ["failure"]), ("undetermined", ["error"])]
)
def test_the_verdict_is_a_case_of_its_own(cause: str, kinds: list[str]) -> None:
    case = read(junit_xml(report(cause), name="diagnose Acme")).findall(".//testcase")[0]
    assert [child.tag for child in case] == kinds


def test_the_suite_counts_its_cases() -> None:
    reported = report("path.not_in_api", finding("fail"), finding("skip"), finding("error"), finding("pass"))
    suite = read(junit_xml(reported, name="diagnose Acme")).find("testsuite")
    assert suite is not None
    counts = [suite.get(name) for name in ("tests", "failures", "errors", "skipped", "time")]
    assert counts == ["5", "2", "1", "1", "1.234"]


def test_a_subject_distinguishes_cases_of_one_check() -> None:
    reported = report("none", finding("pass", subject="api.mypurecloud.ie"), finding("pass", subject="login"))
    names = [case.get("name") for case in read(junit_xml(reported, name="x")).findall(".//testcase")[1:]]
    assert names == ["oauth.token [api.mypurecloud.ie]", "oauth.token [login]"]


@given(st.text(), st.sampled_from(["pass", "fail", "skip"]))
def test_any_text_can_be_written_and_read(text: str, outcome: str) -> None:
    reported = report(text, finding(outcome, subject=text, sentence=text, hint=text, code=text))
    written = junit_xml(reported, name=text)
    assert read(written.encode().decode()).find(".//testcase") is not None
