"""User administration, for admins only."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from diagnostics.accounts import users as people
from diagnostics.accounts.access import admin_required, find_user
from diagnostics.accounts.forms.users import NewPersonForm, RoleForm
from diagnostics.accounts.models import User
from diagnostics.accounts.queries import users as people_queries
from diagnostics.accounts.requests import Request


@require_safe
@admin_required
def user_list(request: Request) -> HttpResponse:
    return render(request, "accounts/users/list.html", {"people": people_queries.people(), "roles": User.Role.choices})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@admin_required
def user_add(request: Request) -> HttpResponse:
    form = NewPersonForm(request.POST or None)
    if not form.is_valid():
        return render(request, "accounts/users/add.html", {"form": form})
    person, password = people.add_user(form.cleaned_data["username"], form.cleaned_data["role"])
    return _show_once(request, person, password, is_new=True)


@require_POST
@admin_required
def user_role(request: Request, pk: int) -> HttpResponse:
    person = find_user(pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "That is no role, so nothing was changed. Choose one from the list.")
        return redirect("users")
    try:
        people.change_role(person, form.cleaned_data["role"], by=request.user)
    except people.UserChangeRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{person.username} is now {person.get_role_display().lower()}.")
    return redirect("users")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@admin_required
def user_password(request: Request, pk: int) -> HttpResponse:
    person = find_user(pk)
    if request.method != "POST":
        return render(request, "accounts/users/reset.html", {"person": person})
    return _show_once(request, person, people.reset_password(person), is_new=False)


@require_http_methods(["GET", "HEAD", "POST"])
@admin_required
def user_deactivate(request: Request, pk: int) -> HttpResponse:
    person = find_user(pk)
    if request.method != "POST":
        return render(request, "accounts/users/deactivate.html", {"person": person})
    try:
        people.deactivate(person, by=request.user)
    except people.UserChangeRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{person.username} can no longer sign in.")
    return redirect("users")


@require_http_methods(["GET", "HEAD", "POST"])
@admin_required
def user_second_factor(request: Request, pk: int) -> HttpResponse:
    """Remove a user's second factors, for a user who lost their app and recovery codes."""
    person = find_user(pk)
    if request.method != "POST":
        return render(request, "accounts/users/second_factor.html", {"person": person})
    people.reset_second_factor(person, by=request.user)
    messages.success(request, f"{person.username} signs in without a second factor now. They can set one up again.")
    return redirect("users")


@require_POST
@admin_required
def user_activate(request: Request, pk: int) -> HttpResponse:
    person = find_user(pk)
    people.activate(person)
    messages.success(request, f"{person.username} can sign in again, with the password they had.")
    return redirect("users")


def _show_once(request: Request, person: User, password: str, *, is_new: bool) -> HttpResponse:
    """Show the password once. There is no redirect, which would need to store the password."""
    return render(request, "accounts/users/password.html", {"person": person, "password": password, "is_new": is_new})
