"""The API reference: a region's own, which is read while one watches."""

import pytest
from playwright.sync_api import expect

from diagnostics.demo.server import Running
from diagnostics.orgs.contracts import refresh_contract
from diagnostics.orgs.models import ContractVersion
from tests.browser.axe import violations
from tests.browser.conftest import Visit
from tests.browser.test_screens import look_at, unfold
from tests.factories import make_client, make_contract_version, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_api_reference_is_accessible_and_whole(window: Visit) -> None:
    make_user("ada")
    make_client("one", region="eu-west-1")
    changed = make_contract_version("eu-west-1").pk
    make_contract_version("us-east-1", state="refused", document=None, error="It took too long. It stays.")
    make_contract_version("sa-east-1", state="fetching", document=None)
    window.sign_in("ada")
    problems: list[str] = []
    ContractVersion.objects.exclude(pk=changed).filter(state="fetching").update(state="kept", region="none")
    for place in (
        "/reference/api/?region=eu-west-1",
        "/reference/api/?q=cobrowse&show=deprecated",
        "/reference/api/?q=zzz",
    ):
        window.open(place)
        unfold(window)
        problems += look_at(window, place)
    assert problems == []


def test_an_admin_watches_a_region_being_read(window: Visit, demo: Running) -> None:
    make_user("ada")
    make_client("Demo", region="demo-published")
    page = window.page
    window.sign_in("ada")
    window.open("/reference/api/")
    row = page.locator("tbody tr", has_text="demo-published")
    row.get_by_role("button", name="Refresh").click()
    expect(row).to_contain_text("Refreshing")
    assert violations(page) == []
    refresh_contract(ContractVersion.objects.get().pk)
    expect(row).not_to_contain_text("Refreshing")
    expect(row).to_contain_text("live ")
    assert window.complaints == []
