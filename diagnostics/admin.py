"""Plain registrations, for rescue only. The pages of the product are where people work."""

from typing import TYPE_CHECKING, Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from diagnostics.models import Exchange, Finding, OAuthClient, Run, User, Watch
from diagnostics.services.audit import record

if TYPE_CHECKING:
    # Only the type checker's Django can be subscripted.
    _UserAdmin = UserAdmin[User]
    _ModelAdmin = admin.ModelAdmin[Model]
else:
    _UserAdmin, _ModelAdmin = UserAdmin, admin.ModelAdmin

site = admin.site
site.site_header = "Cobrowse Doctor: rescue"
# By the same door as all pages: with its limits, and with the second factor where a person has one.
site.login = secure_admin_login(site.login)  # type: ignore[method-assign]
site.has_permission = lambda request: getattr(request.user, "is_admin", False) and request.user.is_staff  # type: ignore[method-assign]


@admin.register(User)
class PersonAdmin(_UserAdmin):
    list_display = ("username", "role", "is_active", "is_staff", "last_login")
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Cobrowse Doctor", {"fields": ("role",)}))

    def log_addition(self, request: HttpRequest, obj: User, message: Any) -> Any:
        record("person.added", obj, after={"role": obj.role, "by": "rescue page"})
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: User, message: Any) -> Any:
        told = {"role": obj.role, "is_active": obj.is_active, "is_staff": obj.is_staff, "changed": message}
        record("person.changed", obj, after=told)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[User]) -> Any:
        for person in queryset:
            record("person.deleted", person, before={"role": person.role})
        return super().log_deletions(request, queryset)


class ReadOnly(_ModelAdmin):
    """What the product writes by itself is only looked at here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(OAuthClient)
class ClientAdmin(ReadOnly):
    list_display = ("name", "region", "state", "org_name", "retired_at")
    exclude = ("secret",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        return super().get_queryset(request).defer("secret")


@admin.register(Run)
class RunAdmin(ReadOnly):
    list_display = ("id", "client_id", "status", "cause", "created_at")


@admin.register(Watch)
class WatchAdmin(ReadOnly):
    list_display = ("id", "run_id", "check_id", "state", "checked", "next_at")


@admin.register(Finding, Exchange)
class PartAdmin(ReadOnly):
    list_display = ("id", "run_id", "position", "check_id")
