"""Who is limited to some orgs meets nothing of the others: on no page, in no list, choice, count or export."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from diagnostics.accounts.models import AuditEntry, User
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run
from tests.accounts.test_access_by_role import ADDRESSES, browser_of
from tests.builders.months import end_month
from tests.factories import (
    make_channel,
    make_delivery,
    make_exchange,
    make_finding,
    make_held_permission,
    make_incident,
    make_issue,
    make_org_change,
    make_provider,
    make_rule,
    make_run,
    make_saved_view,
    make_schedule,
    make_snapshot,
    make_user,
)
from tests.factories import make_client as make_any_client

pytestmark = pytest.mark.django_db

# Stands in every name and id of the org that is not theirs, and in nothing else.
FOREIGN = "zebra"
START = "conversation:cobrowse:add"
NARROWED = (
    "/runs/?client={client}",
    "/runs/?org=zebra-org",
    "/runs/?sort=slowest",
    "/runs/matrix/?client={client}",
    "/runs/causes/?client={client}",
    "/runs/export/csv/?findings=1",
    "/runs/export/json/",
    "/runs/export/jsonl/?findings=1",
    "/runs/reevaluate/?go=1",
    "/runs/reevaluate/batch/?go=1",
    "/issues/?status=all&target=all&client={client}",
    "/providers/?q=deploy",
    "/providers/?removed=with&sort=changed",
    "/providers/match/?id=shared&page=1",
    "/providers/match/?id=shared",
    "/impact/?permission=conversation:cobrowse:add",
    "/impact/?q=deploy",
    "/compare/?a={mine}",
    "/?client={client}",
    "/orgs/?retired=on",
    "/orgs/?q=client",
)


def an_org(word: str) -> OAuthClient:
    """A client of an org of its own, with a row of everything."""
    client = make_any_client(
        f"{word} client", org_id=f"{word}-org", org_name=f"{word} org", status_reason=f"{word} reason", gateway=True
    )
    snapshot = make_snapshot(client)
    provider = make_provider(client, ref=f"{word}-deploy", name=f"{word} deploy", sync=snapshot)
    make_provider(client, ref="shared", name=f"{word} shared", source="gateway")
    make_org_change(client, provider=provider, name=f"{word} change", ref=provider.ref)
    make_held_permission(client, START, role=f"{word} role")
    for cause in ("path.not_in_api", "none"):
        run = make_run(
            client,
            cause=cause,
            conversation_id=f"{word}-conversation",
            search_keys=[f"permission:{START}", "provider:shared"],
        )
        make_finding(run, sentence=f"{word} sentence", subject=f"{word} subject")
        make_exchange(run, url=f"https://api.example/{word}")
    schedule = make_schedule(client, f"{word} schedule")
    incident = make_incident(schedule, sentence=f"{word} incident")
    make_delivery(make_channel(f"channel of {len(word)}"), incident, message={"title": f"{word} told", "sentences": []})
    AuditEntry.objects.create(action="client.changed", name=f"{word} client", client_id=client.pk)
    make_issue(client, sentence=f"{word} known", first_run=run, last_run=run)
    make_saved_view(f"{word} view", query=f"client={client.pk}")
    make_saved_view(f"{word} org's view", query=f"org={word}-org")
    make_any_client(f"{word} retired client", org_id=f"{word}-org", retired_at=client.created_at)
    return client


@pytest.fixture
def own(db: None) -> OAuthClient:
    return an_org("lion")


@pytest.fixture
def other(own: OAuthClient) -> OAuthClient:
    return an_org(FOREIGN)


def limited(role: User.Role = User.Role.OPERATOR) -> Client:
    return browser_of(role, is_limited=True, only_orgs=["lion-org"])


def read(browser: Client, place: str) -> str:
    answer = browser.get(place)
    content: bytes = answer.getvalue()
    return content.decode().lower().replace(place.lower(), "")


@pytest.mark.parametrize("role", [User.Role.OPERATOR, User.Role.TEAM_LEAD, User.Role.AUDITOR])
def test_no_page_of_many_shows_a_foreign_org(role: User.Role, other: OAuthClient) -> None:
    browser = limited(role)
    pages = [each.name for each in ADDRESSES if not each.of and "get" in each.methods and role in each.who]
    assert {name for name in pages if FOREIGN in read(browser, reverse(name))} == set()
    assert len([name for name in pages if "lion" in read(browser, reverse(name))]) > 8


def test_no_narrowing_leads_to_a_foreign_org(own: OAuthClient, other: OAuthClient) -> None:
    browser, mine = limited(), own.runs.all()[0]
    places = [place.format(client=other.pk, mine=mine.pk) for place in NARROWED]
    # What was typed into the address may come back in a complaint; a name that was not typed may not.
    reported = {place: read(browser, place).replace("zebra-org", "") for place in places}
    assert {place for place, text in reported.items() if FOREIGN in text} == set()


def test_who_sees_everything_would_meet_it_on_the_same_pages(own: OAuthClient, other: OAuthClient) -> None:
    """The guard of the tests above: it is there to be met."""
    browser = browser_of(User.Role.ADMIN, is_limited=True)
    encountered = [place for place in NARROWED if FOREIGN in read(browser, place.format(client=other.pk, mine=1))]
    assert len(encountered) > len(NARROWED) - 6


def test_runs_of_two_orgs_are_not_compared(own: OAuthClient, other: OAuthClient) -> None:
    mine, foreign = own.runs.all()[0], other.runs.all()[0]
    browser = limited()
    for place in ("/compare/", "/compare/raw/"):
        answer = browser.get(f"{place}?a={mine.pk}&b={foreign.pk}")
        assert answer.status_code == 404
        assert FOREIGN not in answer.content.decode()


def test_a_provider_of_another_org_affects_nothing(other: OAuthClient) -> None:
    browser, provider = limited(), other.providers.all()[0]
    for place in ("/impact/", "/"):
        assert browser.get(f"{place}?provider={provider.pk}").status_code == 404


def test_a_foreign_client_cannot_be_diagnosed(other: OAuthClient) -> None:
    runs = other.runs.count()
    answer = limited().post(
        "/diagnose/start/", {"client": other.pk, "conversation_id": "5f2c1f0e-6a1b-4b57-9a60-2d0b8f3c7a11"}
    )
    assert answer.status_code == 200
    assert other.runs.count() == runs


def test_counts_leave_out_what_one_may_not_see(own: OAuthClient, other: OAuthClient) -> None:
    browser = limited()
    assert sum(browser.get("/orgs/").context["found"].counts.values()) == 1
    assert browser.get("/providers/").context["page"].count == 2
    end_month()
    Run.objects.update(created_at=timezone.now() - timedelta(days=900))
    runs, *_ = browser.get("/settings/retention/").context["previews"][0].past
    assert runs.count == 2
    listed = browser.get("/impact/").context["listed"]
    assert {name: count for name, _, count in listed}[START] == 1


def test_no_list_names_a_person_or_channel_that_shares_no_org(own: OAuthClient, other: OAuthClient) -> None:
    make_user("zebra-lead", User.Role.TEAM_LEAD, is_limited=True, only_orgs=["zebra-org"])
    make_user("lion-lead", User.Role.TEAM_LEAD, is_limited=True, only_orgs=["lion-org", "zebra-org"])
    make_user("boss", User.Role.ADMIN)
    make_user("sees-all", User.Role.AUDITOR)
    make_saved_view("theirs by person", query="who=zebra-lead")
    make_rule("For zebra", channels=[make_channel("zebra channel")]).clients.add(other)
    make_delivery(make_channel("zebra sent"), other.incidents.get(), message={"title": "t", "sentences": []})
    make_rule("For lion", channels=[make_channel("lion channel")]).clients.add(own)
    make_rule("For all", channels=[make_channel("channel for all")])
    for role in (User.Role.OPERATOR, User.Role.TEAM_LEAD, User.Role.AUDITOR):
        browser = limited(role)
        me = f"some-{role}"
        shown = {
            place: read(browser, place)
            for place in ("/runs/", "/runs/reevaluate/", "/monitoring/schedules/", "/monitoring/deliveries/")
        }
        assert {place for place, text in shown.items() if FOREIGN in text} == set()
        assert not [place for place, text in shown.items() if "theirs by person" in text]
        for place in ("/runs/", "/monitoring/schedules/"):
            assert [name for name in (me, "lion-lead", "boss", "sees-all") if name not in shown[place]] == []
        assert [n for n in ("lion channel", "channel for all") if n not in shown["/monitoring/deliveries/"]] == []
    everybody = browser_of(User.Role.ADMIN, is_limited=True)
    assert "zebra-lead" in read(everybody, "/runs/")
    assert "zebra channel" in read(everybody, "/monitoring/deliveries/")
