"""Saved views: named narrowings of the run list, for everybody."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.http import QueryDict

from diagnostics.accounts.audit import record
from diagnostics.accounts.models import User
from diagnostics.runs.filters import RunFilter
from diagnostics.runs.models import SavedView
from diagnostics.web.refusals import ActionRefused

LONGEST_NAME = 80
LONGEST_QUERY = 4000


def save_view(name: str, query: str, user: User, now: datetime, zone: ZoneInfo) -> SavedView:
    """Raises Refused where the name is taken or empty, or the query is not understood whole."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise ActionRefused(
            f"A view needs a name of at most {LONGEST_NAME} characters. Give it one, and save it again."
        )
    narrowed = RunFilter.read(_understood(query), now, zone, viewer=user, also=("page",))
    if narrowed.problems:
        raise ActionRefused(f"The view was not saved, because a filter was not understood. {narrowed.problems[0]}")
    if not narrowed.to_query():
        raise ActionRefused("The view was not saved, because it shows all runs. Choose a filter first.")
    try:
        with transaction.atomic():
            view = SavedView.objects.create(name=name, query=narrowed.to_query(), created_by=user)
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


def _understood(query: str) -> QueryDict:
    if len(query) > LONGEST_QUERY:
        raise ActionRefused("The view was not saved, because its filters are too long.")
    return QueryDict(query)
