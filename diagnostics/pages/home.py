"""The client list."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request
from diagnostics.pages.client_filters import ClientListForm
from diagnostics.pages.client_queries import client_page


@require_safe
def client_list(request: Request) -> HttpResponse:
    form = ClientListForm(request.GET, sort="name")
    context = {"narrowed": form, "page": client_page(form.filters, request.user)}
    return render(request, "orgs/clients/list.html", context)
