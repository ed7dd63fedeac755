"""Finds the row a page is about, or raises Http404."""

from django.shortcuts import get_object_or_404

from diagnostics.accounts.models import User
from diagnostics.monitoring.models import AlertRule, Channel, Delivery, Schedule
from diagnostics.monitoring.queries.alerts import visible_deliveries
from diagnostics.monitoring.queries.schedules import LARGE_CLIENT_COLUMNS, LARGE_RUN_COLUMNS
from diagnostics.orgs.visibility import visible_rows


def find_schedule(pk: int, user: User) -> Schedule:
    schedules = visible_rows(Schedule.objects.select_related("client", "owner", "paused_by", "last_run"), user)
    return get_object_or_404(schedules.defer(*LARGE_CLIENT_COLUMNS, *LARGE_RUN_COLUMNS), pk=pk)


def find_delivery(pk: int, user: User) -> Delivery:
    return get_object_or_404(visible_deliveries(user), pk=pk)


def find_channel(pk: int) -> Channel:
    return get_object_or_404(Channel.objects.defer("secret", "signing_secret"), pk=pk)


def find_rule(pk: int) -> AlertRule:
    return get_object_or_404(AlertRule.objects.select_related("snoozed_by"), pk=pk)
