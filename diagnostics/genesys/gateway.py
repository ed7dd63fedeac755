"""What a provider gateway answers, where an org sits behind one.

Nothing here is part of the published API. Whether an org has a gateway is measured, never assumed: the provider list
answers, or it does not.
"""

from dataclasses import dataclass

PROVIDERS_PATH = "/api/v2/cobrowse/providers"
SESSIONS_PATH = "/api/v2/conversations/chat/{conversationId}/cobrowse/sessions"
SCOPES = ("conversation:write", "cobrowse:write")


@dataclass(frozen=True)
class GatewayOperation:
    """One call of the gateway. `scopes` are all needed; the gateway answers 404 where one is missing."""

    method: str
    path: str
    scopes: tuple[str, ...] = ()


OPERATIONS = (
    GatewayOperation("GET", PROVIDERS_PATH),
    GatewayOperation("POST", SESSIONS_PATH, SCOPES),
)


def operation_at(path: str) -> GatewayOperation | None:
    """The gateway's call at this path, whatever the method; None when the gateway has none there."""
    return next((each for each in OPERATIONS if _fits(each.path.split("/"), path.split("/"))), None)


def _fits(template: list[str], given: list[str]) -> bool:
    if len(template) != len(given):
        return False
    return all(want == have or (want.startswith("{") and have) for want, have in zip(template, given, strict=True))
