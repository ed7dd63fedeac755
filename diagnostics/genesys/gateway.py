"""The calls of a provider gateway, which some orgs put in front of the API.

None of them is part of the published API. An org has a gateway only if its provider list responds.
"""

from dataclasses import dataclass

PROVIDERS_PATH = "/api/v2/cobrowse/providers"
SESSIONS_PATH = "/api/v2/conversations/chat/{conversationId}/cobrowse/sessions"
SCOPES = ("conversation:write", "cobrowse:write")


@dataclass(frozen=True)
class GatewayOperation:
    """One call of the gateway. It needs all `scopes`, and responds with 404 if one is missing."""

    method: str
    path: str
    scopes: tuple[str, ...] = ()


OPERATIONS = (
    GatewayOperation("GET", PROVIDERS_PATH),
    GatewayOperation("POST", SESSIONS_PATH, SCOPES),
)


def operation_at(path: str) -> GatewayOperation | None:
    """The gateway's call with this path, whatever its method; None if there is none."""
    return next((operation for operation in OPERATIONS if _matches(operation.path, path)), None)


def _matches(template: str, path: str) -> bool:
    expected, segments = template.split("/"), path.split("/")
    return len(expected) == len(segments) and all(
        name == segment or (name.startswith("{") and segment) for name, segment in zip(expected, segments, strict=True)
    )
