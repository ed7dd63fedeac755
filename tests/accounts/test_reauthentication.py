"""Changes that an open, forgotten browser must not allow ask for the password again, and nothing typed is lost."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import get_resolver, reverse
from pytest_django import Settings

from diagnostics import urls
from diagnostics.accounts.models import AuditEntry, User
from diagnostics.accounts.reauthentication import NEEDS_NO_CONFIRMATION, NEEDS_RECENT_SIGN_IN
from diagnostics.monitoring.models import Channel
from tests.accounts.test_audit_of_posts import taking_posts
from tests.accounts.test_single_sign_on import PEOPLE, joined_up, provider, sign_on  # noqa: F401 - fixtures
from tests.factories import PASSWORD, make_team_lead, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def requested(settings: Settings) -> Iterator[None]:
    settings.CONFIRM_AFTER_SECONDS = 900
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def stale() -> Client:
    """The browser of an admin who signed in long ago."""
    browser = Client()
    browser.force_login(make_user("ada"))
    return browser


def role_of(person: User) -> str:
    return User.objects.get(pk=person.pk).role


def confirm(browser: Client, answer: Any, password: str = PASSWORD) -> Any:
    """As the page's form does it: with the hidden address of what comes next."""
    place = answer.headers["Location"]
    page = browser.get(place)
    assert page.status_code == 200
    next = page.context["redirect_field_value"]
    return browser.post(place, {"password": password, "next": next}), next


def test_every_post_is_on_one_of_the_two_lists() -> None:
    found = set(taking_posts(urls.urlpatterns, make_user("ada")))
    assert found - NEEDS_RECENT_SIGN_IN - set(NEEDS_NO_CONFIRMATION) == set(), (
        "decide in diagnostics/accounts/reauthentication.py"
    )
    assert (NEEDS_RECENT_SIGN_IN | set(NEEDS_NO_CONFIRMATION)) - found - {"account_login", "account_logout"} == set()
    assert NEEDS_RECENT_SIGN_IN.isdisjoint(NEEDS_NO_CONFIRMATION)
    assert all(NEEDS_NO_CONFIRMATION.values())


@pytest.mark.parametrize("name", sorted(NEEDS_RECENT_SIGN_IN))
def test_a_post_on_the_list_asks_and_changes_nothing(name: str, stale: Client) -> None:
    routes: Any = get_resolver().reverse_dict[name][0]
    place = reverse(name, kwargs=dict.fromkeys(routes[0][1], 1))
    known = AuditEntry.objects.count()
    answer = stale.post(place, {})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/account/confirm/?next=%2Faccount%2Fconfirmed%2F")
    assert AuditEntry.objects.count() == known


def test_after_the_password_the_very_post_is_done(stale: Client) -> None:
    tess = make_team_lead("tess")
    place = reverse("user-role", args=[tess.pk])
    answer, next = confirm(stale, stale.post(place, {"role": "auditor"}))
    assert (answer.status_code, answer.headers["Location"]) == (307, place)
    assert role_of(tess) == "team_lead"
    done = stale.post(place, {"password": PASSWORD, "next": next})  # what a browser makes of a 307
    assert (done.status_code, done.headers["Location"]) == (302, "/settings/users/")
    assert role_of(tess) == "auditor"


def test_a_form_that_is_wrong_comes_back_with_what_was_typed(stale: Client) -> None:
    place = reverse("channel-add") + "?kind=email"
    answer, next = confirm(stale, stale.post(place, {"name": "Ops on call", "to": "no address"}))
    page = stale.post(answer.headers["Location"], {"password": PASSWORD, "next": next})
    assert page.status_code == 200
    assert page.context["form"]["name"].value() == "Ops on call"
    assert not Channel.objects.exists()


def test_within_fifteen_minutes_nobody_is_asked(stale: Client) -> None:
    tess = make_team_lead("tess")
    fresh = Client()
    fresh.post("/login/", {"login": "ada", "password": PASSWORD})
    assert (
        fresh.post(reverse("user-role", args=[tess.pk]), {"role": "auditor"}).headers["Location"] == "/settings/users/"
    )
    assert role_of(tess) == "auditor"


def test_later_they_are_asked_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    make_user("ada")
    browser = Client()
    browser.post("/login/", {"login": "ada", "password": PASSWORD})
    session = browser.session
    for each in session["account_authentication_methods"]:
        each["at"] -= 901
    session.save()
    answer = browser.post(reverse("user-add"), {"username": "lin", "role": "auditor"})
    assert answer.headers["Location"].startswith("/account/confirm/")
    assert not User.objects.filter(username="lin").exists()


def test_a_wrong_password_changes_nothing(stale: Client) -> None:
    tess = make_team_lead("tess")
    place = reverse("user-role", args=[tess.pk])
    answer, next = confirm(stale, stale.post(place, {"role": "auditor"}), password="not-the-password")
    assert answer.status_code == 200
    assert stale.post(place, {"next": next}).status_code == 302
    assert role_of(tess) == "team_lead"


def test_a_postponed_form_is_sent_once_and_only_in_its_browser(stale: Client) -> None:
    tess = make_team_lead("tess")
    place = reverse("user-role", args=[tess.pk])
    _, next = confirm(stale, stale.post(place, {"role": "auditor"}))
    other = Client()
    other.post("/login/", {"login": "ada", "password": PASSWORD})
    other.post(place, {"next": next})  # somebody who was sent the address
    assert role_of(tess) == "team_lead"
    stale.post(place, {"next": next})
    assert role_of(tess) == "auditor"
    User.objects.filter(pk=tess.pk).update(role="team_lead")
    assert stale.post(place, {"next": next}).headers["Location"] == "/"
    assert role_of(tess) == "team_lead"


def test_a_postponed_form_is_only_for_its_own_address(stale: Client) -> None:
    tess, lin = make_team_lead("tess"), make_team_lead("lin")
    _, next = confirm(stale, stale.post(reverse("user-role", args=[tess.pk]), {"role": "auditor"}))
    stale.post(reverse("user-role", args=[lin.pk]), {"next": next})
    assert (role_of(tess), role_of(lin)) == ("team_lead", "team_lead")


def test_a_postponed_form_is_not_readable_in_the_database(stale: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    stored: list[Any] = []
    monkeypatch.setattr(cache, "set", lambda *values: stored.append(values))
    stale.post(reverse("channel-add") + "?kind=email", {"name": "Ops", "to": "a-secret-address@example.com"})
    assert stored
    assert "a-secret-address" not in str(stored)
    assert "a-secret-address" not in str(dict(stale.session))


def test_a_form_sent_by_script_leads_the_whole_page_to_the_question(stale: Client) -> None:
    answer = stale.post(reverse("user-add"), {"username": "lin", "role": "auditor"}, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"].startswith("/account/confirm/")


def test_who_has_no_way_to_confirm_is_refused(stale: Client) -> None:
    ada = User.objects.get(username="ada")
    ada.set_unusable_password()
    ada.save()
    stale.force_login(ada)
    assert stale.post(reverse("user-add"), {"username": "lin", "role": "auditor"}).status_code == 403


def test_who_signs_in_at_the_provider_alone_confirms_there(joined_up: str) -> None:  # noqa: F811
    ada = make_user("ada")
    browser = Client()
    browser.post("/login/", {"login": "ada", "password": PASSWORD})
    confirmed = browser.post("/account/sso/join/")
    browser.post(confirmed.headers["Location"], {"password": PASSWORD})
    sign_on(browser, "sub-ada", "/account/sso/join/")
    ada.set_unusable_password()
    ada.save()
    stale = Client()
    stale.force_login(ada)
    place = reverse("user-add")
    requested = stale.post(place, {"username": "lin", "role": "auditor"})
    assert requested.headers["Location"].startswith("/account/confirm/sso/?next=")
    page = stale.get(requested.headers["Location"])
    back = sign_on(stale, "sub-ada", next=page.context["next"])
    assert back.headers["Location"] == page.context["next"]
    shown = stale.get(back.headers["Location"])
    assert shown.context["place"] == place
    assert stale.post(place, {"next": shown.context["next"]}).status_code == 200
    assert role_of(User.objects.get(username="lin")) == "auditor"
