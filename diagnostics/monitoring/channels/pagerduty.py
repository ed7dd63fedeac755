"""Renders a message as an event of PagerDuty's Events API v2: one alert per outage, resolved when it ends."""

from typing import Any

from diagnostics.monitoring.channels.message import Message, one_line

# By service region.
ENDPOINTS = {
    "us": "https://events.pagerduty.com/v2/enqueue",
    "eu": "https://events.eu.pagerduty.com/v2/enqueue",
}
MAX_SUMMARY = 1024
SOURCE = "Cobrowse Doctor"


def render(message: Message, routing_key: str) -> dict[str, Any]:
    """The caller resolves a test right away with `render_resolve`."""
    if message.is_over:
        return render_resolve(message, routing_key)
    event: dict[str, Any] = {"routing_key": routing_key, "dedup_key": message.thread[:255]}
    event |= {"event_action": "trigger", "client": SOURCE, "payload": _payload(message)}
    if message.link:
        event |= {"client_url": message.link, "links": [{"href": message.link, "text": f"Open in {SOURCE}"}]}
    return event


def render_resolve(message: Message, routing_key: str) -> dict[str, Any]:
    """Resolves the alert that this message opened."""
    return {"routing_key": routing_key, "dedup_key": message.thread[:255], "event_action": "resolve"}


def _payload(message: Message) -> dict[str, Any]:
    details = {
        "sentences": [one_line(sentence) for sentence in message.sentences],
        "changes": [one_line(change) for change in message.changes],
        **{label: one_line(value) for label, value in message.facts},
    }
    severity = "critical" if message.is_critical else "error"
    payload = {
        "summary": one_line(message.subject, MAX_SUMMARY),
        "source": one_line(message.org or message.client or SOURCE),
        "severity": "info" if message.is_test else severity,
        "timestamp": message.at,
        "component": one_line(message.schedule),
        "group": one_line(message.client),
        "class": message.cause,
        "custom_details": details,
    }
    return {name: value for name, value in payload.items() if value}
