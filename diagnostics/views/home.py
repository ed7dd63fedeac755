"""The first page: what to do next, what ran lately, how the clients stand."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics import queries
from diagnostics.forms.paste import PasteForm
from diagnostics.http import Request
from diagnostics.models import OAuthClient


@require_safe
def home(request: Request) -> HttpResponse:
    # Those that need somebody come first.
    clients = sorted(queries.client_rows(), key=lambda row: row.client.state == OAuthClient.State.VERIFIED)
    context = {"clients": clients, "runs": queries.recent_runs(), "form": PasteForm()}
    return render(request, "home.html", context)
