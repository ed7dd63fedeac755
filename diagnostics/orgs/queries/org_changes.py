"""Queries for org changes."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from diagnostics.accounts.models import User
from diagnostics.orgs.models import OrgChange, Provider
from diagnostics.orgs.visibility import visible_rows
from diagnostics.web.paging import KeyPage

CHANGES_PAGE = 40
CHANGES_SHOWN = 20


def change_page(
    viewer: User | None,
    *,
    clients: Sequence[int] = (),
    org: str = "",
    q: str = "",
    before: int | None = None,
    **exact: Any,
) -> KeyPage[OrgChange]:
    """Return the changes of these clients, or of all, newest first. `exact` are values of columns."""
    rows = OrgChange.objects.select_related("client", "provider", "sync__started_by").defer(
        "client__secret", "client__verification", "provider__settings", "sync__permissions", "sync__progress"
    )
    rows = visible_rows(rows, viewer).filter(**exact)
    if clients:
        rows = rows.filter(client__in=clients)
    if org:
        rows = rows.filter(Q(client__name__icontains=org) | Q(client__org_name__icontains=org))
    if q:
        rows = rows.filter(Q(name__icontains=q) | Q(ref__icontains=q) | Q(setting__icontains=q))
    if before is not None:
        rows = rows.filter(_older_than(before))
    found = list(_once_per_org(rows, viewer).order_by("-at", "-id")[: CHANGES_PAGE + 1])
    older = found[CHANGES_PAGE - 1].pk if len(found) > CHANGES_PAGE else None
    return KeyPage(found[:CHANGES_PAGE], older, is_first=before is None)


def _once_per_org(rows: QuerySet[OrgChange], viewer: User | None) -> QuerySet[OrgChange]:
    """Leave out a provider's change that an earlier sync of another client of the same org recorded."""
    since = Coalesce(OuterRef("not_before"), OuterRef("at"))
    same = visible_rows(OrgChange.objects.filter(pk__lt=OuterRef("pk"), at__gt=since, provider__isnull=False), viewer)
    names = ("about", "ref", "kind", "setting", "client__org_id")
    same = same.filter(**{name: OuterRef(name) for name in names}).exclude(client=OuterRef("client"))
    return rows.filter(Q(client__org_id="") | ~Exists(same))


def _older_than(pk: int) -> Q:
    """Match changes older than this row, by time and then ID: old changes may have been inserted later."""
    at = OrgChange.objects.filter(pk=pk).values_list("at", flat=True).first()
    return Q(id__lt=pk) if at is None else Q(at__lte=at) & (Q(at__lt=at) | Q(id__lt=pk))


def provider_history(provider: Provider) -> list[OrgChange]:
    """Return a provider's newest changes, found by its ID in the org, which survives a recreated row."""
    rows = OrgChange.objects.filter(client=provider.client_id, about=provider.source, ref=provider.ref)
    return list(rows.select_related("sync__started_by").order_by("-at", "-id")[:CHANGES_SHOWN])
