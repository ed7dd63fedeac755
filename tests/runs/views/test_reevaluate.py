"""Which old verdicts would be different now: for the runs of a list, batch by batch, and for one run."""

from dataclasses import replace

import pytest
from django.test import Client

from diagnostics.checks import base
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.models import Run
from diagnostics.runs.views import reevaluate
from tests.factories import make_client, make_exchange, make_finding, make_open_run, make_run

pytestmark = pytest.mark.django_db

WITHOUT = Inputs().to_json()
PLACES = ("/runs/reevaluate/", "/runs/reevaluate/?go=1", "/runs/reevaluate/batch/")


@pytest.fixture
def run() -> Run:
    run = make_run(inputs=WITHOUT, cause="none", certainty="proved")
    make_finding(run, "oauth.token", "pass", code="kept")
    make_exchange(run)
    return run


def test_it_asks_first(as_lead: Client, run: Run) -> None:
    text = as_lead.get("/runs/reevaluate/").content.decode()
    assert "go=1" in text
    assert f"/runs/{run.pk}/" not in text


def test_a_verdict_that_would_be_another_is_shown_with_its_findings(as_lead: Client, run: Run) -> None:
    text = as_lead.get("/runs/reevaluate/?go=1").content.decode()
    assert "1 would have a different verdict" in text
    assert f'href="/runs/{run.pk}/"' in text
    run.refresh_from_db()
    assert run.cause == "none"


def test_the_list_is_narrowed_as_elsewhere(as_lead: Client, run: Run) -> None:
    other = make_run(make_client("Other"), inputs=WITHOUT)
    text = as_lead.get(f"/runs/reevaluate/batch/?client={other.client_id}").content.decode()
    assert "1 run re-evaluated" in text
    assert f'href="/runs/{run.pk}/"' not in text


def test_batches_go_on_from_one_another_and_add_up(as_lead: Client, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reevaluate, "BATCH_SIZE", 2)
    monkeypatch.setattr(reevaluate, "RUNS_PER_CLICK", 4)
    for _ in range(5):
        make_run(run.client, inputs=WITHOUT, cause="none")
    make_open_run(run.client)
    looked, goes_on, query = [], [], "go=1"
    while query:
        context = as_lead.get(f"/runs/reevaluate/batch/?{query}").context
        looked.append(context["counts"]["looked"])
        goes_on.append(context["continues"])
        query = context["next"]
    assert looked == [1, 3, 5, 6]
    assert goes_on == [True, True, False, False]


def test_an_address_that_is_not_understood_judges_nothing(as_lead: Client, run: Run) -> None:
    text = as_lead.get("/runs/reevaluate/?go=1&colour=red").content.decode()
    assert "colour" in text
    assert "re-evaluated:" not in text


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "rubbish", ["page=%00", "looked=-1", "differ=" + "9" * 400, "untold=x", "page=after~1~1", "client=%00"]
)
def test_rubbish_in_the_address_is_no_error(place: str, rubbish: str, as_lead: Client, run: Run) -> None:
    assert as_lead.get(f"{place}{'&' if '?' in place else '?'}{rubbish}").status_code == 200


def test_one_run_alone(as_lead: Client, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "would be different now" in as_lead.get(f"/runs/{run.pk}/reevaluate/").content.decode()
    alone = replace(base._registry["oauth.token"], run=lambda ctx: [base.passed("kept", "It is good.")])
    monkeypatch.setattr(base, "_registry", {"oauth.token": alone})
    text = as_lead.get(f"/runs/{run.pk}/reevaluate/").content.decode()
    assert "same findings" in text


def test_a_run_in_progress_is_shown_as_such(as_lead: Client) -> None:
    assert "hasn't ended" in as_lead.get(f"/runs/{make_open_run(inputs=WITHOUT).pk}/reevaluate/").content.decode()


def test_a_run_whose_region_was_removed_explains_it(as_lead: Client) -> None:
    run = make_run(inputs={**WITHOUT, "target": {"region": "atlantis-1"}})
    assert "atlantis-1" in as_lead.get(f"/runs/{run.pk}/reevaluate/").content.decode()
    assert "1 could not be evaluated" in as_lead.get("/runs/reevaluate/?go=1").content.decode()


@pytest.mark.parametrize("place", [*PLACES, "/runs/{run}/reevaluate/"])
def test_who_may(place: str, as_lead: Client, run: Run) -> None:
    place = place.format(run=run.pk)
    assert as_lead.get(place).status_code == 200
    assert as_lead.post(place).status_code == 405
    assert Client().get(place).status_code == 302
    assert as_lead.get("/runs/999999/reevaluate/").status_code == 404
