"""The audit log's page: who may read what of it, narrowing, paging, and taking it along."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from diagnostics.accounts import sign_in_events as sign_ins
from diagnostics.accounts.models import AuditEntry, User
from diagnostics.operations.queries.audit import AUDIT_PAGE
from diagnostics.operations.views.audit import EXPORT_BATCH
from tests.factories import make_client, make_person, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_entries_of_signing_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log holds what a test puts there; its browsers' signing in is told in tests/accounts/test_audit.py."""
    monkeypatch.setattr(sign_ins, "record", lambda *args, **reported: None)


def make_entry(action: str = "client.changed", **values: Any) -> AuditEntry:
    return AuditEntry.objects.create(action=action, **{"actor": "ada", "by": "web", **values})


def page(browser: Client, **query: str) -> str:
    answer = browser.get("/settings/audit-log/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def shown(browser: Client, **query: str) -> int:
    return page(browser, **query).count('<tr id="entry-')


def exported(browser: Client, form: str, **query: str) -> str:
    answer: Any = browser.get(f"/settings/audit-log/export/{form}/", query)
    assert answer.streaming
    return b"".join(answer.streaming_content).decode()


def browser_of(person: User) -> Client:
    browser = Client()
    browser.force_login(person)
    return browser


def test_an_entry_shows_who_what_the_change_and_from_where(as_admin: Client) -> None:
    client = make_client("Acme support")
    make_entry(
        thing="oauthclient",
        thing_id=str(client.pk),
        name="Acme support",
        client_id=client.pk,
        address="192.0.2.7",
        request_id="f" * 32,
        before={"environment": "sandbox"},
        after={"environment": "production"},
    )
    output = page(as_admin)
    for part in ("Client: changed", f'href="/clients/{client.pk}/"', "sandbox", "production", "192.0.2.7", "f" * 32):
        assert part in output


def test_it_is_narrowed_by_each_thing(as_admin: Client) -> None:
    client = make_client()
    wanted = make_entry(
        "run.pinned",
        actor="grace",
        by="api",
        name="Run 7 of Globex",
        thing_id="7",
        client_id=client.pk,
        request_id="b" * 32,
        at=datetime(2024, 5, 6, 12, tzinfo=UTC),
    )
    make_entry(name="Acme")
    for query in (
        {"q": "globex"},
        {"q": "7"},
        {"q": "b" * 32},
        {"who": "grace"},
        {"action": "run.pinned"},
        {"by": "api"},
        {"client": str(client.pk)},
        {"until": "2024-05-06"},
        {"since": "2024-05-06", "until": "2024-05-06"},
    ):
        output = page(as_admin, **query)
        assert output.count('<tr id="entry-') == 1, query
        assert f'id="entry-{wanted.pk}"' in output
    assert shown(as_admin, when="today") == 1
    assert shown(as_admin, who="nobody") == 0


@pytest.mark.parametrize(
    "query",
    [
        {"colour": "red"},
        {"since": "yesterday"},
        {"until": "9999-12-31"},
        {"q": "x" * 10_000},
        {"by": "post"},
        {"client": "9" * 40},
        {"before": "-1"},
        {"before": "9" * 40},
    ],
)
def test_what_is_not_understood_is_named_and_hands_nothing_out(query: dict[str, str], as_admin: Client) -> None:
    make_entry()
    assert "Ignored filter" in page(as_admin, **query)
    assert as_admin.get("/settings/audit-log/export/csv/", query).status_code == 400


def test_pages_go_on_without_end_and_without_a_gap(as_admin: Client) -> None:
    for _ in range(AUDIT_PAGE + 3):
        make_entry()
    first = page(as_admin)
    assert first.count('<tr id="entry-') == AUDIT_PAGE
    last = AuditEntry.objects.order_by("-id")[AUDIT_PAGE - 1].pk
    assert f"before={last}" in first
    assert shown(as_admin, before=str(last)) == 3


def test_no_row_costs_a_query_of_its_own(as_admin: Client, queries_of: Callable[[Client, str], int]) -> None:
    make_entry(client_id=make_client("First").pk)
    few = queries_of(as_admin, "/settings/audit-log/")
    for number in range(12):
        make_entry(f"noun.verb_{number}", client_id=make_client(f"Client {number}").pk, thing="run", thing_id="1")
    assert queries_of(as_admin, "/settings/audit-log/") == few


def test_each_act_is_offered_once(as_admin: Client) -> None:
    for action in ("run.pinned", "client.added", "run.pinned"):
        make_entry(action)
    assert page(as_admin).count('<option value="run.pinned">') == 1


def test_an_auditor_who_is_limited_meets_nothing_of_other_orgs() -> None:
    own, other = make_client("Ours", org_id="ours"), make_client("Theirs", org_id="theirs")
    auditor = make_person(User.Role.AUDITOR, is_limited=True, only_orgs=["ours"])
    make_entry(name="Ours", client_id=own.pk)
    make_entry(name="Theirs", client_id=other.pk)
    make_entry("person.added", name="somebody")
    make_entry("audit.exported", actor=auditor.username, actor_id=auditor.pk)
    browser = browser_of(auditor)
    assert shown(browser) == 2
    assert "Theirs" not in page(browser)
    assert "Theirs" not in exported(browser, "csv")
    assert "Ignored filter" in page(browser, client=str(other.pk))


def test_what_a_person_typed_is_text_on_the_page(as_admin: Client) -> None:
    script = "<script>alert(1)</script>"
    make_entry(action=script, actor=script, name=script, thing=script, thing_id=script, before={script: script})
    assert script not in page(as_admin)


def test_the_export_contains_the_rows_of_the_list_and_is_audited(as_admin: Client) -> None:
    make_entry("run.pinned", name="=cmd()", before={"a": 1}, after={"a": 2})
    make_entry("client.added")
    (row,) = csv.DictReader(io.StringIO(exported(as_admin, "csv", action="run.pinned").lstrip("\ufeff")))
    assert (row["action"], row["name"], json.loads(row["after"])) == ("run.pinned", "'=cmd()", {"a": 2})
    used = AuditEntry.objects.get(action="audit.exported")
    assert (used.actor, used.after) == ("ada", {"as": "csv", "query": "action=run.pinned"})
    lines = [json.loads(line) for line in exported(as_admin, "jsonl").splitlines()]
    assert {line["action"] for line in lines} >= {"run.pinned", "client.added", "audit.exported"}
    assert lines[-1]["before"] == {"a": 1}


def test_an_export_goes_on_beyond_one_chunk(as_admin: Client) -> None:
    AuditEntry.objects.bulk_create([AuditEntry(action="run.started") for _ in range(EXPORT_BATCH + 5)])
    lines = exported(as_admin, "jsonl", action="run.started").splitlines()
    assert len({json.loads(line)["entry"] for line in lines}) == EXPORT_BATCH + 5


def test_an_unknown_form_is_404_and_head_hands_nothing_out(as_admin: Client) -> None:
    assert as_admin.get("/settings/audit-log/export/xml/").status_code == 404
    before = AuditEntry.objects.count()
    assert as_admin.head("/settings/audit-log/export/csv/").status_code == 200
    assert AuditEntry.objects.count() == before


@pytest.mark.parametrize("role", [User.Role.OPERATOR, User.Role.TEAM_LEAD])
def test_who_may_not_read_it_does_not_meet_it(role: User.Role) -> None:
    browser = browser_of(make_user("grace", role))
    assert browser.get("/settings/audit-log/").status_code == 403
    assert "/settings/audit-log/" not in browser.get("/").content.decode()
