"""Deliveries against real far ends: claims, retries, giving up, and what each channel is sent, byte by byte."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from diagnostics import tasks
from diagnostics.accounts.models import AuditEntry
from diagnostics.monitoring.channels.responses import MAX_FAILURES, RETRY_DELAYS
from diagnostics.monitoring.deliveries import deliver, due_deliveries, start_test, try_again
from diagnostics.monitoring.models import Channel, Delivery
from diagnostics.web.refusals import ActionRefused
from tests.builders.receivers import MailServer, Receiver, http_receiver, mail_server
from tests.factories import make_channel, make_client, make_delivery, make_incident, make_schedule, make_user

pytestmark = pytest.mark.django_db

SIGNING = "whsec_ZmFjdG9yeS1zaWduaW5nLXNlY3JldC0xMjM0NTY3ODk="
WILD = {
    "event": "opened",
    "title": "<!channel> *Acme* & Söhne\r\nBcc: x@y.example",
    "sentences": ["Off.\nSee [here](https://evil.example) <script>alert(1)</script>"],
    "facts": [["Client", "<b>Acme</b>"]],
    "changes": ["The role <@U1> was taken."],
    "link": "http://127.0.0.1:8000/issues/1/",
    "at": "2026-11-02T08:00:00+00:00",
    "cause": "config.cobrowse_disabled",
    "client": "Acme",
    "org": "Acme Insurance",
    "environment": "production",
    "thread": "cobrowse-doctor-incident-1",
}


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    with http_receiver() as running:
        settings.ALERT_ALLOWED_HOSTS = [running.host]
        yield running


@pytest.fixture
def mails(settings: Settings) -> Iterator[MailServer]:
    with mail_server() as running:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        settings.DEFAULT_FROM_EMAIL = "doctor@example.com"
        yield running


def channel_of(kind: str, receiver: Receiver, **values: Any) -> Channel:
    if kind == "pagerduty":
        return make_channel(kind=kind, secret="a" * 32, address=receiver.url, **values)
    return make_channel(kind=kind, secret=receiver.url, **values)


def delivered(channel: Channel, **values: Any) -> Delivery:
    row = make_delivery(channel, make_incident(), **{"message": WILD, **values})
    assert deliver(row.pk)
    row.refresh_from_db()
    return row


def body_of(receiver: Receiver, place: int = -1) -> Any:
    return json.loads(receiver.received[place].body)


def test_a_webhook_is_signed_so_that_an_independent_library_finds_it_right(receiver: Receiver) -> None:
    row = delivered(channel_of("webhook", receiver))
    got = receiver.received[0]
    payload = Webhook(SIGNING).verify(got.body, got.headers)
    assert payload["type"] == "incident.opened"
    assert payload["data"]["cause"] == WILD["cause"]
    assert got.headers["webhook-id"] == f"msg_{row.message_id.hex}"
    assert (row.state, row.attempts[0]["status"], row.attempts[0]["reply"]) == ("sent", 200, "ok")


def test_a_changed_body_or_another_secret_is_found_wrong(receiver: Receiver) -> None:
    delivered(channel_of("webhook", receiver))
    got = receiver.received[0]
    with pytest.raises(WebhookVerificationError):
        Webhook(SIGNING).verify(got.body + b" ", got.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "b3RoZXI=").verify(got.body, got.headers)


def test_slack_is_sent_blocks_in_which_nobody_can_be_called(receiver: Receiver) -> None:
    delivered(channel_of("slack", receiver))
    text = json.dumps(body_of(receiver))
    assert "<!channel>" not in text
    assert "<@U1>" not in text
    assert "&lt;!channel&gt;" in text
    assert {each["type"] for each in body_of(receiver)["blocks"]} == {"section"}


def test_teams_is_sent_a_card_whose_texts_know_no_markdown(receiver: Receiver) -> None:
    receiver.status = 202
    row = delivered(channel_of("teams", receiver))
    (attachment,) = body_of(receiver)["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert {each["type"] for each in attachment["content"]["body"]} == {"RichTextBlock"}
    assert attachment["content"]["actions"][0]["url"] == WILD["link"]
    assert "run history" in row.attempts[0]["explanation"]


def test_pagerduty_gets_start_and_end_of_an_incident_under_one_key(receiver: Receiver) -> None:
    receiver.status, receiver.body = 202, '{"status":"success","message":"Event processed"}'
    channel, incident = channel_of("pagerduty", receiver), make_incident()
    for event in ("opened", "recovered"):
        deliver(make_delivery(channel, incident, event=event, message={**WILD, "event": event}).pk)
    trigger, resolve = body_of(receiver, 0), body_of(receiver, 1)
    assert (trigger["event_action"], resolve["event_action"]) == ("trigger", "resolve")
    assert trigger["dedup_key"] == resolve["dedup_key"] == WILD["thread"]
    assert trigger["payload"]["severity"] == "critical"
    assert {"summary", "source", "severity"} <= trigger["payload"].keys()


def test_a_test_of_pagerduty_resolves_what_it_opened(receiver: Receiver) -> None:
    receiver.status = 202
    row = start_test(channel_of("pagerduty", receiver), make_user())
    deliver(row.pk)
    assert [body_of(receiver, place)["event_action"] for place in (0, 1)] == ["trigger", "resolve"]
    assert body_of(receiver, 0)["payload"]["severity"] == "info"


def test_an_e_mail_arrives_as_text_and_as_html(mails: MailServer) -> None:
    row = delivered(make_channel(kind="email", address="ann@example.com, ops@example.com"))
    (got,) = mails.received
    text, html = got.get_body(["plain"]), got.get_body(["html"])
    assert text is not None
    assert html is not None
    assert (got["To"], got["From"]) == ("ann@example.com, ops@example.com", "doctor@example.com")
    assert got["Bcc"] is None
    assert "\n" not in got["Subject"]
    assert WILD["link"] in text.get_content()
    assert "<script>" not in html.get_content()
    assert "&lt;script&gt;" in html.get_content()
    assert (row.state, row.attempts[0]["status"]) == ("sent", 250)
    assert "queued as 4F2A" in row.attempts[0]["reply"]


def test_messages_about_one_break_are_one_thread(mails: MailServer) -> None:
    channel, incident = make_channel(kind="email", address="ann@example.com"), make_incident()
    for event in ("opened", "recovered"):
        deliver(make_delivery(channel, incident, event=event, message={**WILD, "event": event}).pk)
    assert len({each["References"] for each in mails.received}) == 1
    assert len({each["Message-ID"] for each in mails.received}) == 2


@pytest.mark.parametrize(
    ("refusal", "state"), [("550 5.1.1 no such user", "failed"), ("451 4.7.1 greylisted", "queued")]
)
def test_a_mail_server_that_refuses_is_believed_by_its_own_numbers(mails: MailServer, refusal: str, state: str) -> None:
    mails.refuse["ann@example.com"] = refusal
    row = delivered(make_channel(kind="email", address="ann@example.com"))
    assert row.state == state
    assert refusal.split(" ", 1)[1] in row.attempts[0]["reply"]
    assert mails.received == []


def test_a_recipient_that_is_refused_among_others_is_named_in_the_words(mails: MailServer) -> None:
    mails.refuse["ann@example.com"] = "550 no such user"
    row = delivered(make_channel(kind="email", address="ann@example.com, ops@example.com"))
    assert row.state == "sent"
    assert row.attempts[0]["reply"].startswith("1 of 2 recipients were refused")


def test_a_message_that_the_mail_server_refuses_is_not_delivered(mails: MailServer) -> None:
    mails.response = "554 5.7.1 looks like spam"
    assert delivered(make_channel(kind="email", address="ann@example.com")).state == "failed"


def test_a_missing_mail_server_is_logged(settings: Settings) -> None:
    settings.EMAIL_HOST = ""
    row = delivered(make_channel(kind="email", address="ann@example.com"))
    assert (row.state, row.attempts[0]["error"]) == ("failed", "not_set_up")


def test_what_fails_in_passing_is_tried_again_under_the_same_id(receiver: Receiver) -> None:
    receiver.statuses = [503, 500]
    row = delivered(channel_of("webhook", receiver))
    assert (row.state, row.channel.state) == ("queued", "failing")
    for _ in range(2):
        Delivery.objects.update(next_try_at=timezone.now())
        deliver(row.pk)
    row.refresh_from_db()
    assert (row.state, [each["status"] for each in row.attempts]) == ("sent", [503, 500, 200])
    assert len({each.headers["webhook-id"] for each in receiver.received}) == 1
    assert Channel.objects.get().state == Channel.State.WORKS


def test_pauses_grow_and_a_longer_one_is_granted(receiver: Receiver) -> None:
    receiver.status = 429
    row = delivered(channel_of("slack", receiver))
    first = wait_of(row)
    receiver.headers = {"Retry-After": "3600"}
    Delivery.objects.update(next_try_at=timezone.now())
    deliver(row.pk)
    row.refresh_from_db()
    assert abs(first - RETRY_DELAYS[0]) < timedelta(seconds=20)
    assert wait_of(row) > timedelta(seconds=3500)


def wait_of(row: Delivery) -> timedelta:
    assert row.next_try_at is not None
    return row.next_try_at - datetime.fromisoformat(row.attempts[-1]["at"])


def test_it_is_given_up_after_the_last_pause(receiver: Receiver) -> None:
    receiver.status = 500
    row = delivered(channel_of("slack", receiver))
    for _ in range(len(RETRY_DELAYS) + 3):
        Delivery.objects.filter(state="queued").update(next_try_at=timezone.now())
        deliver(row.pk)
    row.refresh_from_db()
    assert (row.state, len(row.attempts), len(receiver.received)) == (
        "failed",
        len(RETRY_DELAYS) + 1,
        len(RETRY_DELAYS) + 1,
    )


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 413])
def test_what_can_not_go_better_is_given_up_at_once(receiver: Receiver, status: int) -> None:
    receiver.status = status
    row = delivered(channel_of("slack", receiver))
    assert (row.state, len(row.attempts)) == ("failed", 1)


def test_a_channel_is_disabled_after_repeated_failures_and_this_is_logged(receiver: Receiver) -> None:
    receiver.status = 404
    channel, client = channel_of("slack", receiver), make_client()
    for place in range(MAX_FAILURES):
        deliver(make_delivery(channel, make_incident(make_schedule(client, f"Schedule {place}"))).pk)
    channel.refresh_from_db()
    assert channel.state == Channel.State.DISABLED
    assert AuditEntry.objects.filter(action="channel.disabled").exists()
    waiting = make_delivery(channel, make_incident(make_schedule(client, "One more")))
    deliver(waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.state, len(receiver.received)) == ("dropped", MAX_FAILURES)


def test_an_accepted_test_message_enables_a_channel_again(receiver: Receiver) -> None:
    channel = channel_of("slack", receiver, state=Channel.State.DISABLED, failures=3)
    deliver(start_test(channel, make_user()).pk)
    channel.refresh_from_db()
    assert (channel.state, channel.failures) == (Channel.State.WORKS, 0)


def test_a_test_that_fails_is_not_repeated_and_counts_for_nothing(receiver: Receiver) -> None:
    receiver.status = 500
    channel = channel_of("slack", receiver)
    row = start_test(channel, make_user())
    deliver(row.pk)
    row.refresh_from_db()
    channel.refresh_from_db()
    assert (row.state, channel.state, channel.failures) == ("failed", Channel.State.FAILING, 0)


def test_tests_are_limited(receiver: Receiver) -> None:
    channel, ada = channel_of("slack", receiver), make_user()
    for _ in range(5):
        start_test(channel, ada)
    with pytest.raises(ActionRefused):
        start_test(channel, ada)


def test_a_far_end_that_is_gone_is_not_called_again(receiver: Receiver) -> None:
    receiver.status = 410
    channel = channel_of("webhook", receiver)
    delivered(channel)
    channel.refresh_from_db()
    assert channel.state == Channel.State.DISABLED


def test_an_address_that_nobody_allowed_is_not_called(receiver: Receiver, settings: Settings) -> None:
    settings.ALERT_ALLOWED_HOSTS = []
    row = delivered(channel_of("webhook", receiver))
    assert (row.state, row.attempts[0]["error"], receiver.received) == ("failed", "refused_address", [])


def test_an_address_that_echoes_its_secrets_stores_none(receiver: Receiver) -> None:
    receiver.status = 400
    channel = make_channel(kind="webhook", secret=f"{receiver.url}/T0SECRETPATH", signing_secret=SIGNING)
    receiver.body = f"bad path /hook/T0SECRETPATH, secret {SIGNING}, mail ann@example.com \0"
    row = delivered(channel)
    words = row.attempts[0]["reply"]
    assert "T0SECRETPATH" not in words
    assert SIGNING not in words
    assert "ann@example.com" not in words
    channel.refresh_from_db()
    assert channel.last_reply == words


def test_two_workers_send_it_once(receiver: Receiver) -> None:
    row = make_delivery(channel_of("slack", receiver))
    now = timezone.now()
    Delivery.objects.filter(pk=row.pk).update(state="sending", lease_until=now + timedelta(seconds=60))
    assert not deliver(row.pk)
    assert due_deliveries() == ()
    assert receiver.received == []


def test_work_of_a_dead_worker_is_claimed_by_another(receiver: Receiver) -> None:
    row = make_delivery(channel_of("slack", receiver))
    Delivery.objects.filter(pk=row.pk).update(state="sending", lease_until=timezone.now() - timedelta(seconds=1))
    assert due_deliveries() == (row.pk,)
    assert deliver(row.pk)
    assert len(receiver.received) == 1


def test_what_is_sent_is_not_sent_again(receiver: Receiver) -> None:
    row = delivered(channel_of("slack", receiver))
    assert not deliver(row.pk)
    assert not try_again(row)
    assert len(receiver.received) == 1


def test_an_incident_is_not_announced_after_its_end(receiver: Receiver) -> None:
    """The far end was away for the first message, and back for the second."""
    channel, incident = channel_of("slack", receiver), make_incident()
    receiver.statuses = [503]
    opened = make_delivery(channel, incident)
    deliver(opened.pk)
    recovered = make_delivery(channel, incident, event="recovered", message={**WILD, "event": "recovered"})
    deliver(recovered.pk)
    Delivery.objects.filter(pk=opened.pk).update(next_try_at=timezone.now())
    deliver(opened.pk)
    opened.refresh_from_db()
    assert (opened.state, len(receiver.received)) == ("dropped", 2)


def test_a_fault_of_our_own_is_an_attempt_like_any_other(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diagnostics.monitoring.deliveries.send", lambda *args: 1 / 0)
    row = delivered(channel_of("slack", receiver))
    assert (row.state, row.attempts[0]["error"]) == ("queued", "fault")


def test_the_tick_rings_for_what_is_due(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    sent_tasks: list[int] = []
    monkeypatch.setattr(tasks, "send", lambda task, pk: sent_tasks.append(pk) if task is tasks.deliver else None)
    row = make_delivery(channel_of("slack", receiver))
    later = make_delivery(row.channel, next_try_at=timezone.now() + timedelta(minutes=5))
    tasks.send_deliveries()
    assert sent_tasks == [row.pk]
    assert later.pk not in sent_tasks
