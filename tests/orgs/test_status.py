"""An org's status, from a run or a sync, and how it is stored."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from diagnostics.engine.facts import OrgFacts, ProviderCounts
from diagnostics.orgs.models import OAuthClient, OrgChange, Provider
from diagnostics.orgs.permissions.synced import parse_client_permissions
from diagnostics.orgs.status import UNKNOWN_GRACE, update_status_from_sync, update_status_from_verification
from diagnostics.orgs.status_rules import (
    BROKEN,
    UNKNOWN,
    WORKS,
    SyncPart,
    status_from_parts,
    status_from_steps,
    status_from_verdict,
)
from diagnostics.runs.close import update_status_from_run
from diagnostics.runs.models import Run
from tests.factories import (
    make_client,
    make_part,
    make_provider,
    make_rights,
    make_run,
    make_snapshot,
    make_step,
    make_verdict,
)

NONE_HELD: list[dict[str, Any]] = []
START, VOICE = "conversation:cobrowse:add", "conversation:cobrowsevoice:add"


def grant(**values: Any) -> dict[str, Any]:
    return {"role": "R", "division": "*", "policies": [], "conditional": [], **values}


@pytest.mark.parametrize(
    ("cause", "environment", "word", "stored"),
    [
        ("none", {"deployments": {"d": {}}, "providers": None}, WORKS, ""),
        ("none", {}, WORKS, ""),
        ("none", {"deployments": None}, WORKS, ""),
        ("none", {"deployments": {}, "providers": None}, UNKNOWN, ""),
        ("none", {"deployments": {}, "providers": [{"id": "p", "enabled": True}]}, WORKS, ""),
        ("none", {"providers": [{"id": "p", "enabled": False}]}, BROKEN, "config.cobrowse_disabled"),
        ("none", {"providers": [{"id": "p", "enabled": None}]}, WORKS, ""),
        ("authz.permission_missing", {}, BROKEN, "authz.permission_missing"),
        ("config.cobrowse_disabled", {}, BROKEN, "config.cobrowse_disabled"),
        ("auth.client_rejected", {}, BROKEN, "auth.client_rejected"),
        ("env.rate_limited", {}, UNKNOWN, ""),
        ("env.dns", {}, UNKNOWN, ""),
        ("response.not_genesys", {}, UNKNOWN, ""),
        ("undetermined", {}, UNKNOWN, ""),
        ("", {}, UNKNOWN, ""),
    ],
)
def test_a_run_shows_by_its_verdict_and_what_it_saw(
    cause: str, environment: dict[str, Any], word: str, stored: str
) -> None:
    org_state = status_from_verdict({"cause": cause, "sentence": "S."}, OrgFacts.parse(environment))
    assert (org_state.word, org_state.cause) == (word, stored)


WHOLE = {name: SyncPart("whole") for name in ("rights", "deployments", "drafts")} | {"gateway": SyncPart("absent")}
GATEWAY = WHOLE | {"gateway": SyncPart("whole")}
SCOPES = {"grant_type": "CLIENT-CREDENTIALS", "scopes": ["conversation:write", "cobrowse:write"]}


@pytest.mark.parametrize(
    ("parts", "rights", "deployments", "providers", "word", "cause"),
    [
        (WHOLE, {}, ProviderCounts(on=1, off=2), ProviderCounts(), WORKS, ""),
        (WHOLE, {}, ProviderCounts(off=2), ProviderCounts(), BROKEN, "config.cobrowse_disabled"),
        (WHOLE, {}, ProviderCounts(inactive=2), ProviderCounts(), BROKEN, "config.deployment_inactive"),
        (WHOLE, {}, ProviderCounts(off=2, unknown=1), ProviderCounts(), UNKNOWN, ""),
        (WHOLE, {}, ProviderCounts(), ProviderCounts(), UNKNOWN, ""),
        (WHOLE | {"deployments": SyncPart("partial")}, {}, ProviderCounts(off=2), ProviderCounts(), UNKNOWN, ""),
        (WHOLE | {"deployments": SyncPart("partial")}, {}, ProviderCounts(on=1, off=2), ProviderCounts(), WORKS, ""),
        (
            WHOLE | {"deployments": SyncPart("refused", "403", "No.")},
            {},
            ProviderCounts(on=1),
            ProviderCounts(),
            UNKNOWN,
            "",
        ),
        (WHOLE, {"grants": NONE_HELD}, ProviderCounts(on=1), ProviderCounts(), BROKEN, "authz.permission_missing"),
        (WHOLE, {"grants": None}, ProviderCounts(on=1), ProviderCounts(), UNKNOWN, ""),
        (WHOLE, {"grants": [grant(policies=None)]}, ProviderCounts(on=1), ProviderCounts(), UNKNOWN, ""),
        (WHOLE, {"grants": [grant(policies=["conversation:*:*"])]}, ProviderCounts(on=1), ProviderCounts(), WORKS, ""),
        (WHOLE, {"grants": [grant(conditional=[START])]}, ProviderCounts(on=1), ProviderCounts(), UNKNOWN, ""),
        (WHOLE, {"grants": [grant(policies=[VOICE])]}, ProviderCounts(on=1), ProviderCounts(), WORKS, ""),
        (
            WHOLE,
            {"grants": NONE_HELD, "catalogue": {START: False, VOICE: False}},
            ProviderCounts(on=1),
            ProviderCounts(),
            BROKEN,
            "config.feature_not_licensed",
        ),
        (WHOLE, {"grants": None}, ProviderCounts(off=1), ProviderCounts(), BROKEN, "config.cobrowse_disabled"),
        (GATEWAY, {"client": SCOPES}, ProviderCounts(), ProviderCounts(on=2), WORKS, ""),
        (GATEWAY, {"client": SCOPES}, ProviderCounts(), ProviderCounts(on=1, off=1), WORKS, ""),
        (GATEWAY, {"client": SCOPES}, ProviderCounts(), ProviderCounts(off=2), BROKEN, "config.cobrowse_disabled"),
        (GATEWAY, {"client": SCOPES}, ProviderCounts(), ProviderCounts(), BROKEN, "provider.mismatch"),
        (
            GATEWAY,
            {"client": {**SCOPES, "scopes": []}},
            ProviderCounts(),
            ProviderCounts(on=2),
            BROKEN,
            "authz.scope_missing",
        ),
        (GATEWAY, {"client": {**SCOPES, "scopes": None}}, ProviderCounts(), ProviderCounts(on=2), WORKS, ""),
        (WHOLE, {"client": {**SCOPES, "scopes": []}}, ProviderCounts(on=1), ProviderCounts(), WORKS, ""),
        (
            {"rights": SyncPart("failed", "client_rejected", "No.")},
            {},
            ProviderCounts(),
            ProviderCounts(),
            BROKEN,
            "auth.client_rejected",
        ),
        (
            {"rights": SyncPart("failed", "another_org", "No.")},
            {},
            ProviderCounts(),
            ProviderCounts(),
            BROKEN,
            "auth.token_foreign",
        ),
        ({}, {}, ProviderCounts(on=1), ProviderCounts(), UNKNOWN, ""),
    ],
)
def test_a_reading_shows_by_its_parts(
    parts: dict[str, SyncPart],
    rights: dict[str, Any],
    deployments: ProviderCounts,
    providers: ProviderCounts,
    word: str,
    cause: str,
) -> None:
    org_state = status_from_parts(parts, parse_client_permissions(make_rights(**rights)), deployments, providers)
    assert (org_state.word, org_state.cause) == (word, cause)
    assert org_state.reason


def test_what_works_is_reported_with_its_medium_and_place() -> None:
    result = make_rights(grants=[grant(policies=[VOICE])])
    reason = status_from_parts(WHOLE, parse_client_permissions(result), ProviderCounts(on=1), ProviderCounts()).reason
    assert "by voice" in reason
    assert "web messaging" not in reason


def test_a_reading_that_failed_shows_nothing() -> None:
    org_state = status_from_parts(
        WHOLE,
        parse_client_permissions(make_rights()),
        ProviderCounts(on=1),
        ProviderCounts(),
        "The org does not answer.",
    )
    assert (org_state.word, org_state.reason) == (UNKNOWN, "The org does not answer.")


@pytest.mark.parametrize(
    ("check", "code", "cause"),
    [
        ("oauth.token", "client_rejected", "auth.client_rejected"),
        ("oauth.token", "grant_not_allowed", "auth.client_rejected"),
        ("oauth.identity", "token_refused", "auth.token_foreign"),
        ("oauth.token", "unreachable", None),
        ("oauth.token", "granted", None),
    ],
)
def test_a_verification_reports_of_a_client_that_is_turned_away(check: str, code: str, cause: str | None) -> None:
    org_state = status_from_steps([make_step(check, "fail", code=code)])
    assert (org_state and org_state.cause) == cause


def health_run(client: OAuthClient, cause: str = "none", minutes: float = 0, **values: Any) -> Run:
    """A health run that ended so many minutes ago."""
    ended = timezone.now() - timedelta(minutes=minutes)
    target = {"region": client.region, "client_name": client.name, "client_id": client.client_id}
    defaults: dict[str, Any] = {"kind": Run.Kind.HEALTH, "inputs": {"target": target}, "finished_at": ended}
    return make_run(client, cause=cause, verdict=make_verdict(cause=cause), **{**defaults, **values})


def stored(client: OAuthClient) -> tuple[str, str]:
    client.refresh_from_db()
    return client.status, client.status_cause


@pytest.mark.django_db
def test_since_changes_only_with_the_word() -> None:
    client = make_client()
    runs = [
        health_run(client, cause, minutes)
        for cause, minutes in (
            ("none", 50),
            ("none", 40),
            ("authz.permission_missing", 30),
            ("config.cobrowse_disabled", 20),
        )
    ]
    for run in runs[:2]:
        update_status_from_run(run)
    client.refresh_from_db()
    assert (client.status, client.status_since, client.status_at) == (
        WORKS,
        runs[0].finished_at,
        runs[1].finished_at,
    )
    for run in runs[2:]:
        update_status_from_run(run)
    assert stored(client) == (BROKEN, "config.cobrowse_disabled")
    assert client.status_since == runs[2].finished_at


@pytest.mark.django_db
def test_each_change_of_the_word_is_reported_with_the_time_between_the_looks() -> None:
    client = make_client()
    well, unwell = health_run(client, "none", 30), health_run(client, "authz.permission_missing", 20)
    for run in (well, unwell, health_run(client, "authz.permission_missing", 10)):
        update_status_from_run(run)
    first, second = OrgChange.objects.order_by("pk")
    assert (first.about, first.not_before, first.at) == ("status", None, well.finished_at)
    assert (second.ref, second.not_before, second.at) == (
        "authz.permission_missing",
        well.finished_at,
        unwell.finished_at,
    )
    assert (second.before, second.after) == ("Working", "Down")


@pytest.mark.django_db
def test_an_older_look_changes_nothing() -> None:
    client = make_client()
    update_status_from_run(health_run(client, "authz.permission_missing", 10))
    update_status_from_run(health_run(client, "none", 20))
    assert stored(client) == (BROKEN, "authz.permission_missing")
    assert OrgChange.objects.count() == 1


@pytest.mark.django_db
def test_a_look_that_could_not_show_leaves_what_was_reported_for_a_day() -> None:
    client = make_client()
    update_status_from_run(health_run(client, "authz.permission_missing", 10))
    update_status_from_run(health_run(client, "env.timeout", 5))
    assert stored(client) == (BROKEN, "authz.permission_missing")
    OAuthClient.objects.update(status_at=timezone.now() - UNKNOWN_GRACE - timedelta(minutes=1))
    update_status_from_run(health_run(client, "env.timeout", 1))
    assert stored(client) == (UNKNOWN, "")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "values",
    [
        {"kind": Run.Kind.DIAGNOSIS},
        {"branch": "permissions.call"},
        {"status": Run.Status.INTERRUPTED},
        {"inputs": {"target": {"region": "us-east-1", "client_id": "of another org"}}},
        {"inputs": {}},
    ],
)
def test_only_a_whole_health_run_of_this_very_client_counts(values: dict[str, Any]) -> None:
    client = make_client()
    update_status_from_run(health_run(client, "authz.permission_missing", **values))
    assert stored(client) == (UNKNOWN, "")
    assert client.status_at is None


@pytest.mark.django_db
def test_a_retired_client_is_no_more() -> None:
    client = make_client(retired_at=timezone.now())
    update_status_from_run(health_run(client))
    assert stored(client) == (UNKNOWN, "")


@pytest.mark.django_db
def test_a_reading_counts_the_providers_that_are_there() -> None:
    client = make_client()
    make_provider(client, state=Provider.State.OFF)
    make_provider(client, removed_at=timezone.now())
    make_provider(client, source=Provider.Source.ON_CONVERSATION)
    parts = [make_part("rights"), make_part("deployments"), make_part("gateway", "absent")]
    update_status_from_sync(make_snapshot(client, parts=parts))
    assert stored(client) == (BROKEN, "config.cobrowse_disabled")
    make_provider(client)
    update_status_from_sync(make_snapshot(client, parts=parts))
    assert stored(client) == (WORKS, "")


@pytest.mark.django_db
def test_an_open_reading_shows_nothing_yet() -> None:
    client = make_client()
    update_status_from_sync(make_snapshot(client, state="reading", finished_at=None))
    assert client.status_at is None


@pytest.mark.django_db
def test_a_verification_that_came_in_leaves_the_status_alone() -> None:
    client = make_client()
    update_status_from_run(health_run(client, "authz.permission_missing"))
    update_status_from_verification(client.pk, [make_step()])
    assert stored(client) == (BROKEN, "authz.permission_missing")
    update_status_from_verification(client.pk, [make_step("oauth.token", "fail", code="client_rejected")])
    assert stored(client) == (BROKEN, "auth.client_rejected")
