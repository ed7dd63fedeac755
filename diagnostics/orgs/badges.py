"""Status badges: an address that cannot be guessed, made anew and taken back."""

import secrets

from django.db import transaction
from django.utils import timezone

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.orgs.models import Badge, OAuthClient


@transaction.atomic
def make_badge(client: OAuthClient, user: User) -> Badge:
    """A badge at a new address; the one before, if there was one, shows nothing any more."""
    badge, is_first = Badge.objects.update_or_create(
        client=client,
        defaults={"key": secrets.token_urlsafe(32), "created_by": user, "created_at": timezone.now()},
    )
    record("badge.made" if is_first else "badge.moved", badge, name=client.name)
    return badge


@transaction.atomic
def remove_badge(client: OAuthClient) -> None:
    if badge := Badge.objects.filter(client=client).first():
        record("badge.removed", badge, name=client.name)
        badge.delete()
