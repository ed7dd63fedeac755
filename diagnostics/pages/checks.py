"""The page of all checks: their requests and permissions, and the smallest role for all of them."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request
from diagnostics.checks.base import all_checks
from diagnostics.engine import check_reference
from diagnostics.genesys.contract import bundled
from diagnostics.runs.report import AREA_TITLES


@require_safe
def check_list(request: Request) -> HttpResponse:
    contract = bundled()
    areas = check_reference.areas(all_checks(), contract)
    order = list(AREA_TITLES)  # as on a run's page; other areas last
    ordered = sorted(areas, key=lambda area: order.index(area.name) if area.name in order else len(order))
    role = check_reference.smallest_role(areas)
    context = {
        "areas": [(AREA_TITLES.get(area.name, area.name.capitalize()), area) for area in ordered],
        "role": role,
        "role_api": "\n".join(item.permission.api for item in role),
        "role_admin": "\n".join(item.permission.admin for item in role),
        "contract": contract,
    }
    return render(request, "pages/checks/list.html", context)
