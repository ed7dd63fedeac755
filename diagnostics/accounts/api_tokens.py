"""API tokens: create, verify by hash, count calls, revoke. A token's text is shown once and never stored."""

import hashlib
import re
import secrets
import string
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import ApiToken, User
from diagnostics.web.refusals import ActionRefused

TOKEN_ALPHABET = string.ascii_letters + string.digits
# `cbd_`, eight characters that identify the token in the database and on pages, and a secret of 238 bits.
TOKEN_SHAPE = re.compile(r"(cbd_[A-Za-z0-9]{8})_[A-Za-z0-9]{40}")
MOST_TOKENS = 50
MINUTE = 60


@dataclass(frozen=True)
class TokenCheck:
    """The result of verifying a token: the token, or the error message.

    `wait_seconds` is positive if the token exceeded its rate limit for this minute.
    """

    token: ApiToken | None = None
    error: str = ""
    wait_seconds: int = 0


def tokens_of(viewer: User) -> QuerySet[ApiToken]:
    """Tokens that the user may see and revoke: their own, or everyone's for an admin."""
    tokens = ApiToken.objects.select_related("owner")
    return tokens if viewer.is_admin else tokens.filter(owner=viewer)


def allowed_scopes(owner: User) -> list[ApiToken.Scope]:
    """The scopes that the user's role can use."""
    Scope = ApiToken.Scope
    return [Scope.READ, *([Scope.RUN] if owner.may_run else []), *([Scope.MANAGE] if owner.is_admin else [])]


@transaction.atomic
def make_token(owner: User, *, name: str, scope: str, days: int) -> tuple[ApiToken, str]:
    """Return the row and the token's text. Raises ActionRefused if the owner has MOST_TOKENS or may not run anything."""
    User.objects.select_for_update().get(pk=owner.pk)
    if scope not in allowed_scopes(owner):
        raise ActionRefused("Your role doesn't allow this scope, so your tokens can't have it. Choose “Read”.")
    now = timezone.now()
    if owner.api_tokens.filter(revoked_at=None, expires_at__gt=now).count() >= MOST_TOKENS:
        raise ActionRefused(f"You have {MOST_TOKENS} active tokens, which is the limit. Revoke one first.")
    prefix = f"cbd_{_random(8)}"
    text = f"{prefix}_{_random(40)}"
    token = ApiToken.objects.create(
        name=name,
        owner=owner,
        prefix=prefix,
        hash=_hash(text),
        scope=scope,
        expires_at=now + timedelta(days=days),
    )
    record("api_token.created", token, after={"scope": scope, "days": days, "owner": owner.username})
    return token, text


@transaction.atomic
def revoke_token(token: ApiToken) -> None:
    """Revoke the token. Revoking it again has no effect."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        record("api_token.revoked", token, after={"owner": token.owner.username})


def use_token(text: str) -> TokenCheck:
    """Verify a token and count the call.

    The errors "revoked" and "expired" are returned only if the whole text matches.
    """
    shape = TOKEN_SHAPE.fullmatch(text)
    token = ApiToken.objects.select_related("owner").filter(prefix=shape[1]).first() if shape else None
    if token is None or not secrets.compare_digest(token.hash, _hash(text)):
        return TokenCheck(error="This isn't a valid token. Create one in Settings, under API tokens.")
    if token.revoked_at is not None:
        return TokenCheck(error="This token was revoked. Create a new one in Settings, under API tokens.")
    if not token.is_good:
        return TokenCheck(error="This token has expired. Create a new one in Settings, under API tokens.")
    if not token.owner.is_active:
        return TokenCheck(error="The owner of this token is deactivated.")
    return TokenCheck(token, wait_seconds=_count(token))


def _count(token: ApiToken) -> int:
    """Count a call. Return 0, or the seconds until the next minute if the rate limit is exceeded.

    A single UPDATE, so that the limit applies across processes.
    """
    now = timezone.now()
    minute = int(now.timestamp()) // MINUTE
    is_same_minute = Q(minute=minute)
    is_below_limit = ~is_same_minute | Q(calls__lt=settings.API_CALLS_PER_MINUTE)
    calls = Case(When(is_same_minute, then=F("calls") + 1), default=Value(1))
    if ApiToken.objects.filter(is_below_limit, pk=token.pk).update(calls=calls, minute=minute, last_used_at=now):
        return 0
    return max(1, ceil((minute + 1) * MINUTE - now.timestamp()))


def _hash(text: str) -> str:
    """Plain SHA-256 is enough for 238 random bits, which nobody can guess, and it is fast."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _random(length: int) -> str:
    return "".join(secrets.choice(TOKEN_ALPHABET) for _ in range(length))
