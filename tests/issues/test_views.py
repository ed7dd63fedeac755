"""Issue pages: the list and its filters, one issue, and what people do about it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.issues.models import Incident, Issue, IssueNote
from diagnostics.issues.queries import PAGE_SIZE, open_incidents
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run, Watch
from tests.factories import (
    make_channel,
    make_client,
    make_delivery,
    make_finding,
    make_incident,
    make_issue,
    make_org_change,
    make_person,
    make_rule,
    make_run,
    make_schedule,
    make_user,
)

pytestmark = pytest.mark.django_db


def shown(browser: Client, query: str = "") -> list[str]:
    """The sentences of the listed issues, in order."""
    response = browser.get(f"/issues/{query}")
    assert response.status_code == 200
    return [issue.sentence for issue in response.context["page"].rows]


def later(**distance: float) -> object:
    return timezone.now() + timedelta(**distance)


def failing_run(client: OAuthClient | None = None, **values: object) -> Run:
    """A run whose cause is a missing permission."""
    run = make_run(
        client or make_client(),
        cause="authz.permission_missing",
        verdict={
            "cause": "authz.permission_missing",
            "certainty": "proved",
            "sentence": "The role lacks it.",
            "because": ["permissions.call"],
        },
        **{"target": "start:1", **values},
    )
    make_finding(run, "permissions.call", code="permission_missing")
    return run


def test_list_shows_open_issues_that_are_not_accepted(as_lead: Client) -> None:
    client = make_client()
    make_issue(client, cause="env.dns", sentence="open")
    make_issue(client, cause="env.tls", sentence="resolved", resolved_at=timezone.now())
    make_issue(client, cause="env.proxy", sentence="accepted", accepted_until=later(days=3))
    make_issue(client, cause="env.timeout", sentence="expired", accepted_until=later(days=-3))
    assert sorted(shown(as_lead)) == ["expired", "open"]
    assert shown(as_lead, "?status=accepted") == ["accepted"]
    assert shown(as_lead, "?status=resolved") == ["resolved"]
    assert len(shown(as_lead, "?status=all")) == 4


def test_status_follows_the_history(as_lead: Client) -> None:
    client = make_client()
    now = timezone.now()
    for cause, status, values in (
        ("env.dns", "new", {"occurrences": 1}),
        ("env.tls", "ongoing", {"occurrences": 2}),
        ("env.proxy", "reopened", {"reopened_at": now, "times_reopened": 1}),
        ("env.timeout", "resolved", {"reopened_at": now, "resolved_at": now}),
    ):
        assert make_issue(client, cause=cause, sentence=status, **values).shown_status == status
        assert shown(as_lead, f"?status={status}") == [status]
    accepted = make_issue(client, cause="env.rate_limited", accepted_until=later(days=1))
    assert accepted.shown_status == "accepted"


def test_failures_come_before_warnings_and_recent_before_old(as_lead: Client) -> None:
    client = make_client()
    make_issue(client, cause="env.dns", sentence="warning", outcome="warn", last_seen_at=later(minutes=5))
    make_issue(client, cause="env.tls", sentence="old", last_seen_at=later(days=-5))
    make_issue(client, cause="env.proxy", sentence="recent")
    assert shown(as_lead) == ["recent", "old", "warning"]


def test_list_is_filtered(client: Client) -> None:
    ada = make_user("ada")
    client.force_login(ada)
    acme = make_client(org_id="acme", org_name="Acme", environment="production")
    mine = make_issue(acme, cause="env.dns", sentence="The name is unknown.", assignee=ada)
    make_incident(make_schedule(acme), issue=mine, cause="env.dns")
    make_issue(make_client("Other", environment="sandbox"), sentence="Missing.")
    for query in ("org=acme", "environment=production", "cause=env.dns", "assignee=me", "alerting=yes", "q=NAME+is"):
        assert shown(client, f"?{query}") == ["The name is unknown."], query
    assert shown(client, "?assignee=nobody") == ["Missing."]
    assert shown(client, "?q=%25") == []


def test_issues_of_one_call_or_conversation_are_listed_on_request(as_lead: Client) -> None:
    client = make_client()
    make_issue(client, sentence="client")
    make_issue(client, sentence="call", target="call:POST /api/v2/typo", cause="path.not_in_api")
    make_issue(client, sentence="conversation", target="conversation:5f2c1f0e", cause="conv.ended")
    assert shown(as_lead) == ["client"]
    assert shown(as_lead, "?target=call") == ["call"]
    assert shown(as_lead, "?target=conversation") == ["conversation"]
    assert len(shown(as_lead, "?target=all")) == 3


def test_next_page_continues_where_the_last_one_ended(as_lead: Client) -> None:
    client, at = make_client(), timezone.now()
    for number in range(PAGE_SIZE + 3):
        outcome = "warn" if number > 20 else "fail"
        make_issue(client, target=f"client:{number}", sentence=f"{number:03d}", last_seen_at=at, outcome=outcome)
    first = as_lead.get("/issues/").context["page"]
    rest = shown(as_lead, f"?before={first.older.replace('+', '%2B')}")
    assert len(first.rows) == PAGE_SIZE
    everything = [*rest, *(issue.sentence for issue in first.rows)]
    assert sorted(everything) == [f"{number:03d}" for number in range(PAGE_SIZE + 3)]


@pytest.mark.parametrize(
    "query",
    [
        "?status=nonsense",
        "?target=nobody",
        "?client=99999",
        f"?client={'9' * 400}",
        "?cause=no.such",
        "?org=unknown",
        "?before=yesterday",
        "?before=fail_2026-01-01T00:00:00_5",
        f"?before=fail_2026-01-01T00:00:00%2B00:00_{'9' * 40}",
        "?before=\0",
        f"?q={'x' * 5000}",
        "?colour=red",
    ],
)
def test_invalid_filter_is_reported_and_ignored(as_lead: Client, query: str) -> None:
    make_issue(sentence="here")
    response = as_lead.get(f"/issues/{query}")
    assert response.context["not_understood"] or "\0" in query
    assert [issue.sentence for issue in response.context["page"].rows] == ["here"]


def test_issue_shows_verdict_chain_and_evidence_of_its_newest_run(as_lead: Client) -> None:
    run = failing_run()
    issue = make_issue(run.client, first_run=run, last_run=run)
    response = as_lead.get(f"/issues/{issue.pk}/")
    assert response.context["is_main"]
    assert [node.code for node in response.context["chain"] if node.is_first_failure] == ["permission"]
    assert [line.finding.check_id for line in response.context["proof"]] == ["permissions.call"]
    assert "The role lacks it." in response.content.decode()


def test_other_problem_of_a_run_names_the_one_to_fix_first(as_lead: Client) -> None:
    run = failing_run()
    make_finding(run, "deployments.cobrowse", code="off", hint="Switch it on.")
    first = make_issue(run.client, last_run=run)
    values = {"cause": "config.cobrowse_disabled", "check_id": "deployments.cobrowse", "code": "off", "target": ""}
    issue = make_issue(run.client, last_run=run, sentence="It is off.", **values)
    response = as_lead.get(f"/issues/{issue.pk}/")
    assert response.context["first_problem"] == first
    assert b"Switch it on." in response.content


def test_issue_whose_runs_were_deleted_is_still_shown(as_lead: Client) -> None:
    issue = make_issue(check_id="gone.check", cause="gone.cause")
    assert as_lead.get(f"/issues/{issue.pk}/").status_code == 200


def test_time_axis_shows_runs_changes_and_incidents_and_marks_the_suspect(as_lead: Client) -> None:
    client = make_client(org_id="acme")
    schedule = make_schedule(client)
    target = f"health:{client.pk}"

    def run(minutes: int, cause: str) -> Run:
        at = timezone.now() - timedelta(minutes=minutes)
        verdict = {"cause": cause, "because": ["deployments.cobrowse"], "sentence": "", "certainty": "proved"}
        made = make_run(
            client, kind="health", target=target, created_at=at, started_at=at, cause=cause, verdict=verdict
        )
        code, outcome = ("off", "fail") if cause != "none" else ("on", "pass")
        make_finding(made, "deployments.cobrowse", outcome, code=code, subject="Web")
        return made

    good, bad = run(60, "none"), run(20, "config.cobrowse_disabled")
    make_org_change(
        client, about="deployment", kind="disabled", name="Web", at=later(minutes=-30), not_before=later(minutes=-50)
    )
    issue = make_issue(client, cause="config.cobrowse_disabled", target="", last_run=bad, first_run=bad)
    make_incident(schedule, issue=issue)
    timeline = as_lead.get(f"/issues/{issue.pk}/").context["timeline"]
    assert (timeline.broke.before.pk, timeline.broke.after.pk) == (good.pk, bad.pk)
    assert [len(lane) for lane in (timeline.axis.runs, timeline.axis.changes, timeline.axis.incidents)] == [2, 1, 1]
    assert [change.name for change in timeline.suspects] == ["Web"]
    assert timeline.axis.changes[0].event.is_suspect


def test_issue_names_the_clients_where_the_same_check_passes(as_lead: Client) -> None:
    production, sandbox = make_client("Production"), make_client("Sandbox")
    run = failing_run(production, target=f"start:{production.pk}")
    works = make_run(sandbox, target=f"start:{sandbox.pk}", cause="none")
    make_finding(works, "permissions.call", "pass", code="held")
    issue = make_issue(production, last_run=run)
    assert as_lead.get(f"/issues/{issue.pk}/").context["works_in"] == [works]


def test_what_people_wrote_is_shown_as_text(as_admin: Client) -> None:
    issue = make_issue(sentence="<script>alert(1)</script>")
    as_admin.post(f"/issues/{issue.pk}/notes/", {"text": "<img src=x onerror=alert(1)>"})
    page = as_admin.get(f"/issues/{issue.pk}/").content
    assert b"<script>alert" not in page
    assert b"<img src=x" not in page


def test_note_is_added(as_admin: Client, ada: User) -> None:
    issue = make_issue()
    response = as_admin.post(f"/issues/{issue.pk}/notes/", {"text": "Asked the vendor."})
    assert response.headers["Location"] == f"/issues/{issue.pk}/"
    note = IssueNote.objects.get()
    assert (note.text, note.author) == ("Asked the vendor.", ada)


@pytest.mark.parametrize("text", ["", "   ", "x" * 1_000_000])
def test_invalid_note_is_rejected(as_admin: Client, text: str) -> None:
    issue = make_issue()
    assert b"errorlist" in as_admin.post(f"/issues/{issue.pk}/notes/", {"text": text}).content
    assert not IssueNote.objects.exists()


def test_issue_is_accepted_until_a_day_and_acceptance_is_ended(as_admin: Client, ada: User) -> None:
    issue = make_issue()
    until = timezone.localdate() + timedelta(days=30)
    as_admin.post(f"/issues/{issue.pk}/accept/", {"reason": "Next release.", "until": until.isoformat()})
    issue.refresh_from_db()
    assert (issue.accepted_last_day, issue.accepted_reason, issue.accepted_by) == (until, "Next release.", ada)
    assert issue.shown_status == Issue.Status.ACCEPTED
    as_admin.post(f"/issues/{issue.pk}/accept/end/")
    issue.refresh_from_db()
    assert issue.accepted_until is None
    assert IssueNote.objects.count() == 2


def days(count: int) -> str:
    return (timezone.localdate() + timedelta(days=count)).isoformat()


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"reason": "x"},
        {"reason": "", "until": days(3)},
        {"reason": "x", "until": days(-1)},
        {"reason": "x", "until": days(400)},
        {"reason": "x", "until": "soon"},
        {"reason": "x", "until": "99999-01-01"},
        {"reason": "x" * 1_000_000, "until": days(3)},
    ],
)
def test_invalid_acceptance_is_rejected(as_admin: Client, values: dict[str, str]) -> None:
    issue = make_issue()
    assert b"errorlist" in as_admin.post(f"/issues/{issue.pk}/accept/", values).content
    issue.refresh_from_db()
    assert issue.accepted_until is None


def test_operator_snoozes_with_a_reason_and_an_end(client: Client) -> None:
    issue, operator = make_issue(), make_person(User.Role.OPERATOR)
    client.force_login(operator)
    client.post(f"/issues/{issue.pk}/snooze/", {"reason": "Fixed on Monday", "hours": "24"})
    issue.refresh_from_db()
    assert (issue.snooze_reason, issue.snoozed_by, issue.is_snoozed) == ("Fixed on Monday", operator, True)
    assert "Fixed on Monday" in client.get(f"/issues/{issue.pk}/").content.decode()
    client.post(f"/issues/{issue.pk}/snooze/end/")
    issue.refresh_from_db()
    assert issue.snoozed_until is None


@pytest.mark.parametrize(
    "values", [{}, {"reason": "x"}, {"reason": "", "hours": "24"}, {"reason": "x", "hours": "9999"}]
)
def test_invalid_snooze_is_rejected(as_admin: Client, values: dict[str, str]) -> None:
    issue = make_issue()
    assert as_admin.post(f"/issues/{issue.pk}/snooze/", values).status_code == 200
    assert Issue.objects.get().snoozed_until is None


def test_issue_is_assigned_to_a_user_who_may_see_its_org(as_admin: Client) -> None:
    issue = make_issue(make_client(org_id="acme"))
    other = make_person(User.Role.OPERATOR, is_limited=True, only_orgs=["acme"])
    stranger = make_person(User.Role.TEAM_LEAD, is_limited=True, only_orgs=["other"])
    as_admin.post(f"/issues/{issue.pk}/assign/", {"assignee": other.pk})
    issue.refresh_from_db()
    assert issue.assignee == other
    assert as_admin.post(f"/issues/{issue.pk}/assign/", {"assignee": stranger.pk}).status_code == 200
    issue.refresh_from_db()
    assert issue.assignee == other
    as_admin.post(f"/issues/{issue.pk}/assign/", {"assignee": ""})
    issue.refresh_from_db()
    assert issue.assignee is None


def test_re_check_until_fixed_starts_and_ends_from_the_issue(as_admin: Client) -> None:
    run = failing_run(planned=["oauth.token", "permissions.call"])
    issue = make_issue(run.client, last_run=run)
    response = as_admin.post(f"/issues/{issue.pk}/watch/")
    assert response.headers["Location"] == f"/issues/{issue.pk}/"
    assert Watch.objects.get().is_open
    as_admin.post(f"/issues/{issue.pk}/watch/end/")
    assert not Watch.objects.get().is_open


def test_missing_issue_is_404(as_admin: Client) -> None:
    assert as_admin.get("/issues/99/").status_code == 404
    assert as_admin.get(f"/issues/{10**30}/").status_code == 404
    assert as_admin.post("/issues/99/notes/", {"text": "x"}).status_code == 404


def test_run_page_shows_the_status_of_its_issue(as_lead: Client) -> None:
    run = failing_run()
    issue = make_issue(run.client, first_run=run, accepted_until=later(days=3), accepted_reason="Next release.")
    page = as_lead.get(f"/runs/{run.pk}/").content
    assert b"Next release." in page
    assert f"/issues/{issue.pk}/".encode() in page


def test_incident_shows_notifications_and_what_changed(as_lead: Client) -> None:
    changes = [{"at": "broke", "sentence": "The role was removed."}, {"at": "fixed", "sentence": "It was granted."}]
    incident = make_incident(changes=changes)
    make_delivery(make_channel("Night watch"), incident)
    page = as_lead.get(f"/issues/{incident.issue_id}/").content.decode()
    assert [word in page for word in ("The role was removed.", "It was granted.", "Night watch")] == [True] * 3


def test_incident_without_alerts_names_the_rule_that_will_alert(as_admin: Client) -> None:
    incident = make_incident()
    place = f"/issues/{incident.issue_id}/"
    assert "No alert rule covers this client" in as_admin.get(place).content.decode()
    make_rule("Night", [make_channel()])
    assert "Night alerts when 2 of the last 3 runs fail" in as_admin.get(place).content.decode()


def test_open_incidents_are_those_the_user_may_see() -> None:
    other = make_incident(make_schedule(make_client("Theirs", org_id="theirs")))
    make_incident(make_schedule(make_client("Over"), "Hourly"), closed_at=timezone.now())
    admin = make_person(User.Role.ADMIN)
    assert open_incidents(admin) == [other]
    assert open_incidents(admin, client=other.client) == [other]
    assert open_incidents(admin, clients=[0]) == []
    assert open_incidents(make_person(User.Role.OPERATOR, is_limited=True, only_orgs=["ours"])) == []


def test_old_addresses_lead_to_the_issue(as_lead: Client) -> None:
    run = failing_run()
    issue = make_issue(run.client, last_run=run)
    incident = make_incident(make_schedule(run.client), issue=issue)
    moved = {
        "/findings/": "/issues/",
        f"/findings/{issue.pk}/": f"/issues/{issue.pk}/",
        "/incidents/": "/issues/?alerting=yes",
        f"/incidents/{incident.pk}/": f"/issues/{issue.pk}/",
        f"/runs/{run.pk}/history/": f"/issues/{issue.pk}/#since",
    }
    assert {old: as_lead.get(old).headers["Location"] for old in moved} == moved


def test_history_of_a_run_without_an_issue_leads_to_the_run(as_lead: Client) -> None:
    run = make_run(cause="none", target="start:1")
    assert as_lead.get(f"/runs/{run.pk}/history/").headers["Location"] == f"/runs/{run.pk}/"


@pytest.mark.parametrize("place", ["/issues/?status=all", "run", "issue"])
def test_number_of_queries_is_constant(as_lead: Client, queries_of: Callable[[Client, str], int], place: str) -> None:
    run = failing_run()
    issue = make_issue(run.client, first_run=run, last_run=run)

    def add(number: int) -> None:
        make_finding(run, "oauth.scopes", code="scope_missing", subject=f"scope{number}")
        make_issue(make_client(f"Client {number}"))
        IssueNote.objects.create(issue=issue, text="x")
        make_incident(make_schedule(run.client, f"S{number}"), issue=issue, closed_at=timezone.now())

    add(0)
    place = {"run": f"/runs/{run.pk}/", "issue": f"/issues/{issue.pk}/"}.get(place, place)
    alone = queries_of(as_lead, place)
    for number in range(1, 8):
        add(number)
    assert Incident.objects.count() == 8
    assert queries_of(as_lead, place) == alone
