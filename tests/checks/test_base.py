"""The plan: which checks are asked, and which of them belong together."""

from typing import Any

import pytest

from diagnostics.checks.base import (
    Check,
    CheckContext,
    Result,
    branch_of,
    check,
    failed,
    find_check,
    from_screenshot,
    passed,
    planned_checks,
    warned,
)
from diagnostics.checks.outcomes import Outcome


def report(ctx: CheckContext) -> list[Result]:
    return [passed("fine", "Fine.")]


PLAN = (
    Check("a.one", "1", report),
    Check("a.two", "2", report, after=("a.one",)),
    Check("b.other", "3", report),
    Check("b.both", "4", report, after=("a.two", "b.other")),
    Check("c.alone", "5", report, after=("not.planned",)),
    Check("d.end", "6", report, last=True),
)


@pytest.mark.parametrize(
    ("id", "branch"),
    [
        # what it needs, what depends on it, and what that needs besides
        ("a.one", ["a.one", "a.two", "b.other", "b.both"]),
        ("a.two", ["a.one", "a.two", "b.other", "b.both"]),
        ("b.both", ["a.one", "a.two", "b.other", "b.both"]),
        ("c.alone", ["c.alone"]),
        ("d.end", ["a.one", "a.two", "b.other", "b.both", "c.alone", "d.end"]),
        ("not.planned", []),
    ],
)
def test_the_branch_of_a_check(id: str, branch: list[str]) -> None:
    assert [each.id for each in branch_of(id, PLAN)] == branch


def test_what_fails_in_a_screenshot_is_inconclusive_because_a_letter_may_be_misread() -> None:
    result = from_screenshot(failed("not_in_api", "No such path.", subject="path", evidence={"path": "/x"}))
    assert (result.outcome, result.code, result.subject) == (Outcome.ERROR, "from_screenshot", "path")
    assert result.evidence == {"path": "/x"}
    assert "No such path." in result.sentence
    for other in (passed("right", "Right."), warned("near", "Near.", hint="Look.")):
        assert from_screenshot(other) is other


@pytest.mark.parametrize(
    ("id", "declared"),
    [
        ("oauth.token", {"title": "Twice"}),
        ("new.check", {"title": "New", "needs": ("weather",)}),
        ("new.check", {"title": "New", "node": "kitchen"}),
    ],
)
def test_a_check_that_is_declared_wrongly_is_refused(id: str, declared: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=id):
        check(id, **declared)(report)
    assert find_check("new.check").title == "new.check"


def test_a_check_is_planned_only_with_all_its_inputs() -> None:
    without = {planned.id for planned in planned_checks(frozenset())}
    with_call = {planned.id for planned in planned_checks(frozenset({"call", "conversation"}))}
    assert "oauth.token" in without
    assert "request.path" not in without
    assert {"request.path", "conversation.exists", "oauth.token"} <= with_call
    assert "answer.meaning" not in with_call
