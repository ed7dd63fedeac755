"""Signing in with more than a password, in a real browser with an authenticator of its own; the strict policy holds."""

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect
from pytest_django import Settings

from diagnostics.accounts.models import User
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


def press_once_loaded(page: Page, name: str) -> None:
    """The button works once its script is loaded."""
    button = page.get_by_role("button", name=name)
    expect(button).to_be_visible()
    page.wait_for_load_state()
    button.click()


def sign_out(page: Page) -> None:
    page.locator(".account summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_passkey_is_made_and_signs_in_alone_and_as_a_second_step(window: Visit) -> None:
    make_user("ada")
    page = window.page
    window.sign_in_by_form("ada")
    give_a_device(page)
    window.open("/account/")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    press_once_loaded(page, "Add passkey")
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    expect(page.locator("#codes li")).to_have_count(10)
    assert Authenticator.objects.filter(type="webauthn").count() == 1

    sign_out(page)
    press_once_loaded(page, "Use a passkey")
    expect(page.locator(".account summary")).to_contain_text("ada")

    sign_out(page)
    page.get_by_label("Username").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Two-factor sign-in")
    press_once_loaded(page, "Use a passkey")
    expect(page.locator(".account summary")).to_contain_text("ada")
    assert not window.complaints


def test_a_browser_without_the_passkey_reports_it_and_the_password_still_works(window: Visit) -> None:
    make_user("ada")
    page = window.page
    window.open("/login/")
    page.evaluate("() => {navigator.credentials.get = () => Promise.reject(new DOMException('', 'NotAllowedError'))}")
    press_once_loaded(page, "Use a passkey")
    expect(page.get_by_role("alert")).to_contain_text("Passkey sign-in didn't complete")
    assert not window.complaints
    window.sign_in_by_form("ada")
    expect(page.locator(".account summary")).to_contain_text("ada")


def test_an_operator_of_one_org_runs_there_and_meets_no_other(window: Visit) -> None:
    mine = make_run(make_client("Lion support", org_id="lion", org_name="Lion"))
    make_run(make_client("Zebra support", org_id="zebra", org_name="Zebra"))
    make_person("operator", is_limited=True, only_orgs=["lion"])
    page = window.page
    window.sign_in_by_form("some-operator")
    window.open("/orgs/")
    expect(page.locator("main")).to_contain_text("Lion")
    expect(page.locator("main")).not_to_contain_text("Zebra")
    window.open("/")
    expect(page.get_by_label("Client")).to_contain_text("Lion support")
    expect(page.get_by_label("Client")).not_to_contain_text("Zebra")
    window.open(f"/runs/{mine.pk}/")
    expect(page.get_by_role("button", name="Run again")).to_be_visible()
    window.open(f"/runs/{mine.pk + 1}/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Page not found")


def test_a_change_after_a_while_is_confirmed_by_passkey_and_by_password(window: Visit, settings: Settings) -> None:
    settings.CONFIRM_AFTER_SECONDS = 900
    make_user("ada")
    page = window.page
    window.sign_in_by_form("ada")
    give_a_device(page)
    window.open("/account/passkeys/add/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    press_once_loaded(page, "Add passkey")
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")

    for name, by_passkey in (("lin", True), ("kim", False)):
        age_sessions()
        window.open("/settings/users/add/")
        page.get_by_label("Username").fill(name)
        page.get_by_role("button", name="Add").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Confirm it’s you")
        assert not User.objects.filter(username=name).exists()
        if by_passkey:
            page.get_by_role("link", name="Use a passkey").click()
            press_once_loaded(page, "Use a passkey")
        else:
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Confirm").click()
        expect(page.locator("main")).to_contain_text(name)
        assert page.url.endswith("/settings/users/add/")
        assert User.objects.filter(username=name).exists()
    assert not window.complaints


def age_sessions() -> None:
    """As if every step of signing in was 16 minutes ago."""
    for stored in Session.objects.all():
        session = SessionStore(stored.session_key)
        for each in session["account_authentication_methods"]:
            each["at"] -= 16 * 60
        session.save()
