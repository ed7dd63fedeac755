"""The impact page: the clients, deployments, schedules and runs that depend on a permission or provider."""

from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request
from diagnostics.checks.base import all_checks
from diagnostics.checks.permissions import READS
from diagnostics.engine import check_reference as handbook
from diagnostics.engine.facts import STARTING
from diagnostics.genesys.contract import Contract, bundled
from diagnostics.monitoring.queries import impact as queries
from diagnostics.orgs.contracts import contract_of, region_contracts
from diagnostics.orgs.forms.permissions import ImpactForm
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.orgs import Org, find_org
from diagnostics.orgs.permissions.impact import (
    canonical_name,
    dependent_calls,
    dependent_checks,
    parse_permission,
    removal_impact,
)
from diagnostics.orgs.permissions.relevant import STARTS
from diagnostics.orgs.visibility import find_provider
from diagnostics.web.paging import read_key

MAX_CALLS = 60
# Provider source -> filter of the run list.
RUN_FILTERS = {"deployment": "deployment", "gateway": "provider", "seen": "provider"}


@require_safe
def impact_page(request: Request, org_key: str = "") -> HttpResponse:
    """Show the impact of a `provider` or `permission` parameter, or search for the text in `q`.

    With the key of an org, only its clients count.
    """
    org = find_org(org_key, request.user) if org_key else None
    clients = queries.active_clients(request.user, org)
    form = ImpactForm({"q": request.GET.get("q") or request.GET.get("permission", "")})
    form.is_valid()
    text = form.cleaned_data.get("q", "")
    permission = parse_permission(text)
    context: dict[str, Any] = {"org": org, "form": form, "text": text}
    if "provider" in request.GET:
        return render(request, "orgs/impact/provider.html", context | _provider_context(request))
    if permission:
        return render(
            request, "orgs/impact/permission.html", context | _permission_context(request, permission, clients, org)
        )
    return render(request, "orgs/impact/search.html", context | _search_context(text, clients))


def _permission_context(
    request: Request, permission: str, active: QuerySet[OAuthClient], org: Org | None
) -> dict[str, Any]:
    contract = _newest_contract()
    permission = canonical_name(permission, _known_permissions(contract))
    calls = dependent_calls(permission, contract.operations)
    clients = queries.clients_with_permission(permission, active)
    page = queries.client_page(clients, request.GET.get("page"))
    shown = list(page.object_list)
    needed = {name for call in calls for name in call.operation.permissions}
    held, deployments = queries.permissions_of_clients(shown, {permission, *needed}), queries.deployment_counts(shown)
    rows = [
        {
            "client": client,
            "status": held[client.pk].status_of(permission),
            "impact": removal_impact(permission, held[client.pk], calls),
            "deployments": deployments.get(client.pk, (0, 0)),
        }
        for client in shown
    ]
    return {
        "permission": permission,
        "query_string": urlencode({"permission": permission}) + "&",
        "runs_query": urlencode({"permission": permission.lower()}),
        "purpose": STARTS.get(permission) or READS.get(permission, ""),
        "contract": contract,
        "calls": calls[:MAX_CALLS],
        "more_calls": max(len(calls) - MAX_CALLS, 0),
        "checks": dependent_checks(permission, handbook.entries_of(all_checks(), bundled())),
        "page": page,
        "rows": rows,
        "unknown_clients": queries.clients_with_unknown_permission(permission, active),
        "impact": queries.impact_of(clients, queries.runs_with_permission(permission, request.user, org)),
    }


def _provider_context(request: Request) -> dict[str, Any]:
    pk = read_key(request.GET["provider"])
    if pk is None:
        raise Http404("No provider has this number.")
    provider = find_provider(pk, request.user)
    clients = queries.clients_with_provider(provider, request.user)
    page = queries.client_page(clients, request.GET.get("page"))
    shown = list(page.object_list)
    synced, held = queries.providers_by_client(provider, shown), queries.permissions_of_clients(shown, STARTING)
    rows = [
        {
            "client": client,
            "provider": synced.get(client.pk),
            "starts": [held[client.pk].status_of(permission) for permission in STARTING],
        }
        for client in shown
    ]
    return {
        "provider": provider,
        "query_string": urlencode({"provider": provider.pk}) + "&",
        "runs_query": urlencode({RUN_FILTERS[provider.source]: provider.ref}),
        "page": page,
        "rows": rows,
        "same_id": queries.providers_with_same_id(provider, request.user),
        "impact": queries.impact_of(clients, queries.runs_with_provider(provider, clients)),
        "starting": STARTING,
    }


def _search_context(text: str, clients: QuerySet[OAuthClient]) -> dict[str, Any]:
    """Search permissions and providers. An empty search lists the most relevant permissions."""
    if not text:
        listed = {**STARTS, **READS}
        counts = queries.count_clients_with_permissions(list(listed), clients)
        return {"listed": [(name, purpose, counts[name]) for name, purpose in listed.items()]}
    contract = _newest_contract()
    terms = text.lower().split()
    known = [name for name in _known_permissions(contract) if all(term in name.lower() for term in terms)]
    held = [canonical_name(name, known) for name in queries.search_permissions(text, clients)]
    return {
        "permissions": list(dict.fromkeys((*known, *held)))[: 2 * queries.MATCHES_SHOWN],
        "providers": queries.search_providers(text, clients),
    }


def _known_permissions(contract: Contract) -> list[str]:
    """Return all known permissions in the platform's spelling."""
    named = {name for operation in contract.operations for name in operation.permissions}
    return list(dict.fromkeys((*STARTS, *READS, *sorted(named))))


def _newest_contract() -> Contract:
    """Return the newest contract of any region: permissions don't depend on the region."""
    versions = [region.in_force for region in region_contracts() if region.in_force]
    return contract_of(max(versions, key=lambda version: version.pk, default=None))
