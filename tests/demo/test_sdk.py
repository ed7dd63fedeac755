"""The official Python SDK as a client: what it reads as typed answers is not our fiction."""

from datetime import UTC
from importlib import import_module
from typing import Any

import pytest

from tests.demo.conftest import FULL, Visitor

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def genesys() -> Any:
    """The SDK: thousands of modules, so only the process that runs these tests imports them."""
    return import_module("PureCloudPlatformClientV2")


def sdk(genesys: Any, visitor: Visitor, name: str = FULL) -> Any:
    client = visitor.client(name)
    return genesys.ApiClient(host=visitor.url).get_client_credentials_token(client.id, client.secret)


def test_a_refused_login(genesys: Any, published: Visitor) -> None:
    with pytest.raises(genesys.rest.ApiException) as refused:
        genesys.ApiClient(host=published.url).get_client_credentials_token(published.client().id, "wrong")
    assert refused.value.status == 400


def test_a_web_messaging_conversation(genesys: Any, published: Visitor) -> None:
    found = genesys.ConversationsApi(sdk(genesys, published)).get_conversation(published.conversation("healthy-web"))
    customer, *_, agent = found.participants
    assert (customer.purpose, agent.purpose) == ("customer", "agent")
    assert customer.messages[0].state == agent.messages[0].state == "connected"
    assert customer.messages[0].type == "webmessaging"
    assert found.end_time is None
    assert found.start_time.tzinfo == UTC or found.start_time.utcoffset().total_seconds() == 0
    assert found.divisions[0].division.name == "Home"


@pytest.mark.parametrize(
    ("slug", "field", "state"),
    [
        ("healthy-voice", "calls", "connected"),
        ("email", "emails", "connected"),
        ("callback", "callbacks", "connected"),
        ("legacy-chat", "chats", "connected"),
        ("whatsapp", "messages", "connected"),
        ("parked", "messages", "parked"),
        ("alerting", "messages", "alerting"),
        ("ended", "messages", "disconnected"),
    ],
)
def test_every_medium_and_state_is_one_that_the_sdk_knows(
    genesys: Any, published: Visitor, slug: str, field: str, state: str
) -> None:
    found = genesys.ConversationsApi(sdk(genesys, published)).get_conversation(published.conversation(slug))
    assert getattr(found.participants[-1], field)[0].state == state


def test_media_views_and_analytics(genesys: Any, published: Visitor) -> None:
    api = sdk(genesys, published)
    view = genesys.ConversationsApi(api).get_conversations_message(published.conversation("healthy-web"))
    assert view.participants[-1].user.name is None or view.participants[-1].user.id
    assert [participant.state for participant in view.participants][-1] == "connected"
    record = genesys.AnalyticsApi(api).get_analytics_conversation_details(published.conversation("ended-history"))
    assert record.conversation_end > record.conversation_start
    assert record.participants[0].sessions[0].media_type == "message"


def test_deployments_and_their_configuration(genesys: Any, published: Visitor) -> None:
    api = genesys.WebDeploymentsApi(sdk(genesys, published))
    listing = api.get_webdeployments_deployments(expand=["Configuration"])
    assert listing.entities[0].status == "Active"
    assert listing.entities[0].configuration.cobrowse.channels == ["Webmessaging", "Voice"]
    active = api.get_webdeployments_deployment_configurations(listing.entities[0].id)
    assert active.configuration_version.cobrowse.enabled is True
    assert api.get_webdeployments_configurations(show_only_published=True).entities[0].date_published is not None


def test_who_the_client_is(genesys: Any, published: Visitor) -> None:
    api = sdk(genesys, published)
    info = genesys.TokensApi(api).get_tokens_me()
    assert info.o_auth_client.authorized_grant_type == "CLIENT-CREDENTIALS"
    assert info.o_auth_client.role_divisions[0].role_id
    assert info.organization.id == genesys.OrganizationApi(api).get_organizations_me().id
    assert genesys.OAuthApi(api).get_oauth_client(published.client().id).state == "active"


def test_what_the_client_may_do(genesys: Any, published: Visitor) -> None:
    api = genesys.AuthorizationApi(sdk(genesys, published))
    subject = api.get_authorization_subjects_me(include_full_roles=True)
    policies = {(policy.entity_name, *policy.actions) for policy in subject.grants[0].role.policies}
    assert ("cobrowse", "add") in policies
    role = api.get_authorization_role(subject.grants[0].role.id)
    assert role.permission_policies[0].action_set
    catalogue = api.get_authorization_permissions(page_size=100)
    assert any("cobrowseVoice" in entity.permission_map for entity in catalogue.entities)
    permitted = api.get_authorization_divisionspermitted_paged_me("conversation:cobrowse:add")
    assert {division.name for division in permitted.entities} == {"Home", "Support EMEA"}


def test_a_404_is_an_api_exception(genesys: Any, published: Visitor) -> None:
    with pytest.raises(genesys.rest.ApiException) as refused:
        genesys.ConversationsApi(sdk(genesys, published)).get_conversation("00000000-0000-4000-8000-000000000000")
    assert refused.value.status == 404
    assert "conversation.error.conversation.not.found" in refused.value.body
    assert refused.value.headers["ININ-Correlation-Id"]


def test_a_403_is_an_api_exception(genesys: Any, published: Visitor) -> None:
    with pytest.raises(genesys.rest.ApiException) as refused:
        genesys.ConversationsApi(sdk(genesys, published, "Demo: no role")).get_conversation(
            published.conversation("healthy-web")
        )
    assert refused.value.status == 403
    assert "missing.any.permissions" in refused.value.body


def test_a_started_session(genesys: Any, published: Visitor) -> None:
    session = genesys.ConversationsApi(sdk(genesys, published)).post_conversation_cobrowse(
        published.conversation("healthy-voice")
    )
    assert session.communication_type == "Call"
    assert session.date_offer_ends is not None
