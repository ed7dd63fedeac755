"""Saved views of the run list: an admin adds and deletes them, everybody can open them."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from diagnostics.accounts.access import admin_required
from diagnostics.accounts.requests import Request, viewer_time_zone
from diagnostics.runs.models import SavedView
from diagnostics.runs.saved_views import MAX_QUERY_LENGTH, delete_view, save_view
from diagnostics.web.refusals import ActionRefused


@require_POST
@admin_required
def view_add(request: Request) -> HttpResponse:
    query = request.POST.get("query", "")
    try:
        view = save_view(request.POST.get("name", ""), query, request.user, timezone.now(), viewer_time_zone(request))
    except ActionRefused as refused:
        messages.error(request, str(refused))
        return HttpResponseRedirect(f"{resolve_url('runs')}?{query if len(query) <= MAX_QUERY_LENGTH else ''}")
    messages.success(request, f"View {view.name} saved for everyone.")
    return HttpResponseRedirect(f"{resolve_url('runs')}?{view.query}")


@require_http_methods(["GET", "HEAD", "POST"])
@admin_required
def view_delete(request: Request, pk: int) -> HttpResponse:
    view = get_object_or_404(SavedView, pk=pk)
    if request.method == "POST":
        delete_view(view)
        messages.success(request, f"View {view.name} deleted.")
        return redirect("runs")
    return render(request, "runs/view_delete.html", {"view": view})
