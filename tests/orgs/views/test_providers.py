"""The browser of providers: narrowing, paging, what an org does not offer, the paste box, and one provider's page."""

import json
import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics.orgs.models import OAuthClient, Provider
from diagnostics.orgs.queries.providers import PAGE_SIZE
from tests.factories import (
    make_client,
    make_org_change,
    make_part,
    make_provider,
    make_run,
    make_settings,
    make_snapshot,
)

pytestmark = pytest.mark.django_db

ROW = re.compile(r'<th scope="row"><a href="/providers/(\d+)/">')
ODD = ["\x00", "x" * 100_000, "<b>", "9" * 400, "%", "_", "\\", "🦊", "'; --"]
CALLS_NOTHING_RIGHT = {
    "source": "made-up",
    "state": "nonsense",
    "client": "nobody",
    "sort": "x",
    "gone": "?",
    "nonsense": "1",
}


def page(browser: Client, place: str = "/providers/", **query: str) -> str:
    answer = browser.get(place, query)
    assert answer.status_code == 200
    return answer.content.decode()


def shown(browser: Client, **query: str) -> list[int]:
    """The rows, in their order."""
    return [int(pk) for pk in ROW.findall(page(browser, **query))]


def gateway_client(name: str = "Behind a gateway", *ids: str, org_id: str = "") -> OAuthClient:
    client = make_client(name, gateway=True, org_name=name, org_id=org_id or name)
    for each in ids:
        make_provider(client, each, source="gateway", name=each.title(), settings={"enabled": True}, channels=[])
    return client


def test_every_source_is_in_one_list_and_labelled(as_lead: Client) -> None:
    client = gateway_client("Acme", "genesys")
    make_provider(client, name="Shop")
    make_provider(client, "PureCloud Messaging", source="seen", name="", state="unknown", channels=[], settings={})
    output = page(as_lead)
    for label in ("Gateway list", "Web deployment", "Seen on a communication"):
        assert f">{label}</td>" in output
    assert len(ROW.findall(output)) == 3


def test_it_is_narrowed_by_each_thing(as_lead: Client) -> None:
    acme, other = make_client("Acme", environment="production"), make_client("Other", org_name="Globex", org_id="g")
    on = make_provider(acme, name="Shop messenger", state="on").pk
    off = make_provider(acme, name="Help desk", state="off").pk
    listed = make_provider(other, "surfly-eu", name="Surfly", source="gateway", state="unknown").pk
    gone = make_provider(acme, name="Old one", removed_at=timezone.now()).pk
    assert set(shown(as_lead)) == {on, off, listed}
    assert shown(as_lead, q="shop MESS") == [on]
    assert shown(as_lead, q="SURFLY-e") == [listed]
    assert shown(as_lead, source="gateway") == [listed]
    assert shown(as_lead, state="off") == [off]
    assert shown(as_lead, org="globex") == [listed]
    assert set(shown(as_lead, environment="production")) == {on, off}
    assert shown(as_lead, removed="only") == [gone]
    assert set(shown(as_lead, removed="with")) == {on, off, listed, gone}


def test_retired_clients_are_left_out(as_lead: Client) -> None:
    make_provider(make_client("Retired", retired_at=timezone.now()))
    assert shown(as_lead) == []


@pytest.mark.parametrize("sort", ["name", "changed", "found"])
def test_paging_shows_each_row_once_in_both_directions(as_lead: Client, sort: str) -> None:
    client, now = make_client(), timezone.now()
    names = [f"Shop {number % 7}" for number in range(2 * PAGE_SIZE + 5)]
    for number, name in enumerate(names):
        make_provider(client, name=name, changed_at=now if number % 3 else None, first_seen_at=now)
    forwards = walk(as_lead, {"sort": sort}, "Next")
    assert [len(each) for each in forwards] == [PAGE_SIZE, PAGE_SIZE, 5]
    visible = [pk for each in forwards for pk in each]
    assert len(set(visible)) == len(names)
    backwards = walk(as_lead, {"sort": sort, "last": "1"}, "Previous")
    assert [pk for each in reversed(backwards) for pk in each] == visible
    assert len(shown(as_lead, sort=sort, last="1")) == PAGE_SIZE


def walk(browser: Client, query: dict[str, str], word: str) -> list[list[int]]:
    """The rows of each page on the way, by the links of the pages themselves."""
    output = page(browser, **query)
    pages = [[int(pk) for pk in ROW.findall(output)]]
    while found := re.search(rf'<a class="button" href="(\?[^"#]*)#list">{word}', output):
        output = browser.get("/providers/" + found[1].replace("&amp;", "&")).content.decode()
        pages.append([int(pk) for pk in ROW.findall(output)])
    return pages


@pytest.mark.parametrize("cursor", ["0~", "x", "-1~a", "1~\x00", f"{'9' * 40}~a", "5", "~", "9" * 5000, "1~2026-13-99"])
@pytest.mark.parametrize("sort", ["name", "changed"])
def test_a_cursor_that_is_none_gets_an_answer(as_lead: Client, cursor: str, sort: str) -> None:
    make_provider()
    page(as_lead, after=cursor, sort=sort)
    page(as_lead, before=cursor, sort=sort)


def test_behind_the_last_row_the_way_back_is_shown(as_lead: Client) -> None:
    make_provider(name="Shop")
    assert "Nothing on this page" in page(as_lead, after="9~zzz")


@pytest.mark.parametrize("name", ["q", "org", "client", "source", "after", "last", "sort", "nonsense"])
@pytest.mark.parametrize("value", ODD)
def test_odd_queries_get_an_answer(as_lead: Client, name: str, value: str) -> None:
    make_provider()
    assert "<b><" not in page(as_lead, **{name: value})


def test_what_is_not_understood_is_named_and_narrows_nothing(as_lead: Client) -> None:
    pk = make_provider().pk
    output = page(as_lead, **CALLS_NOTHING_RIGHT)
    for name in CALLS_NOTHING_RIGHT:
        assert f"<code>{name}=" in output
    assert [int(each) for each in ROW.findall(output)] == [pk]


def test_wildcards_are_letters(as_lead: Client) -> None:
    make_provider(name="Shop")
    assert shown(as_lead, q="%") == []


@pytest.mark.parametrize(
    ("gateway", "parts", "word"),
    [
        (False, [make_part("deployments")], "No provider gateway."),
        (True, [], "The gateway lists no provider."),
        (None, [], "Not checked yet."),
        (False, [make_part("deployments", "refused", sentence="It lacks the right.")], "It lacks the right."),
        (False, [make_part("deployments", items=0)], "No web deployments."),
    ],
)
def test_what_an_org_does_not_offer_is_shown(
    as_lead: Client, gateway: bool | None, parts: list[dict[str, object]], word: str
) -> None:
    client = make_client(gateway=gateway)
    make_snapshot(client, parts=parts)
    assert word in page(as_lead, f"/orgs/client-{client.pk}/providers/")


def test_without_a_client_the_page_shows_where_to_begin(as_admin: Client) -> None:
    assert 'href="/clients/add/"' in page(as_admin, "/orgs/")


def test_the_age_of_a_sync_and_who_started_it_are_shown(as_lead: Client, ada: object) -> None:
    client = make_client()
    make_snapshot(client, started_by=ada)
    assert "by ada" in page(as_lead, f"/orgs/client-{client.pk}/providers/")


def test_only_an_admin_is_led_to_a_diagnosis(as_admin: Client, as_lead: Client) -> None:
    provider = make_provider()
    link = f'href="/?provider={provider.pk}"'
    assert link in page(as_admin, f"/providers/{provider.pk}/")
    assert link not in page(as_lead, f"/providers/{provider.pk}/")


@pytest.mark.parametrize("place", ["/providers/", "/providers/match/?id=genesys"])
def test_more_rows_cost_no_more_queries(as_lead: Client, queries_of: Callable[[Client, str], int], place: str) -> None:
    make_snapshot(gateway_client("One", "genesys"))
    few = queries_of(as_lead, place)
    for number in range(6):
        make_snapshot(gateway_client(f"More {number}", "genesys", "surfly"))
        make_provider(make_client(f"Published {number}"))
    assert queries_of(as_lead, place) == few


@pytest.mark.parametrize("place", ["/providers/", "/providers/match/", "/providers/1/"])
def test_strangers_sign_in_and_nothing_is_posted(client: Client, as_admin: Client, place: str) -> None:
    assert client.get(place).headers["Location"].startswith("/login/")
    assert as_admin.post(place).status_code == 405


# ---------------------------------------------------------------------- the paste box


def answers(browser: Client, wanted: str, **query: str) -> dict[str, str]:
    """The answer for each org, by its name."""
    output = page(browser, "/providers/match/", id=wanted, **query)
    rows = re.findall(
        r'<th scope="row"><a [^>]*>([^<]*)</a>.*?data-label="Result">.*?<span>([^<]*)</span>', output, re.S
    )
    return dict(rows)


@pytest.mark.parametrize(
    ("wanted", "word"),
    [
        ("genesys", "Exact"),
        ("Genesys", "Different case"),
        (" genesys ", "Different case"),
        ("genesis", "Similar"),
        ("acme", "No match"),
        ("surfly", "Exact, but off"),
        ("Surfly Europe", "A name, not an ID"),
        ("was-here", "Removed"),
        ('{"providerId": "GENESYS"}', "Different case"),
    ],
)
def test_an_id_is_compared_with_the_list(as_lead: Client, wanted: str, word: str) -> None:
    client = gateway_client("Acme", "genesys")
    make_provider(client, "surfly", source="gateway", name="Surfly Europe", state="off")
    make_provider(client, "was-here", source="gateway", name="", removed_at=timezone.now())
    assert answers(as_lead, wanted) == {"Acme": word}


def test_each_org_answers_for_itself_the_best_first(as_lead: Client) -> None:
    gateway_client("Other case", "GENESYS")
    gateway_client("Exact", "genesys")
    gateway_client("Unread")
    make_client("Published", org_name="Published")
    make_client("Unmeasured", gateway=None, org_id="", org_name="")
    found = answers(as_lead, "genesys")
    assert list(found.items()) == [
        ("Exact", "Exact"),
        ("Other case", "Different case"),
        ("Unread", "Not synced"),
        ("Unmeasured", "Unknown"),
        ("Published", "No providerId"),
    ]


def test_clients_of_one_org_are_one_line_where_they_know_the_same(as_lead: Client) -> None:
    for name in ("First", "Second", "Third"):
        gateway_client(name, "genesys", org_id="one")
    gateway_client("Knows less", org_id="one")
    assert answers(as_lead, "genesys") == {"First": "Exact", "Knows less": "Not synced"}
    assert "and 2 more clients" in page(as_lead, "/providers/match/", id="genesys")


def test_the_spelling_to_send_is_shown(as_lead: Client) -> None:
    gateway_client("Acme", "genesys")
    assert '<code class="exact-id">genesys</code>' in page(as_lead, "/providers/match/", id="Genesys")


def test_a_deployment_id_is_recognized_as_one(as_lead: Client) -> None:
    provider = make_provider(make_client("Acme"))
    assert "a web deployment of Acme" in page(as_lead, "/providers/match/", id=provider.ref)


def test_htmx_gets_the_fragment_alone(as_lead: Client) -> None:
    gateway_client("Acme", "genesys")
    answer = as_lead.get("/providers/match/", {"id": "genesys"}, headers={"HX-Request": "true"})
    assert b"Exact" in answer.content
    assert b"<html" not in answer.content


@pytest.mark.parametrize("value", ["", " ", *ODD])
def test_odd_ids_get_an_answer(as_lead: Client, value: str) -> None:
    gateway_client("Acme", "genesys")
    assert "<b>:" not in page(as_lead, "/providers/match/", id=value)


def test_the_page_explains_why_a_too_long_id_is_not_compared(as_lead: Client) -> None:
    assert "at most 200" in page(as_lead, "/providers/match/", id="x" * 201)


def test_orgs_come_a_page_at_a_time(as_lead: Client) -> None:
    for number in range(45):
        gateway_client(f"Org {number}", "genesys")
    assert len(answers(as_lead, "genesys")) == 40
    assert len(answers(as_lead, "genesys", page="2")) == 5
    assert len(answers(as_lead, "genesys", page="\x00")) == 40


# ---------------------------------------------------------------------- one provider


def detail(browser: Client, provider: Provider) -> str:
    return page(browser, f"/providers/{provider.pk}/")


def test_a_deployment_shows_its_settings_and_what_blocks_which_channel(as_lead: Client) -> None:
    settings = make_settings(channels=["Voice"], maskSelectors=[".card", "#pin"])
    provider = make_provider(settings=settings, channels=["Voice"], version="7")
    output = detail(as_lead, provider)
    for part in ("<code>.card</code>", "<code>#pin</code>", "Includes <code>/pay</code>", "shop.example", "version 7"):
        assert part in output
    assert "Cobrowse is off for web messaging. It is on for: Voice." in output


def test_a_newer_draft_and_its_differences_are_reported(as_lead: Client) -> None:
    settings = make_settings(draft={"date_modified": None, "different": ["enabled", "maskSelectors"]})
    output = detail(as_lead, make_provider(settings=settings, draft_is_newer=True))
    assert "It changes: Cobrowse, Masked selectors." in output


def test_settings_that_were_not_shown_are_marked(as_lead: Client) -> None:
    provider = make_provider(state="unknown", settings={**make_settings(), "hidden": True})
    assert "show the published version." in detail(as_lead, provider)


@pytest.mark.parametrize(
    "settings", [{}, {"enabled": "yes", "channels": 7, "pauseCriteria": [None, 3]}, {"draft": None}]
)
def test_a_deployment_of_which_little_is_known_gets_its_page(as_lead: Client, settings: dict[str, object]) -> None:
    detail(as_lead, make_provider(settings=settings, status="", state="unknown", version="", draft_is_newer=None))


def test_its_runs_and_its_changes_are_there_and_nobody_elses(as_lead: Client) -> None:
    client = make_client()
    provider = make_provider(client)
    run = make_run(client, search_keys=[f"deployment:{provider.ref}"])
    other = make_run(make_client("Other"), search_keys=[f"deployment:{provider.ref}"])
    make_org_change(client, provider=provider, ref=provider.ref, name="Old name of it")
    make_org_change(client, ref="another-deployment", kind="vanished")
    output = detail(as_lead, provider)
    assert f"/runs/{run.pk}/" in output
    assert f"/runs/{other.pk}/" not in output
    assert "Cobrowse turned off" in output
    assert "another-deployment" not in output


@pytest.mark.parametrize(
    ("source", "ref", "key"),
    [("gateway", "genesys", "provider:genesys"), ("seen", "PureCloud Messaging", "seen:PureCloud Messaging")],
)
def test_runs_are_found_by_the_mark_of_the_source(as_lead: Client, source: str, ref: str, key: str) -> None:
    client = make_client()
    provider = make_provider(client, ref, source=source, settings={}, channels=[])
    run = make_run(client, search_keys=[key])
    assert f"/runs/{run.pk}/" in detail(as_lead, provider)


def test_a_removed_provider_is_marked(as_lead: Client) -> None:
    assert "Removed from the org" in detail(as_lead, make_provider(removed_at=timezone.now()))


def test_the_start_form_is_filled_for_a_gateways_provider(as_admin: Client) -> None:
    client = gateway_client("Acme", 'gen"esys')
    output = page(as_admin, "/", provider=str(client.providers.get().pk))
    assert "/api/v2/conversations/chat/{conversationId}/cobrowse/sessions" in output
    assert json.dumps({"providerId": 'gen"esys'}).replace('"', "&quot;") in output
    assert f'<option value="{client.pk}" selected>' in output


def test_the_start_form_is_filled_for_a_deployment(as_admin: Client) -> None:
    output = page(as_admin, "/", provider=str(make_provider().pk))
    assert "POST /api/v2/conversations/{conversationId}/cobrowse" in output
    assert "providerId" not in output.split("<textarea")[1].split("</textarea>")[0]


@pytest.mark.parametrize(
    ("value", "status"), [("999999", 404), ("x", 200), ("\x00", 200), ("9" * 30, 200), ("-1", 200)]
)
def test_a_start_with_a_provider_that_is_none(as_admin: Client, value: str, status: int) -> None:
    make_client()
    assert as_admin.get("/", {"provider": value}).status_code == status


def test_an_unknown_provider_is_404(as_lead: Client) -> None:
    assert as_lead.get("/providers/999999/").status_code == 404


def test_a_name_of_a_million_characters_cannot_come_from_the_address(as_lead: Client) -> None:
    make_provider(name="N" * 200, ref="r" * 200)
    assert shown(as_lead, q="N" * 1_000_000) != []
