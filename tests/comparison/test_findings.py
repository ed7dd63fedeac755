"""What changed between two runs: the traps of comparing findings, one by one."""

from dataclasses import dataclass

import pytest

from diagnostics.comparison.findings import FindingChange, compare


@dataclass(frozen=True)
class Said:
    outcome: str
    code: str = "a"
    check_version: int = 1
    subject: str = ""
    check_id: str = "oauth.token"


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (Said("pass"), Said("pass"), "same"),
        (Said("fail"), Said("fail"), "same"),
        (Said("error"), Said("error"), "same"),
        (Said("fail"), Said("pass", "b"), "better"),
        (Said("fail"), Said("warn", "b"), "better"),
        (Said("warn"), Said("pass", "b"), "better"),
        (Said("pass"), Said("fail", "b"), "worse"),
        (Said("pass"), Said("warn", "b"), "worse"),
        (Said("fail"), Said("fail", "b"), "different"),
        (Said("pass"), Said("pass", "b"), "different"),
        # a token that was still good says of the org what one fetched anew does
        (Said("pass", "issued"), Said("pass", "kept"), "same"),
        (Said("fail", "kept"), Said("pass", "issued"), "better"),
        # only pass, warn and fail are ranked
        (Said("fail"), Said("skip", "b"), "unknown"),
        (Said("fail"), Said("error", "b"), "unknown"),
        (Said("pass"), Said("skip", "b"), "unknown"),
        (Said("skip"), Said("pass", "b"), "unknown"),
        (Said("error"), Said("fail", "b"), "unknown"),
        (Said("skip"), Said("error", "b"), "unknown"),
        # a judgement that changed compares with nothing
        (Said("fail"), Said("pass", check_version=2), "unknown"),
        (Said("fail"), Said("fail", check_version=2), "unknown"),
    ],
)
def test_the_change_of_one_subject(before: Said, after: Said, change: str) -> None:
    (found,) = compare([before], [after])
    assert found.change == change
    assert bool(found.reason) == (change == "unknown")


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ([Said("pass", subject="x"), Said("pass", subject="y")], [Said("pass", subject="y")], "vanished"),
        ([Said("pass", subject="y")], [Said("pass", subject="x"), Said("pass", subject="y")], "appeared"),
        # the check did not get to its end
        ([Said("pass", subject="x")], [Said("skip", "prerequisite", subject="y")], "unknown"),
        (
            [Said("pass", subject="x")],
            [Said("pass", subject="y"), Said("error", "crashed", subject="crash")],
            "unknown",
        ),
        ([Said("pass", subject="x")], [], "unknown"),
        ([Said("skip", "prerequisite")], [Said("fail", subject="x")], "unknown"),
        ([], [Said("pass", subject="x")], "unknown"),
        ([Said("pass", subject="y")], [Said("error", subject="x"), Said("pass", subject="y")], "unknown"),
    ],
)
def test_a_subject_that_only_one_run_speaks_of(before: list[Said], after: list[Said], change: str) -> None:
    found = next(each for each in compare(before, after) if each.subject == "x")
    assert found.change == change


def test_another_check_s_skip_says_nothing() -> None:
    other = Said("skip", check_id="oauth.scopes")
    found = compare([Said("pass", subject="x"), Said("pass", subject="y"), other], [Said("pass", subject="y"), other])
    assert [each.change for each in found] == ["vanished", "same", "same"]


def test_what_needs_a_look_comes_first() -> None:
    before = [Said("pass", check_id="a.a"), Said("fail", check_id="b.b"), Said("pass", check_id="c.c")]
    after = [Said("pass", check_id="a.a"), Said("pass", check_id="b.b"), Said("fail", check_id="c.c")]
    assert [each.change for each in compare(before, after)] == [
        FindingChange.WORSE,
        FindingChange.BETTER,
        FindingChange.SAME,
    ]
