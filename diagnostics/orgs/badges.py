"""The public status badge of a client: creates, removes and draws it."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.orgs.models import Badge, OAuthClient

MAX_AGE = timedelta(days=2)
LABEL = "cobrowse"
LETTER_WIDTH = 6.6  # average, in pixels
PADDING = 10
# Client status -> text and color. The colors are dark enough for white text.
STYLES = {"works": ("working", "#1f7a3d"), "broken": ("down", "#b3261e")}
UNKNOWN_STYLE = ("unknown", "#5f6368")


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


def badge_picture(status: str, checked_at: datetime | None, now: datetime) -> dict[str, Any]:
    """Return the text, color and layout of the badge. A status older than MAX_AGE is shown as unknown."""
    text, color = STYLES.get(status, UNKNOWN_STYLE)
    if checked_at is None or now - checked_at > MAX_AGE:
        text, color = UNKNOWN_STYLE
    label_width, text_width = (round(len(words) * LETTER_WIDTH + 2 * PADDING) for words in (LABEL, text))
    return {
        "label": LABEL,
        "text": text,
        "color": color,
        "width": label_width + text_width,
        "label_width": label_width,
        "label_center": label_width / 2,
        "text_width": text_width,
        "text_center": label_width + text_width / 2,
    }
