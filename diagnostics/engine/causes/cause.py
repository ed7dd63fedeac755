"""The text about one cause, from which its page, its Markdown and the verdict are made."""

import json
from dataclasses import dataclass

START = "POST /api/v2/conversations/{conversationId}/cobrowse"
READ_CONVERSATION = "GET /api/v2/conversations/{conversationId}"
READ_HISTORY = "GET /api/v2/analytics/conversations/{conversationId}/details"
READ_SESSION = "GET /api/v2/webdeployments/deployments/{deploymentId}/cobrowse/{sessionId}"
READ_TOKEN = "GET /api/v2/tokens/me"  # noqa: S105  (an address)
READ_GRANTS = "GET /api/v2/authorization/subjects/me"
READ_CATALOG = "GET /api/v2/authorization/permissions"
READ_SCOPES = "GET /api/v2/oauth/scopes"
READ_DEPLOYMENTS = "GET /api/v2/webdeployments/deployments"
GET_TOKEN = "POST https://login.{region}/oauth/token"  # noqa: S105  (an address)

START_PERMISSIONS = ("conversation:cobrowse:add", "conversation:cobrowseVoice:add")
VIEW_CONVERSATION = "conversation:communication:view"
VIEW_DEPLOYMENTS = "webDeployments:deployment:view"

OAUTH_MENU = "Admin > Integrations > OAuth"
ROLES_MENU = "Admin > People & Permissions > Roles / Permissions"
MESSENGER_MENU = "Admin > Message > Messenger Configurations"
DEPLOYMENTS_MENU = "Admin > Message > Messenger Deployments"


@dataclass(frozen=True)
class Cause:
    """One thing that can be wrong.

    `node` is the part of the chain in which it lies (see `checks.base.NODES`). `evidence` says how we tell it apart,
    `response` what the caller gets, and `example` shows that as text, "" if there is no response. `fix` are the general
    steps; a verdict has its own first step, which names what this run found, and adds only `afterwards`. A cause that
    `is_in_the_call` is fixed by another call, so the verdict shows the correct one.
    """

    code: str
    title: str
    node: str
    meaning: str
    evidence: str
    fix: tuple[str, ...]
    myth: str
    response: str
    example: str = ""
    afterwards: tuple[str, ...] = ()
    menu: str = ""
    permissions: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    is_in_the_call: bool = False

    @property
    def steps(self) -> tuple[str, ...]:
        return (*self.fix, *self.afterwards)


def error_response(status: str, code: str, message: str, *headers: str) -> str:
    """A response with the API's error body, such as `404 Not Found`. The IDs in it are made up."""
    body = {"message": message, "code": code, "status": int(status[:3]), "contextId": "0b7d3a52-…"}
    return _response(status, body, "ININ-Correlation-Id: 0b7d3a52-…", *headers)


def token_error(error: str, description: str) -> str:
    """A response of the login host, whose errors have a format of their own."""
    return _response("400 Bad Request", {"error": error, "description": description, "error_description": description})


def _response(status: str, body: dict[str, object], *headers: str) -> str:
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", *headers, ""]
    return "\n".join([*lines, json.dumps(body, indent=2, ensure_ascii=False)])
