"""The published API: identity, catalogue, deployments, conversations, and the shape of what is refused."""

import pytest
import requests

from tests.demo.conftest import FULL, Visitor

ERROR_FIELDS = {"message", "code", "status", "contextId", "details", "errors"}


def test_an_error_carries_its_correlation_id_in_body_and_header(published: Visitor) -> None:
    answer = published.ask("/api/v2/nothing/here")
    assert answer.status_code == 404
    assert set(answer.json()) >= ERROR_FIELDS
    assert answer.json()["contextId"] == answer.headers["ININ-Correlation-Id"]


def test_the_rate_limit_counts_each_request_of_a_token(published: Visitor) -> None:
    counts = [published.ask("/api/v2/tokens/me").headers["inin-ratelimit-count"] for _ in range(3)]
    assert counts == ["1", "2", "3"]


def test_the_rate_limit_ends_in_429_with_retry_after(published: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagnostics.demo.tokens.PER_MINUTE", 2)
    answers = [published.ask("/api/v2/tokens/me") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json()["code"] == "too.many.requests"
    assert int(answers[2].headers["Retry-After"]) > 0


def test_tokens_me_names_org_and_client(published: Visitor) -> None:
    found = published.ask("/api/v2/tokens/me").json()
    assert found["organization"]["name"] == "Brightwater Retail (demo)"
    assert found["OAuthClient"]["authorizedGrantType"] == "CLIENT-CREDENTIALS"
    assert found["authorizedScope"] == []


def test_tokens_me_answers_head_without_a_body(published: Visitor) -> None:
    answer = published.ask("/api/v2/tokens/me", method="HEAD")
    assert (answer.status_code, answer.content) == (200, b"")


def test_full_roles_come_only_when_asked_for(published: Visitor) -> None:
    short = published.ask("/api/v2/authorization/subjects/me").json()
    full = published.ask("/api/v2/authorization/subjects/me?includeFullRoles=true").json()
    assert "policies" not in short["grants"][0]["role"]
    assert {"domain": "conversation", "entityName": "cobrowse", "actions": ["add"]} in full["grants"][0]["role"][
        "policies"
    ]


def test_a_condition_shows_on_its_policy(published: Visitor) -> None:
    name = "Demo: role with a condition"
    subject = published.ask("/api/v2/authorization/subjects/me?includeFullRoles=true", name).json()
    conditional = [policy for policy in subject["grants"][0]["role"]["policies"] if "condition" in policy]
    assert {policy["entityName"] for policy in conditional} == {"cobrowse", "cobrowseVoice"}


def test_a_role_is_read_by_id(published: Visitor) -> None:
    role_id = published.client().grants[0][0]
    role = published.ask(f"/api/v2/authorization/roles/{role_id}").json()
    policies = {(policy["entityName"], *policy["actionSet"]) for policy in role["permissionPolicies"]}
    assert ("cobrowse", "add") in policies


@pytest.mark.parametrize(
    "path",
    [
        "/api/v2/users/me",
        "/api/v2/conversations",
        "/api/v2/conversations/messages",
        "/api/v2/conversations/calls",
        "/api/v2/conversations/cobrowsesessions",
    ],
)
def test_calls_for_the_logged_in_user_refuse_client_credentials(published: Visitor, path: str) -> None:
    answer = published.ask(path)
    assert (answer.status_code, answer.json()["code"]) == (400, "not.a.user")


@pytest.mark.parametrize(
    ("kind", "query", "expected"),
    [
        ("permission", "conversation:cobrowse:add", {"cobrowse": 1}),
        ("permission", "cobrowse", {"cobrowse": 1, "cobrowseVoice": 1}),
        ("domain", "oauth", {"client": 5}),
    ],
)
def test_the_catalogue_can_be_searched(published: Visitor, kind: str, query: str, expected: dict[str, int]) -> None:
    answer = published.ask(f"/api/v2/authorization/permissions?queryType={kind}&query={query}")
    (entity,) = answer.json()["entities"]
    assert {name: len(actions) for name, actions in entity["permissionMap"].items()} == expected


def test_an_org_without_the_licence_lacks_the_permissions(published: Visitor) -> None:
    path = "/api/v2/authorization/permissions?queryType=permission&query=conversation:cobrowse"
    assert published.ask(path, "Demo: org without the licence").json()["entities"] == []


def test_the_published_org_has_none_of_the_invented_scopes(published: Visitor) -> None:
    scopes = {scope["id"] for scope in published.ask("/api/v2/oauth/scopes").json()["entities"]}
    assert "conversations" in scopes
    assert not any(scope.endswith(":write") for scope in scopes)


def test_a_deployment_expands_to_its_configuration(published: Visitor) -> None:
    plain = published.ask("/api/v2/webdeployments/deployments").json()["entities"][0]
    whole = published.ask("/api/v2/webdeployments/deployments?expand=Configuration").json()["entities"][0]
    assert "cobrowse" not in plain["configuration"]
    assert whole["configuration"]["cobrowse"]["channels"] == ["Webmessaging", "Voice"]


def test_the_active_configuration_of_a_deployment(published: Visitor) -> None:
    deployment = published.ask("/api/v2/webdeployments/deployments").json()["entities"][0]
    active = published.ask(f"/api/v2/webdeployments/deployments/{deployment['id']}/configurations").json()
    version = active["configurationVersion"]
    assert version["cobrowse"]["enabled"] is True
    path = f"/api/v2/webdeployments/configurations/{version['id']}/versions/{version['version']}"
    assert published.ask(path).json()["id"] == version["id"]


def test_drafts_can_be_left_out(published: Visitor) -> None:
    path = "/api/v2/webdeployments/configurations"
    every, only = published.ask(path).json(), published.ask(f"{path}?showOnlyPublished=true").json()
    assert len(every["entities"]) == len(only["entities"]) + 1


def test_limits_of_a_namespace(published: Visitor) -> None:
    path = "/api/v2/organizations/limits/namespaces"
    keys = {limit["key"] for limit in published.ask(f"{path}/platform.api").json()["entities"]}
    assert "client.credentials.token.rate.per.minute" in keys
    assert published.ask(f"{path}/nothing").status_code == 404


def test_the_swagger_document_is_public_and_names_what_is_served(published: Visitor) -> None:
    document = requests.get(f"{published.url}/api/v2/docs/swagger", timeout=5).json()
    start = document["paths"]["/api/v2/conversations/{conversationId}/cobrowse"]["post"]
    assert start["x-inin-requires-permissions"]["type"] == "ANY"
    assert "/api/v2/cobrowse/providers" not in document["paths"]


def test_a_wrong_method_names_the_right_one(published: Visitor) -> None:
    answer = published.ask(f"/api/v2/conversations/{published.conversation('healthy-web')}/cobrowse")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v2/conversations/{id}/", 404, "not.found"),
        ("/api/v2/conversations//cobrowse", 404, "not.found"),
        ("/api/v2/conversations/chat/{id}/cobrowse", 404, "not.found"),
        ("/api/v2/cobrowse/providers", 404, "not.found"),
        ("/api/v2/conversations/not-an-id", 400, "invalid.value"),
        ("/api/v2/conversations/%7BconversationId%7D", 400, "invalid.value"),
        (
            "/api/v2/conversations/00000000-0000-4000-8000-000000000000",
            404,
            "conversation.error.conversation.not.found",
        ),
    ],
)
def test_what_is_not_there(published: Visitor, path: str, status: int, code: str) -> None:
    answer = published.ask(path.replace("{id}", published.conversation("healthy-web")))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_conversation_state_is_never_filled(published: Visitor) -> None:
    document = published.read("healthy-web").json()
    assert "state" not in document
    assert [leg["state"] for participant in document["participants"] for leg in participant["messages"]] == [
        "connected",
        "disconnected",
        "disconnected",
        "connected",
    ]


def test_a_conversation_that_is_only_history_is_found_by_analytics_alone(published: Visitor) -> None:
    wanted = published.conversation("ended-history")
    assert published.ask(f"/api/v2/conversations/{wanted}").status_code == 404
    record = published.ask(f"/api/v2/analytics/conversations/{wanted}/details").json()
    assert record["conversationEnd"] > record["conversationStart"]


def test_a_media_view_exists_only_for_the_medium(published: Visitor) -> None:
    wanted = published.conversation("healthy-voice")
    view = published.ask(f"/api/v2/conversations/calls/{wanted}").json()
    assert {participant["state"] for participant in view["participants"]} == {"connected", "terminated"}
    assert published.ask(f"/api/v2/conversations/messages/{wanted}").status_code == 404


def test_starting_a_session_answers_as_the_real_call_does(published: Visitor) -> None:
    path = f"/api/v2/conversations/{published.conversation('healthy-web')}/cobrowse"
    session = published.ask(path, method="POST").json()
    assert session["communicationType"] == "Message"
    assert {"joinCode", "websocketUrl", "dateOfferEnds"} <= set(session)


@pytest.mark.parametrize(
    ("slug", "name", "status"),
    [
        ("healthy-voice", FULL, 200),
        ("queued", FULL, 409),
        ("sms", FULL, 409),
        ("ended-history", FULL, 404),
        ("other-division", FULL, 403),
        ("healthy-web", "Demo: no role", 403),
    ],
)
def test_a_session_starts_only_where_it_may(published: Visitor, slug: str, name: str, status: int) -> None:
    path = f"/api/v2/conversations/{published.conversation(slug)}/cobrowse"
    assert published.ask(path, name, method="POST").status_code == status
