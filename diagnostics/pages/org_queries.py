"""The list of orgs, with the open issues and incidents of each."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.issues.models import Incident, Issue
from diagnostics.issues.queries import with_status
from diagnostics.orgs.models import OAuthClient, OrgChange
from diagnostics.orgs.orgs import ENVIRONMENTS, STATUSES, Org, group_by_org
from diagnostics.orgs.visibility import visible_clients
from diagnostics.web.filters import QueryForm, search_field

ORGS_PER_PAGE = 25
NOT_SET = "unsaid"  # filter value for orgs without an environment
SORTS = [("", "Needs attention first"), ("since", "Longest in this state"), ("name", "Name")]


class OrgListForm(QueryForm):
    """Filters and order of the list of orgs."""

    q = search_field("Search", "Org, client, region or ID")
    status = forms.ChoiceField(
        required=False, choices=[("", "All"), *((status.value, status.label) for status in STATUSES)]
    )
    environment = forms.ChoiceField(
        required=False,
        choices=[("", "All"), *((each.value or NOT_SET, each.label) for each in OAuthClient.Environment)],
    )
    sort = forms.ChoiceField(label="Order", required=False, choices=SORTS)
    retired = forms.BooleanField(required=False, widget=forms.HiddenInput)
    not_filters = ("sort", "retired")


@dataclass(frozen=True)
class OrgRow:
    """An org with its open issues and incidents. `is_since_at_least`: its first check already found it in this state."""

    org: Org
    issues: int
    incidents: int
    is_since_at_least: bool


@dataclass(frozen=True)
class OrgList:
    """A page of orgs. `counts` are by status, ignoring the status filter."""

    page: Page[Org]
    rows: list[OrgRow]
    counts: dict[str, int]


def org_list(filters: dict[str, Any], viewer: User | None, number: str | None) -> OrgList:
    """Return a page of orgs. All clients are loaded, without their large columns: an org's status depends on each of them."""
    orgs = group_by_org(_filtered(filters, viewer).only(*COLUMNS).order_by("name"))
    counts = {status.value: sum(org.status == status for org in orgs) for status in STATUSES}
    if status := filters.get("status"):
        orgs = [org for org in orgs if org.status == status]
    page = Paginator(sorted(orgs, key=SORT_KEYS[filters.get("sort", "")]), ORGS_PER_PAGE).get_page(number)
    return OrgList(page, _rows(list(page.object_list)), counts)


COLUMNS = (
    *("name", "region", "environment", "state", "org_id", "org_name", "retired_at"),
    *("status", "status_cause", "status_reason", "status_since", "status_at"),
)


def _filtered(filters: dict[str, Any], viewer: User | None) -> QuerySet[OAuthClient]:
    clients = visible_clients(viewer).filter(retired_at__isnull=not filters.get("retired"))
    if environment := filters.get("environment"):
        clients = clients.filter(environment="" if environment == NOT_SET else environment)
    if text := filters.get("q"):
        by_text = Q(name__icontains=text) | Q(org_name__icontains=text) | Q(region__icontains=text)
        found = clients.filter(by_text | Q(client_id__iexact=text) | Q(org_id__iexact=text))
        # With all clients of each org found, so that its status and its number of clients are those of its page.
        ids = found.exclude(org_id="").order_by().values("org_id")
        clients = clients.filter(Q(pk__in=found.order_by().values("pk")) | Q(org_id__in=ids))
    return clients


def _by_name(org: Org) -> Any:
    return org.name.lower(), org.key


def _by_age(org: Org) -> Any:
    return org.since or timezone.now(), _by_name(org)


def _by_need(org: Org) -> Any:
    environment = ENVIRONMENTS.index(OAuthClient.Environment(org.representative.environment))
    age = -org.since.timestamp() if org.since else 0.0
    return STATUSES.index(OAuthClient.Status(org.status)), environment, age, _by_name(org)


SORT_KEYS = {"": _by_need, "since": _by_age, "name": _by_name}


def org_row(org: Org) -> OrgRow:
    return _rows([org])[0]


def _rows(orgs: list[Org]) -> list[OrgRow]:
    pks = [pk for org in orgs for pk in org.pks]
    issues = _count_by_client(
        with_status(Issue.objects.filter(client__in=pks), "").filter(Q(target="") | Q(target__startswith="client:"))
    )
    incidents = _count_by_client(Incident.objects.filter(client__in=pks, closed_at=None))
    first_checks = set(
        OrgChange.objects.filter(
            client__in=pks, about=OrgChange.About.STATUS, not_before=None, at=F("client__status_since")
        ).values_list("client_id", flat=True)
    )
    return [
        OrgRow(
            org,
            issues=sum(issues.get(pk, 0) for pk in org.pks),
            incidents=sum(incidents.get(pk, 0) for pk in org.pks),
            is_since_at_least=any(client.pk in first_checks for client in org.same_status),
        )
        for org in orgs
    ]


def _count_by_client(rows: QuerySet[Any]) -> dict[int, int]:
    return dict(rows.order_by().values_list("client_id").annotate(count=Count("pk")))
