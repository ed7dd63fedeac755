"""The demo's rows: clients once, a history that is consistent, nothing secret in it, nothing done twice."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.utils import timezone

from diagnostics.demo import history, registration, seed, story
from diagnostics.demo.scenarios import scenarios
from diagnostics.demo.server import Running, ensure_running
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, OrgChange
from diagnostics.runs.models import Run
from tests.builders.demo_history import put_demo_history
from tests.factories import make_client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def endpoints() -> Iterator[Running]:
    """A stand-in leaves its endpoints in the settings, as a command wants; a test puts them back. The servers stay, because
    rows of the history name their ports."""
    before = settings.GENESYS_ENDPOINTS
    settings.GENESYS_ENDPOINTS = {key: value for key, value in before.items() if not key.startswith("demo-")}
    yield ensure_running()
    settings.GENESYS_ENDPOINTS = before


def state_of(name: str) -> str:
    return OAuthClient.objects.get(name=name).state


def test_it_registers_verifies_and_creates_the_history() -> None:
    seeded = put_demo_history()
    assert seeded.clients == OAuthClient.objects.count() == len({each.client for each in scenarios()})
    assert seeded.runs == Run.objects.count() == len(story.moments(timezone.now()))
    assert state_of("Demo: published API") == state_of("Demo: no role") == OAuthClient.State.VERIFIED
    assert state_of("Demo: wrong secret") == state_of("Demo: disabled client") == OAuthClient.State.FAILED
    assert OAuthClient.objects.get(name="Demo: provider gateway").gateway is True
    assert OAuthClient.objects.get(name="Demo: published API").gateway is False
    statuses = dict(OAuthClient.objects.values_list("name", "status_cause"))
    assert statuses["Demo: no role"] == "authz.permission_missing"
    assert statuses["Demo: wrong secret"] == "auth.client_rejected"
    assert statuses["Demo: org without the licence"] == "config.feature_not_licensed"
    unknown = OAuthClient.objects.filter(status=OAuthClient.Status.UNKNOWN)
    assert [each.name for each in unknown] == ["Demo: role with a condition"]  # which nobody can decide from outside
    assert not OAuthClient.objects.filter(environment="").exists()


def test_done_again_it_changes_nothing() -> None:
    put_demo_history()
    rows = list(Run.objects.values_list("pk", "created_at", "cause"))
    readings = ConfigurationSync.objects.count()
    assert seed.seed() == seed.Seeded(clients=0, runs=0)
    assert list(Run.objects.values_list("pk", "created_at", "cause")) == rows
    assert ConfigurationSync.objects.count() == readings


def test_a_demo_client_asked_for_by_name_is_registered_without_a_history() -> None:
    registration.register_named("demo: PUBLISHED api")
    assert OAuthClient.objects.filter(name="Demo: provider gateway").exists()
    assert not Run.objects.exists()


def test_any_other_name_registers_nothing() -> None:
    registration.register_named("Demo: nobody")
    assert not OAuthClient.objects.exists()


def test_a_client_of_that_name_that_is_not_ours_is_left_alone() -> None:
    other = make_client("demo: Published API", region="eu-west-1")
    seeded = seed.seed()
    other.refresh_from_db()
    assert (other.region, seeded.runs) == ("eu-west-1", 0)
    assert not OAuthClient.objects.filter(name="Demo: published API").exists()


def test_a_story_that_breaks_off_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "store_copies", lambda copies: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        seed.seed()
    assert not Run.objects.exists()
    assert not ConfigurationSync.objects.exists()
    assert not OrgChange.objects.exists()
    assert settings.GENESYS_ENDPOINTS["demo-published"]["api"] == ensure_running().urls["published"]
