"""Having an org read, and seeing how that comes along."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.orgs.models import ConfigurationSync
from tests.factories import make_client, make_part, make_snapshot

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def test_an_admin_has_an_org_read_in_the_background(
    as_admin: Client,
    ada: User,
    sent_tasks: list[tuple[str, int]],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    client = make_client()
    with django_capture_on_commit_callbacks(execute=True):
        answer = as_admin.post(f"/clients/{client.pk}/sync/")
    snapshot = ConfigurationSync.objects.get()
    assert answer.headers["Location"] == f"/clients/{client.pk}/"
    assert (snapshot.client, snapshot.started_by, snapshot.source) == (client, ada, ConfigurationSync.Source.WEB)
    assert sent_tasks == [("run_org_sync", snapshot.pk)]


def test_two_at_once_do_the_work_once(as_admin: Client, sent_tasks: list[tuple[str, int]]) -> None:
    client = make_client()
    for _ in range(2):
        as_admin.post(f"/clients/{client.pk}/sync/", follow=True)
    assert ConfigurationSync.objects.count() == 1


@pytest.mark.parametrize(
    ("place", "leads_to"),
    [
        ("/providers/7/", "/providers/7/"),
        ("https://elsewhere.example/", "/clients/"),
        ("//elsewhere.example/", "/clients/"),
        ("\x00", "/clients/"),
        ("", "/clients/"),
    ],
)
def test_the_way_back_stays_here(as_admin: Client, sent_tasks: list[object], place: str, leads_to: str) -> None:
    answer = as_admin.post(f"/clients/{make_client().pk}/sync/", {"next": place})
    assert answer.headers["Location"].startswith(leads_to)


def test_htmx_gets_the_state_which_asks_again(as_admin: Client, sent_tasks: list[object]) -> None:
    answer = as_admin.post(f"/clients/{make_client().pk}/sync/", headers=HTMX)
    assert b"hx-trigger" in answer.content
    assert b"<html" not in answer.content


def test_the_state_of_an_open_sync_is_sent_only_when_it_changed(as_lead: Client) -> None:
    snapshot = make_snapshot(state="reading", finished_at=None, providers=3)
    place = f"/clients/{snapshot.client_id}/sync/state/"
    assert b"3 providers so far" in as_lead.get(place, headers=HTMX).content
    visible = f"{snapshot.pk}.reading.3.0"
    assert as_lead.get(place, {"seen": visible}, headers=HTMX).status_code == 204
    ConfigurationSync.objects.update(providers=4)
    assert as_lead.get(place, {"seen": visible}, headers=HTMX).status_code == 200


def test_a_wait_for_the_org_shows_its_end(as_lead: Client) -> None:
    until = timezone.now() + timedelta(minutes=2)
    snapshot = make_snapshot(state="waiting", finished_at=None, resume_at=until, error="It said to wait.")
    output = as_lead.get(f"/clients/{snapshot.client_id}/sync/state/", headers=HTMX).content.decode()
    assert "It said to wait." in output
    assert until.isoformat(timespec="seconds") in output


def test_the_whole_page_is_loaded_again_after_the_end(as_lead: Client) -> None:
    snapshot = make_snapshot()
    answer = as_lead.get(f"/clients/{snapshot.client_id}/sync/state/", headers=HTMX)
    assert answer.headers["HX-Refresh"] == "true"


def test_without_script_the_state_can_be_read(as_lead: Client) -> None:
    parts = [make_part("deployments", "refused", sentence="It lacks webDeployments:deployment:view.")]
    snapshot = make_snapshot(state="partial", parts=parts)
    output = as_lead.get(f"/clients/{snapshot.client_id}/sync/state/").content.decode()
    assert "It lacks webDeployments:deployment:view." in output


def test_a_failed_sync_shows_the_reason_next_to_the_older_one(as_lead: Client) -> None:
    client = make_client()
    make_snapshot(client)
    make_snapshot(client, state="failed", error="The token was refused.", parts=[])
    output = as_lead.get(f"/clients/{client.pk}/sync/state/").content.decode()
    assert "The token was refused." in output
    assert "older data" in output


def test_who_may(client: Client, as_admin: Client, as_lead: Client) -> None:
    mine = make_client()
    start, state = f"/clients/{mine.pk}/sync/", f"/clients/{mine.pk}/sync/state/"
    assert as_lead.post(start).status_code == 403
    assert client.post(start).headers["Location"].startswith("/login/")
    assert client.get(state).headers["Location"].startswith("/login/")
    assert as_admin.get(start).status_code == 405
    assert as_admin.post(state).status_code == 405
    assert b"Sync now" not in as_lead.get(state).content
    assert not ConfigurationSync.objects.exists()


def test_unknown_and_retired_clients_are_404(as_admin: Client) -> None:
    retired = make_client("Retired", retired_at=timezone.now())
    assert as_admin.post("/clients/999999/sync/").status_code == 404
    assert as_admin.post(f"/clients/{retired.pk}/sync/").status_code == 404
    assert as_admin.get("/clients/999999/sync/state/").status_code == 404
