"""Renders a message for Slack's incoming webhooks. Text from an org is escaped, so that it can't mention anybody."""

from typing import Any

from diagnostics.monitoring.channels.message import Message, one_line

MAX_SECTION = 2900
EMOJI = {"recovered": ":white_check_mark:", "test": ":wave:", "ended": ":heavy_minus_sign:"}


def render(message: Message) -> dict[str, Any]:
    emoji = EMOJI.get(message.event, ":rotating_light:")
    sections = [f"{emoji} *{escape(message.subject)}*"]
    sections.append("\n".join(escape(one_line(sentence)) for sentence in message.sentences))
    if message.changes:
        sections.append("\n".join(["*What changed*", *(f"• {escape(one_line(change))}" for change in message.changes)]))
    sections.append("\n".join(f"{escape(label)}: {escape(one_line(value))}" for label, value in message.facts))
    if message.link:
        sections.append(f"<{escape(message.link)}|Open in Cobrowse Doctor>")
    blocks = [_section(text) for text in sections if text]
    return {"text": escape(message.subject), "blocks": blocks, "unfurl_links": False}


def escape(text: str) -> str:
    """Escape Slack's three control characters, and separate emphasis characters from the words next to them."""
    shown = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\u200b{char}" if char in "*_~`" else char for char in shown)


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:MAX_SECTION], "verbatim": True}}
