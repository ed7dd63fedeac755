"""The tour for new users: demo runs worth opening, and a call to try."""

from dataclasses import dataclass

from diagnostics.accounts.models import User
from diagnostics.demo import story
from diagnostics.demo.scenarios import Scenario, scenario
from diagnostics.genesys.regions import DEMO_PREFIX
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.visibility import visible_clients, visible_rows
from diagnostics.runs.models import Run

FIRST_SCENARIO = "thread-call"


@dataclass(frozen=True)
class Tour:
    """`good` and `bad` are runs of the same call before and after production broke; `sandbox` is the same call in the
    sandbox, where it works. `call` is a scenario to try with `client`. `is_new` is true until there is a real org or a run
    that isn't part of the demo.
    """

    good: Run
    bad: Run
    sandbox: Run
    call: Scenario
    client: OAuthClient
    is_new: bool


def tour(viewer: User | None) -> Tour | None:
    """None if the viewer may not see all of it, or the demo's clients or runs are gone."""
    call = scenario(FIRST_SCENARIO)
    client = visible_clients(viewer).filter(retired_at=None, name=call.client).defer("secret").first()
    sandbox = _runs_to_show(story.SANDBOX_CLIENT, viewer)
    production = _runs_to_show(story.PRODUCTION_CLIENT, viewer)
    bad = [run for run in production if run.cause != "none"]
    good = [run for run in production if run.cause == "none" and bad and run.pk < bad[0].pk]
    if client is None or not (good and bad and sandbox):
        return None
    return Tour(good[0], bad[0], sandbox[0], call, client, is_new=not _has_own_runs())


def _has_own_runs() -> bool:
    orgs = OAuthClient.objects.filter(retired_at=None).exclude(region__startswith=DEMO_PREFIX)
    return orgs.exists() or Run.objects.exclude(source=Run.Source.DEMO).exists()


def _runs_to_show(client: str, viewer: User | None) -> list[Run]:
    """The client's demo diagnoses, newest first."""
    runs = visible_rows(Run.objects.filter(client__name=client), viewer)
    runs = runs.filter(source=Run.Source.DEMO, kind=Run.Kind.DIAGNOSIS)
    return list(runs.defer("inputs", "verdict", "environment", "search_keys").order_by("-id")[:20])
