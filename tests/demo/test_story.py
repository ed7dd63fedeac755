"""The demo's four weeks: in order, consistent, and with turns that the readings explain. Seeded once for all of these."""

import re
from collections.abc import Iterator
from datetime import timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from diagnostics.demo import story
from diagnostics.demo.server import ensure_running
from diagnostics.evaluation.past_failures import counted, judge_failures, past_failures
from diagnostics.issues.models import Issue
from diagnostics.orgs.models import ConfigurationSync, HeldPermission, OAuthClient, OrgChange, Provider
from diagnostics.runs.models import Exchange, Finding, Run
from diagnostics.runs.reevaluate import reevaluate_run
from tests.builders.demo_history import put_demo_history
from tests.conftest import empty_tables


@pytest.fixture(scope="module", autouse=True)
def reported(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    before = settings.GENESYS_ENDPOINTS
    with django_db_blocker.unblock():
        put_demo_history()
        yield
        empty_tables()
    settings.GENESYS_ENDPOINTS = before


def runs_of(client: str, kind: str = "diagnosis") -> list[Run]:
    return list(Run.objects.filter(client__name=client, kind=kind).order_by("pk"))


def changes_of(client: str) -> list[OrgChange]:
    return list(OrgChange.objects.filter(client__name=client).order_by("pk"))


def test_the_history_is_of_the_past_and_in_order() -> None:
    runs = list(Run.objects.order_by("pk"))
    assert all(one.created_at <= other.created_at for one, other in pairwise(runs))
    assert timedelta(days=27) < timezone.now() - runs[0].created_at < timedelta(days=30)
    for run in runs:
        assert (run.status, run.source) == (Run.Status.FINISHED, Run.Source.DEMO)
        assert run.started_at is not None and run.finished_at is not None and run.duration_ms is not None
        assert run.created_at <= run.started_at <= run.finished_at < timezone.now()


def test_the_calls_have_their_turns() -> None:
    causes = {client: [run.cause for run in runs_of(client)] for client in story.CLIENTS}
    off, none = "config.cobrowse_disabled", "none"
    assert causes[story.PRODUCTION_CLIENT] == [none, off, off, none, none, off, off]
    assert causes[story.SANDBOX_CLIENT] == [none] * 4
    assert causes[story.GATEWAY_CLIENT] == [none, "authz.scope_missing", none, "provider.mismatch", none]
    wrong_path = ["path.not_in_api"] * 3
    published = causes[story.PUBLISHED_CLIENT]
    assert [cause for cause in published if cause.startswith("path.")] == wrong_path
    assert published[2:4] == ["authz.permission_missing"] * 2
    assert published[0] == published[4] == published[-1] == none


def test_health_runs_break_and_recover_with_the_role() -> None:
    causes = [run.cause for run in runs_of(story.PUBLISHED_CLIENT, "health")]
    broken = [place for place, cause in enumerate(causes) if cause == "authz.permission_missing"]
    assert broken == list(range(broken[0], broken[-1] + 1))
    assert (causes[broken[0] - 1], causes[broken[-1] + 1], len(broken)) == ("none", "none", 6)


def test_syncs_between_a_good_and_a_bad_run_show_what_changed() -> None:
    for client, kind, setting in (
        (story.PUBLISHED_CLIENT, OrgChange.Kind.VANISHED, "division"),
        (story.PRODUCTION_CLIENT, OrgChange.Kind.DISABLED, "enabled"),
        (story.GATEWAY_CLIENT, OrgChange.Kind.CHANGED, "scopes"),
    ):
        runs = runs_of(client)
        bad = next(run for run in runs if run.cause.split(".")[0] in ("authz", "config"))
        good = [run for run in runs if run.pk < bad.pk and run.cause == "none"][-1]
        between = OrgChange.objects.filter(client__name=client, at__gt=good.created_at, at__lt=bad.created_at)
        assert between.filter(kind=kind, setting=setting).exists(), client


def test_what_the_runs_saw_agrees_with_the_readings() -> None:
    for run in runs_of(story.PRODUCTION_CLIENT):
        (deployment,) = run.environment["deployments"].values()
        assert deployment["cobrowse"] is (run.cause == "none")
        reported = OrgChange.objects.filter(client=run.client, setting="version", at__lt=run.created_at).order_by("-pk")
        newest = reported.first()
        assert deployment["version"] == (newest.after if newest else "3")
    secrets = {run.environment["client"]["secret_set_at"] for run in Run.objects.all()}
    assert all(secrets)
    assert len(secrets) == 1, "no run tells of a new secret"


def test_a_renamed_provider_came_and_the_old_one_went() -> None:
    about = [(each.ref, each.kind) for each in changes_of(story.GATEWAY_CLIENT) if each.about == "gateway"]
    assert about == [("genesys", "appeared"), ("Genesys", "vanished")]
    old = Provider.objects.get(client__name=story.GATEWAY_CLIENT, ref="Genesys")
    assert old.removed_at is not None and old.last_seen_at < old.removed_at


def test_changes_are_in_order_and_each_belongs_to_a_sync() -> None:
    times = [change.at for change in OrgChange.objects.filter(client__name__in=story.CLIENTS).order_by("pk")]
    assert times == sorted(times)
    for change in OrgChange.objects.exclude(about="status").select_related("sync"):
        assert change.sync is not None
        assert change.at == change.sync.finished_at
        assert change.not_before is not None and change.not_before < change.at
    for snapshot in ConfigurationSync.objects.all():
        assert snapshot.changes == OrgChange.objects.filter(sync=snapshot).count()


def test_readings_are_in_order_and_whole_but_where_the_role_was_missing() -> None:
    for client in story.CLIENTS:
        snapshots = list(ConfigurationSync.objects.filter(client__name=client).order_by("pk"))
        times = [each.finished_at for each in snapshots]
        assert times == sorted(times, key=lambda time: time or timezone.now())
        assert len(snapshots) == story.WEEKS * 7 * len(story.READING_HOURS) + 1
        assert snapshots[-1].changes == 0, "the org that is served is as the story left it"
        assert all(each.has_data for each in snapshots)


def test_each_client_has_the_status_at_the_end_of_the_story() -> None:
    found = OAuthClient.objects.filter(name__in=story.CLIENTS)
    assert {client.name: (client.status, client.status_cause) for client in found} == {
        story.PUBLISHED_CLIENT: ("works", ""),
        story.GATEWAY_CLIENT: ("works", ""),
        story.PRODUCTION_CLIENT: ("broken", "config.cobrowse_disabled"),
        story.SANDBOX_CLIENT: ("works", ""),
    }
    words = [
        (each.before, each.after)
        for each in changes_of(story.PRODUCTION_CLIENT)
        if each.about == OrgChange.About.STATUS
    ]
    assert [after for _, after in words] == ["Working", "Down", "Working", "Down"]
    broken = found.get(name=story.PRODUCTION_CLIENT)
    assert broken.status_since is not None and timedelta(days=1) < timezone.now() - broken.status_since


def test_issues_are_stored_with_their_times() -> None:
    off = Issue.objects.get(client__name=story.PRODUCTION_CLIENT, cause="config.cobrowse_disabled")
    runs = list(Run.objects.filter(client__name=story.PRODUCTION_CLIENT).exclude(cause="none").order_by("pk"))
    assert (off.occurrences, off.times_reopened, off.resolved_at) == (len(runs), 1, None)
    assert off.first_seen_at == runs[0].started_at
    lost = Issue.objects.filter(client__name=story.PUBLISHED_CLIENT, cause="authz.permission_missing")
    assert lost.exists()
    assert all(each.resolved_at is not None for each in lost)


def test_held_permissions_are_those_of_today() -> None:
    held = HeldPermission.objects.filter(client__name=story.PUBLISHED_CLIENT, permission="conversation:cobrowse:add")
    assert held.count() == 2


def test_every_copy_keeps_what_the_original_found() -> None:
    for run in Run.objects.prefetch_related("findings", "exchanges"):
        findings, exchanges = list(run.findings.all()), list(run.exchanges.all())
        anchors = {finding.anchor for finding in findings}
        assert {finding.check_id for finding in findings} == set(run.planned)
        assert set(run.verdict["because"]) <= anchors
        assert exchanges
        assert [each.position for each in exchanges] == list(range(len(exchanges)))
        assert run.target and run.search_keys and run.environment


def test_no_two_exchanges_share_a_correlation_id() -> None:
    ids = [each for each in Exchange.objects.values_list("correlation_id", flat=True) if each]
    assert len(ids) == len(set(ids)) > 100


def test_the_exchanges_show_the_endpoint_that_is_served() -> None:
    hosts = {url.split("/")[2] for url in Exchange.objects.values_list("url", flat=True)}
    assert hosts == {f"127.0.0.1:{port}" for port in ensure_running().ports.values()}


def test_nothing_names_the_servers_with_which_the_story_was_made() -> None:
    served = {str(port) for port in ensure_running().ports.values()}
    tables: tuple[Any, ...] = (Run, Finding, Exchange, ConfigurationSync, Provider, OrgChange, Issue, OAuthClient)
    for table in tables:
        text = str(list(table.objects.values_list()))
        assert set(re.findall(r"127\.0\.0\.1:(\d+)", text)) <= served, table


def test_the_orgs_clock_went_as_ours_on_every_day() -> None:
    dates = [
        (parsedate_to_datetime(value), each.started_at + timedelta(milliseconds=each.ms))
        for each in Exchange.objects.all()
        for name, value in each.response_headers
        if name.lower() == "date"
    ]
    assert dates
    assert all(abs(foreign - own) <= timedelta(seconds=1) for foreign, own in dates)


def test_a_reevaluation_today_differs_in_nothing() -> None:
    for client in story.CLIENTS:
        for run in (runs_of(client)[0], runs_of(client, "health")[0]):
            judged = reevaluate_run(run)
            assert not judged.problem
            assert not judged.changes, (client, run.kind)


def test_no_secret_and_no_customer_is_in_the_rows() -> None:
    tables: tuple[Any, ...] = (Run, Finding, Exchange, ConfigurationSync, Provider, OrgChange, Issue)
    text = str([row for table in tables for row in table.objects.values_list()])
    for word in ("demo-only-", "Lindqvist", "Moreau", "joinCode"):
        assert word not in text


def test_failures_of_the_past_are_judged_by_the_configuration_of_their_time() -> None:
    """A sample of `manage.py evaluate --as-it-was`."""
    opened = set(Issue.objects.filter(resolved_at=None).values_list("cause", flat=True))
    failures = list(past_failures(timezone.now()))
    result = counted(judge_failures([failures[number] for number in (2, 17, 26, 30)]))
    assert (result["right"], result["judged_by_today_where_it_differs"]) == (4, 0)
    assert result["state_differs_from_today"] >= 3
    assert result["basis"]["in_force"] >= 3
    # An issue is about the org as it is now, so a failure of the past opens none.
    assert set(Issue.objects.filter(resolved_at=None).values_list("cause", flat=True)) <= opened | {"provider.mismatch"}
