"""Renders a message for the Teams workflow "Post to a channel when a webhook request is received"."""

from typing import Any

from diagnostics.monitoring.channels.message import Message, one_line

COLORS = {"recovered": "Good", "test": "Accent", "ended": "Default"}


def render(message: Message) -> dict[str, Any]:
    """Uses text runs, which don't interpret Markdown, so that text from an org is shown as it is."""
    color = COLORS.get(message.event, "Attention")
    body: list[dict[str, Any]] = [_text(message.subject, size="Large", weight="Bolder", color=color)]
    body += [_text(one_line(sentence)) for sentence in message.sentences]
    if message.changes:
        body.append(_text("What changed", weight="Bolder"))
        body += [_text(f"• {one_line(change)}") for change in message.changes]
    body += [_text(f"{label}: {one_line(value)}", isSubtle=True) for label, value in message.facts]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
    }
    if message.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open in Cobrowse Doctor", "url": message.link}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _text(text: str, **style: object) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}], "spacing": "Small"}
