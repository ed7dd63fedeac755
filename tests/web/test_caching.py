"""No cache keeps what is behind the sign-in: every address, every kind of answer."""

import pytest
from django.test import Client

from diagnostics.accounts.models import User
from tests.builders.every_page import make_sample_site
from tests.factories import make_user

pytestmark = pytest.mark.django_db
NEVER = "private, no-store"
PUBLIC = {"badge"}


def test_no_page_is_cached() -> None:
    browser = Client(raise_request_exception=False)
    browser.force_login(make_user("ada"))
    visible = 0
    for site_page in make_sample_site().pages():
        if site_page.name in PUBLIC:
            continue
        for method in (browser.get, browser.head):
            assert method(site_page.path).headers["Cache-Control"] == NEVER, site_page.path
            visible += 1
    assert visible > 150


def test_refusals_redirects_and_errors_too(client: Client) -> None:
    lead = Client(raise_request_exception=False)
    lead.force_login(make_user("tess", User.Role.TEAM_LEAD))
    strict = Client(enforce_csrf_checks=True)
    answers = {
        404: lead.get("/nowhere/"),
        403: strict.post("/login/", {}),
        405: lead.put("/runs/"),
        302: client.get("/runs/"),
        401: client.get("/api/v1/runs"),
    }
    assert {status: answer.status_code for status, answer in answers.items()} == {each: each for each in answers}
    assert lead.get("/settings/users/").status_code == 403
    assert {answer.headers["Cache-Control"] for answer in (*answers.values(), lead.get("/settings/users/"))} == {NEVER}


def test_static_files_may_be_cached(client: Client) -> None:
    answer = client.get("/static/app.css")
    answer.close()
    assert answer.status_code == 200
    assert "no-store" not in answer.headers.get("Cache-Control", "")
