"""The data files agree with one another and with the product's vocabulary."""

import pytest

from diagnostics.demo import documents, orgs
from diagnostics.demo.scenarios import Scenario, scenario, scenarios
from diagnostics.engine import causes

ENDPOINTS = {key: orgs.load_endpoint(key) for key in orgs.KEYS}
every_scenario = pytest.mark.parametrize("each", scenarios(), ids=lambda each: each.id)


def test_there_are_enough_and_none_twice() -> None:
    ids = [each.id for each in scenarios()]
    assert len(ids) >= 40
    assert len(ids) == len(set(ids))


@every_scenario
def test_a_scenario_names_what_there_is(each: Scenario) -> None:
    clients = {client.name for org in ENDPOINTS[each.org].orgs for client in org.clients}
    assert each.client in clients
    assert each.cause in causes.TITLES
    assert each.certainty in ("proved", "likely", "undetermined")
    assert each.call or each.conversation_id
    assert each.why.endswith(".")


@every_scenario
def test_a_scenario_holds_no_secret(each: Scenario) -> None:
    assert "demo-only" not in each.call + each.answer


def test_the_wrong_ids_are_those_of_a_participant_and_of_its_communication() -> None:
    org = ENDPOINTS["published"].orgs[0]
    spec = next(item for item in org.conversations.values() if item["slug"] == "healthy-web")
    agent = documents.conversation(org, spec)["participants"][3]
    assert scenario("participant-id").conversation_id == agent["id"]
    assert scenario("communication-id").conversation_id == agent["messages"][0]["id"]


def test_client_names_and_ids_are_unique_over_both_endpoints() -> None:
    clients = [client for endpoint in ENDPOINTS.values() for org in endpoint.orgs for client in org.clients]
    assert len({client.name for client in clients}) == len({client.id for client in clients}) == len(clients)
    assert all(client.secret.startswith("demo-only-") for client in clients)


def test_grants_policies_and_references_lead_somewhere() -> None:
    for org in (org for endpoint in ENDPOINTS.values() for org in endpoint.orgs):
        for role, division in (grant for client in org.clients for grant in client.grants):
            assert role in org.roles
            assert division in org.divisions
        for spec in org.conversations.values():
            assert spec["division"] in org.divisions
            assert {item["user"] for item in spec["participants"] if "user" in item} <= set(org.users)
            assert {item["queue"] for item in spec["participants"] if "queue" in item} <= set(org.queues)
        configurations = {item["id"] for item in org.configurations}
        assert {item["configuration"]["id"] for item in org.deployments} <= configurations


def test_an_unknown_scenario_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        scenario("no-such-thing")
