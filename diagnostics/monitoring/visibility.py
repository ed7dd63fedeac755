"""The channels that a user may see."""

from django.db.models import Q, QuerySet

from diagnostics.accounts.models import User
from diagnostics.monitoring.models import AlertRule, Channel, Delivery
from diagnostics.orgs.visibility import visible_clients


def visible_channels(viewer: User | None) -> QuerySet[Channel]:
    """Channels that get, or once got, alerts about an org the user may see. A rule without clients is for all of them."""
    channels = Channel.objects.all()
    if viewer is None or viewer.sees_all:
        return channels
    clients = visible_clients(viewer).order_by().values("pk")
    rules = AlertRule.objects.filter(Q(clients=None) | Q(clients__in=clients)).values("channels")
    sent = Delivery.objects.filter(client__in=clients).values("channel")
    return channels.filter(Q(pk__in=rules) | Q(pk__in=sent))
