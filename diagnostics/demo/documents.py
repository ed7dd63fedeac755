"""Builds conversation documents in the shape of the published models from the short form in the data files.

In the short form, times are minutes before the start of the server. Each participant has `legs`, one per communication,
whose `media` is the name of the participant's array in the published model.
"""

import uuid
from datetime import timedelta
from hashlib import sha256
from typing import Any

from diagnostics.demo.orgs import DemoOrg

Document = dict[str, Any]
MEDIA_TYPES = {"messages": "message", "calls": "voice", "emails": "email", "callbacks": "callback", "chats": "chat"}
ARRAYS = (*MEDIA_TYPES, "cobrowsesessions", "screenshares", "socialExpressions", "videos", "internalMessages")
PERSONAL = ("address", "ani", "attributes")


def derived_id(*parts: object) -> str:
    """A version 4 UUID that depends only on the parts, so that data files can refer to a participant's ID."""
    digest = sha256(":".join(map(str, parts)).encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def moment(org: DemoOrg, minutes_ago: float | None) -> str | None:
    if minutes_ago is None:
        return None
    at = org.started_at - timedelta(minutes=minutes_ago)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def without_none(document: Document) -> Document:
    return {key: value for key, value in document.items() if value is not None}


def conversation(org: DemoOrg, spec: Document) -> Document:
    """Model `Conversation`. `state` is never filled on reads."""
    return without_none(
        {
            "id": spec["id"],
            "startTime": moment(org, spec["started"]),
            "endTime": moment(org, spec.get("ended")),
            "address": next((participant.get("address") for participant in spec["participants"]), None),
            "participants": [participant(org, spec, position) for position in range(len(spec["participants"]))],
            "recordingState": "NONE",
            "divisions": divisions(org, spec),
            "securePause": False,
            "selfUri": f"/api/v2/conversations/{spec['id']}",
        }
    )


def divisions_of(spec: Document) -> list[str]:
    """Most conversations belong to one division; a transfer can add others."""
    return spec.get("divisions") or [spec["division"]]


def divisions(org: DemoOrg, spec: Document) -> list[Document]:
    """Models `ConversationDivisionMembership`."""
    return [
        {
            "division": {
                "id": division,
                "name": org.divisions[division],
                "selfUri": f"/api/v2/authorization/divisions/{division}",
            },
            "entities": [],
        }
        for division in divisions_of(spec)
    ]


def participant(org: DemoOrg, spec: Document, position: int) -> Document:
    """Model `Participant`. It has every media array, most of them empty."""
    item = spec["participants"][position]
    legs = item["legs"]
    document: Document = {
        "id": derived_id(spec["id"], position),
        "startTime": moment(org, legs[0]["started"]),
        "connectedTime": moment(org, legs[0]["started"]),
        "endTime": moment(org, legs[-1].get("ended")),
        "purpose": item["purpose"],
        "wrapupRequired": item["purpose"] == "agent",
        "attributes": {},
        **who(org, item),
    }
    arrays: Document = {name: [] for name in ARRAYS}
    for number, leg in enumerate(legs):
        arrays[leg["media"]].append(communication(org, spec, position, number))
    return {**without_none(document), **arrays}


def who(org: DemoOrg, item: Document) -> Document:
    """The participant's name, IDs and addresses. The names of agents and queues come from the org."""
    user, queue = item.get("user"), item.get("queue")
    name = item.get("name") or org.users.get(user or "") or org.queues.get(queue or "")
    known = {"name": name, "userId": user, "queueId": queue, "queueName": org.queues.get(queue or "")}
    return {**known, **{key: item[key] for key in PERSONAL if key in item}}


def communication(org: DemoOrg, spec: Document, position: int, number: int) -> Document:
    """One entry of `messages[]`, `calls[]` and so on: the common fields, and those of its medium."""
    leg = spec["participants"][position]["legs"][number]
    connected = leg["state"] not in ("alerting", "scheduled")
    common = {
        "id": derived_id(spec["id"], position, number),
        "state": leg["state"],
        "initialState": "connected" if connected else leg["state"],
        "direction": leg["direction"],
        "held": leg.get("held", False),
        "provider": leg["provider"],
        "type": leg.get("type"),
        "connectedTime": moment(org, leg["started"]) if connected else None,
        "startAlertingTime": None if connected else moment(org, leg["started"]),
        "startHoldTime": moment(org, leg["started"] / 2) if leg.get("held") else None,
        "parkTime": moment(org, leg["started"] / 2) if leg["state"] == "parked" else None,
        "disconnectedTime": moment(org, leg.get("ended")),
        "disconnectType": leg.get("disconnect"),
        "segments": [],
    }
    return {**without_none(common), **particulars(org, spec, position, leg)}


def particulars(org: DemoOrg, spec: Document, position: int, leg: Document) -> Document:
    item = spec["participants"][position]
    name, address = item.get("name", ""), item.get("address", "")
    if leg["media"] == "messages":
        message = {"messageId": derived_id(spec["id"], position, "text"), "messageTime": moment(org, leg["started"])}
        return {"messages": [{**message, "messageStatus": "received", "messageSegmentCount": 1}]}
    if leg["media"] == "calls":
        end = {"name": name, "nameRaw": name, "addressRaw": address, "addressNormalized": address}
        return {"muted": False, "confined": False, "recording": False, "other": end}
    if leg["media"] == "emails":
        return {"subject": f"Question from {name}" if name else "Question", "messagesSent": 0, "autoGenerated": False}
    if leg["media"] == "callbacks":
        return {"callbackNumbers": [address.removeprefix("tel:")] if address else [], "callbackUserName": name}
    return {"roomId": f"{spec['id']}@conference.example"}


def media_view(org: DemoOrg, spec: Document, media: str) -> Document | None:
    """Models `MessageConversation`, `CallConversation`, ..., with flat participants. None without that medium."""
    participants = [
        flat
        for position, item in enumerate(spec["participants"])
        for number, leg in enumerate(item["legs"])
        if leg["media"] == media
        for flat in [flat_participant(org, spec, position, number)]
    ]
    if not participants:
        return None
    return {
        "id": spec["id"],
        "participants": participants,
        "otherMediaUris": [],
        "divisions": divisions(org, spec),
        "selfUri": f"/api/v2/conversations/{media}/{spec['id']}",
    }


def flat_participant(org: DemoOrg, spec: Document, position: int, number: int) -> Document:
    item = spec["participants"][position]
    leg = communication(org, spec, position, number)
    known = who(org, item)
    references = {
        kind: {"id": item[kind], "name": known["name"], "selfUri": f"/api/v2/{path}/{item[kind]}"}
        for kind, path in (("user", "users"), ("queue", "routing/queues"))
        if kind in item
    }
    return without_none(
        {
            "id": derived_id(spec["id"], position),
            "purpose": item["purpose"],
            "name": known["name"],
            "address": item.get("address"),
            "attributes": item.get("attributes", {}),
            "startTime": moment(org, item["legs"][number]["started"]),
            "endTime": leg.get("disconnectedTime"),
            "wrapupRequired": item["purpose"] == "agent",
            **{key: leg.get(key) for key in ("state", "direction", "held", "provider", "type", "connectedTime")},
            **{key: leg.get(key) for key in ("startAlertingTime", "disconnectType", "messages", "muted")},
            **references,
        }
    )


def analytics(org: DemoOrg, spec: Document) -> Document:
    """Model `AnalyticsConversationWithoutAttributes`, which also exists for conversations that are only history."""
    return without_none(
        {
            "conversationId": spec["id"],
            "conversationStart": moment(org, spec["started"]),
            "conversationEnd": moment(org, spec.get("ended")),
            "divisionIds": divisions_of(spec),
            "originatingDirection": "inbound",
            "participants": [analytics_participant(org, spec, n) for n in range(len(spec["participants"]))],
        }
    )


def analytics_participant(org: DemoOrg, spec: Document, position: int) -> Document:
    item = spec["participants"][position]
    return without_none(
        {
            "participantId": derived_id(spec["id"], position),
            "participantName": who(org, item)["name"],
            "purpose": item["purpose"],
            "userId": item.get("user"),
            "sessions": [analytics_session(org, spec, position, number) for number in range(len(item["legs"]))],
        }
    )


def analytics_session(org: DemoOrg, spec: Document, position: int, number: int) -> Document:
    item = spec["participants"][position]
    leg = item["legs"][number]
    segment = {"segmentStart": moment(org, leg["started"]), "segmentEnd": moment(org, leg.get("ended"))}
    return without_none(
        {
            "sessionId": derived_id(spec["id"], position, number),
            "mediaType": MEDIA_TYPES.get(leg["media"], leg["media"]),
            "messageType": leg.get("type"),
            "direction": leg["direction"],
            "provider": leg["provider"],
            "remoteNameDisplayable": item.get("name"),
            "segments": [{**without_none(segment), "segmentType": "interact", "conference": False}],
        }
    )
