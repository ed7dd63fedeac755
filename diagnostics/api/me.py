"""Endpoint that describes the token itself, as a first request to try."""

from django.conf import settings
from ninja import Router

from diagnostics.api import schemas
from diagnostics.api.callers import AuthenticatedRequest
from diagnostics.api.responses import filled

router = Router(tags=["Token"])


@router.get("/me", response=schemas.TokenSchema, url_name="me", summary="The token itself")
def me(request: AuthenticatedRequest) -> schemas.TokenSchema:
    """The owner, scope and expiry of the token."""
    token, person = request.auth, request.user
    return filled(
        schemas.TokenSchema,
        token,
        username=person.username,
        role=person.role,
        is_limited=not person.sees_all,
        token=token.prefix,
        calls_per_minute=settings.API_CALLS_PER_MINUTE,
        runs_per_minute=settings.RUNS_PER_MINUTE,
    )
