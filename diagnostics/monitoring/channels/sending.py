"""Sends one message to one channel and returns the reply."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string

from diagnostics.monitoring import mail, outgoing
from diagnostics.monitoring.channels import pagerduty, slack, teams, webhook
from diagnostics.monitoring.channels.message import EVENT_TITLES, Message, plain_text
from diagnostics.monitoring.channels.responses import Reply
from diagnostics.monitoring.models import Channel
from diagnostics.redaction.redactor import Redactor

MAX_REPLY_TEXT = 500
JSON_HEADERS = {"Content-Type": "application/json"}


def send(channel: Channel, message: Message, message_id: str, now: datetime) -> Reply:
    """Never raises because of the receiver."""
    match channel.kind:
        case Channel.Kind.EMAIL:
            reply = _mail(channel, message, message_id)
        case Channel.Kind.SLACK:
            reply = _post(channel.secret, slack.render(message))
        case Channel.Kind.TEAMS:
            reply = _post(channel.secret, teams.render(message))
        case Channel.Kind.PAGERDUTY:
            reply = _pagerduty(channel, message)
        case _:
            reply = _webhook(channel, message, message_id, now)
    return _without_secrets(channel, reply)


def _mail(channel: Channel, message: Message, message_id: str) -> Reply:
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    headers = {"Message-ID": f"<{message_id}@{host}>"}
    if message.thread:
        headers["References"] = f"<{message.thread}@{host}>"
    context = {"message": message, "head": EVENT_TITLES.get(message.event, "")}
    html = render_to_string("monitoring/alerts/email.html", context)
    return mail.send(message.subject, plain_text(message), html, recipients_of(channel), headers)


def recipients_of(channel: Channel) -> list[str]:
    return [part.strip() for part in channel.address.split(",") if part.strip()]


def _pagerduty(channel: Channel, message: Message) -> Reply:
    """A test alert is resolved at once."""
    reply = _post(channel.address, pagerduty.render(message, channel.secret))
    if message.is_test and reply.is_accepted:
        end = _post(channel.address, pagerduty.render_resolve(message, channel.secret))
        return Reply(end.status, f"Opened: {reply.text} Resolved: {end.text}", end.retry_after, end.error)
    return reply


def _webhook(channel: Channel, message: Message, message_id: str, now: datetime) -> Reply:
    body = webhook.render(message, message_id)
    return _post_body(channel.secret, body, webhook.headers(body, message_id, now, channel.signing_secret))


def _post(url: str, body: Mapping[str, Any]) -> Reply:
    return _post_body(url, json.dumps(body, ensure_ascii=False).encode(), JSON_HEADERS)


def _post_body(url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
    response = outgoing.post(url, body, headers, settings.ALERT_ALLOWED_HOSTS)
    if response.error:
        return Reply(error=response.error, text=response.detail)
    return Reply(response.status, response.body, _seconds(response.retry_after))


def _seconds(retry_after: str) -> float | None:
    """Parse a Retry-After header: seconds or a date; None for anything else."""
    if retry_after.isascii() and retry_after.isdecimal():
        return float(retry_after[:9])
    try:
        at = parsedate_to_datetime(retry_after)
    except (ValueError, TypeError, IndexError):
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - datetime.now(UTC).timestamp()


def _without_secrets(channel: Channel, reply: Reply) -> Reply:
    """A receiver may echo what it was sent, and its URL is a secret itself."""
    parts = urlsplit(channel.secret)
    secrets = [part for part in (channel.secret, parts.path, parts.query, channel.signing_secret) if len(part) > 3]
    shown = " ".join(Redactor(secrets).text(reply.text.replace("\0", "")).split())
    return Reply(reply.status, shown[:MAX_REPLY_TEXT], reply.retry_after, reply.error)
