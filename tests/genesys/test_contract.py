"""The contract: what is in it, how a path is matched, repaired, and led to the nearest published operation."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.genesys import contract
from diagnostics.genesys.contract import PathMatch, bundled
from diagnostics.genesys.operation import Operation
from diagnostics.genesys.paths import is_placeholder, is_uuid

UUID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
COBROWSE = "/api/v2/conversations/{conversationId}/cobrowse"


def match(method: str, path: str) -> PathMatch:
    return bundled().match(method, path.replace("ID", UUID))


def matched_id(method: str, path: str) -> str | None:
    found = match(method, path).operation
    return found.operation_id if found else None


def test_the_bundled_contract_names_what_it_is() -> None:
    whole = bundled()
    assert (whole.version, whole.date) == ("SDK 269.0.0", "2026-10-08")
    assert re.fullmatch(r"[0-9a-f]{64}", whole.sha256)
    assert "official Python SDK" in whole.source
    assert len(whole) == len({each.key for each in whole.operations}) == len({e.operation_id for e in whole.operations})
    assert len(whole) == 3355
    assert bundled() is whole


def test_the_cobrowse_call_is_known_with_its_rights_and_names() -> None:
    found = bundled().operation("POST", COBROWSE)
    assert found is not None
    assert found.permissions == ("conversation:cobrowse:add", "conversation:cobrowseVoice:add")
    assert (found.rule, found.scopes_status) == ("any", "inferred")
    assert (found.has_body, found.deprecated, found.preview, found.needs_token) == (False, False, False, True)
    assert (found.operation_id, found.python_name, found.java_name, found.sdk_class) == (
        "postConversationCobrowse",
        "post_conversation_cobrowse",
        "postConversationCobrowse",
        "ConversationsApi",
    )
    assert (found.parameters, found.arguments) == (("conversationId",), ("conversation_id",))


@pytest.mark.parametrize(
    ("method", "path", "name", "value"),
    [
        ("PATCH", "/api/v2/conversations/cobrowsesessions/{conversationId}", "deprecated", True),
        ("GET", "/api/v2/conversations/cobrowsesessions", "deprecated", False),
        ("DELETE", "/api/v2/analytics/agentutilizations/aggregates/jobs/{jobId}", "preview", True),
        ("GET", "/api/v2/webdeployments/deployments/{deploymentId}/cobrowse/{sessionId}", "needs_token", False),
        ("GET", "/api/v2/users/me", "user_only", True),
        ("GET", "/api/v2/tokens/me", "user_only", False),
        ("GET", "/api/v2/tokens/me", "rule", "none"),
        ("GET", "/api/v2/webdeployments/deployments", "rule", "all"),
        ("GET", "/api/v2/webdeployments/deployments", "scopes_status", "verified"),
        ("GET", "/api/v2/webdeployments/deployments", "sdk_class", "WebDeploymentsApi"),
        ("GET", "/api/v2/authorization/subjects/me", "sdk_class", "AuthorizationApi"),
        ("POST", "/api/v2/routing/queues", "rule", "unknown"),
        ("POST", "/api/v2/routing/queues", "has_body", True),
        ("POST", "/api/v2/routing/queues", "arguments", ("body",)),
        ("GET", "/api/v2/authorization/subjects/me", "query", ("includeDuplicates", "includeFullRoles")),
    ],
)
def test_facts_of_single_operations(method: str, path: str, name: str, value: object) -> None:
    found = bundled().operation(method, path)
    assert found is not None
    assert getattr(found, name) == value


@pytest.mark.parametrize(
    "path",
    ["/api/v2/cobrowse/providers", "/api/v2/oauth/token", "/api/v2/oauth/tokeninfo", "/api/v2/conversations/chats"],
)
def test_what_hearsay_names_is_not_published(path: str) -> None:
    assert not [each for each in bundled().operations if each.path == path]


@pytest.mark.parametrize("name", ["postConversationCobrowse", "post_conversation_cobrowse", "PostConversationCobrowse"])
def test_an_operation_is_found_by_the_method_name_of_any_sdk(name: str) -> None:
    found = bundled().named(name)
    assert found is not None and found.path == COBROWSE


@pytest.mark.parametrize(
    "name",
    ["", "_", "postConversationChatCobrowseSessions", "post_conversations_cobrowse", "postconversationcobrowse"],
)
def test_a_method_that_no_sdk_has_is_not_found(name: str) -> None:
    assert bundled().named(name) is None


@pytest.mark.parametrize("value", [UUID, "{id}", "42"])
def test_every_published_operation_matches_itself(value: str) -> None:
    strangers = [
        each.key
        for each in bundled().operations
        if bundled().match(each.method, re.sub(r"\{[^{}]+\}", value, each.path)).operation is not each
    ]
    assert strangers == []


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/api/v2/conversations/ID/cobrowse", "postConversationCobrowse"),
        ("post", "/api/v2/conversations/ID/cobrowse?x=1#y", "postConversationCobrowse"),
        ("POST", "/api/v2/%63onversations/ID/cobrowse", "postConversationCobrowse"),
        ("POST", "/api/v2/conversations/not-a-uuid/cobrowse", "postConversationCobrowse"),
        ("POST", "/api/v2/conversations/a%2Fb/cobrowse", "postConversationCobrowse"),
        ("GET", "/api/v2/users/me", "getUsersMe"),
        ("GET", "/api/v2/users/ID", "getUser"),
        ("GET", "/api/v2/conversations/messages", "getConversationsMessages"),
        ("POST", "/api/v2/conversations/chat/ID/cobrowse", None),
        ("POST", "/api/v2/conversations/chat/{id}/cobrowse", None),
        ("POST", "/api/v2/conversations/chat/ID/cobrowse/sessions", None),
        ("POST", "/conversations/chat/ID/cobrowse/sessions", None),
        ("POST", "/api/v2/conversations/webchat/ID/cobrowse", None),
        ("POST", "/api/v2/conversations/messages/cobrowse", None),
        ("POST", "/api/v2/conversations/ID/cobrowse/sessions", None),
        ("GET", "/api/v2/cobrowse/providers", None),
        ("POST", "/api/v2/oauth/token", None),
        ("GET", "/api/v2/conversations/chats/ID", None),
        ("POST", "/api/v2/conversations/ID/Cobrowse", None),
        ("POST", "/API/v2/conversations/ID/cobrowse", None),
        ("POST", "/api/v2/conversations//cobrowse", None),
        ("POST", "/api/v2/conversations/./cobrowse", None),
        ("POST", "/api/v2/conversations/%2E%2E/cobrowse", None),
        ("POST", "//api/v2/conversations/ID/cobrowse", None),
        ("POST", "api/v2/conversations/ID/cobrowse", None),
        ("POST", "/api/v2/conversations/ID/cobrowse ", None),
        ("POST", "/api/v2/conversations/ID/cobrowse/", None),
        ("POST", "", None),
        ("POST", "/", None),
    ],
)
def test_matching_is_exact(method: str, path: str, expected: str | None) -> None:
    assert matched_id(method, path) == expected


def test_a_match_hands_out_decoded_parameters() -> None:
    found = match("GET", "/api/v2/webdeployments/deployments/a%20b/cobrowse/%7BsessionId%7D")
    assert found.parameters == {"deploymentId": "a b", "sessionId": "{sessionId}"}
    assert (found.placeholders, found.suspicious_parameters) == (("sessionId",), ())


def test_another_method_of_a_known_path_is_reported() -> None:
    found = match("PATCH", "/api/v2/conversations/ID")
    assert (found.operation, found.is_path_published) == (None, True)
    assert {each.method for each in found.other_methods} == {"GET", "DELETE"}
    assert found.template == "/api/v2/conversations/{conversationId}"
    assert found.parameters == {"conversationId": UUID}


def test_an_unknown_path_gives_an_empty_match() -> None:
    assert match("POST", "/api/v2/conversations/chat/ID/cobrowse") == PathMatch()


def test_a_published_word_is_never_read_for_a_value() -> None:
    # DELETE is published for /conversations/{conversationId}, not for /conversations/calls.
    found = match("DELETE", "/api/v2/conversations/calls")
    assert found.operation is None
    assert found.template == "/api/v2/conversations/calls"


@pytest.mark.parametrize(
    ("path", "suspicious"),
    [
        ("/api/v2/conversations/cobrowse", ("conversationId",)),
        ("/api/v2/conversations/chats", ("conversationId",)),
        ("/api/v2/conversations/webchat/cobrowse", ("conversationId",)),
        ("/api/v2/conversations/message", ("conversationId",)),
        ("/api/v2/conversations/ID", ()),
        ("/api/v2/conversations/{conversationId}", ()),
        ("/api/v2/conversations/conversationId", ()),
        ("/api/v2/conversations/some-id-of-ours", ()),
        ("/api/v2/organizations/limits/namespaces/cobrowse", ()),
        ("/api/v2/oauth/scopes/conversations", ()),
    ],
)
def test_a_parameter_that_reads_as_a_word_is_pointed_out(path: str, suspicious: tuple[str, ...]) -> None:
    found = match("GET", path)
    assert found.is_path_published
    assert found.suspicious_parameters == suspicious


@pytest.mark.parametrize(
    ("path", "trailing"),
    [
        ("/api/v2/conversations/ID/cobrowse/", True),
        ("/api/v2/conversations/ID/cobrowse//", True),
        ("/api/v2/conversations/ID/cobrowse", False),
        ("/api/v2/conversations/chat/ID/cobrowse/", False),
        ("/", False),
    ],
)
def test_a_trailing_slash_is_distinguished_from_an_unknown_path(path: str, trailing: bool) -> None:
    assert match("POST", path).trailing_slash is trailing


@pytest.mark.parametrize(
    "segment",
    [
        "{conversationId}",
        "%7BconversationId%7D",
        "{}",
        "{{conversationId}}",
        "%7B%7Bid%7D%7D",
        "${id}",
        "$CONVERSATION_ID",
        ":id",
        ":conversation_id",
        "<id>",
        "<your conversation id>",
        "%3Cid%3E",
        "[id]",
        "%s",
        "%CONVERSATION_ID%",
        "conversationId",
        "conversation_id",
        "CONVERSATION-ID",
        "YOUR_CONVERSATION",
        "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
        "...",
    ],
)
def test_placeholders_are_recognised(segment: str) -> None:
    assert is_placeholder(segment)
    assert bundled().match("POST", f"/api/v2/conversations/{segment}/cobrowse").operation is not None


@pytest.mark.parametrize("segment", ["", UUID, "cobrowse", "chat", "42", "{", "a{b}c", ":", "$", "paid", "{" * 10_000])
def test_values_and_words_are_no_placeholders(segment: str) -> None:
    assert not is_placeholder(segment)


@pytest.mark.parametrize(
    ("text", "expected"),
    [(UUID, True), (UUID.upper(), True), (UUID[:-1], False), (f"{UUID}\n", False), (f"{{{UUID}}}", False), ("", False)],
)
def test_the_shape_of_an_id_is_judged(text: str, expected: bool) -> None:
    assert is_uuid(text) is expected


@pytest.mark.parametrize(
    ("path", "steps", "repaired"),
    [
        ("/conversations/ID/cobrowse", "add_prefix", "/api/v2/conversations/ID/cobrowse"),
        ("conversations/ID/cobrowse", "add_prefix", "/api/v2/conversations/ID/cobrowse"),
        ("/v2/conversations/ID/cobrowse", "add_prefix", "/api/v2/conversations/ID/cobrowse"),
        ("/api/conversations/ID/cobrowse", "add_prefix", "/api/v2/conversations/ID/cobrowse"),
        ("/conversations/{conversationId}/cobrowse", "add_prefix", "/api/v2/conversations/{conversationId}/cobrowse"),
        ("/api/v2/api/v2/conversations/ID/cobrowse", "base_deduplicated", "/api/v2/conversations/ID/cobrowse"),
        ("/api/v2/v2/users/me", "base_deduplicated", "/api/v2/users/me"),
        ("/platform/api/v2/users/me", "drop_leading_part", "/api/v2/users/me"),
        ("/api/v2//users/me", "collapse_double_slash", "/api/v2/users/me"),
        ("/api/v2/users/me/", "strip_trailing_slash", "/api/v2/users/me"),
        ("/api/v2/Conversations/AbC/CoBrowse", "fix_case", "/api/v2/conversations/AbC/cobrowse"),
        ("/API/V2/api/v2/Users/Me", "base_deduplicated fix_case", "/api/v2/users/me"),
        ("//users/ME/", "collapse_double_slash strip_trailing_slash add_prefix fix_case", "/api/v2/users/me"),
    ],
)
def test_a_slip_in_the_path_is_repaired(path: str, steps: str, repaired: str) -> None:
    (repair,) = bundled().find_repairs(path)
    assert (repair.steps, repair.path) == (tuple(steps.split()), repaired)
    assert bundled().match("", repair.path).is_path_published


@pytest.mark.parametrize(
    "path",
    [
        "/api/v2/users/me",
        "/api/v2/conversations/chat/ID/cobrowse",
        "/conversations/chat/ID/cobrowse/sessions",
        "/conversations/cobrowse",
        "/cobrowse/providers",
        "",
        "/",
        "/" * 100_000,
    ],
)
def test_what_is_right_or_no_slip_is_not_repaired(path: str) -> None:
    assert bundled().find_repairs(path) == ()


def nearest(method: str, path: str) -> str:
    first = bundled().nearest(method, path.replace("ID", UUID))[0]
    return f"{first.method} {first.path}"


@pytest.mark.parametrize("prefix", ["/api/v2", "", "/v2", "/api/v2/api/v2", "/platform/api/v2"])
@pytest.mark.parametrize(
    "path",
    [
        "/conversations/chat/ID/cobrowse",
        "/conversations/chat/{conversationId}/cobrowse",
        "/conversations/chat/ID/cobrowse/sessions",
        "/conversations/chats/ID/cobrowse",
        "/conversations/webchat/ID/cobrowse",
        "/conversations/messages/ID/cobrowse",
        "/conversations/calls/ID/cobrowse",
        "/conversations/ID/cobrowse/sessions",
        "/conversations/ID/cobrowse/start",
        "/conversations/ID/co-browse",
        "/conversations/ID/cobrowsesessions",
        "/conversations/ID/participants/ID/cobrowse",
        "/conversations/cobrowse",
        "/conversations/cobrowse/sessions",
        "/conversations/cobrowses",
        "/cobrowse/sessions",
        "/cobrowse/invites",
        "/conversation/ID/cobrowse",
        "/converstions/ID/cobrowes",
    ],
)
def test_cobrowse_hearsay_leads_to_the_one_call_that_starts_a_session(prefix: str, path: str) -> None:
    assert nearest("POST", prefix + path) == f"POST {COBROWSE}"


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("", "/conversations/chat/ID/cobrowse", f"POST {COBROWSE}"),
        ("GET", "/api/v2/conversations/ID/cobrowse/sessions", f"POST {COBROWSE}"),
        ("GET", "/api/v2/cobrowse/providers", "GET /api/v2/webdeployments/deployments"),
        ("POST", "/api/v2/oauth/token", "GET /api/v2/tokens/me"),
        ("GET", "/api/v2/oauth/tokeninfo", "GET /api/v2/tokens/me"),
        ("PATCH", "/api/v2/conversations/ID", "GET /api/v2/conversations/{conversationId}"),
        ("GET", "/api/v2/conversations/chats/ID", "GET /api/v2/conversations/{conversationId}"),
        ("GET", "/api/v2/conversation/ID", "GET /api/v2/conversations/{conversationId}"),
        ("GET", "/api/v2/user/me", "GET /api/v2/users/me"),
        ("GET", "/api/v2/usres/ID", "GET /api/v2/users/{userId}"),
        ("GET", "/api/v2/routing/queue/ID/member", "GET /api/v2/routing/queues/{queueId}/members"),
        ("POST", "/api/v2/routing/queue/ID/member", "POST /api/v2/routing/queues/{queueId}/members"),
        ("GET", "/api/v2/web-deployments/deployments", "GET /api/v2/webdeployments/deployments"),
        ("GET", "/api/v2/authorisation/roles", "GET /api/v2/authorization/roles"),
        (
            "GET",
            "/api/v2/analytics/conversations/ID/detail",
            "GET /api/v2/analytics/conversations/{conversationId}/details",
        ),
    ],
)
def test_other_slips_lead_to_what_was_meant(method: str, path: str, expected: str) -> None:
    assert nearest(method, path) == expected


def test_a_published_operation_is_its_own_nearest() -> None:
    deprecated = [each for each in bundled().operations if each.deprecated]
    strangers = [
        each.key
        for each in (*deprecated, *bundled().operations[::40])
        if bundled().nearest(each.method, each.path, 1) != (each,)
    ]
    assert strangers == []


def test_nothing_is_offered_for_what_resembles_nothing() -> None:
    for path in ("", "/", "/api/v2", "/qqqq/zzzz", f"/{UUID}", "/" * 100_000, "\x00"):
        assert bundled().nearest("GET", path) == ()


def test_as_many_are_offered_as_asked_and_none_twice() -> None:
    offered = bundled().nearest("GET", "/api/v2/cobrowse/providers", 5)
    assert len(offered) == len(set(offered)) == 5


path_like = st.lists(
    st.sampled_from(
        ["", "api", "v2", "conversations", "chat", "cobrowse", "{id}", UUID, "%", "%zz", "..", "users", "me"]
    )
    | st.text(max_size=8)
).map("/".join)


@given(st.text(max_size=6), st.text() | path_like)
def test_no_text_breaks_a_look_up(method: str, path: str) -> None:
    whole = bundled()
    found = whole.match(method, path)
    assert not (found.trailing_slash and found.is_path_published)
    assert all(whole.match(method, repair.path).is_path_published for repair in whole.find_repairs(path))
    assert len(whole.nearest(method, path, 2)) <= 2
    assert whole.named(path) is None or whole.named(path) in whole.operations


def test_a_contract_from_elsewhere_works_like_the_bundled_one() -> None:
    document = {
        "version": "live",
        "date": "2026-11-01",
        "source": "test",
        "operations": [
            {"method": "GET", "path": "/api/v2/Things/{thingId}", "operation_id": "getThing", "sdk_class": "ThingsApi"}
        ],
    }
    small = contract.read(json.dumps(document).encode())
    only = Operation("GET", "/api/v2/Things/{thingId}", "getThing", "ThingsApi")
    assert small.operations == (only,)
    assert small.match("GET", "/api/v2/Things/7").operation == only
    assert [repair.path for repair in small.find_repairs("/things/7")] == ["/api/v2/Things/7"]
    assert small.nearest("GET", "/api/v2/cobrowse/providers/things") == (only,)
