"""Provider pages: the list over all orgs, each org's sources, the providerId search, and provider details."""

from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request
from diagnostics.checks import deployment_offer as blocks
from diagnostics.orgs.forms.providers import MatchForm, ProviderForm
from diagnostics.orgs.lookups import find_provider
from diagnostics.orgs.models import Provider
from diagnostics.orgs.queries.id_matches import MATCH_PAGE, find_matches
from diagnostics.orgs.queries.org_changes import provider_history
from diagnostics.orgs.queries.providers import ProviderFilter, filtered_clients, provider_page, runs_with_provider
from diagnostics.orgs.queries.syncs import org_sources, sync_state_of

ORGS_SHOWN = 8
ORGS_PAGE = 25
PAGING_PARAMETERS = ("after", "before", "last")


@require_safe
def provider_list(request: Request) -> HttpResponse:
    form = ProviderForm(request.GET, viewer=request.user)
    filters = form.filter()
    page = provider_page(
        filters,
        request.user,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        last="last" in request.GET,
    )
    clients = [filters.client] if filters.client else list(filtered_clients(filters, request.user)[: ORGS_SHOWN + 1])
    context = {
        "form": form,
        "chosen": filters,
        "page": page,
        "query_string": _query_without(request, *PAGING_PARAMETERS),
        "left_out": list(form.left_out()),
        "orgs": org_sources(clients[:ORGS_SHOWN]),
        "more_orgs": len(clients) > ORGS_SHOWN,
        "match_form": MatchForm(viewer=request.user),
    }
    return render(request, "orgs/providers/list.html", context)


@require_safe
def provider_orgs(request: Request) -> HttpResponse:
    """The providers that each org reported, by source."""
    page = Paginator(filtered_clients(ProviderFilter(), request.user), ORGS_PAGE).get_page(request.GET.get("page"))
    return render(request, "orgs/providers/orgs.html", {"page": page, "orgs": org_sources(list(page.object_list))})


@require_safe
def provider_match(request: Request) -> HttpResponse:
    """Search an ID in every org's provider list: a page, and the fragment below the search box."""
    form = MatchForm(request.GET, viewer=request.user)
    wanted, client = form.provider_id(), form.chosen().get("client")
    context: dict[str, object] = {
        "form": form,
        "wanted": wanted,
        "client": client,
        "left_out": [(name, value) for name, value in form.left_out() if name != "id"],
    }
    if wanted:
        found = find_matches(wanted, request.user, client)
        context |= {
            "found": found,
            "page": Paginator(found.orgs, MATCH_PAGE).get_page(request.GET.get("page")),
            "query_string": _query_without(request, "page"),
        }
    return render(request, "orgs/providers/_match.html" if request.htmx else "orgs/providers/match.html", context)


@require_safe
def provider_detail(request: Request, pk: int) -> HttpResponse:
    provider = find_provider(pk, request.user)
    is_deployment = provider.source == Provider.Source.DEPLOYMENT
    hidden = bool(provider.settings.get("hidden"))
    answers = blocks.offers_of(provider.status, provider.settings, provider.draft_is_newer, is_hidden=hidden)
    context = {
        "provider": provider,
        "published_settings": [(name, provider.settings.get(name)) for name in blocks.SETTINGS]
        if is_deployment
        else [],
        "is_hidden": hidden,
        "answers": answers if is_deployment and provider.removed_at is None else (),
        "runs": runs_with_provider(provider),
        "changes": provider_history(provider),
        "reading": sync_state_of(provider.client),
    }
    return render(request, "orgs/providers/detail.html", context)


def _query_without(request: Request, *names: str) -> str:
    query: QueryDict = request.GET.copy()
    for name in names:
        query.pop(name, None)
    return query.urlencode()
