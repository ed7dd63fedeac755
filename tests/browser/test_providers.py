"""Browsing what both demo orgs have set up, an id in the wrong case, and a change that appears after a refresh."""

import pytest
from playwright.sync_api import Locator, expect

from diagnostics.demo.server import Running
from diagnostics.orgs.clients import create_client, start_verification, verify_client
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, Provider
from diagnostics.orgs.sync.lifecycle import run_sync, start_sync
from tests.browser.conftest import Visit
from tests.factories import make_team_lead, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PUBLISHED, GATEWAY = "Demo: published API", "Demo: provider gateway"


@pytest.fixture
def orgs(demo: Running) -> dict[str, OAuthClient]:
    """A client of each demo org, each read once."""
    clients = {PUBLISHED: registered(demo, "published", PUBLISHED), GATEWAY: registered(demo, "gateway", GATEWAY)}
    for client in clients.values():
        read(client)
    return clients


def registered(demo: Running, org: str, name: str) -> OAuthClient:
    known = next(each for one in demo.orgs[org].orgs for each in one.clients if each.name == name)
    client = create_client(name=name, region_key=f"demo-{org}", client_id=known.id, secret=known.secret, user=None)
    start_verification(client)
    verify_client(client.pk)
    return client


def read(client: OAuthClient) -> None:
    snapshot = start_sync(client, source=ConfigurationSync.Source.WEB, user=None)
    assert snapshot is not None
    run_sync(snapshot.pk)


def narrowed(window: Visit, label: str, value: str) -> Locator:
    """The rows after one of the fields was chosen."""
    page = window.page
    page.get_by_role("search", name="Filter providers").get_by_label(label, exact=True).select_option(label=value)
    page.get_by_role("button", name="Filter", exact=True).click()
    return page.get_by_role("table", name="Providers", exact=True).get_by_role("row")


def test_both_orgs_can_be_browsed_and_each_shows_what_it_lacks(window: Visit, orgs: dict[str, OAuthClient]) -> None:
    make_user("ada")
    page = window.page
    window.sign_in("ada")
    window.open("/providers/")
    rows = narrowed(window, "Source", "Gateway list")
    expect(rows.filter(has_text="genesys").first).to_contain_text("Enabled")
    expect(rows.filter(has_text="legacy-share")).to_contain_text("Not enabled")

    window.open(f"/orgs/client-{orgs[PUBLISHED].pk}/providers/?source=gateway")
    expect(page.get_by_text("No provider matches these filters.")).to_be_visible()
    expect(page.get_by_role("region", name="Sources")).to_contain_text("No provider gateway.")

    window.open(f"/orgs/client-{orgs[PUBLISHED].pk}/providers/")
    page.get_by_role("link", name="Careers page", exact=True).click()
    answers = page.locator("section", has=page.get_by_role("heading", name="Offers cobrowse"))
    expect(answers).to_contain_text("Cobrowse is switched off")
    expect(answers).to_contain_text("A draft is newer than the active version")
    page.get_by_role("link", name="Diagnose", exact=True).last.click()
    expect(page.get_by_label("Client")).to_have_value(str(orgs[PUBLISHED].pk))
    expect(page.locator("#id_call")).to_have_value("POST /api/v2/conversations/{conversationId}/cobrowse")
    assert window.complaints == []


def test_an_id_in_the_wrong_case_is_reported_while_typing(window: Visit, orgs: dict[str, OAuthClient]) -> None:
    make_user("ada")
    page = window.page
    window.sign_in("ada")
    window.open("/providers/")
    window.mark()
    page.get_by_label("providerId", exact=True).fill("Genesys")
    found = page.get_by_role("table", name="Result for each org").get_by_role("row")
    gateway = found.filter(has_text=GATEWAY)
    expect(gateway).to_contain_text("Different case")
    expect(gateway.locator(".exact-id")).to_have_text("genesys")
    expect(found.filter(has_text=PUBLISHED)).to_contain_text("No providerId")
    page.get_by_label("providerId", exact=True).fill("genesys")
    expect(gateway).to_contain_text("Exact")
    assert window.is_marked, "compared on one page"
    assert window.complaints == []


def test_the_paste_box_works_without_script(window_without_script: Visit, orgs: dict[str, OAuthClient]) -> None:
    make_team_lead("tess")
    window, page = window_without_script, window_without_script.page
    window.sign_in("tess")
    window.open("/providers/")
    page.get_by_label("providerId", exact=True).fill('{"providerId": "genesis"}')
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("row").filter(has_text=GATEWAY)).to_contain_text("Similar")
    expect(page.get_by_role("button", name="Sync now")).to_have_count(0)


def test_a_change_of_a_deployment_appears_after_a_refresh(
    window: Visit, demo: Running, orgs: dict[str, OAuthClient]
) -> None:
    make_user("ada")
    client, page = orgs[PUBLISHED], window.page
    website = Provider.objects.get(client=client, name="Website")
    window.sign_in("ada")
    window.open(f"/providers/{website.pk}/")
    facts = page.locator("section", has=page.get_by_role("heading", name="Facts"))
    expect(facts).to_contain_text("Cobrowse on")

    demo.orgs["published"].orgs[0].publish(website.settings["configuration"]["id"], enabled=False)
    page.get_by_role("button", name="Sync now").click()
    expect(page.locator(".reading-state")).to_contain_text("Waiting for a worker")
    run_sync(ConfigurationSync.objects.latest("pk").pk)

    expect(facts).to_contain_text("Cobrowse off")
    changes = page.get_by_role("table", name="Changes of this provider")
    switched = changes.get_by_role("row").filter(has_text="Cobrowse turned off")
    expect(switched.get_by_role("cell").nth(0)).to_have_text("on")
    expect(switched.get_by_role("cell").nth(1)).to_have_text("off")
    expect(page.locator(".reading-state")).to_contain_text("by ada")
    window.open(f"/orgs/client-{client.pk}/changes/?kind=disabled")
    expect(page.get_by_role("row").filter(has_text="Website")).to_contain_text("Cobrowse turned off")
    assert window.complaints == []
