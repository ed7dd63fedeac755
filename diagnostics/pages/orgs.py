"""The list of orgs, one org with its clients and their permissions, and health checks that are started by hand."""

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from diagnostics import tasks
from diagnostics.accounts.access import may_run_required
from diagnostics.accounts.requests import Request
from diagnostics.engine.facts import STARTING
from diagnostics.monitoring.queries.impact import permissions_of_clients
from diagnostics.orgs.contract_in_force import current_contract
from diagnostics.orgs.lookups import find_active_client
from diagnostics.orgs.orgs import find_org
from diagnostics.orgs.permissions.relevant import needed_permissions
from diagnostics.orgs.permissions.synced import PermissionState
from diagnostics.orgs.queries.syncs import sources_of
from diagnostics.pages.org_queries import OrgListForm, org_list, org_row
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.models import Run


@require_safe
def orgs(request: Request) -> HttpResponse:
    form = OrgListForm(request.GET)
    context = {"form": form, "found": org_list(form.chosen(), request.user, request.GET.get("page"))}
    return render(request, "orgs/list.html", context)


@require_safe
def org(request: Request, org_key: str) -> HttpResponse:
    """An org with its status and its clients."""
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
    """Start a health check of the client's org."""
    client = find_active_client(pk, request.user)
    with transaction.atomic():
        run = create_run(client=client, kind=Run.Kind.HEALTH, inputs=Inputs(), user=request.user, source=Run.Source.WEB)
        transaction.on_commit(lambda: tasks.send(tasks.execute_run, run.pk))
    return redirect("run", run.pk)
