"""Converts the conversation of a case, described in a few words, to the short form of the demo data."""

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from diagnostics.evaluation.cases import org_id_of, part_of, split_words

MESSAGE_TYPES = {
    "whatsapp": "whatsapp",
    "sms": "sms",
    "facebook": "facebook",
    "instagram": "instagram",
    "apple": "apple",
    "twitter": "twitter",
    "telegram": "telegram",
    "line": "line",
    "open messag": "open",
}
MEDIA = (
    (r"internal messag", "internalMessages"),
    (r"social", "socialExpressions"),
    (r"screen ?shar", "screenshares"),
    (r"\bvideo", "videos"),
    (r"call ?back", "callbacks"),
    (r"e-?mail", "emails"),
    (r"web ?messag|webmessaging", "webmessaging"),
    (r"\b(?:" + "|".join(MESSAGE_TYPES) + ")", "message"),
    (r"messenger", "webmessaging"),
    (r"\bchat|webchat|web chat", "chats"),
    (r"voice|call|phone|pstn", "calls"),
    (r"messag", "webmessaging"),
)

# "not ended" and the like; and a medium that the conversation had before, or that was only offered.
NEGATED_END = re.compile(r"\b(?:not|never)\s+(?:yet\s+)?(?:ended|closed|over|finished|completed|archived)\b")
EARLIER_MEDIUM = re.compile(
    r"\b(?:after|with) an? earlier [\w -]+|\bwas [\w -]+ before\b[\w -]*|[\w-]+ (?:was )?(?:offered|declined)"
)


def conversation_of(state: Mapping[str, Any]) -> dict[str, Any] | None:
    """None if the case has no conversation, or says that it doesn't exist in this org."""
    conversation = part_of(state, "conversation")
    description = str(conversation.get("state") or "").lower()
    if not conversation.get("id") or re.search(
        r"not exist|no such|unknown|other (org|region)|another (org|region)|deleted", description
    ):
        return None
    try:
        identifier = str(uuid.UUID(str(conversation["id"])))
    except ValueError:
        return None
    description = NEGATED_END.sub("", description)
    ended = bool(
        re.search(r"ended|closed|disconnected|terminated|finished|over\b|historical|archived|completed", description)
    )
    division_names = split_words(part_of(state, "divisions").get("conversation_in")) or ["Home"]
    divisions = [org_id_of(f"division {name if name != '*' else 'Home'}") for name in division_names]
    participants = list(_participants(conversation, description, ended))
    return {
        "id": identifier,
        "division": divisions[0],
        "divisions": divisions,
        "started": 40,
        **({"ended": 20} if ended else {}),
        "live": not re.search(r"historical|archived|analytics only|only in analytics", description),
        "participants": participants,
    }


def _participants(conversation: Mapping[str, Any], description: str, ended: bool) -> Iterable[dict[str, Any]]:
    customer = _leg_state(conversation.get("customer_participant"), description, ended)
    agent = _leg_state(conversation.get("agent_participant"), description, ended)
    media, kind = medium_of(str(conversation.get("media") or ""))
    if customer:
        yield _participant("customer", media, kind, customer)
    if re.search(r"queue|waiting|acd|routing", description) and not ended:
        yield _participant("acd", media, kind, "connected") | {"queue": org_id_of("queue")}
    if agent:
        yield _participant("agent", media, kind, agent) | {"user": org_id_of("agent")}


def _leg_state(party: Any, description: str, ended: bool) -> str:
    """The state of a party's leg, "" if there is no such party."""
    text = NEGATED_END.sub(
        "", re.sub(r"\([^()]*\)", "", str(party if party is not None else description).lower())
    ).strip()
    if not ended and re.search(r"(?<!not )(?<!not yet )\bconnected\b", text):
        return "connected"
    if re.search(
        r"^none|no agent|not (yet )?(assigned|present|joined|connected|a party|in)|absent|missing|waiting|queue", text
    ):
        return ""
    if ended or re.search("disconnect|terminat|left|ended|gone", text):
        return "disconnected"
    known = ("alerting", "dialing", "contacting", "offering", "parked", "terminated", "scheduled")
    return next((state for state in known if state in text), "connected")


def medium_of(text: str) -> tuple[str, str]:
    """The participant's array and the message type: "message (web messaging)" gives ("messages", "webmessaging")."""
    description = EARLIER_MEDIUM.sub("", text.lower())
    found = next((medium for pattern, medium in MEDIA if re.search(pattern, description)), "webmessaging")
    if found == "message":
        return "messages", next(kind for word, kind in MESSAGE_TYPES.items() if word in description)
    return ("messages", found) if found == "webmessaging" else (found, "")


def _participant(purpose: str, media: str, kind: str, state: str) -> dict[str, Any]:
    leg = {
        "media": media,
        "state": state,
        "started": 40,
        "provider": "PureCloud Messaging",
        "direction": "inbound",
        **({"type": kind} if kind else {}),
        **({"ended": 20} if state in ("disconnected", "terminated") else {}),
    }
    return {"purpose": purpose, "legs": [leg]}
