"""Two runs in, groups out: every finding in its honest place, whatever became of its check."""

from typing import Any

import pytest

from diagnostics.comparison.result import Comparison, compare_runs
from diagnostics.comparison.side import Side
from diagnostics.engine.finding import FindingResult
from diagnostics.parsing.inputs import Inputs
from tests.comparison.sides import CONVERSATION, given, make_finding, side

CHECKS: dict[str, tuple[str, tuple[str, ...]]] = {
    "oauth.token": ("A token", ()),
    "oauth.scopes": ("The scopes", ()),
    "request.path": ("The path", ("call",)),
    "answer.meaning": ("The answer", ("answer",)),
}


def compared(a: Side, b: Side) -> Comparison:
    return compare_runs(a, b, CHECKS, ())


def groups(before: tuple[FindingResult, ...], after: tuple[FindingResult, ...]) -> dict[str, list[str]]:
    actual = compared(side(1, findings=before), side(2, findings=after))
    found = {group.key: [line.subject or line.check_id for line in group.lines] for group in actual.groups}
    return {**found, **({"same": [line.subject or line.check_id for line in actual.same]} if actual.same else {})}


@pytest.mark.parametrize(
    ("before", "after", "group"),
    [
        (make_finding("oauth.token"), make_finding("oauth.token"), "same"),
        (make_finding("oauth.token"), make_finding("oauth.token", "fail", "b"), "broken"),
        (make_finding("oauth.token"), make_finding("oauth.token", "warn", "b"), "broken"),
        (make_finding("oauth.token", "warn"), make_finding("oauth.token", "fail", "b"), "broken"),
        (make_finding("oauth.token", "fail"), make_finding("oauth.token", "pass", "b"), "fixed"),
        (make_finding("oauth.token", "fail"), make_finding("oauth.token", "warn", "b"), "fixed"),
        # still broken, but broken otherwise
        (make_finding("oauth.token", "fail"), make_finding("oauth.token", "fail", "b"), "changed"),
        # never ranked: what was not seen is neither better nor worse
        (make_finding("oauth.token", "fail"), make_finding("oauth.token", "skip", "b"), "unknown"),
        (make_finding("oauth.token", "fail"), make_finding("oauth.token", "error", "b"), "unknown"),
        (make_finding("oauth.token"), make_finding("oauth.token", "error", "b"), "unknown"),
        (make_finding("oauth.token", "skip"), make_finding("oauth.token", "error", "b"), "neither"),
        (make_finding("oauth.token", "error"), make_finding("oauth.token", "fail", "b"), "known"),
        (make_finding("oauth.token", "skip"), make_finding("oauth.token", "pass", "b"), "known"),
        # judged otherwise since: neither better nor worse, even where the word is the same
        (make_finding("oauth.token", "fail"), make_finding("oauth.token", "pass", check_version=2), "unknown"),
        (make_finding("oauth.token", "fail"), make_finding("oauth.token", "fail", check_version=2), "unknown"),
    ],
)
def test_each_finding_has_its_group(before: FindingResult, after: FindingResult, group: str) -> None:
    assert groups((before,), (after,)) == {group: ["oauth.token"]}


def test_of_two_clients_nothing_is_new() -> None:
    a, b = (
        side(1, findings=(make_finding("oauth.token"),)),
        side(2, findings=(make_finding("oauth.token", "fail"),), client_pk=2),
    )
    (group,) = compared(a, b).groups
    assert (group.key, "ew" in group.title) == ("broken", False)


def test_what_is_unknown_shows_why() -> None:
    for after in (make_finding("oauth.token", "skip"), make_finding("oauth.token", check_version=2)):
        actual = compared(side(1, findings=(make_finding("oauth.token", "fail"),)), side(2, findings=(after,)))
        assert actual.groups[0].lines[0].reason


def test_subjects_come_and_go_where_both_checks_got_to_their_end() -> None:
    def scopes(*subjects: str) -> tuple[FindingResult, ...]:
        return tuple(make_finding("oauth.scopes", subject=each) for each in subjects)

    assert groups(scopes("a", "b"), scopes("b")) == {"changed": ["a"], "same": ["b"]}
    assert groups(scopes("b"), scopes("a", "b")) == {"changed": ["a"], "same": ["b"]}
    # a crash takes a subject out of sight, not out of the world
    crashed = (make_finding("oauth.scopes", "error", "crashed", subject="crash"), *scopes("b"))
    assert "a" in groups(scopes("a", "b"), crashed)["unknown"]


def test_a_check_that_ended_in_nothing_leaves_what_it_reported_before_unknown() -> None:
    before, after = (make_finding("oauth.scopes", subject="a"),), ()
    a, b = side(1, findings=before), side(2, findings=after, planned=("oauth.scopes",))
    assert [group.key for group in compared(a, b).groups] == ["unknown"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("api.mypurecloud.ie", "api.mypurecloud.de"),
        ("login.mypurecloud.ie", "login.usw2.pure.cloud"),
        ("127.0.0.1:40001", "127.0.0.1:40002"),
        (CONVERSATION, "0b9d6a3e-52c1-4c8f-9a55-5a3f0d3c7b21"),
    ],
)
def test_one_thing_of_two_orgs_is_one_subject(before: str, after: str) -> None:
    a = side(1, findings=(make_finding("reach.tls", subject=before),))
    b = side(2, findings=(make_finding("reach.tls", "fail", "b", subject=after),))
    (group,) = compared(a, b).groups
    assert (group.key, group.lines[0].subject, group.lines[0].other_subject) == ("broken", after, before)


def test_what_may_be_either_of_two_is_confused_with_neither() -> None:
    a = side(1, findings=(make_finding("reach.tls", subject="api.a.example"),))
    b = side(2, findings=tuple(make_finding("reach.tls", subject=f"api.{each}.example") for each in "bc"))
    assert {line.subject for group in compared(a, b).groups for line in group.lines} == {
        "api.a.example",
        "api.b.example",
        "api.c.example",
    }


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"inputs": Inputs(), "kind": "health"}, "had no call"),
        ({"inputs": given()}, "had no call"),
        ({"branch": "oauth.token"}, "one branch"),
    ],
)
def test_what_only_one_run_asked_is_no_change(values: dict[str, Any], why: str) -> None:
    whole = side(1, findings=(make_finding("oauth.token"), make_finding("request.path", "fail")))
    less = side(2, findings=(make_finding("oauth.token"),), **values)
    for actual in (compared(whole, less), compared(less, whole)):
        assert actual.groups == ()
        assert [(each.check_id, each.run_by) for each in actual.unshared] == [("request.path", whole)]
        assert why in actual.unshared[0].why


def test_a_check_that_is_retired_shows_its_id_and_it_is_reported() -> None:
    old = side(1, findings=(make_finding("oauth.token"), make_finding("gone.check", "fail")))
    (unasked,) = compared(old, side(2, findings=(make_finding("oauth.token"),))).unshared
    assert (unasked.title, "removed" in unasked.why) == ("gone.check", True)
    both = compared(old, side(2, findings=(make_finding("oauth.token"), make_finding("gone.check"))))
    assert [(group.key, group.lines[0].title) for group in both.groups] == [("fixed", "gone.check")]


def test_a_check_that_is_younger_than_a_run_is_no_news_about_the_org() -> None:
    old, new = (
        side(1, findings=(make_finding("oauth.token"),)),
        side(2, findings=(make_finding("oauth.token"), make_finding("oauth.scopes"))),
    )
    (unasked,) = compared(old, new).unshared
    assert "newer than run 1" in unasked.why


def test_a_run_cut_short_leaves_the_rest_unknown() -> None:
    whole = side(1, findings=(make_finding("oauth.token"), make_finding("oauth.scopes")))
    cut = side(
        2, "undetermined", (make_finding("oauth.token"),), planned=("oauth.token", "oauth.scopes"), status="interrupted"
    )
    actual = compared(whole, cut)
    assert [(group.key, [line.check_id for line in group.lines]) for group in actual.groups] == [
        ("unknown", ["oauth.scopes"])
    ]
    assert len(actual.same) == 1


def test_the_same_run_twice_has_no_lines() -> None:
    one = side(1, findings=(make_finding("oauth.token"),))
    actual = compared(one, one)
    assert (actual.groups, actual.same, actual.changed, actual.given_changed) == ((), (), (), ())


def test_groups_be_in_the_order_of_what_needs_a_look() -> None:
    ids = [f"oauth.{name}" for name in ("token", "scopes", "x", "y")]
    before = [make_finding(ids[0]), make_finding(ids[1]), make_finding(ids[2], "fail"), make_finding(ids[3], "skip")]
    after = [make_finding(ids[0], "fail"), make_finding(ids[1], "error"), make_finding(ids[2]), make_finding(ids[3])]
    assert list(groups(tuple(before), tuple(after))) == ["broken", "unknown", "fixed", "known"]


def test_the_evidence_that_differs_is_reported_and_its_noise_is_not() -> None:
    before = make_finding("oauth.token", evidence={"correlation_id": "x", "roles": ["a", "b"], "granted": ["a"]})
    after = make_finding("oauth.token", evidence={"correlation_id": "y", "roles": ["b", "a"], "granted": ["b"]})
    (line,) = compared(side(1, findings=(before,)), side(2, findings=(after,))).same
    assert [each.name for each in line.details] == ["granted"]


def test_every_finding_is_somewhere_and_nothing_twice() -> None:
    before = tuple(
        make_finding(f"oauth.c{n}", outcome) for n, outcome in enumerate(("pass", "warn", "fail", "skip", "error") * 5)
    )
    after = tuple(
        make_finding(f"oauth.c{n}", outcome)
        for n, outcome in enumerate(o for o in ("pass", "warn", "fail", "skip", "error") for _ in range(5))
    )
    actual = compared(side(1, findings=before), side(2, findings=after))
    lines = [line.check_id for group in actual.groups for line in group.lines] + [line.check_id for line in actual.same]
    assert sorted(lines) == sorted(each.check_id for each in before)
