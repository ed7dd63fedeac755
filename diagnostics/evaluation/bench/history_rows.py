"""Fills the database with a long run history, by copying one run inside the database."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, models
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.checks import base as checks
from diagnostics.checks.outcomes import Outcome
from diagnostics.engine import causes
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Exchange, Finding, Run
from diagnostics.runs.months import TABLES, end_open_month, months

CLIENTS, ORGS, PEOPLE = 100, 60, 20
DAYS = 400
FINDINGS, EXCHANGES = 25, 4
BATCH = 20_000  # runs in one transaction
LONG_PAST = "env.tls"  # a cause that occurred only on a few days long ago, the slowest to find in a list sorted by time
# The outcome of check `i` in run `n`, mostly a pass.
OUTCOME = """CASE WHEN (n * 31 + i * 17) %% 97 = 0 THEN 'fail' WHEN (n * 7 + i * 13) %% 53 = 0 THEN 'warn'
    WHEN (n * 11 + i * 5) %% 41 = 0 THEN 'skip' WHEN (n * 3 + i) %% 211 = 0 THEN 'error' ELSE 'pass' END"""


@dataclass(frozen=True)
class FilledHistory:
    """The IDs of the first and the last created run."""

    first: int
    last: int


def fill(runs: int, findings: int = FINDINGS) -> FilledHistory:
    """Fills the current database, which must be a separate one. The runs are spread over the last DAYS days."""
    clients, people = _clients(), _people()
    pattern = _pattern(clients[0], findings)
    _divide(pattern, runs)
    ids = [check.id for check in checks.all_checks()][:findings]
    values = {"ids": ids, "clients": clients, "people": people, "causes": _causes(), "now": timezone.now()}
    for start in range(pattern + 1, pattern + runs + 1, BATCH):
        end = min(start + BATCH, pattern + runs + 1) - 1
        more = {"start": start, "end": end, "pattern": pattern, "total": runs}
        _copy(Run, RUN, "t.id", values | more)
        _copy(Finding, FINDING, "t.run_id", values | more)
        _copy(Exchange, EXCHANGE, "t.run_id", values | more)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{_table(Run)}', 'id'), %s)", [pattern + runs])
    return FilledHistory(pattern + 1, pattern + runs)


def _divide(pattern: int, runs: int) -> None:
    """Give each month its partition, as in an installation that has run for DAYS days."""
    now = timezone.localtime()
    starts = [now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)]
    while starts[-1] > now - timedelta(days=DAYS):
        starts.append((starts[-1] - timedelta(days=1)).replace(day=1))
    [newest] = months()
    with connection.cursor() as cursor:
        for table in TABLES.values():
            cursor.execute(f"ALTER TABLE {table}_{newest.name} RENAME TO {table}_{starts[-1]:%Y_%m}")
    for start in reversed(starts[:-1]):
        end = pattern + 1 + int(runs * (1 - (now - start) / timedelta(days=DAYS)))
        if end > max(months()[-1].first, pattern):
            end_open_month(end, f"{start:%Y_%m}")


@contextmanager
def filled_quickly(*filled: type[models.Model]) -> Iterator[None]:
    """Builds the indexes of the tables afterwards, and trusts foreign keys. Constraints stay."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, replace(indexdef, ' ON ONLY ', ' ON ') FROM pg_indexes LEFT JOIN pg_constraint ON conname = indexname"
            " WHERE schemaname = current_schema() AND tablename = ANY(%s) AND conname IS NULL",
            [[_table(model) for model in filled]],
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:
            cursor.execute(f'DROP INDEX "{name}"')
        cursor.execute("SET session_replication_role = replica")
        yield
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        for _, definition in indexes:
            cursor.execute(definition)


def settle() -> None:
    """Does what autovacuum otherwise does after a while: statistics of all tables, but none of partitioned ones as a whole."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(oid::regclass::text, ', ') FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
        )
        cursor.execute(f"VACUUM ANALYZE {cursor.fetchone()[0]}")


AGE = f"(%(now)s - interval '{DAYS} days' * (1 - (n - %(pattern)s)::float / %(total)s))"
# A few clients have most of the runs.
CLIENT = "(%(clients)s::bigint[])[1 + floor(100 * power((n * 7919 %% 10007) / 10007.0, 2))::int]"
IS_HEALTH = "n %% 3 > 0"
AN_OLD_TIME = "(n - %(pattern)s)::float / %(total)s BETWEEN 0.20 AND 0.21"
RUN: Mapping[str, str] = {
    "id": "n",
    "client_id": CLIENT,
    "kind": f"CASE WHEN {IS_HEALTH} THEN 'health' ELSE 'diagnosis' END",
    "status": "CASE WHEN n %% 500 = 0 THEN 'interrupted' ELSE 'finished' END",
    "source": f"CASE WHEN {IS_HEALTH} THEN 'schedule' WHEN n %% 200 = 0 THEN 'cli' ELSE 'web' END",
    "started_by_id": f"CASE WHEN {IS_HEALTH} THEN NULL ELSE (%(people)s::bigint[])[1 + n %% {PEOPLE}] END",
    "conversation_id": f"CASE WHEN {IS_HEALTH} THEN '' ELSE md5((n / 15)::text)::uuid::text END",
    "created_at": AGE,
    "started_at": AGE,
    "finished_at": f"{AGE} + interval '2 seconds'",
    "cause": f"CASE WHEN {AN_OLD_TIME} AND n %% 7 = 0 THEN '{LONG_PAST}' WHEN n * 13 %% 100 < 70 THEN 'none' "
    "ELSE (%(causes)s::text[])[1 + n * 17 %% array_length(%(causes)s::text[], 1)] END",
    "certainty": "CASE n %% 5 WHEN 0 THEN 'undetermined' WHEN 1 THEN 'likely' ELSE 'proved' END",
    "duration_ms": "200 + (n * 104729 %% 100003) / 20.0",
    "branch": "CASE WHEN n %% 50 = 0 THEN 'oauth.token' ELSE '' END",
    "target": f"CASE WHEN {IS_HEALTH} THEN 'health:' ELSE 'start:' END || {CLIENT}",
    "pinned_at": "CASE WHEN n %% 5000 = 0 THEN %(now)s END",
    "search_keys": f"ARRAY(SELECT 'check:' || (%(ids)s::text[])[i] || '=' || {OUTCOME} "  # noqa: S608
    "FROM generate_series(1, array_length(%(ids)s::text[], 1)) i) || "
    "ARRAY['deployment:d' || n %% 300, 'deployment:d' || n %% 299, 'provider:genesys', 'permission:conversation:cobrowse:add']",
}
FINDING: Mapping[str, str] = {"id": "DEFAULT", "run_id": "n", "outcome": OUTCOME, "check_id": "(%(ids)s::text[])[i]"}


EXCHANGE: Mapping[str, str] = {"id": "DEFAULT", "run_id": "n"}


def _copy(model: type[models.Model], changed: Mapping[str, str], run: str, values: dict[str, Any]) -> None:
    """Copies every column of the pattern except those in `changed`, so new columns need no change here."""
    all_columns = [field.column or "" for field in model._meta.concrete_fields]
    names = [name for name in all_columns if changed.get(name) != "DEFAULT"]
    columns, selected = ", ".join(names), ", ".join(changed.get(name, f"t.{name}") for name in names)
    index = "t.position + 1" if model is not Run else "0"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_table(model)} ({columns}) SELECT {selected} FROM {_table(model)} t "  # noqa: S608
            "CROSS JOIN generate_series(%(start)s::bigint, %(end)s) n "
            f"CROSS JOIN LATERAL (SELECT {index} AS i) p WHERE {run} = %(pattern)s ORDER BY n, i",
            values,
        )


def _table(model: type[models.Model]) -> str:
    return model._meta.db_table


def _clients() -> list[int]:
    environments = list(OAuthClient.Environment)
    rows = [
        OAuthClient(
            name=f"Client {number:03}",
            region="eu-west-1",
            environment=environments[number % len(environments)],
            client_id=f"client-{number}",
            secret="none",  # noqa: S106  (not a real secret)
            state=OAuthClient.State.VERIFIED,
            org_id=f"org-{number % ORGS}",
            org_name=f"Org {number % ORGS}",
        )
        for number in range(CLIENTS)
    ]
    return [client.pk for client in OAuthClient.objects.bulk_create(rows)]


def _people() -> list[int]:
    return [user.pk for user in User.objects.bulk_create(User(username=f"person{n}") for n in range(PEOPLE))]


def _causes() -> list[str]:
    return [cause for cause in causes.TITLES if cause not in (causes.NONE, LONG_PAST)][::3]


def _pattern(client: int, findings: int) -> int:
    """Creates the run that all others are copied from, of a typical size. Returns its ID."""
    run = Run.objects.create(
        client_id=client,
        status=Run.Status.FINISHED,
        inputs={
            "call": {"method": "POST", "url": "/api/v2/conversations/chat/x/cobrowse", "headers": [], "body": "{}"}
        },
        planned=[check.id for check in checks.all_checks()],
        engine_version="1",
        contract_version="269.0.0",
        cause="path.not_in_api",
        certainty="proved",
        verdict={
            "sentence": "The API has no such path. " * 4,
            "remedy": "Call the published one. " * 4,
            "because": [],
            "also": [],
        },
        environment={"version": 1, "permissions": {f"area:entity{n}:view": ["Home"] for n in range(30)}},
    )
    Finding.objects.bulk_create(
        Finding(
            run=run,
            position=position,
            check_id=f"pattern.{position}",
            outcome=Outcome.PASS,
            code="as_it_must_be",
            sentence="The login host grants a token, and the API host takes it, so that the client is known.",
            evidence={"status": 200, "path": "/api/v2/tokens/me", "scopes": ["conversation", "cobrowse"]},
        )
        for position in range(findings)
    )
    Exchange.objects.bulk_create(
        Exchange(
            run=run,
            position=position,
            method="GET",
            url="https://api.mypurecloud.ie/api/v2/tokens/me",
            status=200,
            ms=100.0,
            started_at=timezone.now(),
            request_headers=[["Authorization", "Bearer [masked]"]],
            response_headers=[["Content-Type", "application/json"]],
            body='{"organization": {"id": "8f1c"}, "OAuthClient": {"id": "0b9d"}}',
        )
        for position in range(EXCHANGES)
    )
    return run.pk
