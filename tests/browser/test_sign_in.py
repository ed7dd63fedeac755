"""Signing in with more than a password, in a real browser with an authenticator of its own; the strict policy holds."""

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.factories import PASSWORD, make_client, make_person, make_run, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def give_a_device(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})


def sign_out(page: Page) -> None:
    page.locator(".account summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_passkey_is_made_and_signs_in_alone_and_as_a_second_step(window: Visit) -> None:
    make_user("ada")
    page = window.page
    window.sign_in("ada")
    give_a_device(page)
    window.open("/account/")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    expect(page.locator("#codes li")).to_have_count(10)
    assert Authenticator.objects.filter(type="webauthn").count() == 1

    sign_out(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator(".account summary")).to_contain_text("ada")

    sign_out(page)
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("One more step")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator(".account summary")).to_contain_text("ada")
    assert not window.complaints


def test_a_browser_without_the_passkey_says_so_and_the_password_still_works(window: Visit) -> None:
    make_user("ada")
    page = window.page
    window.open("/login/")
    page.evaluate("() => {navigator.credentials.get = () => Promise.reject(new DOMException('', 'NotAllowedError'))}")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was used")
    assert not window.complaints
    window.sign_in("ada")
    expect(page.locator(".account summary")).to_contain_text("ada")


def test_an_operator_of_one_org_runs_there_and_meets_no_other(window: Visit) -> None:
    mine = make_run(make_client("Lion support", org_id="lion"))
    make_run(make_client("Zebra support", org_id="zebra"))
    make_person("operator", is_limited=True, only_orgs=["lion"])
    page = window.page
    window.sign_in("some-operator")
    expect(page.locator("#overview")).to_contain_text("Lion support")
    expect(page.locator("main")).not_to_contain_text("Zebra")
    window.open("/start/")
    expect(page.get_by_label("Client")).to_contain_text("Lion support")
    expect(page.get_by_label("Client")).not_to_contain_text("Zebra")
    window.open(f"/runs/{mine.pk}/")
    expect(page.get_by_role("button", name="Run again")).to_be_visible()
    window.open(f"/runs/{mine.pk + 1}/")
    expect(page.locator(".big-number")).to_have_text("404")
