"""Which queued row a worker takes next: people take turns, and so do the orgs of one person.

A queue message only says that something waits. Whoever gets one takes the fairest row, so a message that is lost,
doubled, or sent for a row that somebody took already costs nothing.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from diagnostics.runs.models import Run, Turn

PEOPLE, SCHEDULED, SYNCS = "people", "scheduled", "syncs"
KEPT = timedelta(days=1)  # longer than any queue waits
HEADS = 20  # rows of one person and client that are considered: more than there are workers

# Of each person and client the first few rows. They get a place in the person's order (orgs served longest ago first),
# and among equal places the person goes first who was served longest ago. A row that another worker is taking is
# skipped, and so is one that is set aside. One statement: no two workers get the same row.
CLAIM = """
WITH waiting AS (
    SELECT r.id, COALESCE(r.started_by_id, 0) AS person, r.client_id,
        row_number() OVER (PARTITION BY r.started_by_id, r.client_id ORDER BY r.id) AS place
    FROM diagnostics_run r
    WHERE r.status = 'queued' AND r.rung_at IS NOT NULL AND (r.source = 'schedule') = %(scheduled)s
        AND NOT EXISTS (
            SELECT 1 FROM diagnostics_rowfailure f
            WHERE f.kind = 'run_queueing' AND f.row_id = r.id AND f.set_aside_at IS NOT NULL
        )
), heads AS (
    SELECT w.id, w.person, w.place, COALESCE(NULLIF(c.org_id, ''), 'client ' || c.id) AS org
    FROM waiting w JOIN diagnostics_oauthclient c ON c.id = w.client_id
    WHERE w.place <= %(heads)s
), served AS (
    SELECT person, max(served_at) AS served_at FROM diagnostics_turn WHERE queue = %(queue)s GROUP BY person
), ordered AS (
    SELECT h.id, h.person, h.org, served.served_at AS person_served_at,
        row_number() OVER (
            PARTITION BY h.person ORDER BY h.place, turn.served_at NULLS FIRST, h.id
        ) AS place
    FROM heads h
    LEFT JOIN served ON served.person = h.person
    LEFT JOIN diagnostics_turn turn ON turn.queue = %(queue)s AND turn.person = h.person AND turn.org = h.org
), taken AS (
    SELECT r.id, ordered.person, ordered.org
    FROM ordered JOIN diagnostics_run r ON r.id = ordered.id
    WHERE r.status = 'queued'
    ORDER BY ordered.place, ordered.person_served_at NULLS FIRST, ordered.id
    LIMIT 1
    FOR UPDATE OF r SKIP LOCKED
), claimed AS (
    UPDATE diagnostics_run r
    SET status = 'running', started_at = %(now)s, lease_until = %(until)s, worker = %(worker)s
    FROM taken WHERE r.id = taken.id AND r.status = 'queued'
    RETURNING r.id, taken.person, taken.org
), remembered AS (
    INSERT INTO diagnostics_turn (queue, person, org, served_at)
    SELECT %(queue)s, person, org, clock_timestamp() FROM claimed
    ON CONFLICT (queue, person, org) DO UPDATE SET served_at = excluded.served_at
)
SELECT id FROM claimed
"""


def claim_next_run(queue: str, worker: str, now: datetime, until: datetime) -> int | None:
    """The id of the run that is now this worker's until `until`; None where nothing waits in the queue."""
    given: dict[str, Any] = {"queue": queue, "scheduled": queue == SCHEDULED, "heads": HEADS}
    given |= {"worker": worker, "now": now, "until": until}
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, given)
        row = cursor.fetchone()
    return row[0] if row else None


def queue_of(source: str) -> str:
    return SCHEDULED if source == Run.Source.SCHEDULE else PEOPLE


def remember_turn(queue: str, person: int, org: str, now: datetime) -> None:
    Turn.objects.update_or_create(queue=queue, person=person, org=org, defaults={"served_at": now})


def served_at(queue: str) -> dict[tuple[int, str], datetime]:
    """By person and org, when they were last served."""
    rows = Turn.objects.filter(queue=queue).values_list("person", "org", "served_at")
    return {(person, org): at for person, org, at in rows}


def forget_old_turns(now: datetime | None = None) -> int:
    """Whoever was served longer ago is first in turn anyway."""
    return Turn.objects.filter(served_at__lt=(now or timezone.now()) - KEPT).delete()[0]
