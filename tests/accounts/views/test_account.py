"""Signing in and out, and changing one's own password."""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import URLPattern, reverse

from diagnostics.accounts import urls
from diagnostics.accounts.models import User
from tests.factories import PASSWORD, make_person, make_user

pytestmark = pytest.mark.django_db

BY_FORM_ALONE = {"logout", "account_logout", "sign-on", "sign-on-join"}


def test_signing_in_leads_to_the_page_that_was_asked_for(client: Client, ada: User) -> None:
    answer = client.post("/login/?next=/runs/", {"login": "ada", "password": PASSWORD, "next": "/runs/"})
    assert answer.headers["Location"] == "/runs/"


def test_another_site_is_never_the_next_page(client: Client, ada: User) -> None:
    answer = client.post("/login/", {"login": "ada", "password": PASSWORD, "next": "https://elsewhere.example/"})
    assert answer.headers["Location"] == "/"


def test_a_wrong_password_is_reported_and_not_sent_back(client: Client, ada: User) -> None:
    answer = client.post("/login/", {"login": "ada", "password": "not-the-one-at-all"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert 'role="alert"' in page
    assert "not-the-one-at-all" not in page


def test_a_deactivated_person_cannot_sign_in(client: Client, db: None) -> None:
    make_user("gone", is_active=False)
    answer = client.post("/login/", {"login": "gone", "password": PASSWORD}, follow=True)
    assert answer.redirect_chain == [("/login/deactivated/", 302)]
    assert client.get("/").status_code == 302


def test_signing_out_needs_a_post(as_admin: Client) -> None:
    assert as_admin.get("/logout/").status_code == 405
    assert as_admin.post("/logout/").status_code == 302
    assert as_admin.get("/").status_code == 302


def test_a_changed_password_counts_and_the_session_stays(as_admin: Client, ada: User) -> None:
    new = {"old_password": PASSWORD, "new_password1": "another-good-one-7", "new_password2": "another-good-one-7"}
    assert as_admin.post("/password/", new).status_code == 302
    ada.refresh_from_db()
    assert ada.check_password("another-good-one-7")
    assert as_admin.get("/password/changed/").status_code == 200


def test_an_expired_session_never_puts_the_sign_in_page_into_a_fragment(client: Client, db: None) -> None:
    for answer in (
        client.get("/runs/1/progress/", headers={"HX-Request": "true"}),
        client.post("/diagnose/preview/", {"call": "POST /x"}, headers={"HX-Request": "true"}),
    ):
        assert answer.status_code == 401
        assert answer.headers["Content-Type"].startswith("text/plain")


def address_of(pattern: URLPattern) -> str:
    return reverse(str(pattern.name), kwargs=dict.fromkeys(pattern.pattern.converters, 1))


@pytest.mark.parametrize("pattern", urls.account_urls, ids=lambda pattern: pattern.name)
def test_ones_own_account_is_closed_to_strangers(pattern: URLPattern, client: Client) -> None:
    for method in ("get", "post"):
        answer = getattr(client, method)(address_of(pattern))
        assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/login/")


@pytest.mark.parametrize("role", User.Role)
@pytest.mark.parametrize("pattern", urls.account_urls, ids=lambda pattern: pattern.name)
def test_everybody_has_an_account_of_their_own(pattern: URLPattern, role: User.Role) -> None:
    """404 for what they have not set up, on to the password for what changes how they sign in."""
    browser = Client()
    browser.force_login(make_person(role))
    expected = (405,) if pattern.name in BY_FORM_ALONE else (200, 302, 404)
    assert browser.get(address_of(pattern)).status_code in expected


def test_somebody_else_s_passkey_is_not_there(as_lead: Client) -> None:
    key = Authenticator.objects.create(user=make_user("other"), type=Authenticator.Type.WEBAUTHN, data={"name": "x"})
    proved(as_lead)
    for place in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
        for method in (as_lead.get, as_lead.post):
            assert method(reverse(place, args=[key.pk])).status_code == 404
    assert Authenticator.objects.filter(pk=key.pk).exists()


def proved(browser: Client) -> None:
    """As somebody who has given their password once more."""
    answer = browser.post("/account/confirm/?next=/account/", {"password": PASSWORD})
    assert answer.headers["Location"] == "/account/"


def test_an_app_s_pages_are_shown(as_lead: Client) -> None:
    proved(as_lead)
    for place in ("/account/app/add/", "/account/passkeys/add/", "/account/sessions/", "/account/sso/"):
        assert as_lead.get(place).status_code == 200


def test_a_deactivated_account_gets_an_explanation(client: Client) -> None:
    assert client.get("/login/deactivated/").status_code == 200
