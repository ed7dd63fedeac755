"""Authenticates API requests by token and checks what the token allows."""

from django.http import HttpRequest
from ninja.security import HttpBearer

from diagnostics.accounts.api_tokens import use_token
from diagnostics.accounts.models import ApiToken, User
from diagnostics.api.problems import ProblemError
from diagnostics.orgs.row_limits import limit_rows_of

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Cobrowse Doctor"'}
INVALID_TOKEN = {"WWW-Authenticate": 'Bearer realm="Cobrowse Doctor", error="invalid_token"'}


class AuthenticatedRequest(HttpRequest):
    """A request with a valid token: `user` is the token's owner."""

    user: User
    auth: ApiToken


class TokenHeader(HttpBearer):
    """Accepts the token only in the header, because URLs end up in logs."""

    def __call__(self, request: HttpRequest) -> ApiToken:
        scheme, _, text = request.headers.get("Authorization", "").strip().partition(" ")
        if not text or scheme.lower() != "bearer":
            detail = "Send your API token as the header “Authorization: Bearer cbd_…”."
            raise ProblemError(401, "token_missing", detail, headers=CHALLENGE)
        return self.authenticate(request, text.strip())

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken:
        result = use_token(token)
        if result.token is None:
            raise ProblemError(401, "token_refused", result.error, headers=INVALID_TOKEN)
        request.user = result.token.owner
        if result.wait_seconds:
            detail = f"This token reached its requests per minute. Try again in {result.wait_seconds} s."
            raise ProblemError(429, "too_many_calls", detail, headers={"Retry-After": str(result.wait_seconds)})
        limit_rows_of(request, request.user)
        return result.token


def require_may_run(request: AuthenticatedRequest) -> None:
    """Both the token's scope and the owner's current role must allow starting runs."""
    if request.auth.scope == ApiToken.Scope.READ:
        detail = "This token can only read. Create one with the scope “Read and start runs”."
        raise ProblemError(403, "scope_missing", detail)
    if not request.auth.may_run:
        raise ProblemError(403, "role_missing", "Your role can't start runs.")


def require_may_manage(request: AuthenticatedRequest) -> None:
    """Both the token's scope and the owner's current role must allow changing clients and schedules."""
    if request.auth.scope != ApiToken.Scope.MANAGE:
        detail = f"This token can't change anything. Create one with the scope “{ApiToken.Scope.MANAGE.label}”."
        raise ProblemError(403, "scope_missing", detail)
    if not request.auth.may_manage:
        raise ProblemError(403, "role_missing", "Only an admin can change clients and schedules.")
