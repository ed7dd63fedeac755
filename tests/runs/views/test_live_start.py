"""The page of the live start: what it says, whom it lets, what it takes for a confirmation."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from diagnostics.runs.models import Run
from tests.factories import CONVERSATION, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def healthy() -> Run:
    return make_run(cause="none")


def test_the_page_warns_that_a_live_customer_is_offered_a_session(as_admin: Client, healthy: Run) -> None:
    page = as_admin.get(f"/runs/{healthy.pk}/live/").content
    assert b"A customer will be offered a session" in page
    assert CONVERSATION.encode() in page


def test_the_id_typed_letter_for_letter_starts_a_run(
    as_admin: Client,
    healthy: Run,
    sent_tasks: list[tuple[str, int]],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = as_admin.post(f"/runs/{healthy.pk}/live/", {"typed": CONVERSATION})
    run = Run.objects.latest("pk")
    assert answer.headers["Location"] == f"/runs/{run.pk}/"
    assert run.inputs["start"] is True
    assert "session.start" in run.planned
    assert sent_tasks == [("execute_run", run.pk)]


@pytest.mark.parametrize("typed", ["", "yes", f"{CONVERSATION} ", CONVERSATION.upper(), "\x00"])
def test_a_wrong_confirmation_starts_nothing_and_is_reported(as_admin: Client, healthy: Run, typed: str) -> None:
    answer = as_admin.post(f"/runs/{healthy.pk}/live/", {"typed": typed})
    assert answer.status_code == 200
    assert b"errorlist" in answer.content
    assert Run.objects.count() == 1


def test_where_something_is_wrong_there_is_no_form_and_a_post_is_refused(as_admin: Client) -> None:
    run = make_run(cause="conv.ended")
    assert b"<h1>You can't start a session from this run</h1>" in as_admin.get(f"/runs/{run.pk}/live/").content
    assert as_admin.post(f"/runs/{run.pk}/live/", {"typed": CONVERSATION}).status_code == 409
    assert Run.objects.count() == 1


def test_a_second_confirmation_at_once_is_refused(
    as_admin: Client, healthy: Run, sent_tasks: list[tuple[str, int]]
) -> None:
    place = f"/runs/{healthy.pk}/live/"
    assert as_admin.post(place, {"typed": CONVERSATION}).status_code == 302
    assert as_admin.post(place, {"typed": CONVERSATION}).status_code == 409
    assert Run.objects.count() == 2


def test_it_is_offered_to_admins_on_a_run_without_a_fault_only(as_admin: Client, as_lead: Client, healthy: Run) -> None:
    broken = make_run(healthy.client)
    assert b"/live/" in as_admin.get(f"/runs/{healthy.pk}/").content
    assert b"/live/" not in as_admin.get(f"/runs/{broken.pk}/").content
    assert b"/live/" not in as_lead.get(f"/runs/{healthy.pk}/").content


def test_no_other_page_can_confirm(as_admin: Client, healthy: Run, sent_tasks: list[tuple[str, int]]) -> None:
    sent = {"client": healthy.client_id, "conversation_id": CONVERSATION, "start": "true", "typed": CONVERSATION}
    as_admin.post("/diagnose/start/", sent)
    as_admin.post(f"/runs/{healthy.pk}/again/", sent)
    assert Run.objects.count() == 3
    assert not Run.objects.filter(inputs__start=True).exists()
