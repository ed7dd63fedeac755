"""The delivery log: list, detail and retry."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from diagnostics import tasks
from diagnostics.accounts.access import admin_required
from diagnostics.accounts.requests import Request, filter_context, not_modified_fragment
from diagnostics.monitoring.channels.message import Message
from diagnostics.monitoring.deliveries import try_again
from diagnostics.monitoring.forms.alerts import DeliveryFilterForm
from diagnostics.monitoring.lookups import find_delivery
from diagnostics.monitoring.models import Delivery
from diagnostics.monitoring.queries import alerts as queries


@require_safe
def delivery_list(request: Request) -> HttpResponse:
    form = DeliveryFilterForm(request.GET, viewer=request.user)
    filters, list_context = filter_context(form, request)
    context = {
        **list_context,
        "page": queries.delivery_page(request.user, **filters),
        "given_up": queries.given_up_channels() if request.user.is_admin else [],
    }
    return render(request, "monitoring/deliveries/list.html", context)


@require_safe
def delivery_detail(request: Request, pk: int) -> HttpResponse:
    return render(request, "monitoring/deliveries/detail.html", _list_context(find_delivery(pk, request.user)))


@require_safe
def delivery_state(request: Request, pk: int) -> HttpResponse:
    """The fragment that the page polls; 204 if the page's `seen` shows that it has the current state."""
    context = _list_context(find_delivery(pk, request.user))
    if context["is_open"] and request.GET.get("seen") == context["seen"]:
        return not_modified_fragment()
    return render(request, "monitoring/deliveries/_state.html", context)


@require_POST
@admin_required
def delivery_again(request: Request, pk: int) -> HttpResponse:
    delivery = find_delivery(pk, request.user)
    if try_again(delivery):
        tasks.send(tasks.deliver, delivery.pk)
    else:
        messages.error(request, "It is under way, or was taken: there is nothing to try again.")
    return redirect("delivery", delivery.pk)


def _list_context(delivery: Delivery) -> dict[str, object]:
    is_open = delivery.ended_at is None
    return {
        "delivery": delivery,
        "message": Message.from_json(delivery.message),
        "attempts": delivery.attempts,
        "is_open": is_open,
        "seen": f"{delivery.state}.{len(delivery.attempts)}",
    }
