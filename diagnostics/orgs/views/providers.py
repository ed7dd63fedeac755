"""Providers: the browser over all orgs, what each org told, an id that is looked for, and one of them."""

from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request
from diagnostics.checks import deployment_offer as blocks
from diagnostics.orgs.forms.providers import MatchForm, ProviderForm
from diagnostics.orgs.lookups import find_provider
from diagnostics.orgs.models import Provider
from diagnostics.orgs.queries.id_matches import MATCH_PAGE, matches
from diagnostics.orgs.queries.org_changes import changes_of
from diagnostics.orgs.queries.providers import ProviderFilter, clients_asked, provider_page, runs_with_provider
from diagnostics.orgs.queries.syncs import org_lines, reading_of

ORGS_SHOWN = 8
ORGS_PAGE = 25
PLACES_IN_LIST = ("after", "before", "last")


@require_safe
def provider_list(request: Request) -> HttpResponse:
    form = ProviderForm(request.GET, viewer=request.user)
    chosen = form.filter()
    page = provider_page(
        chosen,
        request.user,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        last="last" in request.GET,
    )
    clients = [chosen.client] if chosen.client else list(clients_asked(chosen, request.user)[: ORGS_SHOWN + 1])
    context = {
        "form": form,
        "chosen": chosen,
        "page": page,
        "kept": _kept(request, *PLACES_IN_LIST),
        "left_out": list(form.left_out()),
        "orgs": org_lines(clients[:ORGS_SHOWN]),
        "more_orgs": len(clients) > ORGS_SHOWN,
        "match_form": MatchForm(viewer=request.user),
    }
    return render(request, "orgs/providers/list.html", context)


@require_safe
def provider_orgs(request: Request) -> HttpResponse:
    """What each org told and did not tell, a page at a time."""
    page = Paginator(clients_asked(ProviderFilter(), request.user), ORGS_PAGE).get_page(request.GET.get("page"))
    return render(request, "orgs/providers/orgs.html", {"page": page, "orgs": org_lines(list(page.object_list))})


@require_safe
def provider_match(request: Request) -> HttpResponse:
    """An id against every org's list: a page of its own, and the fragment below the paste box."""
    form = MatchForm(request.GET, viewer=request.user)
    wanted, client = form.wanted(), form.chosen().get("client")
    context: dict[str, object] = {
        "form": form,
        "wanted": wanted,
        "client": client,
        "left_out": [each for each in form.left_out() if each[0] != "id"],
    }
    if wanted:
        found = matches(wanted, request.user, client)
        context |= {
            "found": found,
            "page": Paginator(found.orgs, MATCH_PAGE).get_page(request.GET.get("page")),
            "kept": _kept(request, "page"),
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
        "settings": [(name, provider.settings.get(name)) for name in blocks.SETTINGS] if is_deployment else [],
        "is_hidden": hidden,
        "answers": answers if is_deployment and provider.gone_at is None else (),
        "runs": runs_with_provider(provider),
        "changes": changes_of(provider),
        "reading": reading_of(provider.client),
    }
    return render(request, "orgs/providers/detail.html", context)


def _kept(request: Request, *without: str) -> str:
    """The query string, as a start for another one."""
    kept: QueryDict = request.GET.copy()
    for name in without:
        kept.pop(name, None)
    return kept.urlencode()
