"""What each claim of a text is, in tables; the thread that started it all; and that no text is too nasty."""

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.claims.checker import BEGINNING, MAX_CLAIMS, MAX_PASTE, ClaimCheck, check_text
from diagnostics.claims.claim import CheckedClaim
from diagnostics.genesys.contract import bundled
from diagnostics.parsing.parse import masked_text
from diagnostics.text import time_budget

START = "POST /api/v2/conversations/{conversationId}/cobrowse"
TOKEN = "kZr8vQ2mX5tYb7nL0pWc3sDf6gHj9aEu1iOx4RqTzVyB"
THREAD = """The call was

    POST /api/v2/conversations/chat/{conversationId}/cobrowse      {"providerId": "genesys"}     -> 404

and the advice was: check the OAuth scopes (`conversation:write`, `cobrowse:write`; a missing scope is said to answer
404 instead of 403), use the path ending in `/cobrowse/sessions`, make sure that the chat is `connected`, and match
`providerId` case-sensitively against `GET /api/v2/cobrowse/providers`.
"""


def check(text: str) -> ClaimCheck:
    return check_text(text, bundled())


def found(text: str, kind: str) -> dict[str, CheckedClaim]:
    return {each.claim.shown: each for each in check(text).claims if each.claim.kind == kind}


def verdicts(text: str, kind: str) -> dict[str, str]:
    return {shown: str(each.result.verdict) for shown, each in found(text, kind).items()}


def test_the_thread_is_distinguished_into_invention_and_sound_advice() -> None:
    actual = {(str(each.claim.kind), each.claim.shown): each.result for each in check(THREAD).claims}
    invented = [
        ("call", "POST /api/v2/conversations/chat/{conversationId}/cobrowse"),
        ("call", "/cobrowse/sessions"),
        ("call", "GET /api/v2/cobrowse/providers"),
        ("scope", "conversation:write"),
        ("scope", "cobrowse:write"),
        ("field", "providerId"),
    ]
    assert {key: str(actual[key].verdict) for key in invented} == dict.fromkeys(invented, "wrong")
    assert actual["call", invented[0][1]].nearest == (START,)
    assert all(actual[key].gateway for key in invented[1:])
    assert [str(each.verdict) for key, each in actual.items() if key[0] == "advice"].count("sound") == 1
    assert check(THREAD).has_wrong_claims


@pytest.mark.parametrize(
    ("text", "shown", "verdict"),
    [
        (START, START, "real"),
        ("call `/api/v2/conversations/{id}/cobrowse`.", "/api/v2/conversations/{id}/cobrowse", "real"),
        ("POST to /conversations/{id}/cobrowse", "POST /conversations/{id}/cobrowse", "real"),
        ('axios.post("/api/v2/conversations/" + id + "/cobrowse")', "POST /api/v2/conversations/{value}/cobrowse", "real"),
        ("requests.post(f'{BASE}/api/v2/conversations/{cid}/cobrowse')", "POST /api/v2/conversations/{cid}/cobrowse", "real"),
        ("fetch('/api/v2/conversations/' + id, {\n  method: 'DELETE'})", "DELETE /api/v2/conversations/{value}", "real"),
        ('{"method": "POST", "url": "/api/v2/conversations/x/cobrowse"}', "POST /api/v2/conversations/x/cobrowse", "real"),
        ("curl -X POST \\\n https://$HOST/api/v2/conversations/$ID/cobrowse", "POST /api/v2/conversations/$ID/cobrowse", "real"),
        ("GET /api/v2/conversations/{id}/cobrowse", "GET /api/v2/conversations/{id}/cobrowse", "wrong"),
        ("PATCH /api/v2/conversations/{id}", "PATCH /api/v2/conversations/{id}", "wrong"),
        ("POST /conversations/webchat/{id}/cobrowse", "POST /conversations/webchat/{id}/cobrowse", "wrong"),
        ("/conversations/cobrowse", "/conversations/cobrowse", "wrong"),
        ("POST /cobrowse/invites", "POST /cobrowse/invites", "wrong"),
        ("see /api/v2/conversations/{id}/cobrowse/", "/api/v2/conversations/{id}/cobrowse/", "wrong"),
        ("/api/v2/api/v2/conversations/{id}", "/api/v2/api/v2/conversations/{id}", "wrong"),
        ("GET /api/v2/conversations/chats/{id}", "GET /api/v2/conversations/chats/{id}", "wrong"),
        ("POST https://login.mypurecloud.ie/oauth/token", "POST /oauth/token", "real"),
        ("POST https://api.mypurecloud.ie/oauth/token", "POST /oauth/token", "wrong"),
        ("POST /api/v2/oauth/token", "POST /api/v2/oauth/token", "wrong"),
        ("GET /api/v2/oauth/tokeninfo", "GET /api/v2/oauth/tokeninfo", "wrong"),
        ("everything under /api/v2/webdeployments", "/api/v2/webdeployments", "real"),
        ("GET https://acme.zendesk.com/api/v2/tickets", "GET /api/v2/tickets", "unknown"),
        ("GET /api/v1/users/me", "GET /api/v1/users/me", "wrong"),
    ],
)  # fmt: skip
def test_paths_and_methods(text: str, shown: str, verdict: str) -> None:
    assert verdicts(text, "call") == {shown: verdict}


@pytest.mark.parametrize(
    "text",
    [
        "open /home/ada/users/x and /etc/passwd",
        "see https://developer.genesys.cloud/api/rest/v2/conversations/",
        "either/or, 10/12/2026, </div>, a / b",
        "the file /users/ada/notes.txt",
    ],
)
def test_what_is_no_path_of_the_api_is_no_claim(text: str) -> None:
    assert verdicts(text, "call") == {}


def test_a_path_that_differs_in_one_thing_names_that_thing() -> None:
    actual = found("POST /api/v2/Conversations/{id}/cobrowse", "call")
    (only,) = actual.values()
    assert only.result.nearest[0] == "/api/v2/conversations/{id}/cobrowse"


@pytest.mark.parametrize(
    ("text", "name", "verdict"),
    [
        ("scope conversations:readonly", "conversations:readonly", "real"),
        ("needs the `conversations` scope", "conversations", "real"),
        ("scope=webdeployments", "webdeployments", "real"),
        ("webdeployments:readonly", "webdeployments:readonly", "real"),
        ("conversation:read", "conversation:read", "wrong"),
        ("conversations:write", "conversations:write", "wrong"),
        ("cobrowse:manage", "cobrowse:manage", "wrong"),
        ("cobrowse:session:create", "cobrowse:session:create", "wrong"),
        ("user:read", "user:read", "wrong"),
        ("scopes: analytics:readonly", "analytics:readonly", "unknown"),
        ("scope widgets:readonly", "widgets:readonly", "unknown"),
        ("the scope `cobrowse`", "cobrowse", "wrong"),
    ],
)
def test_scopes(text: str, name: str, verdict: str) -> None:
    assert verdicts(text, "scope") == {name: verdict}


@pytest.mark.parametrize(
    ("text", "name", "verdict"),
    [
        ("conversation:cobrowse:add", "conversation:cobrowse:add", "real"),
        ("conversation:cobrowsevoice:add", "conversation:cobrowsevoice:add", "real"),
        ("grant Conversation > Cobrowse > Add", "Conversation > Cobrowse > Add", "real"),
        ("Admin > Roles > Conversation > CobrowseVoice > Add", "Conversation > CobrowseVoice > Add", "real"),
        ("Web Deployments > Configuration > View", "Web Deployments > Configuration > View", "real"),
        ("conversation:cobrowse:*", "conversation:cobrowse:*", "real"),
        ("webDeployments:deployment:edit", "webDeployments:deployment:edit", "real"),
        ("conversation:cobrowse:create", "conversation:cobrowse:create", "wrong"),
        ("Conversation > Cobrowsing > Create", "Conversation > Cobrowsing > Create", "wrong"),
        ("routing:queue:view", "routing:queue:view", "unknown"),
    ],
)
def test_permissions(text: str, name: str, verdict: str) -> None:
    assert verdicts(text, "permission") == {name: verdict}


@pytest.mark.parametrize("text", ["Admin > Integrations > OAuth", "key: value: x", "at 10:30:15", "std::vector::push"])
def test_what_is_no_permission_is_no_claim(text: str) -> None:
    assert verdicts(text, "permission") == verdicts(text, "scope") == {}


@pytest.mark.parametrize(
    ("text", "name", "verdict"),
    [
        ("api.post_conversation_cobrowse(id)", "post_conversation_cobrowse", "real"),
        ("api.postConversationCobrowse(id)", "postConversationCobrowse", "real"),
        ("api.PostConversationCobrowse(id)", "PostConversationCobrowse", "real"),
        ("api.postConversationCobrowseAsync(id)", "postConversationCobrowseAsync", "real"),
        ("PureCloudPlatformClientV2.ConversationsApi", "ConversationsApi", "real"),
        ("client.get_client_credentials_token(a, b)", "get_client_credentials_token", "real"),
        ("gc conversations cobrowse create x", "gc conversations cobrowse create", "real"),
        ("new CobrowseSettings()", "CobrowseSettings", "real"),
        ("new CobrowseSession()", "CobrowseSession", "wrong"),
        ("postConversationChatCobrowseSessions", "postConversationChatCobrowseSessions", "wrong"),
        ("api.post_conversations_cobrowse_sessions()", "post_conversations_cobrowse_sessions", "wrong"),
        ("conversationsApi.startCobrowse(id)", "startCobrowse", "wrong"),
        ("session.setProviderId(x)", "setProviderId", "wrong"),
        ("client.getOAuthApi()", "getOAuthApi", "wrong"),
        ("new platformClient.CobrowseApi()", "CobrowseApi", "wrong"),
        ("gc cobrowse sessions create", "gc cobrowse sessions create", "wrong"),
    ],
)
def test_sdk_names(text: str, name: str, verdict: str) -> None:
    actual = verdicts(text, "sdk")
    assert {shown: v for shown, v in actual.items() if shown.startswith(name)} and set(actual.values()) == {verdict}


def test_the_nearest_method_is_spelt_as_in_the_language_of_the_text() -> None:
    (python,) = found("post_conversations_cobrowse()", "sdk").values()
    assert python.result.nearest[0] == "post_conversation_cobrowse"


@pytest.mark.parametrize(
    "text",
    ["document.getElementById('x')", "def start_cobrowse(id):\n  pass\nstart_cobrowse(1)", "window.postMessage(1)"],
)
def test_a_programs_own_names_are_no_claims(text: str) -> None:
    assert verdicts(text, "sdk") == {}


@pytest.mark.parametrize(
    ("text", "name", "verdict"),
    [
        ("ININ-Correlation-Id", "ININ-Correlation-Id", "real"),
        ("inin-ratelimit-reset", "inin-ratelimit-reset", "real"),
        ("-H 'Content-Type: application/json'", "Content-Type", "real"),
        ("read Retry-After", "Retry-After", "real"),
        ("X-Rate-Limit-Remaining", "X-Rate-Limit-Remaining", "wrong"),
        ("x-ratelimit-limit", "x-ratelimit-limit", "wrong"),
        ("X-Genesys-Org", "X-Genesys-Org", "unknown"),
    ],
)
def test_headers(text: str, name: str, verdict: str) -> None:
    assert verdicts(text, "header") == {name: verdict}


@pytest.mark.parametrize(
    ("text", "name", "verdict"),
    [
        ("https://api.mypurecloud.ie/api/v2/users/me", "api.mypurecloud.ie", "real"),
        ("login.usw2.pure.cloud", "login.usw2.pure.cloud", "real"),
        ("set the environment to mypurecloud.com.au", "mypurecloud.com.au", "real"),
        ("https://developer.genesys.cloud/x", "developer.genesys.cloud", "real"),
        ("http://api.mypurecloud.ie/api/v2/users/me", "api.mypurecloud.ie", "wrong"),
        ("https://api.us.genesys.cloud/api/v2/users/me", "api.us.genesys.cloud", "wrong"),
        ("myorg.mypurecloud.com", "myorg.mypurecloud.com", "wrong"),
        ("https://api.mypurecloud.com.evil.io/x", "api.mypurecloud.com.evil.io", "wrong"),
        ("https://api.{region}.pure.cloud/api/v2/users/me", "api.{region}.pure.cloud", "unknown"),
        ("https://api.{region}.mypurecloud.com/api/v2/users/me", "api.{region}.mypurecloud.com", "wrong"),
        ("https://proxy.acme.org/api/v2/users/me", "proxy.acme.org", "unknown"),
    ],
)
def test_hosts(text: str, name: str, verdict: str) -> None:
    assert verdicts(text, "host") == {name: verdict}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (START + ' {"providerId": "a", "participants": [{"id": 1}], "type": "x"}', {"providerId", "participants", "type"}),
        ("payload = {'sessionId': 1}\nrequests.post(BASE + '/api/v2/conversations/x/cobrowse', json=payload)", {"sessionId"}),
        ("fetch('/api/v2/conversations/x/cobrowse', {method: 'POST', body: JSON.stringify({initiator: 1})})", {"initiator"}),
        ("curl -X POST https://api.mypurecloud.ie/api/v2/conversations/x/cobrowse -d '{\"initiator\": 1}'", {"initiator"}),
        (START + ' answered HTTP/1.1 404 {"message": "m", "code": "not.found", "status": 404}', set()),
        (START + "\nheaders = {'Accept': 'x'}", set()),
    ],
)  # fmt: skip
def test_the_start_of_a_session_takes_no_body(text: str, expected: set[str]) -> None:
    assert verdicts(text, "field") == dict.fromkeys(expected, "wrong")


def test_fields_of_another_call_are_not_accused() -> None:
    assert verdicts('POST /api/v2/users {"name": "x"}', "field") == {"name": "unknown"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the conversation state must be `connected`", {"connected": "real"}),
        ("if the chat's state is 'queued' or 'closed'", {"queued": "wrong", "closed": "wrong"}),
        ("conversation.state", {"conversation.state": "wrong"}),
        ("the deployment's status must be 'active'", {}),
        ("an OAuth client with state 'inactive'", {}),
    ],
)
def test_states(text: str, expected: dict[str, str]) -> None:
    assert verdicts(text, "state") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Make sure the conversation is connected.", ["sound"]),
        ("The interaction must be in a connected state, not queued or closed!", ["sound"]),
        ("If the chat is not connected, the call fails.", ["sound"]),
        ("The conversation does not need to be connected.", ["wrong"]),
        ("A missing scope answers 404 instead of 403.", ["unknown"]),
        ("Wait a few minutes and retry.", ["unknown"]),
        ("Check that you use the right region.", ["unknown"]),
        ("The limit is 60 requests/minute.", ["unknown"]),
        ("Honour Retry-After.", []),
        ('PATCH the participant with {"state": "connected"}', []),
        ("Have a nice day.", []),
    ],
)
def test_advice(text: str, expected: list[str]) -> None:
    assert list(verdicts(text, "advice").values()) == expected


def test_what_only_a_gateway_answers_is_never_called_real() -> None:
    text = f"{THREAD} POST /api/v2/conversations/chat/{{conversationId}}/cobrowse/sessions"
    behind = [each for each in check(text).claims if each.result.gateway]
    assert behind
    assert not [each for each in behind if str(each.result.verdict) in ("real", "sound")]


def test_a_claim_made_twice_is_listed_once_with_its_first_line() -> None:
    (only,) = check(f"\n{START}\n{START}\n").claims
    assert (only.line, only.times) == (2, 2)


def test_no_secret_is_quoted() -> None:
    actual = check(f"curl -H 'Authorization: Bearer {TOKEN}' https://u:{TOKEN}@api.mypurecloud.ie/api/v2/users/{TOKEN}")
    assert TOKEN not in str(actual)


def test_a_list_of_claims_ends_somewhere_and_it_is_reported() -> None:
    with time_budget.limited(60):  # not what is tested here, and a busy machine needs more of it
        actual = check(" ".join(f"POST /api/v2/made{each}/up" for each in range(MAX_CLAIMS + 20)))
    assert (len(actual.claims), actual.omitted) == (MAX_CLAIMS, 20)


@given(st.text(alphabet=st.sampled_from(list("/api/v2conversations{}<>\"'`:.;= \n-POSTGETscope>X")), max_size=400))
@settings(max_examples=200)
def test_any_text_is_judged_without_an_exception(text: str) -> None:
    assert check(text).omitted == 0


@given(st.text(max_size=300))
@settings(max_examples=100)
def test_any_characters_are_judged_without_an_exception(text: str) -> None:
    assert check(text).masked == masked_text(text)


PORTUGUESE = """O que esse endpoint faz: POST /api/v2/conversations/calls/{conversationId}/participants/user/{userId} só atua num
participante. Se o userId não for participante, a API devolve 404 not.found com "User ... is not a participant".

Para iniciar o co-browse use POST /api/v2/conversations/{conversationId}/cobrowse, sem corpo. Precisa de
conversation:cobrowse:add (web messaging) ou conversation:cobrowseVoice:add (voz).
Com Client Credentials você também precisa do escopo cobrowse:write no token.
O provedor tem de existir em GET /api/v2/cobrowse/providers.
No SDK de JavaScript: conversationsApi.postConversationCobrowse(conversationId)
"""


def test_true_and_false_claims_of_a_portuguese_text_are_distinguished() -> None:
    verdicts = {each.claim.rule or each.claim.shown: str(each.result.verdict) for each in check(PORTUGUESE).claims}
    assert verdicts == {
        "404 for no participant": "unknown",
        "POST /api/v2/conversations/calls/{conversationId}/participants/user/{userId}": "real",
        START: "real",
        "conversation:cobrowse:add": "real",
        "conversation:cobrowseVoice:add": "real",
        "postConversationCobrowse": "real",
        "cobrowse:write": "wrong",
        "GET /api/v2/cobrowse/providers": "wrong",
    }


NASTY = [
    "/",
    "{",
    '"',
    "a:",
    "/api/v2/",
    "scope: a, ",
    '{"a":',
    "POST /cobrowse {",
    "A > ",
    "getA",
    "http://",
    "`closed` chat state ",
]

NONSENSE = MAX_PASTE // 20  # characters; of more than these, only the beginning is read


@pytest.mark.parametrize("piece", NASTY)
def test_a_large_text_of_nonsense_is_read_to_its_end(piece: str) -> None:
    """A reader that is not linear would never end."""
    assert len(check((piece * NONSENSE)[:NONSENSE]).claims) <= MAX_CLAIMS


def test_a_text_over_the_budget_is_checked_in_its_beginning_and_it_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock ticks once per check, so that nothing depends on the machine."""
    monkeypatch.setattr(time_budget, "GRACE_SECONDS", 1_000_000)
    ticks = count()
    with time_budget.limited(3_000, lambda: next(ticks)):
        checked = check_text("GET /api/v2/cobrowse/providers\n" * 20_000, bundled())
    assert checked.partial
    assert checked.has_wrong_claims
    assert len(checked.masked) <= BEGINNING


def test_nothing_is_shown_of_a_text_whose_beginning_takes_too_long() -> None:
    ticks = count()
    with time_budget.limited(0, lambda: next(ticks)):
        checked = check_text(f"Authorization: Bearer {TOKEN} GET /api/v2/cobrowse/providers", bundled())
    assert checked.partial
    assert (checked.claims, checked.masked) == ((), "")
