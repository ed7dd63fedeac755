"""The changes of one org or of all orgs."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request
from diagnostics.orgs.forms.providers import ChangeForm
from diagnostics.orgs.orgs import find_org
from diagnostics.orgs.queries.org_changes import change_page


@require_safe
def org_change_list(request: Request, org_key: str = "") -> HttpResponse:
    """The changes of the org with this key, or of all orgs."""
    org = find_org(org_key, request.user) if org_key else None
    form = ChangeForm(request.GET, viewer=request.user)
    filters = form.chosen()
    page = change_page(request.user, clients=org.pks if org else (), **filters)
    context = {"org": org, "form": form, "provider": filters.get("provider"), "page": page}
    return render(request, "orgs/changes/list.html", context)
