"""Saved views: an admin saves and deletes them, a team lead only opens them."""

import pytest
from django.test import Client

from diagnostics.accounts.models import User
from diagnostics.runs.models import SavedView
from tests.factories import make_run

pytestmark = pytest.mark.django_db

ADD = "/runs/views/add/"


def test_a_saved_view_is_there_for_everybody(as_admin: Client, as_lead: Client, ada: User) -> None:
    make_run()
    answer = as_admin.post(ADD, {"name": "  Ended  calls ", "query": "cause=conv.ended&page=last&client="})
    assert answer.headers["Location"] == "/runs/?cause=conv.ended"
    view = SavedView.objects.get()
    assert (view.name, view.query, view.created_by) == ("Ended calls", "cause=conv.ended", ada)
    for place in ("/runs/", "/runs/matrix/", "/runs/causes/"):
        assert b'href="?cause=conv.ended"' in as_lead.get(place).content


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("", "kind=health"),
        ("x" * 81, "kind=health"),
        ("taken", "kind=health"),
        ("all", ""),
        ("strange", "colour=red"),
        ("long", "conversation=" + "x" * 5000),
        ("nul", "conversation=%00"),
    ],
)
def test_an_invalid_view_is_reported_and_not_saved(as_admin: Client, name: str, query: str) -> None:
    SavedView.objects.create(name="Taken", query="kind=health")
    answer = as_admin.post(ADD, {"name": name, "query": query}, follow=True)
    assert answer.status_code == 200
    assert b"tone-fail" in answer.content
    assert SavedView.objects.count() == 1


def test_deleting_needs_confirmation_and_changes_no_run(as_admin: Client) -> None:
    make_run()
    view = SavedView.objects.create(name="Old", query="kind=health")
    place = f"/runs/views/{view.pk}/delete/"
    assert b"Delete the view Old?" in as_admin.get(place).content
    assert SavedView.objects.count() == 1
    assert as_admin.post(place).headers["Location"] == "/runs/"
    assert SavedView.objects.count() == 0
    assert as_admin.get(place).status_code == 404


def test_a_saved_view_with_unknown_values_reports_them(as_lead: Client) -> None:
    SavedView.objects.create(name="Old", query="cause=gone.cause")
    assert b"gone.cause" in as_lead.get("/runs/?cause=gone.cause").content


def test_a_team_lead_writes_none(as_lead: Client) -> None:
    view = SavedView.objects.create(name="Old", query="kind=health")
    place = f"/runs/views/{view.pk}/delete/"
    assert as_lead.post(ADD, {"name": "x", "query": "kind=health"}).status_code == 403
    assert (as_lead.get(place).status_code, as_lead.post(place).status_code) == (403, 403)
    page = as_lead.get("/runs/?kind=health").content
    assert b"/runs/views/" not in page


def test_strangers_sign_in_first_and_only_post_saves(client: Client, as_admin: Client) -> None:
    assert client.post(ADD).headers["Location"].startswith("/login/")
    assert as_admin.get(ADD).status_code == 405
