"""What a client may do: what it holds, what that hides from the checks, and which calls it may make."""

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
from diagnostics.engine.environment import STARTING
from diagnostics.genesys import gateway
from diagnostics.genesys.contract import Contract
from diagnostics.genesys.search import search
from diagnostics.orgs.contract_in_force import contract_in_force
from diagnostics.orgs.forms.permissions import ALL, KNOWN, CallsForm
from diagnostics.orgs.lookups import find_client
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.permissions.calls import REASON_TEXTS, May, counts, judge_calls
from diagnostics.orgs.permissions.matrix import matrix_of
from diagnostics.orgs.permissions.relevant import LICENCES, lacking, matters_of
from diagnostics.orgs.permissions.role import CREATED_BY, MENU_PATH, copyable_role
from diagnostics.orgs.permissions.synced import Rights, read_rights
from diagnostics.orgs.queries.permissions import rights_snapshot
from diagnostics.orgs.queries.syncs import reading_of

PAGE_SIZE = 20
OLD = timedelta(hours=24)
CALLS_OF_A_DIAGNOSIS = 14  # at most, as measured
ROLES = {"": "Cobrowse Doctor: diagnose", "start": "Cobrowse Doctor: diagnose and start"}


@require_safe
def client_rights(request: Request, pk: int) -> HttpResponse:
    client = find_client(pk, request.user)
    snapshot = rights_snapshot(client)
    contract = contract_in_force(client.region)
    needed = _needed(contract)
    form = CallsForm(request.GET)
    form.is_valid()
    role = form.cleaned_data.get("role", "")
    context: dict[str, Any] = {
        "client": client,
        "reading": reading_of(client),
        "snapshot": snapshot,
        "contract": contract,
        "form": form,
        "role": copyable_role(ROLES[role], (*needed, *(STARTING if role else ()))),
        "role_kind": role,
        "menu_path": MENU_PATH,
        "created_by": CREATED_BY,
    }
    if snapshot is not None:
        rights = read_rights(snapshot.rights)
        context |= _of_rights(rights, client, needed) | _calls(request, form, contract, rights)
        context["is_old"] = bool(snapshot.finished_at and timezone.now() - snapshot.finished_at > OLD)
    return render(request, "orgs/permissions/page.html", context)


def _needed(contract: Contract) -> dict[str, tuple[str, ...]]:
    """The permissions of the smallest role, each with the titles of the checks that read with it."""
    role = handbook.smallest_role(handbook.areas(all_checks(), contract))
    return {each.permission.api: each.checks for each in role}


def _of_rights(rights: Rights, client: OAuthClient, needed: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    matters = matters_of(rights, needed)
    allowed = rights.rate_allowed
    return {
        "rights": rights,
        "matrix": matrix_of(rights),
        "matters": matters,
        "lacking": lacking(matters),
        "licences": LICENCES,
        "runs_a_minute": allowed // CALLS_OF_A_DIAGNOSIS if allowed else None,
        "gateway_scopes": [(each, each in (rights.scopes or ())) for each in gateway.SCOPES] if client.gateway else [],
    }


def _calls(request: Request, form: CallsForm, contract: Contract, rights: Rights) -> dict[str, Any]:
    """Those that fit the words, counted by answer; of the answer that was chosen, one page."""
    words, chosen = form.cleaned_data.get("q", ""), form.cleaned_data.get("may", KNOWN)
    found = judge_calls(search(contract, words), rights)
    if chosen == KNOWN:
        shown = [each for each in found if each.code != "not_told"]
    else:
        shown = [each for each in found if chosen in (ALL, each.may)]
    told = counts(found)
    kept = request.GET.copy()
    kept.pop("page", None)
    apart = kept.copy()
    apart.pop("may", None)
    return {
        "calls": Paginator(shown, PAGE_SIZE).get_page(request.GET.get("page")),
        "counts": [(may.value, REASON_TEXTS[may], told[may]) for may in May],
        "chosen": chosen,
        "kept": kept.urlencode(),
        "kept_apart": apart.urlencode(),
    }
