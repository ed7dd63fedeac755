"""The home page and the client list, which both show the status and the latest run of each client."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request
from diagnostics.demo.tour import tour
from diagnostics.pages.client_filters import ClientListForm
from diagnostics.pages.client_queries import client_page
from diagnostics.runs.forms.paste import PasteForm
from diagnostics.runs.queries.runs import recent_runs


@require_safe
def home(request: Request) -> HttpResponse:
    form = ClientListForm(request.GET)
    context = {
        "narrowed": form,
        "page": client_page(form.filters, request.user),
        "runs": recent_runs(request.user),
        "form": PasteForm(),
        "tour": tour(request.user),
    }
    return render(request, "home.html", context)


@require_safe
def client_list(request: Request) -> HttpResponse:
    form = ClientListForm(request.GET, sort="name")
    context = {"narrowed": form, "page": client_page(form.filters, request.user)}
    return render(request, "orgs/clients/list.html", context)
