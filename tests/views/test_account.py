"""Signing in and out, and changing one's own password."""

import pytest
from django.test import Client

from diagnostics.models import User
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def test_signing_in_leads_to_the_page_that_was_asked_for(client: Client, ada: User) -> None:
    answer = client.post("/login/?next=/runs/", {"login": "ada", "password": PASSWORD, "next": "/runs/"})
    assert answer.headers["Location"] == "/runs/"


def test_another_site_is_never_the_next_page(client: Client, ada: User) -> None:
    answer = client.post("/login/", {"login": "ada", "password": PASSWORD, "next": "https://elsewhere.example/"})
    assert answer.headers["Location"] == "/"


def test_a_wrong_password_is_said_and_not_sent_back(client: Client, ada: User) -> None:
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


def test_an_expired_session_answers_htmx_with_the_whole_login(client: Client, db: None) -> None:
    answer = client.get(
        "/runs/1/progress/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/runs/1/"}
    )
    assert answer.status_code == 200
    assert answer.headers["HX-Redirect"] == "/login/?next=%2Fruns%2F1%2F"


def test_a_foreign_current_url_does_not_become_the_next_page(client: Client, db: None) -> None:
    answer = client.get(
        "/runs/1/progress/", headers={"HX-Request": "true", "HX-Current-URL": "https://elsewhere.example/x"}
    )
    assert answer.headers["HX-Redirect"] == "/login/?next=%2F"
