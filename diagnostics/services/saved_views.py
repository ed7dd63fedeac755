"""Saved views: named narrowings of the run list, for everybody."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.http import QueryDict

from diagnostics.models import SavedView, User
from diagnostics.run_filters import RunFilter
from diagnostics.services.audit import record
from diagnostics.services.diagnosing import Refused

LONGEST_NAME = 80
LONGEST_QUERY = 4000


def save_view(name: str, query: str, user: User, now: datetime, zone: ZoneInfo) -> SavedView:
    """Raises Refused where the name is taken or empty, or the query is not understood whole."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused(f"A view needs a name of at most {LONGEST_NAME} characters. Give it one, and save it again.")
    narrowed = RunFilter.read(_understood(query), now, zone, viewer=user, also=("page",))
    if narrowed.problems:
        raise Refused(f"The view was not saved, because a filter was not understood. {narrowed.problems[0]}")
    if not narrowed.to_query():
        raise Refused("The view was not saved, because it shows all runs. Choose a filter first.")
    try:
        with transaction.atomic():
            view = SavedView.objects.create(name=name, query=narrowed.to_query(), created_by=user)
            record("view.added", view, after={"query": view.query}, person=user)
            return view
    except IntegrityError:
        raise Refused(
            f"A view called {name} is there already. Choose another name, or delete that one first."
        ) from None


@transaction.atomic
def delete_view(view: SavedView) -> None:
    record("view.deleted", view, before={"query": view.query})
    view.delete()


def _understood(query: str) -> QueryDict:
    if len(query) > LONGEST_QUERY:
        raise Refused("The view was not saved, because its filters are too long.")
    return QueryDict(query)
