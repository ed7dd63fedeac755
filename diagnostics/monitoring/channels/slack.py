"""A message as Slack's incoming webhooks take it. Whatever an org wrote is escaped, so that it calls nobody."""

from typing import Any

from diagnostics.monitoring.channels.message import Message, line

LONGEST_SECTION = 2900
SHAPES = {"recovered": ":white_check_mark:", "test": ":wave:", "ended": ":heavy_minus_sign:"}


def render(message: Message) -> dict[str, Any]:
    shape = SHAPES.get(message.event, ":rotating_light:")
    blocks = [_section(f"{shape} *{escape(message.subject)}*")]
    blocks += [_section("\n".join(escape(line(each)) for each in message.sentences))] if message.sentences else []
    if message.changes:
        blocks.append(_section("*What changed*\n" + "\n".join(f"• {escape(line(each))}" for each in message.changes)))
    if message.facts:
        blocks.append(_section("\n".join(f"{escape(label)}: {escape(line(value))}" for label, value in message.facts)))
    if message.link:
        blocks.append(_section(f"<{escape(message.link)}|Open in Cobrowse Doctor>"))
    return {"text": escape(message.subject), "blocks": blocks, "unfurl_links": False}


def escape(text: str) -> str:
    """The three characters that Slack reads as its own; marks of emphasis are parted from their words."""
    shown = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\u200b{each}" if each in "*_~`" else each for each in shown)


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:LONGEST_SECTION], "verbatim": True}}
