"""The plan: which checks are asked, and which of them belong together."""

import pytest

from diagnostics.checks.base import Check, CheckContext, Result, branch_of, passed


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
