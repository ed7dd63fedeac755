"""Reads of what became different in the orgs between readings."""

from dataclasses import dataclass

from django.db.models import Q

from diagnostics.accounts.models import User
from diagnostics.orgs.models import OAuthClient, OrgChange, Provider
from diagnostics.orgs.visibility import visible_rows

CHANGES_PAGE = 40
CHANGES_SHOWN = 20


@dataclass(frozen=True)
class ChangeFilter:
    """What the list of changes is narrowed to; "" or None is no limit."""

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
    """One page, newest first. `older` is the id to go on below, None on the last page."""

    changes: list[OrgChange]
    older: int | None
    is_first: bool


def change_page(chosen: ChangeFilter, viewer: User | None, *, before: int | None = None) -> ChangePage:
    rows = OrgChange.objects.select_related("client", "provider", "snapshot__started_by").defer(
        "client__secret", "client__verification", "provider__settings", "snapshot__rights", "snapshot__progress"
    )
    exact = {"client": chosen.client, "provider": chosen.provider, "about": chosen.about, "kind": chosen.kind}
    rows = visible_rows(rows, viewer).filter(**{name: value for name, value in exact.items() if value})
    if chosen.org:
        rows = rows.filter(Q(client__name__icontains=chosen.org) | Q(client__org_name__icontains=chosen.org))
    if chosen.q:
        rows = rows.filter(Q(name__icontains=chosen.q) | Q(ref__icontains=chosen.q) | Q(setting__icontains=chosen.q))
    if before is not None:
        rows = rows.filter(_earlier_than(before))
    found = list(rows.order_by("-at", "-id")[: CHANGES_PAGE + 1])
    older = found[CHANGES_PAGE - 1].pk if len(found) > CHANGES_PAGE else None
    return ChangePage(found[:CHANGES_PAGE], older, is_first=before is None)


def _earlier_than(pk: int) -> Q:
    """Behind this row, by time: rows of a history may have been written later than newer ones."""
    at = OrgChange.objects.filter(pk=pk).values_list("at", flat=True).first()
    return Q(id__lt=pk) if at is None else Q(at__lte=at) & (Q(at__lt=at) | Q(id__lt=pk))


def changes_of(provider: Provider) -> list[OrgChange]:
    """The newest ones of one provider, found by its id in the org too: a row may have been made anew."""
    rows = OrgChange.objects.filter(client=provider.client_id, about=provider.source, ref=provider.ref)
    return list(rows.select_related("snapshot__started_by").order_by("-at", "-id")[:CHANGES_SHOWN])
