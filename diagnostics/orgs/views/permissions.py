"""The page of a client's permissions: relevant ones, roles, and the API calls it can make."""

from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request
from diagnostics.checks.base import all_checks
from diagnostics.engine import check_reference as handbook
from diagnostics.engine.facts import STARTING
from diagnostics.genesys import gateway
from diagnostics.genesys.contract import Contract
from diagnostics.genesys.search import search
from diagnostics.orgs.contract_in_force import current_contract
from diagnostics.orgs.forms.permissions import ALL, KNOWN, CallsForm
from diagnostics.orgs.lookups import find_client
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.permissions.calls import REASON_TEXTS, Access, count_by_access, evaluate_calls
from diagnostics.orgs.permissions.matrix import role_matrix
from diagnostics.orgs.permissions.relevant import LICENCES, missing_permissions, relevant_permissions
from diagnostics.orgs.permissions.role import CREATE_CALL, MENU_PATH, copyable_role
from diagnostics.orgs.permissions.synced import ClientPermissions, parse_client_permissions
from diagnostics.orgs.queries.permissions import latest_permission_sync
from diagnostics.orgs.queries.syncs import sync_state_of

PAGE_SIZE = 20
MAX_SYNC_AGE = timedelta(hours=24)
REQUESTS_PER_DIAGNOSIS = 14  # maximum measured
ROLES = {"": "Cobrowse Doctor: diagnose", "start": "Cobrowse Doctor: diagnose and start"}


@require_safe
def client_permissions(request: Request, pk: int) -> HttpResponse:
    client = find_client(pk, request.user)
    snapshot = latest_permission_sync(client)
    contract = current_contract(client.region)
    needed = _needed(contract)
    form = CallsForm(request.GET)
    form.is_valid()
    role = form.cleaned_data.get("role", "")
    context: dict[str, Any] = {
        "client": client,
        "reading": sync_state_of(client),
        "snapshot": snapshot,
        "contract": contract,
        "form": form,
        "role": copyable_role(ROLES[role], (*needed, *(STARTING if role else ()))),
        "role_kind": role,
        "menu_path": MENU_PATH,
        "created_by": CREATE_CALL,
    }
    if snapshot is not None:
        permissions = parse_client_permissions(snapshot.permissions)
        context |= _permission_context(permissions, client, needed)
        context |= _call_context(request, form, contract, permissions)
        context["is_old"] = bool(snapshot.finished_at and timezone.now() - snapshot.finished_at > MAX_SYNC_AGE)
    return render(request, "orgs/permissions/page.html", context)


def _needed(contract: Contract) -> dict[str, tuple[str, ...]]:
    """Return the permissions of the smallest role, each with the titles of the checks that need it."""
    role = handbook.smallest_role(handbook.entries_of(all_checks(), contract))
    return {entry.permission.api: entry.checks for entry in role}


def _permission_context(
    permissions: ClientPermissions, client: OAuthClient, needed: dict[str, tuple[str, ...]]
) -> dict[str, Any]:
    relevant = relevant_permissions(permissions, needed)
    allowed = permissions.rate_allowed
    return {
        "rights": permissions,
        "matrix": role_matrix(permissions),
        "matters": relevant,
        "lacking": missing_permissions(relevant),
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
    query = request.GET.copy()
    query.pop("page", None)
    query_without_access = query.copy()
    query_without_access.pop("may", None)
    return {
        "calls": Paginator(shown, PAGE_SIZE).get_page(request.GET.get("page")),
        "counts": [(access.value, REASON_TEXTS[access], counts[access]) for access in Access],
        "chosen": chosen,
        "query_string": query.urlencode(),
        "query_string_without_access": query_without_access.urlencode(),
    }
