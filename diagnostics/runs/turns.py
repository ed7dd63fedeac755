"""Fair queueing: which queued run a worker takes next. Users take turns, and so do the orgs of one user.

A queue message only says that something is waiting. The worker that gets it takes the fairest row, so a message that is
lost, duplicated, or sent for a row already picked does no harm.
"""

from datetime import timedelta
from typing import Any

from django.db import connection

PEOPLE, SCHEDULED = "people", "scheduled"
CANDIDATES = 20  # rows considered per user and client; must exceed the number of workers

# Takes the first few rows of each user and client, and ranks them within the user: orgs served longest ago first.
# Among equal ranks, the user served longest ago comes first. Rows that another worker is locking and rows that are set
# aside are skipped, and clients that have to wait for the rate limit of their org. It is one statement, so no two workers
# get the same row.
CLAIM = """
WITH waiting AS (
    SELECT r.id, COALESCE(r.started_by_id, 0) AS person, r.client_id,
        row_number() OVER (PARTITION BY r.started_by_id, r.client_id ORDER BY r.id) AS queue_rank
    FROM diagnostics_run r
    WHERE r.status = 'queued' AND r.message_sent_at IS NOT NULL AND (r.source = 'schedule') = %(scheduled)s
        AND NOT EXISTS (
            SELECT 1 FROM diagnostics_rowfailure f
            WHERE f.kind = 'run_queueing' AND f.row_id = r.id AND f.set_aside_at IS NOT NULL
        )
), candidates AS (
    SELECT w.id, w.person, w.queue_rank, COALESCE(NULLIF(c.org_id, ''), 'client ' || c.id) AS org
    FROM waiting w JOIN diagnostics_oauthclient c ON c.id = w.client_id
    LEFT JOIN diagnostics_clientratelimit l ON l.region = c.region AND l.client_id = c.client_id
    WHERE w.queue_rank <= %(candidates)s
        AND (CASE WHEN %(scheduled)s THEN l.background_at ELSE l.people_at END > clock_timestamp()) IS NOT TRUE
), served AS (
    SELECT person, max(served_at) AS served_at FROM diagnostics_turn WHERE queue = %(queue)s GROUP BY person
), ordered AS (
    SELECT candidate.id, candidate.person, candidate.org, served.served_at AS person_served_at,
        row_number() OVER (
            PARTITION BY candidate.person ORDER BY candidate.queue_rank, turn.served_at NULLS FIRST, candidate.id
        ) AS queue_rank
    FROM candidates candidate
    LEFT JOIN served ON served.person = candidate.person
    LEFT JOIN diagnostics_turn turn ON turn.queue = %(queue)s AND turn.person = candidate.person AND turn.org = candidate.org
), picked AS (
    SELECT r.id, ordered.person, ordered.org
    FROM ordered JOIN diagnostics_run r ON r.id = ordered.id
    WHERE r.status = 'queued'
    ORDER BY ordered.queue_rank, ordered.person_served_at NULLS FIRST, ordered.id
    LIMIT 1
    FOR UPDATE OF r SKIP LOCKED
), claimed AS (
    UPDATE diagnostics_run r
    SET status = 'running', started_at = COALESCE(r.started_at, clock_timestamp()),
        lease_until = clock_timestamp() + %(lease)s, worker = %(worker)s
    FROM picked WHERE r.id = picked.id AND r.status = 'queued'
    RETURNING r.id, picked.person, picked.org
), recorded AS (
    INSERT INTO diagnostics_turn (queue, person, org, served_at)
    SELECT %(queue)s, person, org, clock_timestamp() FROM claimed
    ON CONFLICT (queue, person, org) DO UPDATE SET served_at = excluded.served_at
)
SELECT id FROM claimed
"""


def claim_next_run(queue: str, worker: str, lease: timedelta) -> int | None:
    """The ID of the run that this worker now owns for the time of the lease, None if the queue is empty."""
    values: dict[str, Any] = {"queue": queue, "scheduled": queue == SCHEDULED, "worker": worker, "lease": lease}
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {**values, "candidates": CANDIDATES})
        row = cursor.fetchone()
    return row[0] if row else None
