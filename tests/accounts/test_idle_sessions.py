"""A session that nobody uses ends; pages that refresh themselves don't keep it alive."""

import time
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from diagnostics.accounts.models import AuditEntry
from diagnostics.accounts.sign_in_events import LAST_ACTIVE
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true", "HX-Current-URL": "http://testserver/runs/?q=x"}


@pytest.fixture
def browser(settings: Settings) -> Client:
    settings.SESSION_IDLE_MINUTES = 60
    make_user("ada")
    signed_in = Client()
    signed_in.post("/login/", {"login": "ada", "password": PASSWORD})
    return signed_in


def idle_for(browser: Client, minutes: float) -> None:
    session: Any = browser.session
    session[LAST_ACTIVE] = time.time() - minutes * 60
    session.save()


def test_an_idle_session_ends_with_an_explanation_and_leads_back(browser: Client) -> None:
    idle_for(browser, 61)
    answer = browser.get("/runs/?kind=health")
    assert answer.headers["Location"] == "/login/?ended=idle&next=/runs/%3Fkind%3Dhealth"
    assert AuditEntry.objects.filter(action="person.signed_out").count() == 1
    assert "signed out" in browser.get(answer.headers["Location"]).content.decode()
    back = browser.post(answer.headers["Location"], {"login": "ada", "password": PASSWORD})
    assert back.headers["Location"] == "/runs/?kind=health"


def test_it_lasts_while_it_is_used(browser: Client) -> None:
    for _ in range(4):
        idle_for(browser, 40)
        assert browser.get("/runs/").status_code == 200
    assert time.time() - browser.session[LAST_ACTIVE] < 60


def test_a_page_that_refreshes_itself_does_not_keep_it(browser: Client) -> None:
    idle_for(browser, 59)
    assert browser.get("/runs/", headers=FRAGMENT).status_code == 200
    assert time.time() - browser.session[LAST_ACTIVE] > 58 * 60
    idle_for(browser, 61)
    answer = browser.get("/runs/", headers=FRAGMENT)
    assert answer.status_code == 401


def test_a_form_that_is_sent_leads_back_to_its_page(browser: Client) -> None:
    idle_for(browser, 61)
    answer = browser.post("/runs/1/pin/", headers={"Referer": "http://testserver/runs/1/"})
    assert answer.headers["Location"] == "/login/?ended=idle&next=%2Fruns%2F1%2F"
    idle_for(browser, 61)
    browser.force_login(make_user("grace"))
    idle_for(browser, 61)
    answer = browser.post("/runs/1/pin/", headers={"Referer": "http://elsewhere.example/runs/1/"})
    assert answer.headers["Location"] == "/login/?ended=idle&next=%2F"


def test_zero_never_ends_one(browser: Client, settings: Settings) -> None:
    settings.SESSION_IDLE_MINUTES = 0
    idle_for(browser, 60 * 24 * 7)
    assert browser.get("/runs/").status_code == 200
