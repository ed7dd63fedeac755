"""Claims and contract: a paste without a script, and a region's contract that is read while one watches."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from diagnostics.demo.server import Running
from diagnostics.orgs.contracts import refresh_contract
from diagnostics.orgs.models import ContractVersion
from tests.browser.conftest import Visit, visit
from tests.browser.test_screens import look_at, unfold
from tests.factories import make_client, make_contract_version, make_team_lead, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TEXT = """POST /api/v2/conversations/chat/{conversationId}/cobrowse {"providerId": "genesys"} gives 404.
Add the scopes `cobrowse:write` and `conversations`, and make sure that the chat is `connected`.
See GET /api/v2/cobrowse/providers and conversation:cobrowse:add, on api.us.genesys.cloud or api.mypurecloud.ie.
Read X-Rate-Limit-Remaining, and call post_conversations_cobrowse_sessions() after Wait a few minutes and retry.
"""


def check(window: Visit) -> None:
    window.open("/claims/")
    window.page.get_by_label("The text").fill(TEXT)
    window.page.get_by_role("button", name="Check it").click()
    expect(window.page.locator("#result")).to_be_visible()


def test_a_team_lead_checks_a_text_without_a_script(window_without_script: Visit) -> None:
    make_team_lead("tess")
    window_without_script.sign_in("tess")
    check(window_without_script)
    invented = window_without_script.page.locator(".claims > li", has_text="/api/v2/conversations/chat/").first
    expect(invented).to_contain_text("Wrong")
    expect(invented).to_contain_text("POST /api/v2/conversations/{conversationId}/cobrowse")
    expect(window_without_script.page.locator(".claims > li", has_text="make sure that the chat")).to_contain_text(
        "Sound"
    )


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_was_found_is_accessible_and_whole(
    browser: Browser, live_server: LiveServer, scheme: str, width: int
) -> None:
    make_user("ada")
    make_client("one", region="eu-west-1")
    changed = make_contract_version("eu-west-1").pk
    make_contract_version("us-east-1", state="refused", document=None, error="It took too long. It stays.")
    make_contract_version("sa-east-1", state="fetching", document=None)
    for window in visit(browser, live_server, color_scheme=scheme, viewport={"width": width, "height": 900}):
        window.sign_in("ada")
        check(window)
        troubles = look_at(window, "claims found")
        ContractVersion.objects.exclude(pk=changed).filter(state="fetching").update(state="kept", region="none")
        for place in ("/contract/?region=eu-west-1", "/contract/?q=cobrowse&show=deprecated", "/contract/?q=zzz"):
            window.open(place)
            unfold(window)
            troubles += look_at(window, place)
        assert troubles == []


def test_an_admin_watches_a_region_being_read(window: Visit, demo: Running) -> None:
    make_user("ada")
    make_client("Demo", region="demo-published")
    page = window.page
    window.sign_in("ada")
    window.open("/contract/")
    page.get_by_role("button", name="Read now").click()
    row = page.locator("#readings tbody tr", has_text="demo-published")
    expect(row).to_contain_text("Being read")
    assert Axe().run(page).violations_count == 0
    refresh_contract(ContractVersion.objects.get().pk)
    expect(row).to_contain_text("Kept")
    expect(page.get_by_role("heading", name="What changed in")).to_be_visible()
    assert window.complaints == []
