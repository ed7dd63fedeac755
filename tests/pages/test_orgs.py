"""The list of orgs, one org with its tabs, and health checks that are started by hand."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run
from tests.factories import make_client, make_issue, make_org_change, make_provider, make_run, make_snapshot

pytestmark = pytest.mark.django_db
TABS = ("org", "org-providers", "org-permissions", "org-changes", "org-impact")


def make_org(name: str, **values: Any) -> OAuthClient:
    return make_client(name, **{"org_id": name.replace(" ", "-"), "org_name": name, **values})


def names(browser: Client, query: str = "") -> list[str]:
    return [row.org.name for row in browser.get(f"/orgs/?{query}").context["found"].rows]


def test_orgs_that_need_attention_come_first(as_lead: Client) -> None:
    make_org("A well", status="works")
    make_org("B unknown", environment="production")
    make_org("C sandbox", status="broken", environment="sandbox")
    make_org("D production", status="broken", environment="production")
    assert names(as_lead) == ["D production", "C sandbox", "B unknown", "A well"]
    assert names(as_lead, "sort=name") == ["A well", "B unknown", "C sandbox", "D production"]


def test_clients_of_one_org_are_one_row_and_unverified_ones_a_row_each(as_lead: Client) -> None:
    make_org("Acme", status="works")
    make_client("second", org_id="Acme", org_name="Acme", status="broken")
    make_client("new", org_id="", org_name="", state="unverified")
    make_client("newer", org_id="", org_name="", state="unverified")
    rows = {row.org.name: row.org for row in as_lead.get("/orgs/").context["found"].rows}
    assert {name: len(org.clients) for name, org in rows.items()} == {"Acme": 2, "new": 1, "newer": 1}
    assert (rows["Acme"].status, rows["Acme"].is_known, rows["new"].is_known) == ("broken", True, False)


def test_filters_and_search_limit_the_list(as_lead: Client) -> None:
    make_org("One", status="broken", environment="production")
    make_org("Two", status="works", environment="production")
    make_org("Three", status="works")
    for query, found in (
        ("status=broken", {"One"}),
        ("environment=production", {"One", "Two"}),
        ("environment=unset", {"Three"}),
        ("q=three", {"Three"}),
        ("q=nothing", set()),
    ):
        assert set(names(as_lead, query)) == found


@pytest.mark.parametrize(
    ("query", "ignored"),
    [
        ("status=dead", "status"),
        ("sort=colour", "sort"),
        ("colour=red", "colour"),
        ("q=" + "x" * 100_000, "q"),
        ("page=99999999999999999999", ""),
        ("page=-1", ""),
        ("retired=%F0%9F%98%80&q=%00", ""),
    ],
)
def test_invalid_filters_are_named_and_ignored(as_lead: Client, query: str, ignored: str) -> None:
    make_org("Acme")
    response = as_lead.get(f"/orgs/?{query}")
    assert response.status_code == 200
    assert [name for name, _ in response.context["form"].left_out()] == ([ignored] if ignored else [])


def test_a_page_past_the_last_one_is_the_last_one(as_lead: Client) -> None:
    for number in range(27):
        make_org(f"Org {number:02}")
    assert names(as_lead, "sort=name&page=50") == ["Org 25", "Org 26"]


def test_a_status_found_by_the_first_check_may_be_older(as_lead: Client) -> None:
    client, at = make_org("Acme"), timezone.now() - timedelta(days=3)
    OAuthClient.objects.update(status="broken", status_since=at, status_at=at)
    change = make_org_change(client, about="status", at=at, not_before=None)
    (row,) = as_lead.get("/orgs/").context["found"].rows
    assert (row.org.since, row.org.checked_at, row.is_since_at_least) == (at, at, True)
    change.not_before = at - timedelta(hours=1)
    change.save()
    assert not as_lead.get("/orgs/").context["found"].rows[0].is_since_at_least


def test_open_issues_are_counted_without_those_of_one_call(as_lead: Client) -> None:
    client = make_org("Acme")
    make_issue(client, target="")
    make_issue(client, target="call:POST /api/v2/x")
    assert as_lead.get("/orgs/").context["found"].rows[0].issues == 1


def test_retired_clients_have_their_own_list(as_lead: Client) -> None:
    make_org("Old", retired_at=timezone.now())
    make_org("Used")
    assert (names(as_lead), names(as_lead, "retired=on")) == (["Used"], ["Old"])


def test_the_number_of_queries_does_not_grow(as_lead: Client, queries_of: Callable[[Client, str], int]) -> None:
    def add(number: int) -> None:
        client = make_org(f"org {number}", status="broken", status_since=timezone.now())
        make_run(client)
        make_snapshot(client)

    add(0)
    alone = [queries_of(as_lead, place) for place in ("/orgs/", "/orgs/?q=org")]
    for number in range(1, 6):
        add(number)
    assert [queries_of(as_lead, place) for place in ("/orgs/", "/orgs/?q=org")] == alone


@pytest.mark.parametrize("org_id", ["", "8c3c1b0a", "client-7", "an/odd id", "\N{SNOWMAN}"])
def test_every_org_has_a_page_with_tabs(as_lead: Client, org_id: str) -> None:
    client = make_client("Mine", org_id=org_id, org_name="")
    key = as_lead.get("/orgs/").context["found"].rows[0].org.key
    for tab in TABS:
        response = as_lead.get(reverse(tab, args=[key]))
        assert response.status_code == 200
        assert [each.pk for each in response.context["org"].clients] == [client.pk]


@pytest.mark.parametrize("key", ["nobody", "client-0", "client-" + "9" * 18, "x" * 400, "%00", "\N{SNOWMAN}"])
def test_an_unknown_org_is_not_found(as_lead: Client, key: str) -> None:
    make_org("Acme")
    assert as_lead.get(f"/orgs/{key}/").status_code == 404


def test_a_deployment_that_two_clients_see_is_one_row(as_lead: Client) -> None:
    first, second = make_org("Acme"), make_client("second", org_id="Acme", org_name="Acme")
    for client in (first, second, make_org("Other")):
        make_provider(client, "d1")
    for place, count in (("/orgs/Acme/providers/", 1), ("/providers/", 2)):
        page = as_lead.get(place).context["page"]
        assert (len(page.providers), page.count) == (count, count)
    assert as_lead.get("/orgs/Acme/providers/").context["sources"].lines[0].count == 1


def test_a_change_that_two_clients_see_is_one_row(as_lead: Client) -> None:
    now = timezone.now()
    for client in (make_org("Acme"), make_client("second", org_id="Acme", org_name="Acme")):
        provider = make_provider(client, "d1")
        make_org_change(client, provider=provider, ref="d1", at=now, not_before=now - timedelta(hours=1))
    assert len(as_lead.get("/orgs/Acme/changes/").context["page"].rows) == 1


def test_a_health_check_is_started_by_hand(as_admin: Client, sent_tasks: list[tuple[str, int]]) -> None:
    client = make_org("Acme")
    response = as_admin.post(f"/clients/{client.pk}/health/")
    run = Run.objects.get()
    assert (response.headers["Location"], run.kind, run.client_id) == (f"/runs/{run.pk}/", "health", client.pk)
    assert as_admin.post(f"/clients/{make_org('Old', retired_at=timezone.now()).pk}/health/").status_code == 404


@pytest.mark.parametrize("place", ["/clients/", "/touches/", "/providers/orgs/", "/contract/"])
def test_old_addresses_redirect(as_lead: Client, place: str) -> None:
    assert as_lead.get(place).status_code == 301
