"""Reads of the API's lists: rows with what one of them tells, narrowed, in no order yet."""

from django.db.models import Q, QuerySet
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.issues.models import Issue
from diagnostics.monitoring.models import Schedule
from diagnostics.orgs.models import OAuthClient, Provider
from diagnostics.orgs.visibility import visible_clients, visible_rows

HEAVY_OF_CLIENT = ("client__secret", "client__verification")


def clients_listed(viewer: User, *, q: str, standing: str, tier: str | None, retired: bool) -> QuerySet[OAuthClient]:
    """`tier` None is any; "" is one that nobody said."""
    rows = visible_clients(viewer).defer("secret", "verification").filter(retired_at__isnull=not retired)
    if q:
        rows = rows.filter(Q(name__icontains=q) | Q(org_name__icontains=q))
    if standing:
        rows = rows.filter(standing=standing)
    return rows if tier is None else rows.filter(tier=tier)


def providers_listed(
    viewer: User, *, q: str, client: int | None, source: str, state: str, gone: bool | None
) -> QuerySet[Provider]:
    rows = visible_rows(Provider.objects.select_related("client"), viewer)
    rows = rows.filter(client__retired_at=None).defer(*HEAVY_OF_CLIENT, "settings", "words")
    if q:
        rows = rows.filter(words__contains=q.lower())
    if client is not None:
        rows = rows.filter(client=client)
    if gone is not None:
        rows = rows.filter(gone_at__isnull=not gone)
    return rows.filter(**{name: value for name, value in (("source", source), ("state", state)) if value})


def findings_listed(viewer: User, *, client: int | None, state: str, check: str, outcome: str) -> QuerySet[Issue]:
    rows = visible_rows(Issue.objects.select_related("client").defer(*HEAVY_OF_CLIENT), viewer)
    if client is not None:
        rows = rows.filter(client=client)
    rows = rows.filter(**{name: value for name, value in (("check_id", check), ("outcome", outcome)) if value})
    now = timezone.now()
    match state:
        case "open":
            return rows.filter(Q(accepted_until=None) | Q(accepted_until__lte=now), ended_at=None)
        case "accepted":
            return rows.filter(ended_at=None, accepted_until__gt=now)
        case "ended":
            return rows.filter(ended_at__isnull=False)
    return rows


def schedules_listed(viewer: User, *, client: int | None = None, paused: bool | None = None) -> QuerySet[Schedule]:
    rows = visible_rows(Schedule.objects.select_related("client", "owner").defer(*HEAVY_OF_CLIENT, "inputs"), viewer)
    if client is not None:
        rows = rows.filter(client=client)
    return rows if paused is None else rows.filter(paused_at__isnull=not paused)
