"""Queries of the audit log: a page, all entries of an export, and the recorded actions."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from diagnostics.accounts.actor import API, CLI, SYSTEM, WEB
from diagnostics.accounts.models import AuditEntry, User
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.visibility import visible_clients
from diagnostics.web.paging import KeyPage, key_page

AUDIT_PAGE = 50
ORIGINS = {WEB: "Web page", API: "API", CLI: "Command line", SYSTEM: "System"}

# Finds the distinct actions by jumping through the index: millions of entries have a few dozen actions.
ACTIONS = """
WITH RECURSIVE kinds AS (
    (SELECT action FROM diagnostics_auditentry ORDER BY action LIMIT 1)
    UNION ALL
    SELECT (SELECT action FROM diagnostics_auditentry WHERE action > kinds.action ORDER BY action LIMIT 1)
    FROM kinds WHERE kinds.action IS NOT NULL
)
SELECT action FROM kinds WHERE action IS NOT NULL
"""


def audit_page(viewer: User, *, before: int | None = None, **filters: Any) -> KeyPage[AuditEntry]:
    return key_page(audit_entries(viewer, **filters), AUDIT_PAGE, before)


def client_names(entries: Iterable[AuditEntry], viewer: User) -> dict[int, str]:
    """The names of the clients that the entries are about, by ID, as far as the viewer may see them."""
    ids = {entry.client_id for entry in entries if entry.client_id is not None}
    return dict(visible_clients(viewer).filter(pk__in=ids).values_list("pk", "name"))


def audit_entries(
    viewer: User,
    *,
    q: str = "",
    who: str = "",
    action: str = "",
    by: str = "",
    client: OAuthClient | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[AuditEntry]:
    """Empty values don't filter."""
    rows = AuditEntry.objects.all()
    if not viewer.sees_all:
        clients = visible_clients(viewer).order_by().values("pk")
        rows = rows.filter(Q(client_id__in=clients) | Q(actor_id=viewer.pk, client_id=None))
    exact: dict[str, object] = {
        "action": action,
        "by": by,
        "actor": who,
        "at__gte": since,
        "at__lt": until,
        "client_id": client.pk if client else None,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if q:
        rows = rows.filter(Q(name__icontains=q) | Q(request_id=q) | Q(thing_id=q))
    return rows


def describe_action(action: str) -> str:
    """Turns "client.secret_replaced" into "Client: secret replaced"."""
    text = action.replace(".", ": ", 1).replace("_", " ")
    return text[:1].upper() + text[1:]


def audit_actions() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(ACTIONS)
        return [action for (action,) in cursor.fetchall()]
