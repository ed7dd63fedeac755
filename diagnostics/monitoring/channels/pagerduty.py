"""A message as an event of PagerDuty's Events API v2: one alert for each break, resolved when it is over."""

from typing import Any

from diagnostics.monitoring.channels.message import Message, line

# Service region -> where its events go.
ADDRESSES = {
    "us": "https://events.pagerduty.com/v2/enqueue",
    "eu": "https://events.eu.pagerduty.com/v2/enqueue",
}
LONGEST_SUMMARY = 1024
SOURCE = "Cobrowse Doctor"


def render(message: Message, routing_key: str) -> dict[str, Any]:
    """A test is resolved right away by a second event; see `resolved`."""
    event: dict[str, Any] = {"routing_key": routing_key, "dedup_key": message.thread[:255]}
    if message.is_over:
        return {**event, "event_action": "resolve"}
    event |= {"event_action": "trigger", "client": SOURCE, "payload": _payload(message)}
    if message.link:
        event |= {"client_url": message.link, "links": [{"href": message.link, "text": f"Open in {SOURCE}"}]}
    return event


def resolved(message: Message, routing_key: str) -> dict[str, Any]:
    """The end of what this message opened."""
    return {"routing_key": routing_key, "dedup_key": message.thread[:255], "event_action": "resolve"}


def _payload(message: Message) -> dict[str, Any]:
    details = {
        "sentences": [line(each) for each in message.sentences],
        "changes": [line(each) for each in message.changes],
        **{label: line(value) for label, value in message.facts},
    }
    payload = {
        "summary": line(message.subject, LONGEST_SUMMARY),
        "source": line(message.org or message.client or SOURCE),
        "severity": "info" if message.is_test else "critical" if message.is_critical else "error",
        "timestamp": message.at,
        "component": line(message.schedule),
        "group": line(message.client),
        "class": message.cause,
        "custom_details": details,
    }
    return {name: value for name, value in payload.items() if value}
