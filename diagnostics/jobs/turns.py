"""When users and orgs were last served from a queue, so that they can take turns."""

from datetime import datetime, timedelta

from diagnostics.jobs.models import Turn
from diagnostics.storage.clock import database_now

RETENTION = timedelta(days=1)  # longer than anything waits in a queue


def remember_turn(queue: str, user_id: int, org: str, now: datetime) -> None:
    """Store that a row of this user (0 = none) and org was served."""
    Turn.objects.update_or_create(queue=queue, person=user_id, org=org, defaults={"served_at": now})


def served_at(queue: str) -> dict[tuple[int, str], datetime]:
    """Return when each user and org was last served."""
    rows = Turn.objects.filter(queue=queue).values_list("person", "org", "served_at")
    return {(user_id, org): at for user_id, org, at in rows}


def delete_old_turns(now: datetime | None = None) -> int:
    """Delete old turns and return how many. A user without a turn comes first anyway."""
    return Turn.objects.filter(served_at__lt=(now or database_now()) - RETENTION).delete()[0]
