"""The first page: what to do next, whether cobrowse could work in each org, what ran lately."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics.demo.tour import tour
from diagnostics.forms.client_list import ClientListForm
from diagnostics.forms.paste import PasteForm
from diagnostics.http import Request
from diagnostics.queries.clients import client_page
from diagnostics.queries.runs import recent_runs


@require_safe
def home(request: Request) -> HttpResponse:
    narrowed = ClientListForm(request.GET)
    context = {
        "narrowed": narrowed,
        "page": client_page(narrowed.asked, request.user),
        "runs": recent_runs(request.user),
        "form": PasteForm(),
        "tour": tour(request.user),
    }
    return render(request, "home.html", context)
