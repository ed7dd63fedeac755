"""Alert channels: list, add, test and delete. For admins."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from diagnostics import tasks
from diagnostics.accounts.access import admin_required
from diagnostics.accounts.requests import Request
from diagnostics.monitoring.channel_settings import add_channel, change_events, delete_channel
from diagnostics.monitoring.deliveries import start_test
from diagnostics.monitoring.forms.alerts import CHANNEL_FORMS, EventsForm
from diagnostics.monitoring.models import Channel
from diagnostics.monitoring.queries import alerts as queries
from diagnostics.monitoring.queries.alerts import find_channel
from diagnostics.web.confirmation import confirmation_page
from diagnostics.web.refusals import ActionRefused


@require_safe
@admin_required
def channel_list(request: Request) -> HttpResponse:
    return render(
        request, "monitoring/channels/list.html", {"channels": queries.channels(), "kinds": Channel.Kind.choices}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@admin_required
def channel_add(request: Request) -> HttpResponse:
    """Without a valid `kind` in the query string, the page offers the kinds."""
    kind = request.GET.get("kind", "")
    if kind not in CHANNEL_FORMS:
        kinds = [(name, label, CHANNEL_FORMS[name].about) for name, label in Channel.Kind.choices]
        return render(request, "monitoring/channels/add.html", {"kinds": kinds})
    form = CHANNEL_FORMS[kind](request.POST or None)
    context = {"form": form, "kind": kind, "label": Channel.Kind(kind).label}
    if not form.is_valid():
        return render(request, "monitoring/channels/add.html", context)
    channel = add_channel(
        name=form.cleaned_data["name"],
        kind=kind,
        address=form.shown,
        secret=form.hidden,
        user=request.user,
        events=form.cleaned_data.get("events", ()),
    )
    if channel.signing_secret:
        # Not after a redirect, for which the secret would have to be stored somewhere.
        return render(
            request, "monitoring/channels/signing.html", {"channel": channel, "signing_secret": channel.signing_secret}
        )
    messages.success(request, f"{channel.name} added. Send a test to see whether it works.")
    return redirect("channel", channel.pk)


@require_safe
@admin_required
def channel_detail(request: Request, pk: int) -> HttpResponse:
    channel = find_channel(pk)
    context = {
        "channel": channel,
        "rules": queries.alert_rules().filter(channels=channel),
        "page": queries.delivery_page(request.user, channel=channel),
        "events_form": EventsForm(initial={"events": channel.events}) if channel.is_webhook else None,
    }
    return render(request, "monitoring/channels/detail.html", context)


@require_POST
@admin_required
def channel_events(request: Request, pk: int) -> HttpResponse:
    channel, form = find_channel(pk), EventsForm(request.POST)
    if not channel.is_webhook:
        raise Http404
    if form.is_valid():
        change_events(channel, form.cleaned_data["events"])
        messages.success(request, "Saved.")
    return redirect("channel", pk)


@require_POST
@admin_required
def channel_test(request: Request, pk: int) -> HttpResponse:
    try:
        delivery = start_test(find_channel(pk), request.user)
    except ActionRefused as refused:
        messages.error(request, str(refused))
        return redirect("channel", pk)
    tasks.send(tasks.deliver, delivery.pk)
    return redirect("delivery", delivery.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@admin_required
def channel_delete(request: Request, pk: int) -> HttpResponse:
    channel = find_channel(pk)
    if request.method != "POST":
        sentence = (
            "No alerts are sent to it anymore, not even that an open issue is resolved. Its deliveries are deleted too."
        )
        return confirmation_page(
            request, f"Delete {channel.name}?", sentence, "Delete channel", ["channel", channel.pk]
        )
    delete_channel(channel)
    messages.success(request, f"{channel.name} deleted.")
    return redirect("channels")
