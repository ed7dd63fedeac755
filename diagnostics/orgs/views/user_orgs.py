"""The page where admins choose which orgs a user can see."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from diagnostics.accounts.access import admin_required, find_user
from diagnostics.accounts.requests import Request
from diagnostics.accounts.users import limit_orgs
from diagnostics.orgs.forms.user_orgs import OrgsForm


@require_http_methods(["GET", "HEAD", "POST"])
@admin_required
def user_orgs(request: Request, pk: int) -> HttpResponse:
    person = find_user(pk)
    form = OrgsForm(request.POST if request.method == "POST" else None, person=person)
    if form.is_valid():
        limit_orgs(person, form.chosen_orgs, by=request.user)
        messages.success(request, f"What {person.username} may see is changed. It counts at once.")
        return redirect("users")
    return render(request, "accounts/users/orgs.html", {"person": person, "form": form})
