"""The list of org changes."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request
from diagnostics.orgs.forms.providers import ChangeForm
from diagnostics.orgs.queries.org_changes import change_page


@require_safe
def org_change_list(request: Request) -> HttpResponse:
    form = ChangeForm(request.GET, viewer=request.user)
    filters = form.filter()
    query = request.GET.copy()
    query.pop("before", None)
    context = {
        "form": form,
        "chosen": filters,
        "page": change_page(filters, request.user, before=form.before_row()),
        "query_string": query.urlencode(),
        "left_out": list(form.left_out()),
    }
    return render(request, "orgs/changes/list.html", context)
