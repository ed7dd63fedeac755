"""Single sign-on against a real OpenID provider, started for the test: discovery, code, PKCE, keys and tokens are its own."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from allauth.mfa.totp.internal.auth import TOTP as App
from allauth.mfa.totp.internal.auth import generate_totp_secret
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.test import Client
from pytest_django import Settings

from config import env
from diagnostics.accounts.models import AuditEntry, User
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db

PEOPLE = {
    "sub-ada": {"email": "ada@example.com", "preferred_username": "ada"},
    "sub-new": {"email": "new@example.com", "preferred_username": "new"},
}
PATIENCE = 20.0


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """In a process of its own, as a provider is."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)])
    address = f"http://localhost:{port}"
    deadline = time.monotonic() + PATIENCE
    while not answers(address):
        assert process.poll() is None and time.monotonic() < deadline, "the provider did not start"
        time.sleep(0.1)
    for sub, claims in PEOPLE.items():
        assert requests.put(f"{address}/users/{sub}", json=claims, timeout=10).ok
    yield address
    process.terminate()
    process.wait(PATIENCE)


def answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/.well-known/openid-configuration", timeout=10).ok
    except requests.ConnectionError:
        return False


@pytest.fixture
def joined_up(provider: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    """The product set up for that provider, by the variables that an operator sets."""
    set_up(settings, monkeypatch, provider)
    return provider


def set_up(settings: Settings, monkeypatch: pytest.MonkeyPatch, issuer: str) -> None:
    for name, value in (("ISSUER", issuer), ("CLIENT_ID", "doctor"), ("CLIENT_SECRET", "a-secret-of-the-client")):
        monkeypatch.setenv(f"OIDC_{name}", value)
    settings.OIDC = env.openid_connect("OIDC")
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {"APPS": [{**settings.OIDC, "name": "Acme ID"}], "OAUTH_PKCE_ENABLED": True}
    }


def leave(browser: Client, place: str = "/login/sso/", **values: str) -> str:
    """The provider's address that a page leads to."""
    page = browser.post(place, values)
    assert page.status_code == 200
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page.content.decode())
    assert found
    return unescape(found[1])


def at_provider(address: str, sub: str) -> str:
    """What somebody does there: the address it sends them back to."""
    answer = requests.post(address, data={"sub": sub}, allow_redirects=False, timeout=10)
    assert answer.status_code == 302
    return answer.headers["Location"]


def come_back(browser: Client, address: str) -> Any:
    parts = urlsplit(address)
    return browser.get(f"{parts.path}?{parts.query}")


def sign_on(browser: Client, sub: str, place: str = "/login/sso/", **values: str) -> Any:
    return come_back(browser, at_provider(leave(browser, place, **values), sub))


def test_who_has_joined_the_two_signs_in_by_the_provider(joined_up: str) -> None:
    person = make_user("ada")
    browser = Client()
    browser.post("/login/", {"login": "ada", "password": PASSWORD})
    confirm = browser.post("/account/sso/join/")
    assert confirm.headers["Location"].startswith("/account/confirm/")  # an open browser is not enough
    browser.post(confirm.headers["Location"], {"password": PASSWORD})
    assert sign_on(browser, "sub-ada", "/account/sso/join/").headers["Location"] == "/account/"
    assert SocialAccount.objects.get().user == person

    other = Client()
    assert sign_on(other, "sub-ada", next="/runs/").headers["Location"] == "/runs/"
    assert other.get("/runs/").wsgi_request.user == person
    assert AuditEntry.objects.filter(action="person.single_sign_on_joined", actor="ada").exists()


def test_the_provider_s_word_for_a_name_opens_no_account_that_is_there(joined_up: str, settings: Settings) -> None:
    """The provider calls sub-ada `ada` with ada's e-mail address; that ada is somebody else here, and an admin."""
    settings.OIDC_NEW_ROLE = "auditor"
    ada = make_user("ada", email="ada@example.com")
    browser = Client()
    sign_on(browser, "sub-ada")
    who = User.objects.exclude(pk=ada.pk).get()
    assert browser.get("/").wsgi_request.user == who
    assert (who.username != "ada", who.is_admin) == (True, False)


def test_nobody_gets_an_account_where_that_is_not_allowed(joined_up: str, settings: Settings) -> None:
    settings.OIDC_NEW_ROLE = ""
    browser = Client()
    answer = sign_on(browser, "sub-new")
    assert answer.templates[0].name == "account/signup_closed.html"
    assert not User.objects.exists()
    assert browser.get("/").status_code == 302


def test_a_new_person_gets_the_role_that_the_operator_chose_and_no_password(joined_up: str, settings: Settings) -> None:
    settings.OIDC_NEW_ROLE = "team_lead"
    browser = Client()
    assert sign_on(browser, "sub-new").status_code == 302
    person = User.objects.get()
    assert (person.username, person.role, person.email) == ("new", "team_lead", "")
    assert not person.has_usable_password()
    assert browser.get("/account/").status_code == 200
    assert SocialAccount.objects.get().extra_data == {}
    assert not SocialToken.objects.exists()
    entry = AuditEntry.objects.get(action="person.added")
    assert entry.after == {"role": "team_lead", "through": "single sign-on"}


def test_a_deactivated_person_stays_outside(joined_up: str, settings: Settings) -> None:
    settings.OIDC_NEW_ROLE = "team_lead"
    sign_on(Client(), "sub-new")
    User.objects.update(is_active=False)
    browser = Client()
    assert sign_on(browser, "sub-new").headers["Location"] == "/login/deactivated/"
    assert browser.get("/").status_code == 302


def test_the_second_factor_is_asked_for_after_the_provider_too(joined_up: str, settings: Settings) -> None:
    settings.OIDC_NEW_ROLE = "team_lead"
    sign_on(Client(), "sub-new")
    App.activate(User.objects.get(), generate_totp_secret())
    browser = Client()
    assert sign_on(browser, "sub-new").headers["Location"] == "/login/second/"
    assert browser.get("/").status_code == 302


def test_an_answer_meant_for_another_browser_signs_nobody_in(joined_up: str, settings: Settings) -> None:
    settings.OIDC_NEW_ROLE = "team_lead"
    address = at_provider(leave(Client()), "sub-new")
    victim = Client()
    assert come_back(victim, address).status_code == 401
    assert victim.get("/").status_code == 302
    assert not User.objects.exists()


def test_an_answer_counts_once(joined_up: str, settings: Settings) -> None:
    settings.OIDC_NEW_ROLE = "team_lead"
    browser = Client()
    address = at_provider(leave(browser), "sub-new")
    assert come_back(browser, address).status_code == 302
    browser.post("/logout/")
    assert come_back(browser, address).status_code == 401


def test_the_request_carries_a_state_and_a_challenge_and_no_secret(joined_up: str) -> None:
    query = parse_qs(urlsplit(leave(Client())).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["state"]
    assert "openid" in query["scope"][0]
    assert "a-secret-of-the-client" not in str(query)


def test_another_site_is_never_the_next_page(joined_up: str, settings: Settings) -> None:
    settings.OIDC_NEW_ROLE = "team_lead"
    answer = sign_on(Client(), "sub-new", next="https://elsewhere.example/")
    assert answer.headers["Location"] == "/"


def test_a_canceled_sign_in_is_explained(joined_up: str) -> None:
    browser = Client()
    there = leave(browser)
    answer = requests.post(there, data={"action": "deny"}, allow_redirects=False, timeout=10)
    state = parse_qs(urlsplit(there).query)["state"][0]  # which this provider forgets to bring back
    back = come_back(browser, f"{answer.headers['Location']}&state={state}")
    assert back.headers["Location"] == "/login/sso/cancelled/"
    assert browser.get("/login/sso/cancelled/").status_code == 200


def test_an_unreachable_identity_provider_is_reported_and_the_password_still_works(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        set_up(settings, monkeypatch, f"http://127.0.0.1:{closed.getsockname()[1]}")
        assert Client().post("/login/sso/").status_code == 502
    make_user("ada")
    browser = Client()
    assert b"Continue with" in browser.get("/login/").content
    assert browser.post("/login/", {"login": "ada", "password": PASSWORD}).status_code == 302


def test_without_the_setting_there_is_no_such_door(client: Client) -> None:
    assert b"/login/sso/" not in client.get("/login/").content
    assert client.post("/login/sso/").status_code == 404
    assert client.get("/login/sso/oidc/callback/?code=x&state=y").status_code in (401, 404)


def test_parting_the_two_needs_another_way_to_sign_in(joined_up: str, settings: Settings) -> None:
    settings.OIDC_NEW_ROLE = "team_lead"
    browser = Client()
    sign_on(browser, "sub-new")
    joined = SocialAccount.objects.get()
    assert "only way to sign in" in browser.post("/account/sso/", {"account": joined.pk}).content.decode()
    assert SocialAccount.objects.exists()


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"OIDC_ISSUER": "https://id.example.com"}, "OIDC_CLIENT_ID, OIDC_CLIENT_SECRET"),
        ({"OIDC_ISSUER": "http://id.example.com", "OIDC_CLIENT_ID": "x", "OIDC_CLIENT_SECRET": "y"}, "https"),
        ({"OIDC_ISSUER": "id.example.com", "OIDC_CLIENT_ID": "x", "OIDC_CLIENT_SECRET": "y"}, "https"),
    ],
)
def test_a_bad_value_stops_start_up(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], word: str) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=word):
        env.openid_connect("OIDC")
