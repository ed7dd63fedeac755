"""Snoozes the alerts about an issue or of an alert rule."""

from datetime import datetime

from django.db import transaction

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.issues.models import Issue, Snoozable

FIELDS = ["snoozed_until", "snooze_reason", "snoozed_by"]


@transaction.atomic
def snooze(target: Snoozable, reason: str, until: datetime, user: User) -> None:
    """Send no alerts until then, except that an incident is over. Replaces an earlier snooze."""
    before = {"snoozed_until": target.snoozed_until, "snooze_reason": target.snooze_reason}
    target.snoozed_until, target.snooze_reason, target.snoozed_by = until, reason, user
    target.save(update_fields=FIELDS)
    after = {"snoozed_until": until, "snooze_reason": reason}
    record(f"{_noun(target)}.snoozed", target, before=before, after=after)


@transaction.atomic
def end_snooze(target: Snoozable) -> None:
    if target.snoozed_until is None:
        return
    record(f"{_noun(target)}.snooze_ended", target, before={"snoozed_until": target.snoozed_until})
    target.snoozed_until, target.snooze_reason, target.snoozed_by = None, "", None
    target.save(update_fields=FIELDS)


def _noun(target: Snoozable) -> str:
    return "issue" if isinstance(target, Issue) else "alert_rule"
