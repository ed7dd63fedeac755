"""The groups of a text that a page offers to diagnose: signed into its form, so that nothing is stored before that.

A file is read once: the form that follows it has only a few of its calls as text.
"""

import hashlib
import secrets
from dataclasses import dataclass

from django.core import signing

from diagnostics.accounts.models import User
from diagnostics.engine.batch_review import BatchReview
from diagnostics.text.cleaning import clean_text

SALT = "batch"
MAX_AGE_SECONDS = 24 * 3600
KEY_BYTES = 16


@dataclass(frozen=True)
class BatchOffer:
    """`key` is new for each page, and makes a form that is sent twice start one batch."""

    review: BatchReview
    key: str = ""

    def signed(self, text: str, user: User) -> str:
        """The form value for a page whose field has this text."""
        payload = {
            "user": user.pk,
            "text": _hash(text),
            "key": secrets.token_hex(KEY_BYTES),
            "review": self.review.to_json(),
        }
        return signing.dumps(payload, salt=SALT, compress=True)


def read_offer(value: str, text: str, user: User) -> BatchOffer | None:
    """The offer that the form of this text had; None if the text was changed since, or the offer is too old."""
    if not value:
        return None
    try:
        payload = signing.loads(value, salt=SALT, max_age=MAX_AGE_SECONDS)
    except signing.BadSignature:
        return None
    if (payload["user"], payload["text"]) != (user.pk, _hash(text)):
        return None
    try:
        return BatchOffer(BatchReview.from_json(payload["review"]), payload["key"])
    except (KeyError, TypeError):  # signed by an earlier version
        return None


def _hash(text: str) -> str:
    return hashlib.sha256(clean_text(text).strip().encode("utf-8", "replace")).hexdigest()
