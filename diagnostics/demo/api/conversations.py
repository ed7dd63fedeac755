"""Conversations: the full document, the media views, the analytics details, and the call that starts a session."""

import uuid
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from diagnostics.demo import documents
from diagnostics.demo.responses import ApiError, DemoResponse, json_response
from diagnostics.demo.routing import DemoRequest, DemoRoute, reject_client_credentials

BASE = "/api/v2/conversations"
VIEW = ("conversation:communication:view",)
START = ("conversation:cobrowse:add", "conversation:cobrowseVoice:add")
DETAILS = ("analytics:conversationDetail:view", "analytics:agentConversationDetail:view")
NOT_FOUND = "conversation.error.conversation.not.found"


def find(request: DemoRequest, with_history: bool = False) -> dict[str, Any]:
    """The conversation of the path in its short form. One that is only history needs `with_history`."""
    text = request.params["conversationId"]
    try:
        wanted = str(uuid.UUID(text))
    except ValueError:
        raise ApiError("invalid.value", value=text[:100], type="UUID", allowed="a UUID") from None
    spec = request.org.conversations.get(wanted)
    if spec is None or not (with_history or spec.get("live", True)):
        raise ApiError(NOT_FOUND)
    return spec


def conversation(request: DemoRequest) -> DemoResponse:
    spec = find(request)
    request.caller.require_any(VIEW, documents.divisions_of(spec))
    return json_response(documents.conversation(request.org, spec))


def media_view(media: str, request: DemoRequest) -> DemoResponse:
    view = documents.media_view(request.org, find(request), media)
    if view is None:
        raise ApiError(NOT_FOUND)
    return json_response(view)


def analytics_details(request: DemoRequest) -> DemoResponse:
    spec = find(request, with_history=True)
    request.caller.require_any(DETAILS, documents.divisions_of(spec))
    return json_response(documents.analytics(request.org, spec))


def start_cobrowse(request: DemoRequest) -> DemoResponse:
    """Responds like the real call."""
    spec = find(request)
    request.caller.require_any(START, documents.divisions_of(spec))
    return json_response(session(session_kind(spec)))


def session_kind(spec: dict[str, Any]) -> str:
    """`Message` or `Call`, for the medium in which customer and agent are connected. Raises ApiError (409) if none."""
    live = {
        (participant["purpose"], leg["media"])
        for participant in spec["participants"]
        for leg in participant["legs"]
        if leg["state"] == "connected" and leg.get("type", "webmessaging") == "webmessaging"
    }
    for media, kind in (("messages", "Message"), ("calls", "Call")):
        if {("customer", media), ("agent", media)} <= live:
            return kind
    raise ApiError("general.conflict")


def session(kind: str) -> dict[str, Any]:
    """Model `CobrowseWebMessagingSession`. Its join code and socket URL are secrets."""
    ends = datetime.now(UTC) + timedelta(seconds=60)
    identifier = str(uuid.uuid4())
    return {
        "id": identifier,
        "joinCode": f"{uuid.uuid4().int % 10_000_000:07d}",
        "websocketUrl": f"wss://cobrowse.demo.invalid/{identifier}",
        "dateOfferEnds": ends.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "communicationType": kind,
    }


USER_LISTS = ("", "/messages", "/calls", "/callbacks", "/emails", "/cobrowsesessions")
VIEWS = ("messages", "calls", "callbacks", "emails")
ROUTES = (
    *(DemoRoute("GET", f"{BASE}{part}", reject_client_credentials, user_only=True) for part in USER_LISTS),
    *(DemoRoute("GET", f"{BASE}/{media}/{{conversationId}}", partial(media_view, media)) for media in VIEWS),
    DemoRoute("GET", f"{BASE}/{{conversationId}}", conversation, any_of=VIEW),
    DemoRoute("POST", f"{BASE}/{{conversationId}}/cobrowse", start_cobrowse, any_of=START),
    DemoRoute("GET", "/api/v2/analytics/conversations/{conversationId}/details", analytics_details, any_of=DETAILS),
)
