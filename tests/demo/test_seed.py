"""The demo's rows: clients once, a history that is consistent, nothing secret in it, nothing done twice."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from diagnostics.demo import history, seed, story
from diagnostics.demo.scenarios import scenarios
from diagnostics.demo.server import Running, ensure_running
from diagnostics.models import Exchange, Finding, OAuthClient, Run
from tests.factories import make_client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def endpoints() -> Iterator[Running]:
    """A stand-in leaves its endpoints in the settings, as a command wants; a test puts them back."""
    before = settings.GENESYS_ENDPOINTS
    settings.GENESYS_ENDPOINTS = {key: value for key, value in before.items() if not key.startswith("demo-")}
    yield ensure_running()
    settings.GENESYS_ENDPOINTS = before
    ensure_running().stop()


def state_of(name: str) -> str:
    return OAuthClient.objects.get(name=name).state


def test_it_registers_verifies_and_tells_the_story() -> None:
    seeded = seed.seed()
    assert seeded.clients == OAuthClient.objects.count() == len({each.client for each in scenarios()})
    assert seeded.runs == Run.objects.count() == len(story.moments(timezone.now()))
    assert state_of("Demo: published API") == state_of("Demo: no role") == OAuthClient.State.VERIFIED
    assert state_of("Demo: wrong secret") == state_of("Demo: disabled client") == OAuthClient.State.FAILED
    assert OAuthClient.objects.get(name="Demo: provider gateway").gateway is True
    assert OAuthClient.objects.get(name="Demo: published API").gateway is False


def test_done_again_it_changes_nothing() -> None:
    seed.seed()
    rows = list(Run.objects.values_list("pk", "created_at", "cause"))
    assert seed.seed() == seed.Seeded(clients=0, runs=0)
    assert list(Run.objects.values_list("pk", "created_at", "cause")) == rows


def test_a_demo_client_asked_for_by_name_is_registered_without_a_history() -> None:
    seed.register_named("demo: PUBLISHED api")
    assert OAuthClient.objects.filter(name="Demo: provider gateway").exists()
    assert not Run.objects.exists()


def test_any_other_name_registers_nothing() -> None:
    seed.register_named("Demo: nobody")
    assert not OAuthClient.objects.exists()


def test_a_client_of_that_name_that_is_not_ours_is_left_alone() -> None:
    theirs = make_client("demo: Published API", region="eu-west-1")
    seeded = seed.seed()
    theirs.refresh_from_db()
    assert (theirs.region, seeded.runs) == ("eu-west-1", 0)
    assert not OAuthClient.objects.filter(name="Demo: published API").exists()


def test_the_history_is_of_the_past_and_in_order() -> None:
    seed.seed()
    runs = list(Run.objects.order_by("pk"))
    assert all(one.created_at <= other.created_at for one, other in pairwise(runs))
    assert timedelta(days=27) < timezone.now() - runs[0].created_at < timedelta(days=30)
    assert runs[-1].created_at < timezone.now()
    for run in runs:
        assert (run.status, run.source) == (Run.Status.FINISHED, Run.Source.DEMO)
        assert run.started_at is not None and run.finished_at is not None and run.duration_ms is not None
        assert run.created_at <= run.started_at <= run.finished_at


def test_the_story_has_its_turns() -> None:
    seed.seed()
    told = [(run.kind, run.cause) for run in Run.objects.filter(client__name=story.PUBLISHED_CLIENT).order_by("pk")]
    broken = [position for position, each in enumerate(told) if each == ("health", "authz.permission_missing")]
    assert len(broken) == len(story.DAYS_WITHOUT_ROLE) * len(story.HEALTH_HOURS)
    assert told[0] == told[broken[0] - 1] == told[-1] == ("health", "none")
    assert {"path.not_in_api", "conv.ended", "conv.not_connected"} <= {cause for _, cause in told}
    gateway = Run.objects.filter(client__name=story.GATEWAY_CLIENT).order_by("pk")
    assert [run.cause for run in gateway if run.kind == "diagnosis"] == [
        "authz.scope_missing",
        "none",
        "provider.mismatch",
        "none",
    ]


def test_every_copy_keeps_what_the_original_found() -> None:
    seed.seed()
    for run in Run.objects.prefetch_related("findings", "exchanges"):
        findings, exchanges = list(run.findings.all()), list(run.exchanges.all())
        anchors = {finding.anchor for finding in findings}
        assert {finding.check_id for finding in findings} == set(run.planned)
        assert set(run.verdict["because"]) <= anchors
        assert exchanges
        assert [each.position for each in exchanges] == list(range(len(exchanges)))


def test_no_two_exchanges_share_a_correlation_id() -> None:
    seed.seed()
    ids = [each for each in Exchange.objects.values_list("correlation_id", flat=True) if each]
    assert len(ids) == len(set(ids)) > 100


def test_the_exchanges_show_the_endpoint_that_is_served() -> None:
    seed.seed()
    hosts = {url.split("/")[2] for url in Exchange.objects.values_list("url", flat=True)}
    assert hosts == {f"127.0.0.1:{port}" for port in ensure_running().ports.values()}


def test_no_secret_and_no_customer_is_in_the_rows() -> None:
    seed.seed()
    rows: list[Any] = [*Run.objects.values_list(), *Finding.objects.values_list(), *Exchange.objects.values_list()]
    text = str(rows)
    assert "demo-only-" not in text
    assert "Lindqvist" not in text
    assert "joinCode" not in text


def test_a_story_that_breaks_off_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "store", lambda copies: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        seed.seed()
    assert not Run.objects.exists()
    assert settings.GENESYS_ENDPOINTS["demo-published"]["api"] == ensure_running().urls["published"]
