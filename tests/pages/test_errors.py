"""The pages for what goes wrong, and how pages are sent."""

import gzip

import pytest
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from diagnostics.pages import errors
from tests.factories import make_client

pytestmark = pytest.mark.django_db


def test_an_unknown_address_leads_back(as_lead: Client) -> None:
    answer = as_lead.get("/nowhere/")
    assert answer.status_code == 404
    assert b'href="/runs/"' in answer.content


def test_the_refusal_shows_who_is_signed_in(as_lead: Client) -> None:
    answer = as_lead.get("/settings/users/")
    assert answer.status_code == 403
    assert b"tess" in answer.content


def test_a_stale_form_is_explained(tess: object) -> None:
    browser = Client(enforce_csrf_checks=True)
    answer = browser.post("/login/", {"username": "tess", "password": "x"})
    assert answer.status_code == 403
    assert b"This form has expired" in answer.content


def test_the_page_for_our_own_failure_needs_nothing() -> None:
    page = render_to_string("500.html")
    assert 'href="/static/app.css"' in page


def test_a_request_that_is_too_large_is_explained(as_admin: Client, settings: object) -> None:
    make_client()
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000  # type: ignore[attr-defined]
    answer = as_admin.post("/diagnose/", {"call": "x" * 2000})
    assert answer.status_code == 413
    assert answer.content.decode().count(errors.TOO_LARGE) == 1


def test_too_large_a_paste_answers_the_preview_with_a_fragment(rf: RequestFactory) -> None:
    answer = errors.bad_request(rf.post("/diagnose/preview/", headers={"HX-Request": "true"}), RequestDataTooBig())
    assert answer.status_code == 413
    assert b"<html" not in answer.content


def test_any_other_bad_request_is_400(rf: RequestFactory) -> None:
    assert errors.bad_request(rf.get("/"), SuspiciousOperation()).status_code == 400


def test_a_page_is_sent_compressed_to_who_asks(as_admin: Client) -> None:
    answer = as_admin.get("/", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert b"</html>" in gzip.decompress(answer.content)
