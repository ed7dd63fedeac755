"""What became different in the orgs between readings."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request
from diagnostics.orgs.forms.providers import ChangeForm
from diagnostics.orgs.queries.org_changes import change_page


@require_safe
def org_change_list(request: Request) -> HttpResponse:
    form = ChangeForm(request.GET, viewer=request.user)
    chosen = form.filter()
    kept = request.GET.copy()
    kept.pop("before", None)
    context = {
        "form": form,
        "chosen": chosen,
        "page": change_page(chosen, request.user, before=form.before_row()),
        "kept": kept.urlencode(),
        "left_out": list(form.left_out()),
    }
    return render(request, "orgs/changes/list.html", context)
