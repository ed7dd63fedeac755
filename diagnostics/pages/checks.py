"""All checks on one page: what each asks, what it needs, and the smallest role for all of them."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request
from diagnostics.checks.base import all_checks
from diagnostics.engine import check_reference as handbook
from diagnostics.genesys.contract import bundled
from diagnostics.runs.report import AREA_TITLES


@require_safe
def check_list(request: Request) -> HttpResponse:
    contract = bundled()
    found = handbook.areas(all_checks(), contract)
    # In the order in which a run's page tells them.
    known = [area for name in AREA_TITLES for area in found if area.name == name]
    ordered = [*known, *(area for area in found if area.name not in AREA_TITLES)]
    areas = [(AREA_TITLES.get(area.name, area.name.capitalize()), area) for area in ordered]
    role = handbook.smallest_role(found)
    context = {
        "areas": areas,
        "role": role,
        "role_api": "\n".join(each.permission.api for each in role),
        "role_admin": "\n".join(each.permission.admin for each in role),
        "contract": contract,
    }
    return render(request, "pages/checks/list.html", context)
