"""The home page: the form for a new diagnosis, the orgs' status, and recent runs."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request
from diagnostics.demo.tour import tour
from diagnostics.orgs.forms.client_list import ClientListForm
from diagnostics.orgs.queries.clients import client_page
from diagnostics.runs.forms.paste import PasteForm
from diagnostics.runs.queries.runs import recent_runs


@require_safe
def home(request: Request) -> HttpResponse:
    filters = ClientListForm(request.GET)
    context = {
        "narrowed": filters,
        "page": client_page(filters.asked, request.user),
        "runs": recent_runs(request.user),
        "form": PasteForm(),
        "tour": tour(request.user),
    }
    return render(request, "home.html", context)
