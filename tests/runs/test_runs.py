"""Writes: clients, runs, the lease, the sweep."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.db import IntegrityError, connection
from django.utils import timezone
from pytest_django import Settings

from diagnostics.demo import server
from diagnostics.demo.scenarios import scenario
from diagnostics.orgs.clients import (
    change_client,
    end_stuck_verifications,
    replace_secret,
    retire_client,
    start_verification,
    verify_client,
)
from diagnostics.orgs.models import AccessToken, OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs import store_steps
from diagnostics.runs.create import create_run, repeat_run
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run
from diagnostics.runs.sweep import LONGEST_QUEUED, RESEND_AFTER, SweepResult, sweep
from diagnostics.web.refusals import ActionRefused
from tests.factories import make_client, make_finding, make_run, make_user

pytestmark = pytest.mark.django_db(transaction=True)

HEALTHY = scenario("healthy-web")
THREAD = scenario("thread-call")


@pytest.fixture
def client(demo_client: OAuthClient) -> OAuthClient:
    return demo_client


def queue(client: OAuthClient, call: str = THREAD.call, conversation_id: str = HEALTHY.conversation_id) -> Run:
    inputs, _ = Inputs.from_paste(call, "", conversation_id)
    return create_run(client=client, kind="diagnosis", inputs=inputs, user=None, source="web")


def change_the_key(settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]


# ---------------------------------------------------------------------- clients


def test_the_secret_rests_encrypted() -> None:
    client = make_client(secret="hush-hush-hush")
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM diagnostics_oauthclient WHERE id = %s", [client.pk])
        stored = cursor.fetchone()[0]
    assert "hush" not in stored
    assert OAuthClient.objects.get(pk=client.pk).secret == "hush-hush-hush"


def test_names_differ_by_more_than_case() -> None:
    make_client("Acme")
    with pytest.raises(IntegrityError):
        make_client("ACME")


def test_verification_finds_the_org(client: OAuthClient) -> None:
    assert start_verification(client)
    verify_client(client.pk)
    client.refresh_from_db()
    assert client.state == OAuthClient.State.VERIFIED
    assert client.org_name
    assert client.gateway is False
    checks = [step["check"] for step in client.verification]
    assert checks[:2] == ["oauth.token", "oauth.identity"]
    assert set(checks[2:]) == {"permissions.reads", "provider.configured"}


def test_a_wrong_secret_fails_the_verification_and_names_what_could_be(client: OAuthClient) -> None:
    replace_secret(client, "not-the-secret")
    start_verification(client)
    verify_client(client.pk)
    client.refresh_from_db()
    assert client.state == OAuthClient.State.FAILED
    assert client.verification[0]["evidence"]["could_be"] == ["client_id", "secret", "region", "state"]


def test_a_verification_is_started_once(client: OAuthClient) -> None:
    assert start_verification(client)
    assert not start_verification(client)


def test_a_verification_whose_secret_opens_with_no_key_ends_with_a_sentence(
    client: OAuthClient, settings: Settings
) -> None:
    start_verification(client)
    change_the_key(settings)
    verify_client(client.pk)
    found = OAuthClient.objects.defer("secret").get()
    assert found.state == OAuthClient.State.UNVERIFIED
    assert "FIELD_ENCRYPTION_KEYS" in found.verification[0]["sentence"]


def test_a_verification_that_nobody_finished_is_given_up(client: OAuthClient) -> None:
    start_verification(client)
    end_stuck_verifications(timezone.now() + timedelta(minutes=5))
    client.refresh_from_db()
    assert client.state == OAuthClient.State.UNVERIFIED
    assert client.verification


def test_a_moved_client_forgets_its_org() -> None:
    client = make_client()
    change_client(client, name="New name", region_key="eu-central-1", client_id=client.client_id, environment="")
    assert (client.state, client.org_name, client.gateway) == (OAuthClient.State.UNVERIFIED, "", None)


def test_a_renamed_client_keeps_its_org() -> None:
    client = make_client()
    change_client(client, name="New name", region_key=client.region, client_id=client.client_id, environment="")
    assert (client.state, client.org_name) == (OAuthClient.State.VERIFIED, "Acme Insurance")


def test_a_retired_client_keeps_its_runs_and_loses_its_secret() -> None:
    client = make_client()
    run = make_run(client)
    retire_client(client)
    client.refresh_from_db()
    assert (client.secret, client.runs.get().pk) == ("", run.pk)
    with pytest.raises(ActionRefused):
        repeat_run(run, None)


# ---------------------------------------------------------------------- runs


def test_a_run_is_walked_and_closed(client: OAuthClient) -> None:
    run = queue(client)
    assert execute_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.cause, run.certainty) == ("finished", "path.not_in_api", "proved")
    assert {each.check_id for each in run.findings.all()} == set(run.planned)
    assert run.exchanges.exists()


def test_a_run_s_inputs_are_frozen(client: OAuthClient) -> None:
    run = queue(client)
    change_client(client, name="Other", region_key="demo-gateway", client_id=client.client_id, environment="")
    execute_run(run.pk)
    run.refresh_from_db()
    assert run.inputs["target"]["region"] == "demo-published"
    assert run.cause == "path.not_in_api"


def test_the_same_run_is_not_walked_twice(client: OAuthClient) -> None:
    run = queue(client)
    assert execute_run(run.pk)
    before = run.findings.count()
    assert not execute_run(run.pk)
    assert run.findings.count() == before


def test_the_gateway_is_remembered_with_its_time(client: OAuthClient) -> None:
    execute_run(queue(client).pk)
    client.refresh_from_db()
    assert client.gateway is False
    assert client.gateway_seen_at is not None


def test_a_repeated_run_has_the_same_inputs(client: OAuthClient) -> None:
    run = queue(client)
    again = repeat_run(run, make_user())
    assert (again.inputs, again.conversation_id, again.status) == (run.inputs, run.conversation_id, "queued")


def test_one_token_one_conversation_and_one_provider_read_are_made(client: OAuthClient, demo: server.Running) -> None:
    execute_run(queue(client).pk)
    requested = [request.target for request in demo.log.requests]
    assert len(requested) == len(set(requested))
    assert requested.count("/oauth/token") == 1


def test_nothing_is_written_to_a_run_that_was_closed_meanwhile(
    client: OAuthClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = queue(client)
    stored = store_steps._store

    def close_first(run_id: int, *rest: object) -> None:
        Run.objects.filter(pk=run_id).update(status=Run.Status.INTERRUPTED)
        stored(run_id, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(store_steps, "_store", close_first)
    execute_run(run.pk)
    run.refresh_from_db()
    assert (run.status, run.findings.count()) == ("interrupted", 0)


def test_a_region_that_is_gone_ends_the_run_with_a_sentence(client: OAuthClient, settings: Settings) -> None:
    run = queue(client)
    settings.GENESYS_ENDPOINTS = {}
    execute_run(run.pk)
    run.refresh_from_db()
    assert run.status == "interrupted"
    assert "demo-published" in run.verdict["sentence"]


# ---------------------------------------------------------------------- the sweep


def test_a_run_whose_secret_opens_with_no_key_ends_with_a_sentence(client: OAuthClient, settings: Settings) -> None:
    run = queue(client)
    change_the_key(settings)
    execute_run(run.pk)
    run.refresh_from_db(fields=["status", "cause", "verdict"])
    assert (run.status, run.cause) == (Run.Status.INTERRUPTED, "undetermined")
    assert "FIELD_ENCRYPTION_KEYS" in run.verdict["sentence"]


def test_a_waiting_run_gets_a_new_message_once_in_a_while(client: OAuthClient) -> None:
    run = queue(client)
    later = timezone.now() + RESEND_AFTER + timedelta(seconds=1)
    assert sweep(later).to_requeue == (run.pk,)
    assert sweep(later).to_requeue == ()


def test_a_fresh_run_is_left_alone(client: OAuthClient) -> None:
    queue(client)
    assert sweep() == SweepResult()


def left_twice() -> Run:
    """A running run whose second worker is gone."""
    past = timezone.now() - timedelta(seconds=1)
    return make_run(status=Run.Status.RUNNING, finished_at=None, lease_until=past, resumed_at=past)


def test_a_run_whose_second_worker_is_gone_is_closed_with_its_findings() -> None:
    run = left_twice()
    make_finding(run, check_id="request.path", outcome="fail", code="not_in_api")
    assert sweep().closed == (run.pk,)
    run.refresh_from_db()
    assert (run.status, run.cause, run.findings.count()) == ("interrupted", "path.not_in_api", 1)


def test_a_run_cut_short_is_never_nothing_wrong() -> None:
    run = left_twice()
    make_finding(run, check_id="oauth.token", outcome="pass", code="issued")
    sweep()
    run.refresh_from_db()
    assert (run.status, run.cause) == ("interrupted", "undetermined")


def test_a_run_whose_worker_lives_is_left_alone() -> None:
    make_run(status=Run.Status.RUNNING, finished_at=None, lease_until=timezone.now() + timedelta(seconds=30))
    assert sweep().closed == ()


def test_a_run_that_no_worker_ever_took_is_closed(client: OAuthClient) -> None:
    run = queue(client)
    assert sweep(timezone.now() + LONGEST_QUEUED + timedelta(minutes=1)).closed == (run.pk,)
    run.refresh_from_db()
    assert run.status == "interrupted"


# ---------------------------------------------------------------------- the shared token


def tokens_asked(demo: server.Running) -> int:
    return sum(request.target == "/oauth/token" for request in demo.log.requests)


def test_runs_of_one_client_share_a_token(client: OAuthClient, demo: server.Running) -> None:
    first, second = queue(client), queue(client)
    execute_run(first.pk)
    execute_run(second.pk)
    assert tokens_asked(demo) == 1
    assert second.findings.get(check_id="oauth.token").code == "kept"
    second.refresh_from_db()
    assert (second.cause, second.certainty) == ("path.not_in_api", "proved")


def test_the_shared_token_rests_encrypted(client: OAuthClient, demo: server.Running) -> None:
    execute_run(queue(client).pk)
    (issued,) = demo.issued_tokens
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM diagnostics_accesstoken")
        ((stored,),) = cursor.fetchall()
    assert issued not in stored
    assert AccessToken.objects.get().value == issued


def test_a_shared_token_that_was_revoked_gives_way_to_a_new_one(client: OAuthClient, demo: server.Running) -> None:
    execute_run(queue(client).pk)
    AccessToken.objects.update_or_create(client=client, defaults={"value": "revoked-meanwhile-by-somebody"})
    run = queue(client, f"POST /api/v2/conversations/{HEALTHY.conversation_id}/cobrowse")
    execute_run(run.pk)
    run.refresh_from_db()
    assert (run.cause, tokens_asked(demo)) == ("none", 2)


def test_a_client_disabled_meanwhile_is_reported_despite_the_shared_token(
    client: OAuthClient, demo: server.Running
) -> None:
    execute_run(queue(client).pk)
    demo.orgs["published"].orgs[0].update_client(client.client_id, state="disabled")
    run = queue(client, f"POST /api/v2/conversations/{HEALTHY.conversation_id}/cobrowse")
    execute_run(run.pk)
    run.refresh_from_db()
    assert run.cause == "auth.client_rejected"


def test_a_new_secret_forgets_the_token(client: OAuthClient) -> None:
    execute_run(queue(client).pk)
    replace_secret(client, "another")
    assert not AccessToken.objects.exists()


def test_a_token_that_ends_soon_is_not_shared(client: OAuthClient) -> None:
    execute_run(queue(client).pk)
    AccessToken.objects.update(until=timezone.now())
    run = queue(client)
    execute_run(run.pk)
    assert run.findings.get(check_id="oauth.token").code == "issued"


def test_a_shared_token_that_opens_with_no_key_is_as_good_as_none(client: OAuthClient, settings: Settings) -> None:
    execute_run(queue(client).pk)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE diagnostics_accesstoken SET value = 'garbage'")
    run = queue(client)
    execute_run(run.pk)
    assert run.findings.get(check_id="oauth.token").code == "issued"


def test_a_call_over_plain_http_to_a_real_region_is_reported(
    client: OAuthClient, demo: server.Running, settings: Settings
) -> None:
    """The connection goes to the demo; the call is judged by the region's real hosts."""
    settings.GENESYS_ENDPOINTS = {"us-east-1": demo.endpoints["demo-published"]}
    change_client(client, name="Real", region_key="us-east-1", client_id=client.client_id, environment="")
    run = queue(client, f"POST http://api.mypurecloud.com/api/v2/conversations/{HEALTHY.conversation_id}/cobrowse")
    execute_run(run.pk)
    run.refresh_from_db()
    assert (run.cause, run.certainty) == ("host.plain_http", "proved")
