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
        raise ActionRefused(
            f"A view needs a name of at most {MAX_NAME_LENGTH} characters. Give it one, and save it again."
        )
    filters = RunFilter.read(_parsed(query), now, zone, viewer=user, also=("page",))
    if filters.problems:
        raise ActionRefused(f"The view was not saved, because a filter was not understood. {filters.problems[0]}")
    if not filters.to_query():
        raise ActionRefused("The view was not saved, because it shows all runs. Choose a filter first.")
    try:
        with transaction.atomic():
            view = SavedView.objects.create(name=name, query=filters.to_query(), created_by=user)
            record("view.added", view, after={"query": view.query}, person=user)
            return view
    except IntegrityError:
        raise ActionRefused(
            f"A view called {name} is there already. Choose another name, or delete that one first."
        ) from None


@transaction.atomic
def delete_view(view: SavedView) -> None:
    record("view.deleted", view, before={"query": view.query})
    view.delete()


def _parsed(query: str) -> QueryDict:
    if len(query) > MAX_QUERY_LENGTH:
        raise ActionRefused("The view was not saved, because its filters are too long.")
    return QueryDict(query)
