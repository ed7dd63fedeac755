"""One-time codes of authenticator apps: each code is accepted once, including the one from setup."""

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt
from django.db import transaction

LAST_STEP = "last_step"  # in the authenticator's data: the time step of the last accepted code


@transaction.atomic
def use(authenticator: Authenticator, code: str) -> bool:
    """Store the code's time step. Returns False if a code of this step or a later one was used before."""
    row = Authenticator.objects.select_for_update().filter(pk=authenticator.pk).first()
    if row is None:
        return False
    step = _step_of(decrypt(row.data["secret"]), code, after=row.data.get(LAST_STEP, 0))
    if step is None:
        return False
    row.data = authenticator.data = {**row.data, LAST_STEP: step}
    row.save(update_fields=["data"])
    return True


def _step_of(secret: str, code: str, after: int) -> int | None:
    """Return the code's time step if it is currently accepted and later than `after`."""
    digits = "".join(character for character in code if character.isalnum())
    for step in yield_hotp_counters_from_time():
        if step > after and format_hotp_value(hotp_value(secret, step)) == digits:
            return int(step)
    return None
