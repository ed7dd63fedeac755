"""Old addresses: each redirects permanently to the page that replaced it, with its arguments and its query string."""

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
}


@require_safe
def redirect_moved(request: HttpRequest, target: str, **arguments: Any) -> HttpResponsePermanentRedirect:
    name, _, fixed = target.partition("?")
    query = "&".join(part for part in (fixed, request.GET.urlencode()) if part)
    address = reverse(name, kwargs=arguments)
    return HttpResponsePermanentRedirect(f"{address}?{query}" if query else address)


urlpatterns: list[URLPattern] = [path(route, redirect_moved, {"target": target}) for route, target in MOVED.items()]
