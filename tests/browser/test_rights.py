"""What a client may do, and what a permission touches: read from the demo orgs, followed, searched, and seen to change."""

from typing import Any

import pytest
from playwright.sync_api import expect

from diagnostics.demo.orgs import DemoClient
from diagnostics.demo.server import Running
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, Provider
from diagnostics.orgs.sync.lifecycle import run_sync, start_sync
from tests.browser.axe import WCAG, violations
from tests.browser.conftest import Visit
from tests.browser.test_screens import look_at, unfold
from tests.factories import (
    make_client,
    make_held_permission,
    make_provider,
    make_rights,
    make_run,
    make_snapshot,
    make_team_lead,
    make_user,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

START = "conversation:cobrowse:add"


def reported(demo: Running, key: str, name: str) -> DemoClient:
    return next(client for org in demo.orgs[key].orgs for client in org.clients if client.name == name)


def registered(demo: Running, key: str, name: str) -> OAuthClient:
    """A client of a demo org, read once."""
    client = reported(demo, key, name)
    made = make_client(name, region=f"demo-{key}", client_id=client.id, secret=client.secret, org_id="", org_name="")
    read(made)
    return made


def read(client: OAuthClient) -> None:
    snapshot = start_sync(client, source=ConfigurationSync.Source.WEB, user=None)
    assert snapshot is not None
    run_sync(snapshot.pk)


def test_a_client_leads_to_its_permissions_and_those_to_their_impact(
    window_without_script: Visit, demo: Running
) -> None:
    make_team_lead("tess")
    full = registered(demo, "published", "Demo: published API")
    registered(demo, "published", "Demo: voice permission only")
    window, page = window_without_script, window_without_script.page
    window.sign_in("tess")
    window.open(f"/clients/{full.pk}/")
    page.get_by_role("main").get_by_role("link", name="Permissions", exact=True).click()

    roles = page.locator("section", has=page.get_by_role("heading", name="Roles and divisions"))
    row = roles.get_by_role("row", name="Cobrowse integration")
    expect(row.get_by_role("cell", name="Granted")).to_have_count(2)
    expect(page.get_by_role("row", name=f"{START} Conversation > Cobrowse > Add")).to_contain_text("Allowed")

    calls = page.get_by_role("search", name="Search API calls")
    calls.get_by_label("Search").fill("cobrowse")
    calls.get_by_role("button", name="Search").click()
    expect(page.get_by_role("row", name="POST /api/v2/conversations/{conversationId}/cobrowse")).to_contain_text(
        "Allowed"
    )

    page.get_by_role("row", name="POST /api/v2/conversations/{conversationId}/cobrowse").get_by_role(
        "link", name=START
    ).click()
    expect(page.get_by_role("heading", level=2, name=START)).to_be_visible()
    holders = page.get_by_role("table", name="Clients with this permission")
    expect(holders.get_by_role("rowheader")).to_have_count(1)
    expect(holders).to_contain_text("1 call still allowed")
    box = page.get_by_role("search", name="Find a permission or provider")
    box.get_by_label("Permission or provider").fill("Conversation > CobrowseVoice > Add")
    box.get_by_role("button", name="Search").click()
    expect(page.get_by_role("table", name="Clients with this permission").get_by_role("rowheader")).to_have_count(2)


def test_a_removed_role_is_noticed_by_the_next_sync(window: Visit, demo: Running) -> None:
    make_user("ada")
    client = registered(demo, "published", "Demo: published API")
    page = window.page
    window.sign_in("ada")
    window.open(f"/clients/{client.pk}/permissions/?q=postConversationCobrowse")
    call = page.get_by_role("row", name="POST /api/v2/conversations/{conversationId}/cobrowse")
    expect(call).to_contain_text("The client has the permission.")

    demo.orgs["published"].orgs[0].update_client(client.client_id, grants=())
    page.get_by_role("button", name="Sync now").click()
    expect(page.locator(".reading-state")).to_contain_text("Waiting for a worker")
    run_sync(ConfigurationSync.objects.latest("pk").pk)
    expect(call).to_contain_text("No role of the client includes the permission.")
    expect(page.get_by_text("The client has no role.").first).to_be_visible()
    assert window.complaints == []


def test_licence_condition_and_gateway_scopes_are_distinguished(window: Visit, demo: Running) -> None:
    make_team_lead("tess")
    page = window.page
    window.sign_in("tess")
    for key, name, words in (
        ("published", "Demo: org without the licence", "Denied: not licensed"),
        ("published", "Demo: role with a condition", "Allowed under a condition"),
        ("published", "Demo: cannot read conversations", "Denied"),
    ):
        window.open(f"/clients/{registered(demo, key, name).pk}/permissions/")
        expect(page.get_by_role("table", name="Permissions that cobrowse and our checks need")).to_contain_text(words)
    behind = registered(demo, "gateway", "Demo: gateway without cobrowse:write")
    OAuthClient.objects.filter(pk=behind.pk).update(gateway=True)
    window.open(f"/clients/{behind.pk}/permissions/")
    facts = page.locator("section", has=page.get_by_role("heading", name="Facts"))
    expect(facts).to_contain_text("missing: the gateway")
    assert window.complaints == []


def test_the_page_of_a_provider_leads_to_its_impact(window: Visit, demo: Running) -> None:
    make_team_lead("tess")
    client = registered(demo, "published", "Demo: published API")
    provider = Provider.objects.filter(client=client, source=Provider.Source.DEPLOYMENT).first()
    assert provider is not None
    make_run(client, search_keys=[f"deployment:{provider.ref}"])
    page = window.page
    window.sign_in("tess")
    window.open(f"/providers/{provider.pk}/")
    page.get_by_role("link", name="Impact", exact=True).click()
    expect(page.get_by_role("heading", level=2, name=provider.name)).to_be_visible()
    expect(page.get_by_role("table", name="Clients of this org")).to_contain_text("Allowed")
    expect(page.get_by_role("table", name="Runs, newest first")).to_contain_text("Run")


def furnish() -> list[str]:
    """A client with something in every part of its page, and the address of each screen."""
    make_user("ada")
    full, veiled, never = make_client(), make_client("Veiled", environment="production"), make_client("Never")
    make_snapshot(full, permissions=make_rights(grants=list(map(grant, range(14))), catalogue={START: True}))
    make_snapshot(
        veiled,
        state=ConfigurationSync.State.PARTIAL,
        permissions=make_rights(
            grants=[{**grant(0), "policies": None}],
            unread_roles=["Role 0"],
            read={"tokens/me": "ok", "oauth/clients": "403 missing.permissions"},
        ),
    )
    for client in (full, veiled):
        make_held_permission(
            client, "conversation:*:add", role="A role with a rather long name", is_conditional=client == veiled
        )
        make_provider(client, ref="shared")
    provider = make_provider(full, ref="genesys", source=Provider.Source.GATEWAY, state=Provider.State.OFF)
    make_provider(make_client("Stranger", org_id="other"), ref="genesys", source=Provider.Source.GATEWAY)
    make_run(full, search_keys=[f"permission:{START}", "provider:genesys"])
    return [
        f"/clients/{full.pk}/permissions/",
        f"/clients/{full.pk}/permissions/?may=may_not&role=start",
        f"/clients/{veiled.pk}/permissions/?may=unknown&q=cobrowse",
        f"/clients/{never.pk}/permissions/",
        f"/clients/{full.pk}/permissions/?q=zzz",
        "/impact/",
        "/impact/?q=cobrowse",
        "/impact/?permission=nonsense",
        f"/impact/?permission={START}",
        "/impact/?permission=made:up:view",
        f"/impact/?provider={provider.pk}",
    ]


def grant(number: int) -> dict[str, Any]:
    return {
        "role": f"Role {number % 5}",
        "role_id": str(number % 5),
        "division": f"d{number}",
        "division_name": f"Division number {number}",
        "policies": ["conversation:cobrowse:add", "webdeployments:*:view", f"routing:queue{number}:view"],
        "conditional": ["conversation:communication:view"],
    }


def test_each_screen_is_accessible_and_whole(window: Visit) -> None:
    places = furnish()
    window.sign_in("ada")
    problems = []
    for place in places:
        window.open(place)
        unfold(window)
        problems += look_at(window, place)
    assert problems == []
    assert window.complaints == []


def test_the_matrix_scrolls_by_keyboard(window: Visit) -> None:
    place = furnish()[0]
    window.page.set_viewport_size({"width": 390, "height": 900})
    window.sign_in("ada")
    window.open(place)
    box = window.page.get_by_role("region", name="Roles across divisions")
    box.focus()
    box.evaluate(
        "(box) => { window.moved = new Promise((done) => box.addEventListener('scroll', done, {once: true})); }"
    )
    window.page.keyboard.press("ArrowRight")
    window.page.evaluate("window.moved.then(() => true)")
    assert violations(window.page, WCAG) == []
