"""Who calls: the token of a request, and what it opens."""

from django.http import HttpRequest
from ninja.security import HttpBearer

from diagnostics.accounts.api_tokens import use_token
from diagnostics.accounts.models import ApiToken, User
from diagnostics.api.problems import ProblemError

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Cobrowse Doctor"'}
WRONG_TOKEN = {"WWW-Authenticate": 'Bearer realm="Cobrowse Doctor", error="invalid_token"'}


class AuthenticatedRequest(HttpRequest):
    """A request by a good token: the user is the person whose token it is."""

    user: User
    auth: ApiToken


class TokenHeader(HttpBearer):
    """Only in the header: an address ends up in logs."""

    def __call__(self, request: HttpRequest) -> ApiToken:
        scheme, _, text = request.headers.get("Authorization", "").strip().partition(" ")
        if not text or scheme.lower() != "bearer":
            detail = "Send a token of yours as the header “Authorization: Bearer cbd_…”, and nowhere else."
            raise ProblemError(401, "token_missing", detail, headers=CHALLENGE)
        return self.authenticate(request, text.strip())

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken:
        told = use_token(token)
        if told.token is None:
            raise ProblemError(401, "token_refused", told.why, headers=WRONG_TOKEN)
        request.user = told.token.owner
        if told.wait_seconds:
            detail = f"This token was used too often in this minute. Try again in {told.wait_seconds} s."
            raise ProblemError(429, "too_many_calls", detail, headers={"Retry-After": str(told.wait_seconds)})
        return told.token


def may_run_or_refuse(request: AuthenticatedRequest) -> None:
    """Both have to allow it: the token's scope, and what its person may do today."""
    if request.auth.scope != ApiToken.Scope.RUN:
        detail = "This token may only read. Make one with the scope “Read and run”."
        raise ProblemError(403, "scope_missing", detail)
    if not request.user.may_run:
        raise ProblemError(403, "role_missing", "The person whose token this is may not run anything.")
