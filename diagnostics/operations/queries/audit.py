"""Reads of the audit log: a page of it, all of what it is narrowed to, and which acts there are."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Q, QuerySet

from diagnostics.accounts.actor import API, CLI, SYSTEM, WEB
from diagnostics.accounts.models import AuditEntry, User
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.visibility import visible_clients

AUDIT_PAGE = 50
AT_A_TIME = 1_000
WAYS = {WEB: "A page", API: "The API", CLI: "The command line", SYSTEM: "The product by itself"}

# An index is asked for the next one, again and again: a log of millions of acts has some dozens of kinds.
ACTIONS = """
WITH RECURSIVE kinds AS (
    (SELECT action FROM diagnostics_auditentry ORDER BY action LIMIT 1)
    UNION ALL
    SELECT (SELECT action FROM diagnostics_auditentry WHERE action > kinds.action ORDER BY action LIMIT 1)
    FROM kinds WHERE kinds.action IS NOT NULL
)
SELECT action FROM kinds WHERE action IS NOT NULL
"""


@dataclass(frozen=True)
class AuditFilter:
    """What the log is narrowed to; "" or None is no limit."""

    q: str = ""
    who: str = ""
    action: str = ""
    by: str = ""
    client: OAuthClient | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def narrows(self) -> bool:
        return self != AuditFilter()


@dataclass(frozen=True)
class AuditPage:
    """One page, newest first. `older` is the id to go on below, None on the last page."""

    entries: list[AuditEntry]
    older: int | None
    is_first: bool
    client_names: dict[int, str]


def audit_page(chosen: AuditFilter, viewer: User, *, before: int | None = None) -> AuditPage:
    found = list(_below(entries_of(chosen, viewer), before)[: AUDIT_PAGE + 1])
    entries = found[:AUDIT_PAGE]
    older = entries[-1].pk if len(found) > AUDIT_PAGE else None
    about = {entry.client_id for entry in entries if entry.client_id is not None}
    names = visible_clients(viewer).filter(pk__in=about).values_list("pk", "name")
    return AuditPage(entries, older, before is None, dict(names))


def entries_to_export(chosen: AuditFilter, viewer: User) -> Iterator[AuditEntry]:
    """In the list's order, with a few of them in memory at a time."""
    before: int | None = None
    while found := list(_below(entries_of(chosen, viewer), before)[:AT_A_TIME]):
        yield from found
        before = found[-1].pk


def entries_of(chosen: AuditFilter, viewer: User) -> QuerySet[AuditEntry]:
    rows = AuditEntry.objects.order_by("-id")
    if not viewer.sees_all:
        theirs = visible_clients(viewer).order_by().values("pk")
        rows = rows.filter(Q(client_id__in=theirs) | Q(actor_id=viewer.pk, client_id=None))
    exact: dict[str, object] = {"action": chosen.action, "by": chosen.by, "actor": chosen.who, "at__gte": chosen.since}
    exact |= {"at__lt": chosen.until, "client_id": chosen.client.pk if chosen.client else None}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if chosen.q:
        rows = rows.filter(Q(name__icontains=chosen.q) | Q(request_id=chosen.q) | Q(thing_id=chosen.q))
    return rows


def describe_action(action: str) -> str:
    """client.secret_replaced as "Client: secret replaced"."""
    noun, _, verb = action.partition(".")
    said = f"{noun.replace('_', ' ')}: {verb.replace('_', ' ')}" if verb else noun.replace("_", " ")
    return said[:1].upper() + said[1:]


def audit_actions() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(ACTIONS)
        return [action for (action,) in cursor.fetchall()]


def _below(rows: QuerySet[AuditEntry], before: int | None) -> QuerySet[AuditEntry]:
    return rows if before is None else rows.filter(id__lt=before)
