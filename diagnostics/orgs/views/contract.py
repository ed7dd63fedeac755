"""The contract in force: which it is for each region, what stands in it, what changed, and reading it anew."""

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
from diagnostics.orgs.contract_in_force import contract_of, region_contracts, version_before, version_in_force
from diagnostics.orgs.contracts import start_refresh
from diagnostics.orgs.forms.contract import ContractForm, RegionForm

PAGE_SIZE = 50


@require_safe
def contract_page(request: Request) -> HttpResponse:
    form = ContractForm(request.GET)
    form.is_valid()
    chosen = {name: form.cleaned_data.get(name, "") for name in form.fields}
    version = version_in_force(chosen["region"])
    contract = contract_of(version) if version else bundled()
    found = search(contract, chosen["q"], chosen["show"])
    kept = request.GET.copy()
    kept.pop("page", None)
    context = {
        "form": form,
        "contract": contract,
        "version": version,
        "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
        "kept": kept.urlencode(),
        "narrowed": bool(chosen["q"] or chosen["show"]),
        **_readings(request),
    }
    if version is not None:
        before = version_before(version)
        older = contract_of(before) if before else bundled()
        context |= {"drift": drift(older, contract), "older": older}
    return render(request, "orgs/contract/page.html", context)


@require_safe
def readings(request: Request) -> HttpResponse:
    """The regions alone, for as long as one is being read; then the whole page anew, whose search it changes."""
    told = _readings(request)
    if request.htmx and not told["is_being_read"]:
        return HttpResponseClientRefresh()
    return render(request, "orgs/contract/_readings.html", told)


@require_POST
@admin_required
def refresh(request: Request) -> HttpResponse:
    form = RegionForm(request.POST)
    if not form.is_valid():
        messages.error(request, "That is no region, so nothing was read. Choose one from the list.")
        return redirect("contract")
    key = form.cleaned_data["region"]
    with transaction.atomic():
        version = start_refresh(key, request.user)
        if version is None:
            messages.info(request, f"The contract of {key} is being read already.")
        else:
            transaction.on_commit(lambda: tasks.send(tasks.refresh_contract, version.pk))
    return redirect(f"{reverse('contract')}?region={key}")


def _readings(request: Request) -> dict[str, object]:
    regions = region_contracts(request.user)
    return {
        "regions": regions,
        "is_being_read": any(each.is_being_read for each in regions),
        "bundled": bundled(),
        "region_form": RegionForm(),
    }
