"""The first page tells what to do next."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics.orgs.models import OAuthClient
from tests.factories import make_client, make_exchange, make_org_change, make_run, make_snapshot

pytestmark = pytest.mark.django_db


def test_no_page_carries_inline_script_or_style(as_admin: Client) -> None:
    run = make_run()
    for place in ("/", "/clients/add/", f"/runs/{run.pk}/", "/settings/users/"):
        page = as_admin.get(place).content
        assert b"<style" not in page
        assert b" style=" not in page
        assert b"onclick" not in page
        assert b"<script>" not in page


def test_those_in_need_come_first(as_lead: Client) -> None:
    make_client("A well", status="works")
    make_client("B unread", environment="production")
    make_client("C sandbox", status="broken", environment="sandbox")
    make_client("D production", status="broken", environment="production", status_cause="authz.permission_missing")
    page = as_lead.get("/clients/?sort=need").content.decode()
    assert page.index("D production") < page.index("C sandbox") < page.index("B unread") < page.index("A well")


def test_filters_and_search_narrow_the_overview(as_lead: Client) -> None:
    make_client("One", status="broken", environment="production", org_name="Acme")
    make_client("Two", status="works", environment="production", org_name="Umbrella")
    make_client("Three", status="works", org_name="Umbrella")
    for query, names in (
        ("status=broken", {"One"}),
        ("environment=production", {"One", "Two"}),
        ("environment=unsaid", {"Three"}),
        ("q=umbrella", {"Two", "Three"}),
        ("q=umbrella&environment=production&status=works", {"Two"}),
        ("q=nothing+of+that", set()),
    ):
        rows = as_lead.get(f"/clients/?{query}").context["page"].rows
        assert {row.client.name for row in rows} == names


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("status=dead", "status"),
        ("page=-1", "page"),
        ("page=99999999999999999999", "page"),
        ("sort=colour", "sort"),
        ("colour=red", "colour"),
        ("q=" + "x" * 100_000, "q"),
        ("retired=%F0%9F%98%80", ""),
    ],
)
def test_what_is_not_understood_is_named_and_the_rest_shown(as_lead: Client, query: str, named: str) -> None:
    make_client()
    for place in ("/clients/",):
        answer = as_lead.get(f"{place}?{query}")
        assert answer.status_code == 200
        assert (
            any(each.startswith((named, f"'{named}'")) for each in answer.context["narrowed"].complaints) or not named
        )


def test_a_page_past_the_last_one_is_the_last_one(as_lead: Client) -> None:
    for number in range(27):
        make_client(f"Client {number:02}")
    page = as_lead.get("/clients/?sort=name&page=50").context["page"]
    assert (page.page, page.pages, [row.client.name for row in page.rows]) == (2, 2, ["Client 25", "Client 26"])


def test_it_says_since_when_and_how_old_the_reading_is(as_lead: Client) -> None:
    client = make_client()
    at = timezone.now() - timedelta(days=3)
    OAuthClient.objects.update(status="broken", status_since=at, status_at=at)
    make_snapshot(client, finished_at=at)
    make_snapshot(client, state="failed")
    make_snapshot(client, state="reading", finished_at=None)
    change = make_org_change(client, about="standing", at=at, not_before=None)
    (row,) = as_lead.get("/clients/?sort=need").context["page"].rows
    assert (row.read_at, row.is_being_read, row.since_at_least) == (at, True, True)
    change.not_before = at - timedelta(hours=1)
    change.save()
    assert not as_lead.get("/clients/?sort=need").context["page"].rows[0].since_at_least


def test_retired_clients_are_on_a_list_of_their_own(as_lead: Client) -> None:
    make_client("Gone", retired_at=timezone.now())
    make_client("There")
    assert b"Gone" not in as_lead.get("/clients/").content
    page = as_lead.get("/clients/?retired=on").content
    assert b"Gone" in page
    assert b"There" not in page


def test_the_number_of_queries_does_not_grow(as_lead: Client, queries_of: Callable[[Client, str], int]) -> None:
    def add(number: int) -> None:
        client = make_client(f"client {number}", status="broken", status_since=timezone.now())
        make_run(client)
        make_snapshot(client)

    add(0)
    alone = [queries_of(as_lead, place) for place in ("/", "/clients/", "/clients/?q=client")]
    for number in range(1, 6):
        add(number)
    assert [queries_of(as_lead, place) for place in ("/", "/clients/", "/clients/?q=client")] == alone


def test_the_tier_stands_on_every_page_of_a_run(as_admin: Client, settings: Any) -> None:
    run = make_run(make_client(environment="production"))
    make_exchange(run)
    settings.FIELD_ENCRYPTION_KEYS = ["cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="]  # no page reads the secret
    for place in ("", "history/", "live/", "exchanges/0/"):
        page = as_admin.get(f"/runs/{run.pk}/{place}").content
        assert b"tier-production" in page, place
