"""The list of orgs, one org with its clients and their permissions, and health checks that are started by hand."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.paginator import Page, Paginator
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from diagnostics import tasks
from diagnostics.accounts.access import may_run_required
from diagnostics.accounts.models import User
from diagnostics.accounts.requests import Request
from diagnostics.engine.facts import STARTING
from diagnostics.issues.models import Incident, Issue
from diagnostics.issues.queries import with_status
from diagnostics.monitoring.queries.impact import permissions_of_clients
from diagnostics.orgs.contracts import current_contract
from diagnostics.orgs.models import OAuthClient, OrgChange
from diagnostics.orgs.orgs import ENVIRONMENTS, STATUSES, Org, find_org, group_by_org
from diagnostics.orgs.permissions.relevant import needed_permissions
from diagnostics.orgs.permissions.synced import PermissionState
from diagnostics.orgs.queries.syncs import sources_of
from diagnostics.orgs.visibility import find_active_client, visible_clients
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.models import Run
from diagnostics.web.filters import QueryForm, search_field


@require_safe
def orgs(request: Request) -> HttpResponse:
    form = OrgListForm(request.GET)
    context = {"form": form, "found": org_list(form.chosen(), request.user, request.GET.get("page"))}
    return render(request, "orgs/list.html", context)


@require_safe
def org(request: Request, org_key: str) -> HttpResponse:
    found = find_org(org_key, request.user)
    context = {"org": found, "row": org_row(found), "sync_state": sources_of(found).sync_state}
    return render(request, "orgs/detail.html", context)


@require_safe
def org_permissions(request: Request, org_key: str) -> HttpResponse:
    """For each client of the org: whether it can start sessions, and which permissions of the checks it lacks."""
    found = find_org(org_key, request.user)
    needed = needed_permissions(current_contract(found.region))
    held = permissions_of_clients(found.clients, (*STARTING, *needed))
    rows = [
        {
            "client": client,
            "starting": [held[client.pk].status_of(name) for name in STARTING],
            "missing": [
                status
                for status in map(held[client.pk].status_of, needed)
                if status.state not in (PermissionState.HELD, PermissionState.CONDITION)
            ],
        }
        for client in found.clients
    ]
    context = {"org": found, "rows": rows, "starting": STARTING, "needed": needed}
    return render(request, "orgs/permissions/org.html", context)


@require_POST
@may_run_required
def client_health(request: Request, pk: int) -> HttpResponse:
    client = find_active_client(pk, request.user)
    with transaction.atomic():
        run = create_run(client=client, kind=Run.Kind.HEALTH, inputs=Inputs(), user=request.user, source=Run.Source.WEB)
        transaction.on_commit(lambda: tasks.send(tasks.execute_run, run.pk))
    return redirect("run", run.pk)


ORGS_PER_PAGE = 25
NOT_SET = "unset"  # filter value for orgs without an environment
SORTS = [("", "Needs attention first"), ("since", "Longest in this state"), ("name", "Name")]


class OrgListForm(QueryForm):
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
