"""Providers: the list of one org or of all orgs, the providerId search, and one provider."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request
from diagnostics.checks import deployment_offer
from diagnostics.orgs.forms.providers import MatchForm, ProviderForm
from diagnostics.orgs.models import Provider
from diagnostics.orgs.orgs import find_org
from diagnostics.orgs.queries.id_matches import MATCH_PAGE, find_matches
from diagnostics.orgs.queries.org_changes import provider_history
from diagnostics.orgs.queries.providers import provider_page, runs_with_provider
from diagnostics.orgs.queries.syncs import sources_of, sync_state_of
from diagnostics.orgs.visibility import find_provider


@require_safe
def provider_list(request: Request, org_key: str = "") -> HttpResponse:
    """The providers of the org with this key, or of all orgs."""
    org = find_org(org_key, request.user) if org_key else None
    form = ProviderForm(request.GET)
    page = provider_page(
        request.user,
        clients=org.pks if org else (),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        last="last" in request.GET,
        **form.chosen(),
    )
    context: dict[str, object] = {"org": org, "form": form, "page": page, "match_form": MatchForm()}
    if org is not None:
        sources = sources_of(org)
        context |= {"sources": sources, "sync_state": sources.sync_state}
    return render(request, "orgs/providers/list.html", context)


@require_safe
def provider_match(request: Request) -> HttpResponse:
    """Search an ID in every org's provider list: a page, and the fragment below the search box."""
    form = MatchForm(request.GET)
    context: dict[str, object] = {"form": form, "wanted": form.provider_id()}
    if context["wanted"]:
        found = find_matches(form.provider_id(), request.user)
        page = Paginator(found.orgs, MATCH_PAGE).get_page(request.GET.get("page"))
        context |= {"found": found, "page": page, "query_string": form.query_string()}
    return render(request, "orgs/providers/_match.html" if request.htmx else "orgs/providers/match.html", context)


@require_safe
def provider_detail(request: Request, pk: int) -> HttpResponse:
    provider = find_provider(pk, request.user)
    is_deployment = provider.source == Provider.Source.DEPLOYMENT
    hidden = bool(provider.settings.get("hidden"))
    answers = deployment_offer.offers_of(provider.status, provider.settings, provider.draft_is_newer, is_hidden=hidden)
    names = deployment_offer.SETTINGS if is_deployment else ()
    context = {
        "provider": provider,
        "published_settings": [(name, provider.settings.get(name)) for name in names],
        "is_hidden": hidden,
        "answers": answers if is_deployment and provider.removed_at is None else (),
        "runs": runs_with_provider(provider),
        "changes": provider_history(provider),
        "sync_state": sync_state_of(provider.client),
    }
    return render(request, "orgs/providers/detail.html", context)
