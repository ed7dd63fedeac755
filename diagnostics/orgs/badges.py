"""Creates and removes the public status badge of a client."""

import secrets

from django.db import transaction
from django.utils import timezone

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.orgs.models import Badge, OAuthClient


@transaction.atomic
def make_badge(client: OAuthClient, user: User) -> Badge:
    """Create a badge with a new random URL. The client's previous badge URL stops working."""
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
