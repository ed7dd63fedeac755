"""What changed between two runs: the traps of comparing findings, one by one."""

import pytest

from diagnostics.comparison.findings import FindingChange, compare
from diagnostics.engine.finding import FindingResult


def make_finding(
    outcome: str, code: str = "a", check_version: int = 1, subject: str = "", check_id: str = "oauth.token"
) -> FindingResult:
    return FindingResult(check_id, check_version, subject, outcome, code, "A sentence.", "", {})


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (make_finding("pass"), make_finding("pass"), "same"),
        (make_finding("fail"), make_finding("fail"), "same"),
        (make_finding("error"), make_finding("error"), "same"),
        (make_finding("fail"), make_finding("pass", "b"), "better"),
        (make_finding("fail"), make_finding("warn", "b"), "better"),
        (make_finding("warn"), make_finding("pass", "b"), "better"),
        (make_finding("pass"), make_finding("fail", "b"), "worse"),
        (make_finding("pass"), make_finding("warn", "b"), "worse"),
        (make_finding("fail"), make_finding("fail", "b"), "different"),
        (make_finding("pass"), make_finding("pass", "b"), "different"),
        # a token that was still good says of the org what one fetched anew does
        (make_finding("pass", "issued"), make_finding("pass", "kept"), "same"),
        (make_finding("fail", "kept"), make_finding("pass", "issued"), "better"),
        # only pass, warn and fail are ranked
        (make_finding("fail"), make_finding("skip", "b"), "unknown"),
        (make_finding("fail"), make_finding("error", "b"), "unknown"),
        (make_finding("pass"), make_finding("skip", "b"), "unknown"),
        (make_finding("skip"), make_finding("pass", "b"), "unknown"),
        (make_finding("error"), make_finding("fail", "b"), "unknown"),
        (make_finding("skip"), make_finding("error", "b"), "unknown"),
        # a judgement that changed compares with nothing
        (make_finding("fail"), make_finding("pass", check_version=2), "unknown"),
        (make_finding("fail"), make_finding("fail", check_version=2), "unknown"),
    ],
)
def test_the_change_of_one_subject(before: FindingResult, after: FindingResult, change: str) -> None:
    (found,) = compare([before], [after], {})
    assert found.change == change
    assert bool(found.reason) == (change == "unknown")


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (
            [make_finding("pass", subject="x"), make_finding("pass", subject="y")],
            [make_finding("pass", subject="y")],
            "vanished",
        ),
        (
            [make_finding("pass", subject="y")],
            [make_finding("pass", subject="x"), make_finding("pass", subject="y")],
            "appeared",
        ),
        # the check did not get to its end
        ([make_finding("pass", subject="x")], [make_finding("skip", "prerequisite", subject="y")], "unknown"),
        (
            [make_finding("pass", subject="x")],
            [make_finding("pass", subject="y"), make_finding("error", "crashed", subject="crash")],
            "unknown",
        ),
        ([make_finding("pass", subject="x")], [], "unknown"),
        ([make_finding("skip", "prerequisite")], [make_finding("fail", subject="x")], "unknown"),
        ([], [make_finding("pass", subject="x")], "unknown"),
        (
            [make_finding("pass", subject="y")],
            [make_finding("error", subject="x"), make_finding("pass", subject="y")],
            "unknown",
        ),
    ],
)
def test_a_subject_that_only_one_run_speaks_of(
    before: list[FindingResult], after: list[FindingResult], change: str
) -> None:
    found = next(each for each in compare(before, after, {}) if each.subject == "x")
    assert found.change == change


def test_another_check_s_skip_shows_nothing() -> None:
    other = make_finding("skip", check_id="oauth.scopes")
    found = compare(
        [make_finding("pass", subject="x"), make_finding("pass", subject="y"), other],
        [make_finding("pass", subject="y"), other],
        {},
    )
    assert [each.change for each in found] == ["vanished", "same", "same"]


def test_what_needs_a_look_comes_first() -> None:
    before = [
        make_finding("pass", check_id="a.a"),
        make_finding("fail", check_id="b.b"),
        make_finding("pass", check_id="c.c"),
    ]
    after = [
        make_finding("pass", check_id="a.a"),
        make_finding("pass", check_id="b.b"),
        make_finding("fail", check_id="c.c"),
    ]
    assert [each.change for each in compare(before, after, {})] == [
        FindingChange.WORSE,
        FindingChange.BETTER,
        FindingChange.SAME,
    ]
