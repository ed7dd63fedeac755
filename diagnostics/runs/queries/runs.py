"""One run, or a part of it, that a user may see, otherwise 404; and the columns of list rows."""

import re
from dataclasses import dataclass
from itertools import islice
from math import ceil

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from diagnostics.accounts.models import User
from diagnostics.orgs.models import Provider
from diagnostics.orgs.queries.providers import MARK_KINDS
from diagnostics.orgs.visibility import visible_rows
from diagnostics.runs.models import Exchange, Finding, Run, Watch
from diagnostics.runs.months import HAS_FINDINGS, has_lost_findings
from diagnostics.runs.rate_limit_waits import wait_of_run

MAX_PROVIDERS = 5
HEAVY = ("client__secret", "client__verification", "inputs", "verdict", "environment", "search_keys", "planned")


@dataclass(frozen=True)
class RunState:
    """The progress of an open run, as few values for polling."""

    status: str
    findings: int
    wait_s: int = 0  # for the rate limit of its org

    def __str__(self) -> str:
        return f"{self.status}.{self.findings}.{self.wait_s}"


def runs_for_lists(*, keep: str = "") -> QuerySet[Run]:
    """Runs with the columns of a list row; large columns are deferred, except `keep`."""
    return Run.objects.select_related("client", "started_by").defer(*(name for name in HEAVY if name != keep))


def findings_of(run: Run) -> list[Finding]:
    return list(run.findings.order_by("position"))


def exchanges_of(run: Run) -> list[Exchange]:
    """Without headers and bodies, which are shown one exchange at a time."""
    return list(run.exchanges.defer("request_headers", "response_headers", "body").order_by("position"))


def state_of(run: Run) -> RunState:
    return RunState(run.status, run.findings.count(), ceil(wait_of_run(run)))


def find_run(pk: int, user: User) -> Run:
    runs = visible_rows(Run.objects.select_related("client", "started_by", "repeats", "batch_group"), user)
    runs = runs.defer("client__secret", "repeats__inputs", "repeats__verdict", "batch_group__inputs")
    run = get_object_or_404(runs.annotate(has_findings=HAS_FINDINGS), pk=pk)
    if not run.has_findings and has_lost_findings(run):  # type: ignore[attr-defined]
        raise Http404("This run is being deleted.")
    return run


def find_exchange(run_pk: int, position: int, user: User) -> Exchange:
    exchanges = visible_rows(
        Exchange.objects.select_related("run__client").defer("run__client__secret"), user, "run__client"
    )
    return get_object_or_404(exchanges, run_id=run_pk, position=position)


def newest_watch(run: Run) -> Watch | None:
    """The open watch of this run, or the latest one."""
    return run.watches.select_related("latest", "started_by").order_by("-id").first()


def find_finding(run_pk: int, position: int, user: User) -> Finding:
    return get_object_or_404(visible_rows(Finding.objects.all(), user, "run__client"), run_id=run_pk, position=position)


def providers_named(run: Run) -> list[Provider]:
    """Return the providers that the run found and its verdict mentions by name or ID."""
    sentence = run.verdict.get("sentence") if isinstance(run.verdict, dict) else None
    prefixes = tuple(f"{kind}:" for kind in MARK_KINDS.values())
    refs = [key.partition(":")[2] for key in run.search_keys if key.startswith(prefixes)]
    if not isinstance(sentence, str) or not refs:
        return []
    found = Provider.objects.filter(client=run.client_id, ref__in=refs).exclude(source=Provider.Source.ON_CONVERSATION)
    named = (
        provider
        for provider in found.defer("settings").order_by("name", "id")
        if _mentions(sentence, provider.name) or _mentions(sentence, provider.ref)
    )
    return list(islice(named, MAX_PROVIDERS))


def _mentions(text: str, name: str) -> bool:
    """Return whether the text contains the name as a separate word."""
    return bool(name) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
