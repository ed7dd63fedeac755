"""Querysets of the API's lists: filtered and visible to the user, without an order."""

from django.db.models import Q, QuerySet

from diagnostics.accounts.models import User
from diagnostics.issues.models import Incident, Issue
from diagnostics.issues.queries import with_status
from diagnostics.monitoring.models import Schedule
from diagnostics.orgs.models import OAuthClient, OrgChange, Provider
from diagnostics.orgs.visibility import visible_clients, visible_rows

HEAVY_CLIENT_COLUMNS = ("client__secret", "client__verification")


def list_clients(viewer: User, *, q: str, status: str, environment: str | None, retired: bool) -> QuerySet[OAuthClient]:
    """`environment` None means any, "" means not set."""
    rows = visible_clients(viewer).defer("secret", "verification").filter(retired_at__isnull=not retired)
    if q:
        rows = rows.filter(Q(name__icontains=q) | Q(org_name__icontains=q))
    if status:
        rows = rows.filter(status=status)
    return rows if environment is None else rows.filter(environment=environment)


def list_providers(
    viewer: User, *, q: str, client: int | None, source: str, state: str, gone: bool | None
) -> QuerySet[Provider]:
    rows = visible_rows(Provider.objects.select_related("client"), viewer)
    rows = rows.filter(client__retired_at=None).defer(*HEAVY_CLIENT_COLUMNS, "settings", "search_text")
    if q:
        rows = rows.filter(search_text__contains=q.lower())
    if client is not None:
        rows = rows.filter(client=client)
    if gone is not None:
        rows = rows.filter(removed_at__isnull=not gone)
    return rows.filter(**{name: value for name, value in (("source", source), ("state", state)) if value})


def list_issues(
    viewer: User,
    *,
    client: int | None,
    state: str,
    check: str = "",
    outcome: str = "",
    cause: str = "",
    org: str = "",
) -> QuerySet[Issue]:
    rows = visible_rows(Issue.objects.select_related("client").defer(*HEAVY_CLIENT_COLUMNS), viewer)
    if client is not None:
        rows = rows.filter(client=client)
    exact = {"check_id": check, "outcome": outcome, "cause": cause, "org": org}
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    return with_status(rows, {"open": "", "ended": "resolved"}.get(state, state))


def list_incidents(viewer: User, *, client: int | None, is_open: bool | None) -> QuerySet[Incident]:
    rows = visible_rows(Incident.objects.select_related("client").defer(*HEAVY_CLIENT_COLUMNS, "changes"), viewer)
    if client is not None:
        rows = rows.filter(client=client)
    return rows if is_open is None else rows.filter(closed_at__isnull=is_open)


def list_org_changes(viewer: User, *, client: int | None, about: str, kind: str) -> QuerySet[OrgChange]:
    rows = visible_rows(OrgChange.objects.select_related("client").defer(*HEAVY_CLIENT_COLUMNS), viewer)
    if client is not None:
        rows = rows.filter(client=client)
    return rows.filter(**{name: value for name, value in (("about", about), ("kind", kind)) if value})


def list_schedules(viewer: User, *, client: int | None = None, paused: bool | None = None) -> QuerySet[Schedule]:
    rows = visible_rows(
        Schedule.objects.select_related("client", "owner").defer(*HEAVY_CLIENT_COLUMNS, "inputs"), viewer
    )
    if client is not None:
        rows = rows.filter(client=client)
    return rows if paused is None else rows.filter(paused_at__isnull=not paused)
