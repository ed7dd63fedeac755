"""Pages that read the OAuth clients of an org and register some of them. For admins."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from diagnostics import tasks
from diagnostics.accounts.access import admin_required
from diagnostics.accounts.requests import Request, not_modified_fragment
from diagnostics.genesys.documents.oauth_clients import PERMISSION
from diagnostics.orgs.client_listing import is_reading, register_listed, rows_of, start_listing
from diagnostics.orgs.models import ClientListing, OAuthClient
from diagnostics.orgs.permissions.role import MENU_PATH
from diagnostics.orgs.visibility import find_active_client
from diagnostics.web.refusals import ActionRefused


@require_http_methods(["GET", "HEAD", "POST"])
@admin_required
def listing(request: Request, pk: int) -> HttpResponse:
    """A post registers the chosen clients and shows the result of each."""
    client = find_active_client(pk, request.user)
    found = _listing_of(client)
    results = None
    if request.method == "POST" and found is not None:
        chosen = dict.fromkeys(request.POST.getlist("chosen"), "")
        results = list(register_listed(found, chosen, request.user).values())
        if not results:
            messages.error(request, "Select at least one client.")
    registered = sum(result.client is not None for result in results or ())
    context = {**_context(client, found), "results": results, "registered": registered}
    return render(request, "orgs/clients/listing.html", context)


@require_POST
@admin_required
def listing_read(request: Request, pk: int) -> HttpResponse:
    client = find_active_client(pk, request.user)
    try:
        if start_listing(client):
            tasks.send(tasks.read_client_listing, client.pk)
    except ActionRefused as refused:
        messages.error(request, str(refused))
    return redirect("client-listing", pk)


@require_safe
@admin_required
def listing_state(request: Request, pk: int) -> HttpResponse:
    """Polled while the list is read. Once it is, the whole page is reloaded."""
    found = _listing_of(find_active_client(pk, request.user))
    return not_modified_fragment() if found is not None and is_reading(found) else HttpResponseClientRefresh()


def _listing_of(client: OAuthClient) -> ClientListing | None:
    return ClientListing.objects.select_related("client").filter(client=client).first()


def _context(client: OAuthClient, found: ClientListing | None) -> dict[str, object]:
    rows = rows_of(found) if found is not None and found.state == found.State.READ else []
    return {
        "client": client,
        "listing": found,
        "is_reading": found is not None and is_reading(found),
        "rows": rows,
        "new": sum(row.is_new for row in rows),
        "permission": PERMISSION,
        "menu_path": MENU_PATH,
    }
