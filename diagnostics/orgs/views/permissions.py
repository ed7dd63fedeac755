"""The page of a client's permissions: relevant ones, roles, and the API calls it can make."""

from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request
from diagnostics.engine.facts import STARTING
from diagnostics.genesys import gateway
from diagnostics.genesys.contract import Contract
from diagnostics.genesys.search import search
from diagnostics.orgs.contracts import current_contract
from diagnostics.orgs.forms.permissions import ALL, KNOWN, CallsForm
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.permissions.calls import REASON_TEXTS, Access, count_by_access, evaluate_calls
from diagnostics.orgs.permissions.matrix import role_matrix
from diagnostics.orgs.permissions.relevant import (
    LICENCES,
    missing_permissions,
    needed_permissions,
    relevant_permissions,
)
from diagnostics.orgs.permissions.role import CREATE_CALL, MENU_PATH, copyable_role
from diagnostics.orgs.permissions.synced import ClientPermissions, parse_client_permissions
from diagnostics.orgs.queries.clients import latest_permission_sync
from diagnostics.orgs.queries.syncs import sync_state_of
from diagnostics.orgs.visibility import find_client

PAGE_SIZE = 20
MAX_SYNC_AGE = timedelta(hours=24)
REQUESTS_PER_DIAGNOSIS = 14  # maximum measured
ROLES = {"": "Cobrowse Doctor: diagnose", "start": "Cobrowse Doctor: diagnose and start"}


@require_safe
def client_permissions(request: Request, pk: int) -> HttpResponse:
    client = find_client(pk, request.user)
    sync = latest_permission_sync(client)
    contract = current_contract(client.region)
    needed = needed_permissions(contract)
    form = CallsForm(request.GET)
    form.is_valid()
    role = form.cleaned_data.get("role", "")
    context: dict[str, Any] = {
        "client": client,
        "sync_state": sync_state_of(client),
        "sync": sync,
        "contract": contract,
        "form": form,
        "role": copyable_role(ROLES[role], (*needed, *(STARTING if role else ()))),
        "role_kind": role,
        "menu_path": MENU_PATH,
        "created_by": CREATE_CALL,
    }
    if sync is not None:
        permissions = parse_client_permissions(sync.permissions)
        context |= _permission_context(permissions, client, needed)
        context |= _call_context(request, form, contract, permissions)
        context["is_old"] = bool(sync.finished_at and timezone.now() - sync.finished_at > MAX_SYNC_AGE)
    return render(request, "orgs/permissions/client.html", context)


def _permission_context(
    permissions: ClientPermissions, client: OAuthClient, needed: dict[str, tuple[str, ...]]
) -> dict[str, Any]:
    relevant = relevant_permissions(permissions, needed)
    allowed = permissions.rate_allowed
    return {
        "held": permissions,
        "matrix": role_matrix(permissions),
        "relevant": relevant,
        "missing": missing_permissions(relevant),
        "licences": LICENCES,
        "runs_a_minute": allowed // REQUESTS_PER_DIAGNOSIS if allowed else None,
        "gateway_scopes": [(scope, scope in (permissions.scopes or ())) for scope in gateway.SCOPES if client.gateway],
    }


def _call_context(
    request: Request, form: CallsForm, contract: Contract, permissions: ClientPermissions
) -> dict[str, Any]:
    """Return the calls that match the search, counted by access, and a page of those with the chosen access."""
    terms, chosen = form.cleaned_data.get("q", ""), form.cleaned_data.get("may", KNOWN)
    found = evaluate_calls(search(contract, terms), permissions)
    if chosen == KNOWN:
        shown = [call for call in found if call.code != "not_told"]
    else:
        shown = [call for call in found if chosen in (ALL, call.access)]
    counts = count_by_access(found)
    return {
        "calls": Paginator(shown, PAGE_SIZE).get_page(request.GET.get("page")),
        "counts": [(access.value, REASON_TEXTS[access], counts[access]) for access in Access],
        "chosen": chosen,
        "query_string": form.query_string(),
        "query_string_without_access": form.query_string("may"),
    }
