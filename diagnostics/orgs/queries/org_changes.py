"""Queries for org changes."""

from dataclasses import dataclass

from django.db.models import Q

from diagnostics.accounts.models import User
from diagnostics.orgs.models import OAuthClient, OrgChange, Provider
from diagnostics.orgs.visibility import visible_rows

CHANGES_PAGE = 40
CHANGES_SHOWN = 20


@dataclass(frozen=True)
class ChangeFilter:
    """Filters of the change list; "" or None means no filter."""

    client: OAuthClient | None = None
    provider: Provider | None = None
    org: str = ""
    about: str = ""
    kind: str = ""
    q: str = ""

    @property
    def narrows(self) -> bool:
        return any((self.client, self.provider, self.org, self.about, self.kind, self.q))


@dataclass(frozen=True)
class ChangePage:
    """A page of changes, newest first. `older` is the ID that the next page starts after, None on the last page."""

    changes: list[OrgChange]
    older: int | None
    is_first: bool


def change_page(filters: ChangeFilter, viewer: User | None, *, before: int | None = None) -> ChangePage:
    rows = OrgChange.objects.select_related("client", "provider", "sync__started_by").defer(
        "client__secret", "client__verification", "provider__settings", "sync__permissions", "sync__progress"
    )
    exact = {"client": filters.client, "provider": filters.provider, "about": filters.about, "kind": filters.kind}
    rows = visible_rows(rows, viewer).filter(**{name: value for name, value in exact.items() if value})
    if filters.org:
        rows = rows.filter(Q(client__name__icontains=filters.org) | Q(client__org_name__icontains=filters.org))
    if filters.q:
        rows = rows.filter(Q(name__icontains=filters.q) | Q(ref__icontains=filters.q) | Q(setting__icontains=filters.q))
    if before is not None:
        rows = rows.filter(_older_than(before))
    found = list(rows.order_by("-at", "-id")[: CHANGES_PAGE + 1])
    older = found[CHANGES_PAGE - 1].pk if len(found) > CHANGES_PAGE else None
    return ChangePage(found[:CHANGES_PAGE], older, is_first=before is None)


def _older_than(pk: int) -> Q:
    """Match changes older than this row, by time and then ID: old changes may have been inserted later."""
    at = OrgChange.objects.filter(pk=pk).values_list("at", flat=True).first()
    return Q(id__lt=pk) if at is None else Q(at__lte=at) & (Q(at__lt=at) | Q(id__lt=pk))


def provider_history(provider: Provider) -> list[OrgChange]:
    """Return a provider's newest changes, found by its ID in the org, which survives a recreated row."""
    rows = OrgChange.objects.filter(client=provider.client_id, about=provider.source, ref=provider.ref)
    return list(rows.select_related("sync__started_by").order_by("-at", "-id")[:CHANGES_SHOWN])
