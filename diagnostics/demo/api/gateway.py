"""The provider gateway that some orgs put in front of the published API. It checks scopes and providers."""

import json
from typing import Any

from diagnostics.demo.api.conversations import find, session, session_kind
from diagnostics.demo.responses import ApiError, DemoResponse, json_response
from diagnostics.demo.routing import DemoRequest, DemoRoute

SCOPES = ("conversation:write", "cobrowse:write")


def providers(request: DemoRequest) -> DemoResponse:
    entities = [{"id": item.id, "name": item.name, "enabled": item.enabled} for item in request.endpoint.providers]
    return json_response({"entities": entities, "total": len(entities), "selfUri": "/api/v2/cobrowse/providers"})


def start_session(request: DemoRequest) -> DemoResponse:
    """Responds with 404 to every problem with the caller, the conversation or the provider, because it hides the reason."""
    if not set(SCOPES) <= set(request.caller.client.scopes):
        raise ApiError("not.found")
    spec = find(request)
    wanted = provider_id(request.body)
    if not any(item.enabled and item.id == wanted for item in request.endpoint.providers):
        raise ApiError("not.found")
    try:
        kind = session_kind(spec)
    except ApiError:
        raise ApiError("not.found") from None
    return json_response({**session(kind), "providerId": wanted})


def provider_id(body: bytes) -> str:
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise ApiError("bad.request") from None
    wanted = value.get("providerId") if isinstance(value, dict) else None
    if not isinstance(wanted, str):
        raise ApiError("bad.request")
    return wanted


ROUTES = (
    DemoRoute("GET", "/api/v2/cobrowse/providers", providers),
    DemoRoute("POST", "/api/v2/conversations/chat/{conversationId}/cobrowse/sessions", start_session),
)
