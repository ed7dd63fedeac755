"""The API reference page: search, changes since the previous version, and refreshes per region."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from diagnostics import tasks
from diagnostics.accounts.access import admin_required
from diagnostics.accounts.requests import Request
from diagnostics.genesys.contract import bundled
from diagnostics.genesys.contract_changes import drift
from diagnostics.genesys.search import search
from diagnostics.orgs.contracts import contract_of, current_version, previous_version, region_contracts, start_refresh
from diagnostics.orgs.forms.contract import ContractSearchForm, RegionForm

PAGE_SIZE = 50


@require_safe
def contract_page(request: Request) -> HttpResponse:
    form = ContractSearchForm(request.GET)
    form.is_valid()
    filters = {name: form.cleaned_data.get(name, "") for name in form.fields}
    version = current_version(filters["region"])
    contract = contract_of(version)
    found = search(contract, filters["q"], filters["show"])
    context = {
        "form": form,
        "contract": contract,
        "version": version,
        "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
        "query_string": form.query_string(),
        "is_narrowed": bool(filters["q"] or filters["show"]),
        **_refreshes(request),
    }
    if version is not None:
        older = contract_of(previous_version(version))
        context |= {"drift": drift(older, contract), "older": older}
    return render(request, "orgs/contract/page.html", context)


@require_safe
def contract_refreshes(request: Request) -> HttpResponse:
    """The fragment with the regions. Once no refresh is running, the whole page is reloaded."""
    context = _refreshes(request)
    if request.htmx and not context["is_refreshing"]:
        return HttpResponseClientRefresh()
    return render(request, "orgs/contract/_regions.html", context)


@require_POST
@admin_required
def refresh(request: Request) -> HttpResponse:
    form = RegionForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Unknown region. Choose one from the list.")
        return redirect("contract")
    key = form.cleaned_data["region"]
    with transaction.atomic():
        version = start_refresh(key, request.user)
        if version is None:
            messages.info(request, f"The API reference of {key} is already being refreshed.")
        else:
            transaction.on_commit(lambda: tasks.send(tasks.refresh_contract, version.pk))
    return redirect(f"{reverse('contract')}?region={key}")


def _refreshes(request: Request) -> dict[str, object]:
    regions = region_contracts(request.user)
    return {
        "regions": regions,
        "is_refreshing": any(region.is_refreshing for region in regions),
        "bundled": bundled(),
        "region_form": RegionForm(),
    }
