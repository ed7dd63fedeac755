"""Creates the deliveries of events that a webhook subscribes to: a run ended, an issue changed. `deliveries` sends them.

They are created in the transaction that ends the run or changes the issue, so that none is lost, and none is sent under two
IDs.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.conf import settings

from diagnostics.engine import causes
from diagnostics.issues.models import Issue
from diagnostics.monitoring.alert_text import ISSUES_PATH
from diagnostics.monitoring.announcements import CHANNEL_DISABLED
from diagnostics.monitoring.channels.message import Message, one_line
from diagnostics.monitoring.models import Channel, Delivery
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.visibility import visible_clients
from diagnostics.runs.models import Run
from diagnostics.storage.clock import database_now

RUNS_PATH = "/runs/"
LARGE = ("client__secret", "client__verification")


def queue_run_ended(run_id: int) -> None:
    """Safe to call twice."""
    if channels := _channels(Channel.Subscription.RUN_ENDED):
        runs = Run.objects.select_related("client", "schedule").defer(*LARGE, "environment", "planned", "search_keys")
        run, now = runs.get(pk=run_id), database_now()
        _queue(channels, run.client, _run_message(run, now), now, run=run)


def queue_issue_changes(changes: Iterable[tuple[int, str]]) -> None:
    if not (channels := _channels(Channel.Subscription.ISSUE_CHANGED)):
        return
    changes, now = list(changes), database_now()
    issues = Issue.objects.select_related("client", "assignee").defer(*LARGE).in_bulk([pk for pk, _ in changes])
    for pk, change in changes:
        issue = issues[pk]
        _queue(channels, issue.client, _issue_message(f"issue.{change}", issue, now), now, issue=issue)


def _channels(subscription: str) -> list[Channel]:
    channels = Channel.objects.filter(events__contains=[subscription]).select_related("created_by")
    return list(channels.defer("secret", "signing_secret", "last_reply"))


def _queue(channels: list[Channel], client: OAuthClient, message: Message, now: datetime, **about: Any) -> None:
    """A channel gets only events of orgs that the person who created it may see."""
    deliveries = []
    for channel in channels:
        if not visible_clients(channel.created_by).filter(pk=client.pk).exists():
            continue
        delivery = Delivery(channel=channel, client=client, event=message.event, message_id=uuid4(), **about)
        delivery.message, delivery.created_at, delivery.next_try_at = message.to_json(), now, now
        if channel.state == Channel.State.DISABLED:
            delivery.state, delivery.reason = Delivery.State.DROPPED, CHANNEL_DISABLED
            delivery.next_try_at, delivery.ended_at = None, now
        deliveries.append(delivery)
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)


def _run_message(run: Run, now: datetime) -> Message:
    verdict = run.verdict if isinstance(run.verdict, dict) else {}
    sentences = [str(verdict.get(name) or "") for name in ("sentence", "remedy")]
    message = Message(
        event=Delivery.Event.RUN_ENDED,
        title=one_line(f"{run.client.name}: {run.cause_title}", 200),
        sentences=tuple(one_line(sentence) for sentence in sentences if sentence),
        link=f"{settings.PUBLIC_URL}{RUNS_PATH}{run.pk}/",
        began_at=_time(run.started_at or run.created_at),
        ended_at=_time(run.finished_at),
        cause=run.cause,
        certainty=run.certainty,
        schedule=one_line(run.schedule.name) if run.schedule else "",
        run=run.pk,
        status=run.status,
        kind=run.kind,
        branch=run.branch,
        conversation=one_line(run.conversation_id),
    )
    return _with_client(message, run.client, now)


def _issue_message(event: str, issue: Issue, now: datetime) -> Message:
    is_accepted = issue.accepted_until is not None and issue.accepted_until > now
    message = Message(
        event=event,
        title=one_line(f"{issue.client.name}: {causes.title_of(issue.cause)}", 200),
        sentences=tuple(
            one_line(each) for each in (issue.sentence, issue.accepted_reason if is_accepted else "") if each
        ),
        link=f"{settings.PUBLIC_URL}{ISSUES_PATH}{issue.pk}/",
        began_at=_time(issue.first_seen_at),
        ended_at=_time(issue.resolved_at),
        cause=issue.cause,
        run=issue.last_run_id,
        issue=issue.pk,
        status=issue.shown_status,
        target=one_line(issue.target),
        assignee=issue.assignee.username if issue.assignee else "",
        accepted_until=_time(issue.accepted_until) if is_accepted else "",
    )
    return _with_client(message, issue.client, now)


def _with_client(message: Message, client: OAuthClient, now: datetime) -> Message:
    name, org = one_line(client.name), one_line(client.org_name)
    return replace(message, at=_time(now), client=name, org=org, environment=client.environment)


def _time(at: datetime | None) -> str:
    return at.isoformat(timespec="seconds") if at else ""
