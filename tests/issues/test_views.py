"""Findings that live: the list and its filters, one of them, notes and accepting, and their state on a run's page."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.issues.models import Issue, IssueNote
from diagnostics.issues.queries import PAGE_SIZE
from tests.factories import make_client, make_finding, make_issue, make_run

pytestmark = pytest.mark.django_db


def shown(browser: Client, query: str = "") -> list[str]:
    """The subjects in the list, in their order."""
    answer = browser.get(f"/findings/{query}")
    assert answer.status_code == 200
    return [known.subject for known in answer.context["page"].rows]


def later(**distance: float) -> object:
    return timezone.now() + timedelta(**distance)


def test_the_list_shows_what_is_open_and_not_accepted(as_lead: Client) -> None:
    client = make_client()
    make_issue(client, subject="open")
    make_issue(client, subject="over", ended_at=timezone.now())
    make_issue(client, subject="accepted", accepted_until=later(days=3))
    make_issue(client, subject="back", accepted_until=later(days=-3))
    assert sorted(shown(as_lead)) == ["back", "open"]
    assert shown(as_lead, "?state=accepted") == ["accepted"]
    assert shown(as_lead, "?state=ended") == ["over"]
    assert len(shown(as_lead, "?state=all")) == 4


def test_it_is_narrowed_by_client_check_outcome_and_words(as_lead: Client) -> None:
    acme, other = make_client(), make_client("Other")
    make_issue(acme, subject="one", check_id="oauth.token", outcome="warn", sentence="The token ends soon.")
    make_issue(other, subject="two")
    assert shown(as_lead, f"?client={other.pk}") == ["two"]
    assert shown(as_lead, "?check=oauth.token") == ["one"]
    assert shown(as_lead, "?outcome=fail") == ["two"]
    assert shown(as_lead, "?q=ENDS+soon") == ["one"]
    assert shown(as_lead, "?q=%25") == []


def test_what_is_about_one_conversation_stands_apart(as_lead: Client) -> None:
    client = make_client()
    make_issue(client, subject="org")
    make_issue(client, subject="one", about="conversation:5f2c1f0e", check_id="conversation.connected")
    assert shown(as_lead) == ["org"]
    assert shown(as_lead, "?about=conversation") == ["one"]
    assert len(shown(as_lead, "?about=all")) == 2


def test_pages_go_on_where_the_last_one_ended_though_all_were_seen_at_once(as_lead: Client) -> None:
    client, at = make_client(), timezone.now()
    for number in range(PAGE_SIZE + 3):
        make_issue(client, subject=f"{number:03d}", last_seen_at=at)
    first = as_lead.get("/findings/").context["page"]
    rest = shown(as_lead, f"?before={first.older.replace('+', '%2B')}")
    assert len(first.rows) == PAGE_SIZE
    assert sorted([*rest, *(known.subject for known in first.rows)]) == [f"{n:03d}" for n in range(PAGE_SIZE + 3)]


@pytest.mark.parametrize(
    "query",
    [
        "?state=nonsense",
        "?about=nobody",
        "?client=99999",
        f"?client={'9' * 400}",
        "?check=no.such",
        "?before=yesterday",
        "?before=2026-01-01T00:00:00_5",
        f"?before=2026-01-01T00:00:00%2B00:00_{'9' * 40}",
        "?before=0001-01-01T00:00:00%2B14:00_5",
        f"?q={'x' * 5000}",
        "?colour=red",
    ],
)
def test_what_is_not_understood_is_named_and_narrows_nothing(as_lead: Client, query: str) -> None:
    make_issue(subject="here")
    answer = as_lead.get(f"/findings/{query}")
    assert answer.status_code == 200
    if not query.startswith("?before=0001"):
        assert answer.context["not_understood"]
        assert [known.subject for known in answer.context["page"].rows] == ["here"]


def test_one_finding_shows_its_life_and_the_runs_that_met_it(as_lead: Client) -> None:
    client = make_client()
    met, right = make_run(client), make_run(client)
    make_finding(met, "permissions.call", code="permission_missing", sentence="It lacks it.")
    make_finding(right, "permissions.call", "pass", code="granted")
    known = make_issue(client, first_run=met, last_run=met, reopened=2, reopened_at=timezone.now())
    answer = as_lead.get(f"/findings/{known.pk}/")
    assert answer.context["runs"] == [met]
    assert b"Open again" in answer.content
    assert answer.content.split(b"<main")[1].count(b"<form") == 1  # for a note; accepting is an admin's


def test_a_finding_of_a_check_that_is_gone_still_shows(as_lead: Client) -> None:
    known = make_issue(check_id="gone.check")
    page = as_lead.get(f"/findings/{known.pk}/").content
    assert b"no longer made" in page
    assert as_lead.get("/findings/").status_code == 200


def test_what_people_wrote_is_shown_as_text(as_admin: Client) -> None:
    known = make_issue(sentence="<script>alert(1)</script>")
    as_admin.post(f"/findings/{known.pk}/notes/", {"text": "<img src=x onerror=alert(1)>"})
    page = as_admin.get(f"/findings/{known.pk}/").content
    assert b"<script>alert" not in page
    assert b"<img src=x" not in page


def test_an_admin_adds_a_note(as_admin: Client, ada: User) -> None:
    known = make_issue()
    answer = as_admin.post(f"/findings/{known.pk}/notes/", {"text": "Asked the vendor."})
    assert answer.headers["Location"] == f"/findings/{known.pk}/"
    note = IssueNote.objects.get()
    assert (note.text, note.author) == ("Asked the vendor.", ada)


@pytest.mark.parametrize("text", ["", "   ", "x" * 1_000_000])
def test_a_bad_note_adds_nothing(as_admin: Client, text: str) -> None:
    known = make_issue()
    assert b"errorlist" in as_admin.post(f"/findings/{known.pk}/notes/", {"text": text}).content
    assert not IssueNote.objects.exists()


def test_an_admin_accepts_it_until_a_day_and_ends_that(as_admin: Client, ada: User) -> None:
    known = make_issue()
    until = timezone.localdate() + timedelta(days=30)
    as_admin.post(f"/findings/{known.pk}/accept/", {"reason": "Next release.", "until": until.isoformat()})
    known.refresh_from_db()
    assert (known.accepted_last_day, known.accepted_reason, known.accepted_by) == (until, "Next release.", ada)
    assert b"Accepted until the end of" in as_admin.get(f"/findings/{known.pk}/").content
    as_admin.post(f"/findings/{known.pk}/accept/end/")
    known.refresh_from_db()
    assert known.accepted_until is None
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
def test_a_bad_acceptance_changes_nothing(as_admin: Client, values: dict[str, str]) -> None:
    known = make_issue()
    assert b"errorlist" in as_admin.post(f"/findings/{known.pk}/accept/", values).content
    known.refresh_from_db()
    assert known.accepted_until is None


def test_a_team_lead_writes_notes_and_nothing_else(as_lead: Client) -> None:
    known = make_issue(accepted_until=later(days=3))
    assert as_lead.post(f"/findings/{known.pk}/notes/", {"text": "Seen"}).status_code == 302
    for place, values in (("accept", {"reason": "x", "until": days(9)}), ("accept/end", {})):
        assert as_lead.post(f"/findings/{known.pk}/{place}/", values).status_code == 403
    assert IssueNote.objects.get().text == "Seen"
    assert Issue.objects.get().accepted_last_day == timezone.localdate() + timedelta(days=3)


def test_what_is_not_there_is_404(as_admin: Client) -> None:
    assert as_admin.get("/findings/99/").status_code == 404
    assert as_admin.get(f"/findings/{10**30}/").status_code == 404
    assert as_admin.post("/findings/99/notes/", {"text": "x"}).status_code == 404


def test_a_run_s_page_says_as_what_its_findings_are_known(as_lead: Client) -> None:
    client = make_client()
    first, second = make_run(client, target="start:1"), make_run(client, target="start:1")
    for run in (first, second):
        make_finding(run, "permissions.call", code="permission_missing")
        make_finding(run, "oauth.token", "pass", code="issued")
    until = later(days=3)
    known = make_issue(client, first_run=first, last_run=second, accepted_until=until, accepted_reason="Next release.")
    page = as_lead.get(f"/runs/{second.pk}/")
    assert list(page.context["issues"].values()) == [known]
    assert b"Next release." in page.content
    assert f"/findings/{known.pk}/".encode() in page.content
    assert b"First seen in this run" in as_lead.get(f"/runs/{first.pk}/").content


def test_another_code_or_client_is_not_the_same(as_lead: Client) -> None:
    run = make_run(make_client(), target="start:1")
    make_finding(run, "permissions.call", code="division_missing")
    make_issue(run.client)
    make_issue(make_client("Other"), code="division_missing")
    assert as_lead.get(f"/runs/{run.pk}/").context["issues"] == {}


@pytest.mark.parametrize("place", ["/findings/?state=all", "run", "finding"])
def test_a_page_asks_as_often_for_many_as_for_one(
    as_lead: Client, queries_of: Callable[[Client, str], int], place: str
) -> None:
    client = make_client()
    run = make_run(client, target="start:1")

    def add(number: int) -> Issue:
        make_finding(run, "oauth.scopes", code="scope_missing", subject=f"scope{number}")
        values = {"subject": f"scope{number}", "check_id": "oauth.scopes", "code": "scope_missing"}
        known = make_issue(client, first_run=run, last_run=run, **values)
        IssueNote.objects.create(known=known, text="x")
        return known

    known = add(0)
    place = {"run": f"/runs/{run.pk}/", "finding": f"/findings/{known.pk}/"}.get(place, place)
    alone = queries_of(as_lead, place)
    for number in range(1, 8):
        add(number)
        IssueNote.objects.create(known=known, text="x")
    assert queries_of(as_lead, place) == alone
