"""Issues: updated as runs close, by several workers, in any order; notes, acceptance and assignment."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from diagnostics.demo import server
from diagnostics.demo.scenarios import scenario
from diagnostics.issues.issues import (
    BATCH_SIZE,
    accept_issue,
    add_note,
    end_acceptance,
    update_issues,
    update_issues_of_waiting_runs,
)
from diagnostics.issues.models import Issue, IssueNote
from diagnostics.orgs.clients import create_client
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.backfill import backfill_runs
from diagnostics.runs.create import create_run, repeat_run
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run
from tests.factories import make_client, make_finding, make_issue, make_run, make_user

pytestmark = pytest.mark.django_db(transaction=True)

NOON = timezone.now().replace(microsecond=0) - timedelta(days=30)


@pytest.fixture
def acme() -> OAuthClient:
    return make_client()


CAUSES = {"pass": "none", "error": "undetermined", "skip": "undetermined"}


def ran(client: OAuthClient, minute: int, outcome: str = "fail", **values: object) -> Run:
    """A closed run with one finding about the client's permissions, not processed yet."""
    at = NOON + timedelta(minutes=minute)
    cause = CAUSES.get(outcome, "authz.permission_missing")
    verdict = {"cause": cause, "because": ["permissions.call"], "sentence": f"Minute {minute}."}
    defaults = {"target": f"start:{client.pk}", "cause": cause, "verdict": verdict}
    run = make_run(client, created_at=at, started_at=at, **{**defaults, **values})
    code = "granted" if outcome == "pass" else "permission_missing"
    make_finding(run, "permissions.call", outcome, code=code, sentence=f"Minute {minute}.")
    return run


def close(*runs: Run) -> None:
    for run in runs:
        with transaction.atomic():
            update_issues(run, list(run.findings.all()))


def stored() -> Issue:
    return Issue.objects.get()


def minute(number: int) -> datetime:
    return NOON + timedelta(minutes=number)


def test_issue_is_known_from_the_first_run_that_shows_it(acme: OAuthClient) -> None:
    first = ran(acme, 1)
    close(first)
    last = ran(acme, 2)
    close(last)
    found = stored()
    assert (found.first_run, found.last_run, found.occurrences) == (first, last, 2)
    assert (found.first_seen_at, found.last_seen_at, found.sentence) == (minute(1), minute(2), "Minute 2.")
    assert found.is_open


def test_issue_is_resolved_and_reopened(acme: OAuthClient) -> None:
    for number, outcome in enumerate(["fail", "pass", "error", "warn"]):
        close(ran(acme, number, outcome))
    found = stored()
    assert (found.is_open, found.times_reopened, found.reopened_at, found.outcome) == (True, 1, minute(3), "warn")


def test_run_without_a_cause_opens_no_issue(acme: OAuthClient) -> None:
    for number, outcome in enumerate(["pass", "skip", "error"]):
        close(ran(acme, number, outcome))
    assert not Issue.objects.exists()
    assert Run.objects.filter(is_recorded_in_issues=True).count() == 3


def test_run_is_processed_once(acme: OAuthClient) -> None:
    run = ran(acme, 1)
    close(run, run)
    assert stored().occurrences == 1


def test_earlier_run_that_closes_later_changes_nothing_backwards(acme: OAuthClient) -> None:
    first = ran(acme, 1)
    close(first)
    close(ran(acme, 5, "pass"))
    close(ran(acme, 3))
    found = stored()
    assert (found.resolved_at, found.last_seen_at, found.times_reopened) == (minute(5), minute(3), 0)


def test_issue_that_a_later_run_already_passed_starts_resolved(acme: OAuthClient) -> None:
    close(ran(acme, 5, "pass"))
    close(ran(acme, 3))
    assert (stored().resolved_at, stored().first_seen_at) == (minute(5), minute(3))


def test_another_client_resolves_nothing(acme: OAuthClient) -> None:
    close(ran(acme, 1))
    close(ran(make_client("Other"), 2, "pass"))
    assert stored().is_open


def test_workers_that_close_runs_at_once_lose_nothing_and_store_nothing_twice(acme: OAuthClient) -> None:
    runs = [ran(acme, number) for number in range(8)]
    Run.objects.update(is_recorded_in_issues=True)  # so that none waits for the others
    ready = threading.Barrier(len(runs))
    failed: list[BaseException] = []

    def work(run: Run) -> None:
        try:
            with transaction.atomic():
                Run.objects.filter(pk=run.pk).update(is_recorded_in_issues=False)
                ready.wait(20)
                update_issues(run, list(run.findings.all()))
        except BaseException as problem:
            failed.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(run,)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failed == []
    found = stored()
    assert (found.occurrences, found.first_seen_at, found.last_seen_at) == (8, minute(0), minute(7))
    assert found.first_run == runs[0]
    assert not Run.objects.filter(is_recorded_in_issues=False).exists()


def test_waiting_runs_are_processed_by_the_tick_in_order(acme: OAuthClient) -> None:
    ran(acme, 9)
    ran(acme, 1)
    ran(acme, 5, "pass")
    newest = ran(acme, 20, "pass")
    close(newest)
    assert not Issue.objects.exists(), "a new run waits for earlier ones"
    assert update_issues_of_waiting_runs() == 4
    found = stored()
    assert (found.first_seen_at, found.times_reopened, found.reopened_at) == (minute(1), 1, minute(9))
    assert found.resolved_at == minute(20)
    assert update_issues_of_waiting_runs() == 0


def test_more_waiting_runs_than_one_batch_are_processed(acme: OAuthClient) -> None:
    for number in range(BATCH_SIZE + 5):
        ran(acme, number)
    assert update_issues_of_waiting_runs() == BATCH_SIZE + 5
    assert stored().occurrences == BATCH_SIZE + 5


def test_run_without_a_target_is_waited_for(acme: OAuthClient) -> None:
    early = ran(acme, 1, target="")
    ran(acme, 2, "pass")
    assert update_issues_of_waiting_runs() == 0
    Run.objects.filter(pk=early.pk).update(target="start:1")
    assert update_issues_of_waiting_runs() == 2
    assert stored().resolved_at == minute(2)


def test_run_with_unreadable_inputs_blocks_no_other_run(acme: OAuthClient) -> None:
    ran(acme, 1, target="", inputs={"call": {"method": 1}})
    ran(acme, 2, "pass")
    assert [backfill_runs() for _ in range(3)] == [0, 0, 0], (
        "the third failure sets it aside, with what can be said without its inputs"
    )
    assert update_issues_of_waiting_runs() == 2
    assert stored().resolved_at == minute(2)


def test_open_run_is_not_processed(acme: OAuthClient) -> None:
    ran(acme, 1, status="running")
    assert update_issues_of_waiting_runs() == 0


def test_number_of_queries_is_independent_of_the_findings(acme: OAuthClient) -> None:
    close(ran(acme, 0))
    few, many = ran(acme, 1), ran(acme, 2)
    for number in range(30):
        make_finding(many, "oauth.scopes", "fail", code="scope_missing", subject=f"scope{number}")
    Run.objects.update(is_recorded_in_issues=True)

    def queries(run: Run) -> int:
        Run.objects.filter(pk=run.pk).update(is_recorded_in_issues=False)
        findings = list(run.findings.all())
        connection.force_debug_cursor = True
        before = len(connection.queries)
        try:
            with transaction.atomic():
                update_issues(run, findings)
            return len(connection.queries) - before
        finally:
            connection.force_debug_cursor = False

    assert queries(few) == queries(many)


def test_note_and_reason_are_redacted(acme: OAuthClient) -> None:
    found, ada = make_issue(acme), make_user()
    add_note(found, "Called ada@example.com, token Bearer abcdefghijklmnop1234567890", ada)
    accept_issue(found, "Ask ada@example.com", timezone.now() + timedelta(days=3), ada)
    found.refresh_from_db()
    texts = [found.accepted_reason, *IssueNote.objects.values_list("text", flat=True)]
    assert all("ada@example.com" not in text and "abcdefghijklmnop" not in text for text in texts)


def test_an_acceptance_lasts_until_its_end_and_is_stored_as_a_note(acme: OAuthClient) -> None:
    found, ada = make_issue(acme), make_user()
    accept_issue(found, "The vendor mends it in May.", timezone.now() + timedelta(days=3), ada)
    found.refresh_from_db()
    assert found.is_accepted
    Issue.objects.update(accepted_until=timezone.now() - timedelta(seconds=1))
    assert not stored().is_accepted, "it comes back by itself"
    assert found.notes.get().author == ada
    assert not end_acceptance(found, ada)


def test_another_occurrence_keeps_the_acceptance(acme: OAuthClient) -> None:
    close(ran(acme, 1))
    accept_issue(stored(), "Known.", timezone.now() + timedelta(days=3), make_user())
    close(ran(acme, 2))
    assert stored().is_accepted


@pytest.fixture
def demo(settings: Settings) -> Iterator[server.Running]:
    running = server.start()
    settings.GENESYS_ENDPOINTS = running.endpoints
    yield running
    running.stop()


def test_granting_the_role_resolves_the_issue_of_a_real_run(demo: server.Running) -> None:
    reported = scenario("client-no-role")
    org = next(each for each in demo.orgs["published"].orgs if any(c.name == reported.client for c in each.clients))
    lacking = next(each for each in org.clients if each.name == reported.client)
    full = next(each for each in org.clients if each.name == "Demo: published API")
    client = create_client(
        name=lacking.name, region_key="demo-published", client_id=lacking.id, secret=lacking.secret, user=None
    )
    inputs, _ = Inputs.from_paste(reported.call, reported.answer, reported.conversation_id)

    def run() -> Run:
        made = create_run(client=client, kind="diagnosis", inputs=inputs, user=None, source="web")
        execute_run(made.pk)
        return made

    first = run()
    found = Issue.objects.get(cause="authz.permission_missing")
    assert (found.code, found.first_run, found.is_open) == ("permission_missing", first, True)
    org.update_client(lacking.id, grants=full.grants)
    execute_run(repeat_run(first, None, branch="permissions.call").pk)
    found.refresh_from_db()
    assert not found.is_open
