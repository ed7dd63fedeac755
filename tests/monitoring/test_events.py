"""Events that a webhook subscribes to: each once, with its transaction, only about orgs that its creator may see."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks.webhooks import Webhook

from diagnostics import tasks
from diagnostics.accounts.models import AuditEntry, User
from diagnostics.issues.issues import accept_issue, assign_issue, end_acceptance, update_issues
from diagnostics.issues.models import Issue
from diagnostics.monitoring import events, receivers
from diagnostics.monitoring.deliveries import deliver, due_deliveries
from diagnostics.monitoring.events import queue_run_ended
from diagnostics.monitoring.models import Channel, Delivery
from diagnostics.runs.close import RunResult, close_run, force_close_run
from diagnostics.runs.interruption import end_broken_run
from diagnostics.runs.models import Run
from tests.builders.receivers import Receiver, http_receiver
from tests.factories import (
    make_channel,
    make_client,
    make_delivery,
    make_finding,
    make_incident,
    make_issue,
    make_open_run,
    make_run,
    make_schedule,
    make_user,
    make_verdict,
)

pytestmark = pytest.mark.django_db
ALL = list(Channel.Subscription)


def close_as_worker(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(status="running", worker="w")
    close_run(run, "w", RunResult("finished", make_verdict(), 1.0))


WAYS_TO_END: dict[str, Callable[[Run], object]] = {
    "by its worker": close_as_worker,
    "without its worker": lambda run: end_broken_run(run.pk),
    "by force": lambda run: force_close_run(run.pk),
}


@pytest.mark.parametrize("way", WAYS_TO_END)
def test_each_way_to_end_a_run_sends_one_event(way: str) -> None:
    make_channel(events=ALL)
    make_channel("Alerts only")
    run = make_open_run(make_client())
    WAYS_TO_END[way](run)
    WAYS_TO_END[way](run)
    queue_run_ended(run.pk)
    delivery = Delivery.objects.get(event="run.ended")
    run.refresh_from_db()
    assert (delivery.run, delivery.state, delivery.channel.name) == (run, "queued", "Operations")
    assert (delivery.message["status"], delivery.message["cause"]) == (run.status, run.cause)


def test_each_change_of_an_issue_sends_one_event() -> None:
    make_channel(events=["issue.changed"])
    client, ada = make_client(), make_user("ada")
    sent: list[tuple[str, str, str]] = []

    def close(outcome: str, minute: int) -> None:
        at = timezone.now() + timedelta(minutes=minute)
        cause = "none" if outcome == "pass" else "authz.permission_missing"
        verdict = make_verdict(cause=cause, because=["permissions.call"])
        run = make_run(client, created_at=at, started_at=at, target="t", cause=cause, verdict=verdict)
        make_finding(run, "permissions.call", outcome, code="granted" if outcome == "pass" else "permission_missing")
        with transaction.atomic():
            update_issues(run, list(run.findings.all()))

    def note() -> None:
        rows = Delivery.objects.order_by("pk")[len(sent) :]
        sent.extend((row.event, row.message["status"], row.message["assignee"]) for row in rows)

    for minute, outcome in enumerate(("fail", "fail", "pass", "fail")):
        close(outcome, minute)
        note()
    issue = Issue.objects.get()
    for act in (
        lambda: assign_issue(issue, ada, ada),
        lambda: assign_issue(issue, ada, ada),
        lambda: accept_issue(issue, "For now.", timezone.now() + timedelta(days=2), ada),
        lambda: end_acceptance(issue, ada),
        lambda: end_acceptance(issue, ada),
    ):
        act()
        note()
    assert sent == [
        ("issue.new", "new", ""),
        ("issue.resolved", "resolved", ""),
        ("issue.reopened", "reopened", ""),
        ("issue.assigned", "reopened", "ada"),
        ("issue.accepted", "accepted", "ada"),
        ("issue.acceptance_ended", "reopened", "ada"),
    ]


def test_acceptance_that_expires_sends_one_event_also_after_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    make_channel(events=["issue.changed"])
    client, ada = make_client(), make_user("ada")
    past, future = (timezone.now() + timedelta(seconds=seconds) for seconds in (-1, 3600))
    issue = make_issue(client)
    accept_issue(issue, "For now.", past, ada)
    make_issue(client, cause="env.tls", accepted_until=future, accepted_reason="Later.")
    resolved = make_issue(client, cause="env.dns", accepted_until=past, resolved_at=past)
    Delivery.objects.all().delete()
    queue, calls = events.queue_issue_changes, []

    def dies_once(changes: list[tuple[int, str]]) -> None:
        queue(changes)
        calls.append(changes)
        if len(calls) == 1:
            raise RuntimeError

    monkeypatch.setattr(receivers, "queue_issue_changes", dies_once)
    tasks.TICK_PARTS["acceptances"]()
    assert not Delivery.objects.exists()
    assert Issue.objects.get(pk=issue.pk).accepted_until
    for _ in range(2):
        tasks.TICK_PARTS["acceptances"]()
    delivery = Delivery.objects.get()
    assert (delivery.event, delivery.issue, delivery.message["status"]) == (
        "issue.acceptance_ended", issue, "ongoing",
    )  # fmt: skip
    assert set(Issue.objects.values_list("cause", "accepted_until")) == {
        (issue.cause, None), ("env.tls", future), (resolved.cause, None),
    }  # fmt: skip
    assert AuditEntry.objects.filter(action="issue.acceptance_ended", thing_id=str(issue.pk)).count() == 1


def test_issue_that_is_accepted_for_longer_meanwhile_stays_accepted() -> None:
    make_channel(events=["issue.changed"])
    issue = make_issue(make_client(), accepted_until=timezone.now() - timedelta(seconds=1))
    accept_issue(issue, "Longer.", timezone.now() + timedelta(days=1), make_user("ada"))
    tasks.TICK_PARTS["acceptances"]()
    assert list(Delivery.objects.values_list("event", flat=True)) == ["issue.accepted"]


def test_channel_of_a_limited_person_gets_only_events_of_their_orgs(client: Client) -> None:
    mine, theirs = make_client(), make_client("Theirs", client_id="b", org_id="theirs", org_name="Theirs")
    lea = make_user("lea", User.Role.TEAM_LEAD, is_limited=True, only_orgs=[mine.org_id])
    make_channel("Lea's", events=ALL, created_by=lea)
    make_channel("Everybody's", events=ALL, created_by=make_user("ada"))
    for each in (mine, theirs):
        queue_run_ended(make_run(each).pk)
    found = set(Delivery.objects.values_list("channel__name", "client__name"))
    assert found == {("Lea's", "Acme support"), ("Everybody's", "Acme support"), ("Everybody's", "Theirs")}
    client.force_login(lea)
    page = client.get("/monitoring/deliveries/")
    assert {row.client for row in page.context["page"].rows} == {mine}


def test_what_a_limited_person_does_is_sent_to_the_channels_of_others(client: Client) -> None:
    make_channel(events=ALL)
    issue = make_issue(make_client())
    lea = make_user("lea", User.Role.OPERATOR, is_limited=True, only_orgs=[issue.client.org_id])
    client.force_login(lea)
    assert client.post(f"/issues/{issue.pk}/assign/", {"assignee": lea.pk}).status_code == 302
    assert Delivery.objects.get().event == "issue.assigned"


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    with http_receiver() as running:
        settings.ALERT_ALLOWED_HOSTS = [running.host]
        yield running


def test_every_body_is_signed_has_its_id_and_the_same_keys(receiver: Receiver) -> None:
    channel = make_channel(secret=receiver.url, events=ALL)
    run = make_run(make_client(), verdict=make_verdict(), cause="path.not_in_api")
    queue_run_ended(run.pk)
    make_delivery(channel, make_incident(make_schedule(run.client)))
    for row in Delivery.objects.order_by("pk"):
        assert deliver(row.pk)
    bodies = [Webhook(channel.signing_secret).verify(got.body, got.headers) for got in receiver.received]
    assert [body["id"] for body in bodies] == [got.headers["webhook-id"] for got in receiver.received]
    assert [body["type"] for body in bodies] == ["run.ended", "incident.opened"]
    assert bodies[0]["data"].keys() == bodies[1]["data"].keys()
    assert bodies[0]["data"]["run"] == run.pk
    assert receiver.url not in json.dumps(bodies)


def test_storm_is_sent_a_few_at_a_time_and_alerts_go_first(
    receiver: Receiver, sent_tasks: list[tuple[str, int]]
) -> None:
    channel = make_channel(secret=receiver.url, events=ALL)
    client = make_client()
    for _ in range(8):
        queue_run_ended(make_run(client).pk)
    alert = make_delivery(channel, make_incident(make_schedule(client)))
    first = due_deliveries()
    assert (len(first), first[0]) == (3, alert.pk)
    sent_tasks += [("deliver", pk) for pk in first]
    for _, pk in sent_tasks:  # grows meanwhile, as each one that was sent sends the next
        tasks.deliver(pk)
    ids = [got.headers["webhook-id"] for got in receiver.received]
    assert len(ids) == len(set(ids)) == 9
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def test_channel_that_is_disabled_logs_what_it_was_not_sent() -> None:
    make_channel(events=ALL, state="disabled")
    queue_run_ended(make_run(make_client()).pk)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.next_try_at, bool(delivery.reason)) == ("dropped", None, True)


def test_events_are_chosen_on_the_page_of_a_webhook(as_admin: Client) -> None:
    channel, mail = make_channel(), make_channel("Mail", "email")
    for chosen in (["run.ended", "issue.changed"], ["run.ended"], ["invented"], []):
        as_admin.post(f"/monitoring/channels/{channel.pk}/events/", {"events": chosen})
        channel.refresh_from_db()
        assert channel.events == (["run.ended"] if chosen == ["invented"] else chosen)
    assert as_admin.post(f"/monitoring/channels/{mail.pk}/events/", {"events": ["run.ended"]}).status_code == 404
