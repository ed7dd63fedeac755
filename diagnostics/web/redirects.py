"""Old addresses, each of which redirects permanently to its new page, with its arguments and query string."""

from typing import Any

from django.http import HttpRequest, HttpResponsePermanentRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_safe

# Old route -> URL name of the new page, which takes the same arguments; a query string after "?" is added to the old one.
MOVED: dict[str, str] = {
    "rejudge/": "reevaluate",
    "runs/<int:pk>/rejudge/": "run-reevaluate",
    "checks/": "checks",
    "start/": "home",
    "claims/": "home",
    "monitoring/": "schedules",
    "schedules/": "schedules",
    "schedules/add/": "schedule-add",
    "schedules/<int:pk>/": "schedule",
    "schedules/<int:pk>/edit/": "schedule-edit",
    "schedules/<int:pk>/delete/": "schedule-delete",
    "alerts/rules/": "alert-rules",
    "alerts/rules/add/": "alert-rule-add",
    "alerts/rules/<int:pk>/": "alert-rule",
    "alerts/channels/": "channels",
    "alerts/channels/add/": "channel-add",
    "alerts/channels/<int:pk>/": "channel",
    "alerts/deliveries/": "deliveries",
    "alerts/deliveries/<int:pk>/": "delivery",
    "users/": "users",
    "users/add/": "user-add",
    "tokens/": "api-tokens",
    "tokens/add/": "api-token-add",
    "retention/": "retention",
    "audit/": "audit",
    "audit/export/<str:form>/": "audit-export",
    "system/": "system",
    "clients/": "orgs",
    "clients/<int:pk>/rights/": "client-permissions",
    "providers/orgs/": "orgs",
    "touches/": "impact",
    "contract/": "contract",
    "findings/": "issues",
    "findings/<int:pk>/": "issue",
    "incidents/": "issues?alerting=yes",
}


@require_safe
def redirect_moved(request: HttpRequest, target: str, **arguments: Any) -> HttpResponsePermanentRedirect:
    name, _, fixed = target.partition("?")
    query = "&".join(part for part in (fixed, request.GET.urlencode()) if part)
    address = reverse(name, kwargs=arguments)
    return HttpResponsePermanentRedirect(f"{address}?{query}" if query else address)


urlpatterns: list[URLPattern] = [path(route, redirect_moved, {"target": target}) for route, target in MOVED.items()]
