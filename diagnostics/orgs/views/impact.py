"""What it touches: from a permission or a provider to every client, deployment, schedule and past run."""

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from diagnostics.accounts.models import User
from diagnostics.accounts.requests import Request
from diagnostics.checks.base import all_checks
from diagnostics.checks.permissions import READS
from diagnostics.engine import check_reference as handbook
from diagnostics.engine.environment import STARTING
from diagnostics.genesys.contract import Contract, bundled
from diagnostics.orgs.contract_in_force import contract_of, region_contracts
from diagnostics.orgs.forms.permissions import ImpactForm
from diagnostics.orgs.models import Provider
from diagnostics.orgs.permissions.impact import askers_of, permission_in, readers_of, spelled, without
from diagnostics.orgs.permissions.relevant import STARTS
from diagnostics.orgs.queries import impact as touches
from diagnostics.orgs.visibility import visible_rows

MOST_CALLS = 60
# By source: the filter of the list of runs that finds those which met it.
RUN_FILTERS = {"deployment": "deployment", "gateway": "provider", "seen": "provider"}
LONGEST_NUMBER = 18  # digits: more are no row's


@require_safe
def impact_page(request: Request) -> HttpResponse:
    """By a `provider` or a `permission` as links name them, or by the words of the box, which may name a permission."""
    form = ImpactForm({"q": request.GET.get("q") or request.GET.get("permission", "")})
    form.is_valid()
    words = form.cleaned_data.get("q", "")
    asked = permission_in(words)
    context: dict[str, Any] = {"form": form, "words": words}
    if "provider" in request.GET:
        return render(request, "orgs/impact/provider.html", context | _of_provider(request))
    if asked:
        return render(request, "orgs/impact/permission.html", context | _of_permission(request, asked))
    return render(request, "orgs/impact/search.html", context | _found(words, request.user))


def _of_permission(request: Request, asked: str) -> dict[str, Any]:
    contract = _newest_contract()
    permission = spelled(asked, _known(contract))
    askers = askers_of(permission, contract.operations)
    holders = touches.holders_of(permission, request.user)
    page = touches.client_page(holders, request.GET.get("page"))
    shown = list(page.object_list)
    named = {name for each in askers for name in each.operation.permissions}
    held, deployments = touches.held_rights(shown, {permission, *named}), touches.deployment_counts(shown)
    rows = [
        {
            "client": client,
            "holds": held[client.pk].holds(permission),
            "without": without(permission, held[client.pk], askers),
            "deployments": deployments.get(client.pk, (0, 0)),
        }
        for client in shown
    ]
    return {
        "permission": permission,
        "kept": urlencode({"permission": permission}),
        "runs_query": urlencode({"permission": permission.lower()}),
        "purpose": STARTS.get(permission) or READS.get(permission, ""),
        "contract": contract,
        "askers": askers[:MOST_CALLS],
        "more_askers": max(len(askers) - MOST_CALLS, 0),
        "readers": readers_of(permission, handbook.areas(all_checks(), bundled())),
        "page": page,
        "rows": rows,
        "untold": touches.untold_holders(permission, request.user),
        "impact": touches.impact_of(holders, touches.runs_needing(permission, request.user)),
    }


def _of_provider(request: Request) -> dict[str, Any]:
    provider = _provider(request.GET["provider"], request.user)
    clients = touches.knowing(provider, request.user)
    page = touches.client_page(clients, request.GET.get("page"))
    shown = list(page.object_list)
    told, held = touches.synced_by(provider, shown), touches.held_rights(shown, STARTING)
    rows = [
        {
            "client": client,
            "told": told.get(client.pk),
            "starts": [held[client.pk].holds(each) for each in STARTING],
        }
        for client in shown
    ]
    return {
        "provider": provider,
        "kept": urlencode({"provider": provider.pk}),
        "runs_query": urlencode({RUN_FILTERS[provider.source]: provider.ref}),
        "page": page,
        "rows": rows,
        "namesakes": touches.namesakes(provider, request.user),
        "impact": touches.impact_of(clients, touches.runs_meeting(provider, clients)),
        "starting": STARTING,
    }


def _found(words: str, viewer: User) -> dict[str, Any]:
    """What the words come near to; without words, the permissions that matter most."""
    if not words:
        listed = {**STARTS, **READS}
        counts = touches.holder_counts(list(listed), viewer)
        return {"listed": [(name, purpose, counts[name]) for name, purpose in listed.items()]}
    contract = _newest_contract()
    parts = words.lower().split()
    known = [each for each in _known(contract) if all(part in each.lower() for part in parts)]
    held = [spelled(each, known) for each in touches.permissions_like(words, viewer)]
    return {
        "permissions": list(dict.fromkeys((*known, *held)))[: 2 * touches.MATCHES_SHOWN],
        "providers": touches.providers_like(words, viewer),
    }


def _known(contract: Contract) -> list[str]:
    """Permissions as the platform spells them."""
    named = {name for each in contract.operations for name in each.permissions}
    return list(dict.fromkeys((*STARTS, *READS, *sorted(named))))


def _newest_contract() -> Contract:
    """A permission is of no region, so that of the newest reading is asked, which tells more of them than the bundled one."""
    read = [each.in_force for each in region_contracts() if each.in_force]
    newest = max(read, key=lambda each: each.pk, default=None)
    return contract_of(newest) if newest else bundled()


def _provider(number: str, viewer: User) -> Provider:
    if not (number.isascii() and number.isdigit()) or len(number) > LONGEST_NUMBER:
        raise Http404("No provider has this number.")
    told = visible_rows(Provider.objects.select_related("client"), viewer).defer(
        "client__secret", "client__verification", "settings"
    )
    return get_object_or_404(told, pk=int(number))
