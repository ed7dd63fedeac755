"""Deliveries: list, detail and retry."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from diagnostics import tasks
from diagnostics.accounts.access import admin_required
from diagnostics.accounts.requests import Request, not_modified_fragment
from diagnostics.monitoring.channels.message import Message
from diagnostics.monitoring.deliveries import try_again
from diagnostics.monitoring.forms.alerts import DeliveryFilterForm
from diagnostics.monitoring.models import Delivery
from diagnostics.monitoring.queries import alerts as queries
from diagnostics.monitoring.queries.alerts import find_delivery
from diagnostics.web.filters import filter_context


@require_safe
def delivery_list(request: Request) -> HttpResponse:
    form = DeliveryFilterForm(request.GET, viewer=request.user)
    filters, list_context = filter_context(form, request)
    context = {
        **list_context,
        "page": queries.delivery_page(request.user, **filters),
        "disabled_channels": queries.disabled_channels() if request.user.is_admin else [],
    }
    return render(request, "monitoring/deliveries/list.html", context)


@require_safe
def delivery_detail(request: Request, pk: int) -> HttpResponse:
    return render(request, "monitoring/deliveries/detail.html", _delivery_context(find_delivery(pk, request.user)))


@require_safe
def delivery_state(request: Request, pk: int) -> HttpResponse:
    """The fragment that the page polls; 204 if the page's `seen` shows that it has the current state."""
    context = _delivery_context(find_delivery(pk, request.user))
    if context["is_open"] and request.GET.get("seen") == context["seen"]:
        return not_modified_fragment()
    return render(request, "monitoring/deliveries/_state.html", context)


@require_POST
@admin_required
def delivery_retry(request: Request, pk: int) -> HttpResponse:
    delivery = find_delivery(pk, request.user)
    if try_again(delivery):
        tasks.send(tasks.deliver, delivery.pk)
    else:
        messages.error(request, "Nothing to retry: it is being sent, or was delivered.")
    return redirect("delivery", delivery.pk)


def _delivery_context(delivery: Delivery) -> dict[str, object]:
    is_open = delivery.ended_at is None
    return {
        "delivery": delivery,
        "message": Message.from_json(delivery.message),
        "attempts": delivery.attempts,
        "is_open": is_open,
        "seen": f"{delivery.state}.{len(delivery.attempts)}",
    }
