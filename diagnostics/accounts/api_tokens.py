"""API tokens: made and shown once, known again by their hash, counted as they are used, revoked."""

import hashlib
import re
import secrets
import string
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import ApiToken, User
from diagnostics.web.refusals import ActionRefused

ALPHABET = string.ascii_letters + string.digits
# `cbd_`, eight characters by which the row is found and people tell tokens apart, and 238 bits that nobody knows.
SHAPE = re.compile(r"(cbd_[A-Za-z0-9]{8})_[A-Za-z0-9]{40}")
MOST_TOKENS = 50
MINUTE = 60


@dataclass(frozen=True)
class TokenCheck:
    """What became of a token that was shown: it is good, or `why` says what is wrong with it.

    `wait_seconds` is not 0 where it was used too often in this minute.
    """

    token: ApiToken | None = None
    why: str = ""
    wait_seconds: int = 0


@transaction.atomic
def make_token(owner: User, *, name: str, scope: str, days: int) -> tuple[ApiToken, str]:
    """The row, and the token itself, which is kept nowhere. Raises Refused where there are too many already."""
    User.objects.select_for_update().get(pk=owner.pk)
    if scope == ApiToken.Scope.RUN and not owner.may_run:
        raise ActionRefused("Your role may not run anything, so a token of yours cannot either. Choose “Read”.")
    now = timezone.now()
    if owner.api_tokens.filter(revoked_at=None, expires_at__gt=now).count() >= MOST_TOKENS:
        raise ActionRefused(f"You have {MOST_TOKENS} tokens that work. Revoke one that is no longer needed.")
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
    record("api_token.made", token, after={"scope": scope, "days": days, "owner": owner.username})
    return token, text


@transaction.atomic
def revoke_token(token: ApiToken) -> None:
    """From this moment on it opens nothing. Twice is the same as once."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        record("api_token.revoked", token, after={"owner": token.owner.username})


def use_token(text: str) -> TokenCheck:
    """The token whose whole text this is, counted as used; else why it opens nothing.

    Only who has the whole token is told that it was revoked or has expired.
    """
    shape = SHAPE.fullmatch(text)
    token = ApiToken.objects.select_related("owner").filter(prefix=shape[1]).first() if shape else None
    if token is None or not secrets.compare_digest(token.hash, _hash(text)):
        return TokenCheck(why="This is no token of ours. Make one on the page “API tokens”.")
    if token.revoked_at is not None:
        return TokenCheck(why="This token was revoked. Make a new one on the page “API tokens”.")
    if not token.is_good:
        return TokenCheck(why="This token has expired. Make a new one on the page “API tokens”.")
    if not token.owner.is_active:
        return TokenCheck(why="The person whose token this is can no longer sign in.")
    return TokenCheck(token, wait_seconds=_count(token))


def _count(token: ApiToken) -> int:
    """One UPDATE, so that processes count together: 0, or the seconds until the next minute where it was too often."""
    now = timezone.now()
    minute = int(now.timestamp()) // MINUTE
    same = Q(minute=minute)
    room = ~same | Q(calls__lt=settings.API_CALLS_PER_MINUTE)
    calls = Case(When(same, then=F("calls") + 1), default=Value(1))
    if ApiToken.objects.filter(room, pk=token.pk).update(calls=calls, minute=minute, last_used_at=now):
        return 0
    return max(1, ceil((minute + 1) * MINUTE - now.timestamp()))


def _hash(text: str) -> str:
    """Plain SHA-256 is enough for 238 random bits: nobody can try them all, and every request has to be quick."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
