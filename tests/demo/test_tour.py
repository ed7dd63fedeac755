"""What a newcomer is shown first, and when it goes away."""

import pytest
from django.utils import timezone

from diagnostics.demo import story
from diagnostics.demo.tour import tour
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run
from tests.factories import make_client, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def clients() -> dict[str, OAuthClient]:
    return {name: make_client(name, region="demo-published") for name in story.CLIENTS}


@pytest.fixture
def runs(clients: dict[str, OAuthClient]) -> dict[str, Run]:
    def run(client: str, cause: str) -> Run:
        return make_run(clients[client], cause=cause, source=Run.Source.DEMO)

    return {
        "long ago": run(story.PRODUCTION_CLIENT, "none"),
        "good": run(story.PRODUCTION_CLIENT, "none"),
        "first bad": run(story.PRODUCTION_CLIENT, "config.cobrowse_disabled"),
        "bad": run(story.PRODUCTION_CLIENT, "config.cobrowse_disabled"),
        "sandbox": run(story.SANDBOX_CLIENT, "none"),
    }


def test_it_leads_to_the_last_good_run_and_the_newest_bad_one(runs: dict[str, Run]) -> None:
    found = tour(None)
    assert found is not None
    assert (found.good, found.bad, found.sandbox) == (runs["good"], runs["bad"], runs["sandbox"])
    assert found.client.name == found.call.client


def is_new() -> bool:
    found = tour(None)
    assert found is not None
    return found.is_new


def test_it_is_new_until_there_is_a_run_of_ones_own(runs: dict[str, Run]) -> None:
    assert is_new()
    make_run(runs["good"].client, source=Run.Source.CLI)
    assert not is_new()


def test_it_is_new_until_there_is_an_org_of_ones_own(runs: dict[str, Run]) -> None:
    make_client("Acme")
    assert not is_new()


def test_once_the_demos_clients_are_retired_there_is_none(runs: dict[str, Run]) -> None:
    OAuthClient.objects.update(retired_at=timezone.now())
    assert tour(None) is None


@pytest.mark.parametrize("name", [story.PUBLISHED_CLIENT, story.PRODUCTION_CLIENT])
def test_there_is_none_without_a_client_of_the_story(runs: dict[str, Run], name: str) -> None:
    OAuthClient.objects.filter(name=name).update(name="Renamed")
    assert tour(None) is None


def test_there_is_none_without_a_history(clients: dict[str, OAuthClient]) -> None:
    assert tour(None) is None
