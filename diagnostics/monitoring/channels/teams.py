"""A message as a Teams workflow takes it that "posts a card when a webhook request is received"."""

from typing import Any

from diagnostics.monitoring.channels.message import Message, line

COLOURS = {"recovered": "Good", "test": "Accent", "ended": "Default"}


def render(message: Message) -> dict[str, Any]:
    """Text runs know no Markdown, so that what an org wrote is shown and not obeyed."""
    colour = COLOURS.get(message.event, "Attention")
    body: list[dict[str, Any]] = [_text(message.subject, size="Large", weight="Bolder", color=colour)]
    body += [_text(line(each)) for each in message.sentences]
    if message.changes:
        body.append(_text("What changed", weight="Bolder"))
        body += [_text(f"• {line(each)}") for each in message.changes]
    body += [_text(f"{label}: {line(value)}", isSubtle=True) for label, value in message.facts]
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


def _text(text: str, **look: object) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **look}], "spacing": "Small"}
