"""Old runs before today's checks: many of them, batch by batch, and one alone. Nothing is stored, no org is asked."""

import re
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from diagnostics.accounts.requests import Request, zone_of
from diagnostics.checks import base as checks
from diagnostics.runs.filters import RunFilter
from diagnostics.runs.forms.list import RunFilterForm
from diagnostics.runs.lookups import find_run
from diagnostics.runs.queries.choices import run_choices
from diagnostics.runs.queries.pages import PagePosition, read_position
from diagnostics.runs.reevaluate import OldRun, rejudge_page, rejudge_run

AT_A_TIME = 10
AUTOMATIC = 200  # runs that one click looks at; then somebody has to want more
COUNTS = ("looked", "differ", "untold")
OTHER_PARAMETERS = ("page", "go", *COUNTS)


@dataclass(frozen=True)
class ReevaluationQuery:
    """Which runs, where in them, and how many of each were met before."""

    narrowed: RunFilter
    place: PagePosition | None
    counts: dict[str, int]


@require_safe
def rejudge(request: Request) -> HttpResponse:
    """The runs are chosen as in their list; `go` sets to work."""
    asked = _asked(request)
    context: dict[str, object] = {
        "narrowed": asked.narrowed,
        "form": RunFilterForm(asked.narrowed, run_choices(request.user)),
        "query": asked.narrowed.to_query(),
    }
    if "go" in request.GET and not asked.narrowed.problems:
        context |= _batch(asked)
    return render(request, "runs/export/rejudge.html", context)


@require_safe
def rejudge_batch(request: Request) -> HttpResponse:
    """The next runs alone, for a page that is open."""
    asked = _asked(request)
    return render(request, "runs/export/_batch.html", _batch(asked))


@require_safe
def run_rejudge(request: Request, pk: int) -> HttpResponse:
    run = find_run(pk, request.user)
    context: dict[str, object] = {"run": run, "titles": checks.titles()}
    if not run.is_open:
        context["old"] = OldRun(run, rejudge_run(run))
    return render(request, "runs/export/run_rejudge.html", context)


def _asked(request: Request) -> ReevaluationQuery:
    narrowed = RunFilter.read(request.GET, timezone.now(), zone_of(request), viewer=request.user, also=OTHER_PARAMETERS)
    place = read_position(request.GET.get("page", ""), narrowed.sort)
    return ReevaluationQuery(narrowed, place, {name: _number(request.GET.get(name, "")) for name in COUNTS})


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0


def _batch(asked: ReevaluationQuery) -> dict[str, object]:
    looked_at, later = rejudge_page(asked.narrowed, asked.place, AT_A_TIME)
    untold = [each for each in looked_at if each.rejudged.trouble]
    differing = [each for each in looked_at if each.rejudged.differs]
    counts = {
        "looked": asked.counts["looked"] + len(looked_at),
        "differ": asked.counts["differ"] + len(differing),
        "untold": asked.counts["untold"] + len(untold),
    }
    told: dict[str, str | int] = {"page": later, "go": "1", **counts}
    query = "&".join(filter(None, (asked.narrowed.to_query(), urlencode(told))))
    return {
        "olds": [each for each in looked_at if each.rejudged.differs or each.rejudged.trouble],
        "titles": checks.titles(),
        "counts": counts,
        "next": query if later else "",
        "goes_on": bool(later) and counts["looked"] // AUTOMATIC == asked.counts["looked"] // AUTOMATIC,
        "is_batch": True,
    }
