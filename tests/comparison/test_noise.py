"""What differs between any two runs and says nothing is taken out; what says something stays."""

from typing import Any

import pytest

from diagnostics.comparison.noise import details, is_same, quiet, quiet_text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("the id 5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11", "the id 0B9D6A3E-52C1-4C8F-9A55-5A3F0D3C7B21"),
        (
            "/conversations/5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11/cobrowse",
            "/conversations/0b9d6a3e-52c1-4c8f-9a55-5a3f0d3c7b21/cobrowse",
        ),
        ("at 2026-11-22T12:00:00Z", "at 2026-11-21T08:13:59.123+01:00"),
        ("on 2026-11-22", "on 2025-01-01"),
        ("Sun, 22 Nov 2026 12:00:00 GMT", "Mon, 23 Nov 2026 01:02:03 GMT"),
        ("good for 57 days.", "good for 1 day."),
        ("it took 96 ms", "it took 1,204 ms"),
        ("wait 60 s", "wait 5 s"),
        ("298 of 300 requests", "4 of 300 requests"),
        ("127.0.0.1:40001 resolves", "127.0.0.1:40002 resolves"),
        ("Bearer [masked]", "Bearer [masked 43 characters]"),
        ("token aB3dE5gH7jK9mN1pQ3rS5tU7", "token zY9xW7vU5tS3rQ1pO9nM7lK5j"),
        (["b", "a"], ["a", "b"]),
        ([{"n": 1}, {"n": 2}], [{"n": 2}, {"n": 1}]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"correlation_id": "x", "status": 404}, {"correlation_id": "y", "status": 404}),
        ({"reset_s": 4, "deep": {"ms": 3}}, {"reset_s": 9, "deep": {"ms": 8}}),
        ((1, 2), [2, 1]),
    ],
)
def test_noise(before: Any, after: Any) -> None:
    assert is_same(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("status 403", "status 404"),
        ("conversation:cobrowse:add", "conversation:cobrowseVoice:add"),
        ("/api/v2/conversations/{conversationId}/cobrowse", "/api/v2/conversations/{conversationId}/cobrowse/sessions"),
        ("genesys", "Genesys"),
        ("api.mypurecloud.ie", "api.mypurecloud.de"),
        ("127.0.0.1:1000", "127.0.0.2:1000"),
        (["a"], ["a", "a"]),
        (["a", "b"], ["a"]),
        ({"status": 200}, {"status": 404}),
        ({"a": None}, {}),
        (True, 1.5),
        (None, ""),
        ("conversations-and-cobrowse-reader", "conversations-and-cobrowse-writer"),
    ],
)
def test_no_noise(before: Any, after: Any) -> None:
    assert not is_same(before, after)


def test_details_are_what_differs_by_name() -> None:
    before = {"roles": ["a", "b"], "status": 200, "correlation_id": "x", "gone": 1}
    after = {"roles": ["b", "a"], "status": 404, "correlation_id": "y", "new": 2}
    found = [(each.name, each.before, each.after) for each in details(before, after)]
    assert found == [("gone", 1, None), ("new", None, 2), ("status", 200, 404)]


@pytest.mark.parametrize("evidence", [None, [], "text", 7, {}, {"a": None}, [{"a": 1}]])
def test_evidence_of_any_shape_equals_itself(evidence: Any) -> None:
    assert details(evidence, evidence) == ()


def test_evidence_of_another_shape_is_a_difference() -> None:
    assert [each.name for each in details({"a": 1}, ["a"])] == ["a", "evidence"]


def test_what_is_deep_or_long_costs_no_more_than_it_may() -> None:
    deep: Any = "end"
    for _ in range(500):
        deep = [deep]
    assert quiet(deep)
    assert len(quiet_text("a1" * 1_000_000)) <= 20_000
