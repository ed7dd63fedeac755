"""The latest runs of each client, for the strips of run cells."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef

from diagnostics.accounts.models import User
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.visibility import visible_clients
from diagnostics.runs.models import Run

STRIP_LENGTH = 30


@dataclass(frozen=True)
class Strip:
    """The latest runs of one client, newest last."""

    client: OAuthClient
    runs: list[Run]

    @property
    def tally(self) -> list[tuple[str, int]]:
        """Summaries with their counts, most frequent first."""
        return Counter(describe_run(run) for run in self.runs).most_common()


def describe_run(run: Run) -> str:
    """The verdict in a few words, or the status if there is none."""
    return run.cause_title if run.cause else run.get_status_display()


def strips(clients: Iterable[int], viewer: User | None) -> list[Strip]:
    """In the order of the IDs, without clients that this user may not see.

    Two queries in total; each strip uses the index of its client.
    """
    wanted = list(dict.fromkeys(clients))
    newest = Run.objects.filter(client=OuterRef("pk")).order_by("-created_at", "-id").values("pk")[:STRIP_LENGTH]
    found = (
        visible_clients(viewer)
        .filter(pk__in=wanted)
        .only("name", "environment", "retired_at", "org_name", "region")
        .annotate(last_runs=ArraySubquery(newest))
        .in_bulk()
    )
    runs = Run.objects.only("cause", "status", "branch", "created_at").in_bulk(
        [pk for client in found.values() for pk in client.last_runs]
    )
    return [
        Strip(found[pk], [runs[run] for run in reversed(found[pk].last_runs) if run in runs])
        for pk in wanted
        if pk in found
    ]
