"""A run as its page tells it, from rows of any shape and age."""

from typing import Any

import pytest

from diagnostics.checks.outcomes import Outcome
from diagnostics.runs import report
from diagnostics.runs.models import Finding, Run

TITLES = {"oauth.token": "A token", "request.path": "The path"}


ODD_RIVALS: tuple[Any, ...] = (None, [], {"cause": "x"}, {"cause": "x", "refuted_by": ["gone.check"]})


def finding(check: str, outcome: str = "pass", position: int = 0, subject: str = "", **values: Any) -> Finding:
    return Finding(check_id=check, outcome=outcome, position=position, subject=subject, sentence="s", **values)


def built(verdict: Any = None, findings: list[Finding] | None = None, **run: Any) -> report.Report:
    return report.build(Run(verdict=verdict or {}, **run), findings or [], [], TITLES)


def test_every_finding_is_shown_once_in_the_group_it_belongs_to() -> None:
    rows = [
        finding("oauth.token"),
        finding("request.path", "fail", 1, "url"),
        finding("a.problem", "warn", 2),
        finding("b.passed", "pass", 3),
        finding("c.skipped", "skip", 4),
    ]
    report = built(
        {"because": ["oauth.token", "request.path#url", "gone.check"], "ruled_out": ["b.passed", "oauth.token"]}, rows
    )
    groups = (report.evidence, report.ruled_out, report.problems, *(area.lines for area in report.areas))
    assert [[line.finding.anchor for line in group] for group in groups] == [
        ["request.path#url", "oauth.token"],
        ["b.passed"],
        ["a.problem"],
        ["c.skipped"],
    ]


def test_what_agrees_is_evidence_and_the_rival_leads_to_what_refutes_it() -> None:
    rows = [finding("request.path", "fail"), finding("answer.meaning", "fail", 1), finding("oauth.token", "pass", 2)]
    rival = {"cause": "auth.client_rejected", "refuted_by": ["oauth.token", "gone.check"]}
    report = built({"because": ["request.path"], "supported_by": ["answer.meaning"], "rival": rival}, rows)
    assert [line.finding.check_id for line in report.evidence] == ["request.path", "answer.meaning"]
    assert report.rival is not None
    assert [line.html_id for line in report.rival.refuted_by] == ["finding-2"]
    assert [built({"rival": odd}, rows).rival for odd in ODD_RIVALS] == [None] * len(ODD_RIVALS)


@pytest.mark.parametrize(
    ("cause", "rows", "is_shown"),
    [
        ("path.not_in_api", [], True),
        ("config.cobrowse_disabled", [finding("request.path")], False),
        ("authz.permission_missing", [finding("request.body", "fail")], True),
        ("undetermined", [finding("request.path", "skip")], True),
        ("none", [finding("request.path")], False),
    ],
)
def test_corrected_call_is_only_shown_where_the_call_is_wrong_or_unknown(
    cause: str, rows: list[Finding], is_shown: bool
) -> None:
    report = built({"cause": cause, "fix": {"curl": "curl x", "snippets": {"python": "x"}}}, rows)
    assert bool(report.fix.curl) == bool(report.fix.snippets) == is_shown


def test_a_check_that_is_gone_shows_its_id() -> None:
    assert [line.title for line in built(findings=[finding("gone.check"), finding("oauth.token")]).lines] == [
        "gone.check",
        "A token",
    ]


def test_areas_keep_their_order_however_the_checks_ran() -> None:
    rows = [finding("zebra.new"), finding("oauth.token", position=1), finding("request.path", "fail", 2)]
    rows.append(finding("oauth.scopes", "skip", 3))
    areas = built(findings=rows).areas
    assert [area.title for area in areas] == ["OAuth client and token", "Zebra"]
    assert areas[0].tally == [(Outcome.PASS, 1), (Outcome.SKIP, 1)]


def test_checks_are_counted_once_however_many_subjects_they_have() -> None:
    rows = [finding("oauth.token", subject="a"), finding("oauth.token", subject="b", position=1)]
    reported = built(findings=rows, planned=["oauth.token", "request.path"])
    assert (reported.done, reported.planned, reported.pending) == (1, 2, ("The path",))


def test_the_first_step_is_shown_with_the_verdict_and_the_rest_with_the_fix() -> None:
    reported = built({"remedy": "Do this. Then that.", "fix": {"steps": ["Do this.", "Then that."]}})
    assert reported.verdict.remedy == "Do this."
    assert reported.fix.steps == ("Then that.",)


def test_a_remedy_that_is_not_a_step_is_shown_in_full() -> None:
    reported = built({"remedy": "Ask someone.", "fix": {"steps": ["Do this."]}})
    assert (reported.verdict.remedy, reported.fix.steps) == ("Ask someone.", ("Do this.",))


@pytest.mark.parametrize(
    ("unchecked", "reported"),
    [
        (["plain"], [("plain", "")]),
        ([{"sentence": "s", "who": "w"}], [("s", "w")]),
        ([{"sentence": "s"}, {}, None, 7], [("s", "")]),
        ("text", []),
        (None, []),
    ],
)
def test_what_was_not_checked_is_read_in_every_shape(unchecked: Any, reported: list[tuple[str, str]]) -> None:
    assert [(item.sentence, item.who) for item in built({"unchecked": unchecked}).not_checked] == reported


@pytest.mark.parametrize("fix", [None, [], "x", {}, {"steps": "x", "permissions": [{}], "snippets": {"python": 1}}])
def test_a_fix_without_content_is_none(fix: Any) -> None:
    assert not built({"cause": "path.not_in_api", "fix": fix}).fix


def test_an_unknown_certainty_is_not_shown_as_one() -> None:
    assert built({"certainty": "rather"}).verdict.certainty == ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("text", "text"),
        ("", "none"),
        (None, "none"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        ([], "none"),
        (["a", "b"], "a\nb"),
        ({"a": 1}, '{\n "a": 1\n}'),
    ],
)
def test_evidence_is_shown_in_words(value: Any, shown: str) -> None:
    assert report.FindingLine(finding("a.b", evidence={"some_name": value}), "").evidence == [("some name", shown)]


def test_long_evidence_is_cut_and_marked() -> None:
    [(_, shown)] = report.FindingLine(finding("a.b", evidence={"body": "x" * 5000}), "").evidence
    assert len(shown) < 2100
    assert "5,000" in shown


def test_a_finding_of_a_renamed_subject_is_shown_with_the_earlier_one() -> None:
    before = finding("reach.tls", "fail", subject="api.mypurecloud.ie", code="expired")
    after = finding("reach.tls", "pass", subject="api.mypurecloud.de", code="valid")
    (found,) = report.compare_with_repeated(Run(planned=["reach.tls"]), [before], [after], TITLES)
    assert (found.before, found.after, found.change) == (before, after, "better")
