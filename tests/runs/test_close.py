"""What is kept of a run as it ends: by its worker, by the sweep, and for rows of earlier versions."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from diagnostics.demo.scenarios import scenario
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs, read_paste
from diagnostics.runs.backfill import backfill_runs
from diagnostics.runs.create import create_run
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run
from diagnostics.runs.sweep import sweep
from tests.factories import make_client, make_exchange, make_finding, make_open_run, make_run

pytestmark = pytest.mark.django_db(transaction=True)


def walked(client: OAuthClient, name: str = "healthy-web") -> Run:
    reported = scenario(name)
    inputs, _ = Inputs.from_paste(reported.call, reported.answer, reported.conversation_id)
    run = create_run(client=client, kind="diagnosis", inputs=inputs, user=None, source="web")
    execute_run(run.pk)
    run.refresh_from_db()
    return run


def test_a_finished_run_keeps_what_it_saw(demo_client: OAuthClient) -> None:
    visible = walked(demo_client).environment
    assert visible["client"]["client_id"] == demo_client.client_id
    assert visible["client"]["secret_set_at"] == demo_client.secret_set_at.isoformat()
    assert (visible["region"], visible["gateway"], visible["grant_type"]) == (
        demo_client.region,
        False,
        "CLIENT-CREDENTIALS",
    )
    assert visible["permissions"]["conversation:cobrowse:add"]
    assert any(each["cobrowse"] for each in visible["deployments"].values())
    assert {"engine", "contract", "org", "roles", "scopes"} <= set(visible)


def test_a_finished_run_can_be_found_again(demo_client: OAuthClient) -> None:
    run = walked(demo_client)
    assert run.target == f"start:{demo_client.pk}"
    assert {"check:permissions.call=pass", "permission:conversation:cobrowse:add"} <= set(run.search_keys)
    assert {f"deployment:{id}" for id in run.environment["deployments"]} <= set(run.search_keys)


def test_a_verdict_from_stored_rows_equals_that_of_the_worker(demo_client: OAuthClient) -> None:
    run = walked(demo_client)
    stored, search_keys = run.environment, run.search_keys
    Run.objects.filter(pk=run.pk).update(target="", environment={}, search_keys=[])
    assert backfill_runs() == 1
    run.refresh_from_db()
    assert (run.environment, sorted(run.search_keys), run.target) == (
        stored,
        sorted(search_keys),
        f"start:{demo_client.pk}",
    )


def test_a_call_through_the_company_gateway_is_understood_from_stored_rows_too() -> None:
    gateway = "https://gateway.bank.example/gc"
    call = read_paste(f"GET {gateway}/api/v2/users/me", "").inputs
    run = make_run(target="", inputs=replace(call, company_gateway=gateway).to_json())
    assert backfill_runs() == 1
    run.refresh_from_db()
    assert run.target == f"call:{run.client_id}:GET /api/v2/users/me"


def test_catching_up_ends() -> None:
    make_run(target="")
    assert [backfill_runs(), backfill_runs()] == [1, 0]


def test_an_open_run_is_no_business_of_catching_up() -> None:
    make_open_run(target="")
    assert backfill_runs() == 0


def test_a_secret_set_later_is_not_reported_as_that_of_the_run() -> None:
    run = make_run(target="", created_at=timezone.now() - timedelta(days=3))
    make_exchange(run)
    backfill_runs()
    run.refresh_from_db()
    assert run.environment["client"]["secret_set_at"] == ""


def test_a_run_that_the_sweep_closes_can_be_found_too() -> None:
    past = timezone.now() - timedelta(seconds=1)
    run = make_open_run(make_client(region="eu-west-1"), lease_until=past, started_at=past, resumed_at=past)
    make_finding(run, "request.path", "fail")
    make_exchange(run)
    sweep()
    run.refresh_from_db()
    assert run.status == Run.Status.INTERRUPTED
    assert run.search_keys == ["check:request.path=fail"]
    assert run.environment["deployments"] is None
