"""Public status badges, and the page where admins create them."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from diagnostics.accounts.access import admin_required
from diagnostics.accounts.requests import Request
from diagnostics.orgs.badges import MAX_AGE, badge_picture, make_badge, remove_badge
from diagnostics.orgs.models import Badge, OAuthClient
from diagnostics.orgs.visibility import find_active_client


@login_not_required
@require_safe
@cache_control(public=True, max_age=60)
def badge(request: Request, key: str) -> HttpResponse:
    """The badge image. It doesn't reveal whose org it is. Returns 404 for a retired client."""
    client = get_object_or_404(OAuthClient.objects.defer("secret"), badge__key=key, retired_at=None)
    picture = badge_picture(client.status, client.status_at, timezone.now())
    return render(request, "orgs/badges/badge.svg", {"picture": picture}, content_type="image/svg+xml")


@require_http_methods(["GET", "HEAD", "POST"])
@admin_required
def client_badge(request: Request, pk: int) -> HttpResponse:
    """The badge page. A POST creates a badge, or gives it a new URL."""
    client = find_active_client(pk, request.user)
    if request.method == "POST":
        make_badge(client, request.user)
        return redirect("client-badge", client.pk)
    found = Badge.objects.filter(client=client).select_related("created_by").first()
    url = request.build_absolute_uri(reverse("badge", args=[found.key])) if found else ""
    context = {"client": client, "badge": found, "badge_url": url, "markdown": f"![Cobrowse]({url})"}
    return render(request, "orgs/badges/page.html", {**context, "stale": MAX_AGE.days})


@require_POST
@admin_required
def badge_remove(request: Request, pk: int) -> HttpResponse:
    remove_badge(find_active_client(pk, request.user))
    return redirect("client-badge", pk)
