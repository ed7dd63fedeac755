"""The first page: what to do next, what ran lately, how the clients stand."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics import queries
from diagnostics.forms import PasteForm
from diagnostics.http import Request


@require_safe
def home(request: Request) -> HttpResponse:
    context = {"clients": queries.client_rows(), "runs": queries.recent_runs(), "form": PasteForm()}
    return render(request, "home.html", context)
