"""The delivery log: its list, one message with its attempts, polling, and trying again."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics.monitoring.models import Delivery
from tests.factories import make_channel, make_client, make_delivery, make_incident, make_schedule

pytestmark = pytest.mark.django_db

ATTEMPT = {
    "at": "2026-11-02T08:00:00.000+00:00",
    "ms": 12,
    "status": 503,
    "error": "",
    "reply": "<b>busy</b>",
    "explanation": "The far end was reached.",
}


def test_the_log_narrows_by_channel_and_state(as_admin: Client) -> None:
    night, day = make_channel("Night"), make_channel("Day")
    sent = make_delivery(night, state="sent", ended_at=timezone.now())
    waiting = make_delivery(day)
    page = as_admin.get(f"/monitoring/deliveries/?channel={night.pk}&state=sent").content.decode()
    assert f"/monitoring/deliveries/{sent.pk}/" in page
    assert f"/monitoring/deliveries/{waiting.pk}/" not in page


@pytest.mark.parametrize("query", ["state=x", "channel=x", "channel=99999999999999999999", "before=x", "before=0"])
def test_garbage_in_the_address_narrows_nothing(as_admin: Client, query: str) -> None:
    row = make_delivery()
    assert f"/monitoring/deliveries/{row.pk}/" in as_admin.get(f"/monitoring/deliveries/?{query}").content.decode()


def test_the_number_of_queries_is_constant(as_admin: Client, queries_of: Callable[[Client, str], int]) -> None:
    make_delivery(make_channel("A"), make_incident(make_schedule(make_client("A"), "A")))
    few = queries_of(as_admin, "/monitoring/deliveries/")
    for place in range(5):
        make_delivery(make_channel(f"C{place}"), make_incident(make_schedule(make_client(f"C{place}"), f"S{place}")))
    assert queries_of(as_admin, "/monitoring/deliveries/") == few


def test_attempt_shows_status_response_and_explanation(as_lead: Client) -> None:
    row = make_delivery(make_channel(), make_incident(), attempts=[ATTEMPT])
    page = as_lead.get(f"/monitoring/deliveries/{row.pk}/").content.decode()
    assert [word in page for word in ("Response 503", "&lt;b&gt;busy&lt;/b&gt;", "The far end was reached.")] == [
        True
    ] * 3


def test_the_page_asks_again_only_until_the_end(as_admin: Client) -> None:
    row = make_delivery()
    assert 'hx-trigger="every 1s"' in as_admin.get(f"/monitoring/deliveries/{row.pk}/").content.decode()
    visible = f"/monitoring/deliveries/{row.pk}/state/?seen=queued.0"
    assert as_admin.get(visible).status_code == 204
    Delivery.objects.update(state="failed", attempts=[ATTEMPT], ended_at=timezone.now(), next_try_at=None)
    answer = as_admin.get(visible)
    assert answer.status_code == 200
    assert "hx-trigger" not in answer.content.decode()


def test_what_was_given_up_is_tried_once_more(as_admin: Client, sent_tasks: list[tuple[str, int]]) -> None:
    row = make_delivery(make_channel(), make_incident(), state="failed", ended_at=timezone.now(), next_try_at=None)
    as_admin.post(f"/monitoring/deliveries/{row.pk}/retry/")
    row.refresh_from_db()
    assert (row.state, sent_tasks) == ("queued", [("deliver", row.pk)])


def test_a_delivered_message_is_not_sent_again(as_admin: Client, sent_tasks: list[tuple[str, int]]) -> None:
    row = make_delivery(state="sent", ended_at=timezone.now(), next_try_at=None)
    as_admin.post(f"/monitoring/deliveries/{row.pk}/retry/")
    assert sent_tasks == []


def test_tests_are_for_admins(as_lead: Client) -> None:
    row = make_delivery()
    assert as_lead.get(f"/monitoring/deliveries/{row.pk}/").status_code == 404
