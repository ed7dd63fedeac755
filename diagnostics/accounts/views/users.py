"""User administration, for admins only."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from diagnostics.accounts import users as people
from diagnostics.accounts.access import admin_required, find_user
from diagnostics.accounts.forms.users import ROLE_DESCRIPTIONS, NewUserForm, RoleForm
from diagnostics.accounts.models import User
from diagnostics.accounts.requests import Request
from diagnostics.web.confirmation import confirmation_page


@require_safe
@admin_required
def user_list(request: Request) -> HttpResponse:
    context = {"people": people.users_for_list(), "roles": User.Role.choices, "role_descriptions": ROLE_DESCRIPTIONS}
    return render(request, "accounts/users/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@admin_required
def user_add(request: Request) -> HttpResponse:
    form = NewUserForm(request.POST or None)
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
        messages.error(request, "Nothing changed: choose a role from the list.")
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
        sentence = "You get a new password, which is shown once. The old one stops working, and they are signed out everywhere."
        heading = f"Reset the password of {person.username}?"
        return confirmation_page(request, heading, sentence, "Reset password", "users", tone="main")
    return _show_once(request, person, people.reset_password(person), is_new=False)


@require_http_methods(["GET", "HEAD", "POST"])
@admin_required
def user_deactivate(request: Request, pk: int) -> HttpResponse:
    person = find_user(pk)
    if request.method != "POST":
        sentence = "They are signed out and can't sign in. Their runs keep their name. You can activate them again."
        return confirmation_page(request, f"Deactivate {person.username}?", sentence, "Deactivate", "users")
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
        sentence = (
            "Their authenticator app, passkeys and recovery codes stop working, and their password alone is enough to sign in. "
            "Make sure the request really comes from them."
        )
        return confirmation_page(
            request, f"Reset the second factor of {person.username}?", sentence, "Reset second factor", "users"
        )
    people.reset_second_factor(person, by=request.user)
    messages.success(request, f"{person.username} now signs in without a second factor. They can set one up again.")
    return redirect("users")


@require_POST
@admin_required
def user_activate(request: Request, pk: int) -> HttpResponse:
    person = find_user(pk)
    people.activate(person)
    messages.success(request, f"{person.username} can sign in again, with their old password.")
    return redirect("users")


def _show_once(request: Request, person: User, password: str, *, is_new: bool) -> HttpResponse:
    """Show the password once. There is no redirect, which would need to store the password."""
    return render(request, "accounts/users/password.html", {"person": person, "password": password, "is_new": is_new})
