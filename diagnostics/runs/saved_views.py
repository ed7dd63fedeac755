"""Saved views: named filters of the run list, shared by all users."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.http import QueryDict

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.runs.filters import RunFilter
from diagnostics.runs.models import SavedView
from diagnostics.web.refusals import ActionRefused

MAX_NAME_LENGTH = 80
MAX_QUERY_LENGTH = 4000


def save_view(name: str, query: str, user: User, now: datetime, zone: ZoneInfo) -> SavedView:
    """Raises ActionRefused if the name is empty or exists, or if the query has an invalid filter."""
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise ActionRefused(f"Enter a name of 1 to {MAX_NAME_LENGTH} characters.")
    if len(query) > MAX_QUERY_LENGTH:
        raise ActionRefused("Not saved, because the filters are too long.")
    filters = RunFilter.read(QueryDict(query), now, zone, viewer=user, also=("page",))
    if filters.problems:
        raise ActionRefused(f"Not saved, because a filter isn't valid. {filters.problems[0]}")
    if not filters.to_query():
        raise ActionRefused("Not saved, because this list shows all runs. Choose a filter first.")
    try:
        with transaction.atomic():
            view = SavedView.objects.create(name=name, query=filters.to_query(), created_by=user)
            record("view.added", view, after={"query": view.query}, person=user)
            return view
    except IntegrityError:
        raise ActionRefused(f"A view named {name} exists. Choose another name, or delete that view first.") from None


@transaction.atomic
def delete_view(view: SavedView) -> None:
    record("view.deleted", view, before={"query": view.query})
    view.delete()
