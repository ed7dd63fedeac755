"""What two runs were given: what of a call counts as another call, and what is noise."""

import pytest

from diagnostics.comparison import inputs as input_facts
from diagnostics.parsing.call import FailingCall, ReceivedResponse
from diagnostics.parsing.inputs import Inputs
from tests.comparison.sides import CONVERSATION, OTHER_CONVERSATION, START, call, given, side

HOST = "https://api.mypurecloud.ie"


def changed(before: Inputs, after: Inputs) -> list[str]:
    facts = input_facts.facts_of(side(1, inputs=before), side(2, inputs=after))
    assert all(each.clause for each in facts if each.is_changed)
    return [each.kind for each in facts if each.is_changed]


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (call(), call(), []),
        # ids are noise, the path is not
        (call(), call(START.replace(CONVERSATION, OTHER_CONVERSATION)), []),
        (call(), call(f"{START}/sessions"), ["path"]),
        (call(), call(f"{HOST}/api/v2/conversations/chat/{CONVERSATION}/cobrowse"), ["path"]),
        (call(), call(f"{HOST}/api/v2/conversations/{{conversationId}}/cobrowse"), ["path"]),
        (call(), call(method="GET"), ["method"]),
        (call(), call(START.replace(".ie", ".de")), ["host"]),
        (call(), call(START.replace("https", "http")), []),
        (call(), call(START[len(HOST) :]), ["host"]),
        (call(), call(f"{START}?providerId=x"), ["query", "provider_id"]),
        (call(), call(body='{"providerId": "genesys"}'), ["body", "provider_id"]),
        (call(body='{"a": 1, "b": 2}'), call(body='{ "b":2, "a":1 }'), []),
        (call(body='{"a": 1}'), call(body="{a: 1}"), ["body"]),
        # a provider id is compared letter for letter
        (call(body='{"providerId": "genesys"}'), call(body='{"providerId": "Genesys"}'), ["body", "provider_id"]),
        (call(Content_Type="application/json"), call(Content_Type="text/plain"), ["headers"]),
        (call(Content_Type="a"), call(content_type="a"), []),
        (call(Authorization="Bearer [masked]"), call(Authorization="Bearer [masked 43 characters]"), []),
        (call(Authorization="Bearer [masked]"), call(Authorization="[masked]"), ["headers"]),
        (call(Date="a", User_Agent="curl/8", Content_Length="7"), call(Date="b"), []),
        (FailingCall(sdk_method="postConversationCobrowse"), FailingCall(sdk_method="post_cobrowse"), ["sdk_method"]),
    ],
)
def test_calls(before: FailingCall, after: FailingCall, kinds: list[str]) -> None:
    assert changed(given(before), given(after)) == kinds
    assert changed(given(after), given(before)) == kinds


def test_a_call_that_only_one_run_was_given_is_named_once() -> None:
    assert changed(given(), given(call())) == ["call"]
    assert changed(given(call()), given()) == ["call"]


def test_a_health_check_was_given_nothing() -> None:
    assert input_facts.facts_of(side(1, inputs=Inputs()), side(2, inputs=Inputs())) == ()


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (CONVERSATION, CONVERSATION, []),
        (CONVERSATION, OTHER_CONVERSATION, ["conversation"]),
        (CONVERSATION, "", ["conversation"]),
        ("", "", []),
    ],
)
def test_conversations(before: str, after: str, kinds: list[str]) -> None:
    assert changed(given(conversation=before), given(conversation=after)) == kinds


NOT_FOUND = ReceivedResponse(404, body='{"code": "not.found", "contextId": "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"}')


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        (None, None, []),
        (NOT_FOUND, None, ["answer"]),
        (NOT_FOUND, NOT_FOUND, []),
        (NOT_FOUND, ReceivedResponse(404, body=NOT_FOUND.body and NOT_FOUND.body.replace("5f2c", "6f2c")), []),
        (NOT_FOUND, ReceivedResponse(404, (("date", "x"),), NOT_FOUND.body), []),
        (NOT_FOUND, ReceivedResponse(403, body='{"code": "missing.permissions"}'), ["answer"]),
        (NOT_FOUND, ReceivedResponse(404, body="<html>"), ["answer"]),
        (NOT_FOUND, ReceivedResponse(network_error="timed out"), ["answer"]),
    ],
)
def test_answers(before: ReceivedResponse | None, after: ReceivedResponse | None, kinds: list[str]) -> None:
    assert changed(given(answer=before), given(answer=after)) == kinds


def test_what_was_given_is_never_shown_at_any_length() -> None:
    long = call(f"{START}/{'x' * 100_000}", body="y" * 100_000, Some="z" * 100_000)
    for fact in input_facts.facts_of(side(1, inputs=given(call())), side(2, inputs=given(long))):
        assert len(fact.after or "") < 1000
        assert len(fact.clause) < 1000
