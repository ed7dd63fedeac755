"""The database's own wall: with the filter of `visibility` switched off, a limited person still sees nothing foreign."""

import json

import pytest
from django.apps import apps
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from django.urls import reverse

from diagnostics.accounts.api_tokens import make_token
from diagnostics.accounts.models import User
from diagnostics.orgs import visibility
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.row_limits import check_row_limits, is_enforced, limited_role, rows_limited_to
from diagnostics.runs.models import Exchange, Finding, Run
from diagnostics.runs.months import months
from tests.accounts.test_access_by_role import ADDRESSES, browser_of
from tests.builders.every_page import ORG_NAME, make_sample_site
from tests.builders.months import end_month
from tests.factories import make_exchange, make_finding, make_issue, make_person, make_run
from tests.orgs.test_visibility import FOREIGN, NARROWED, an_org, read

pytestmark = pytest.mark.django_db
# IDs only; with a policy, a rule for other orgs would look like one for all.
WITHOUT_POLICY = {"AlertRule_clients"}


@pytest.fixture
def without_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    def every_row(rows, viewer, client="client"):  # type: ignore[no-untyped-def]
        return rows

    monkeypatch.setattr(visibility.visible_rows, "__code__", every_row.__code__)


@pytest.fixture
def foreign(db: None) -> OAuthClient:
    an_org("lion")
    return an_org(FOREIGN)


def test_without_the_filter_no_page_shows_a_foreign_org(without_filter: None, foreign: OAuthClient) -> None:
    browser = browser_of(User.Role.AUDITOR, is_limited=True, only_orgs=["lion-org"])
    pages = [reverse(each.name) for each in ADDRESSES if not each.of and each.methods == ("get",)]
    mine = Run.objects.filter(client__name="lion client")[0].pk
    narrowed = [place.format(client=foreign.pk, mine=mine) for place in NARROWED]
    texts = {place: read(browser, place).replace("zebra-org", "") for place in (*pages, *narrowed)}
    assert {place for place, text in texts.items() if FOREIGN in text} == set()
    assert len([place for place, text in texts.items() if "lion" in text]) > 20


def test_without_the_filter_no_row_of_a_foreign_org_is_found_at_any_address(without_filter: None) -> None:
    site = make_sample_site()
    person = make_person(User.Role.OPERATOR, is_limited=True, only_orgs=["ours"])
    _, token = make_token(person, name="t", scope="run", days=7)
    browser, headers = Client(), {"Authorization": f"Bearer {token}"}
    browser.force_login(person)
    for page in site.pages():
        if page.belongs_to_org or page.name.startswith("api:"):
            answer = browser.get(page.path, headers=headers)
            assert ORG_NAME not in answer.getvalue().decode(), page.path
            assert not (page.belongs_to_org and answer.status_code == 200), page.path
    tool = {"name": "get_run", "arguments": {"run": site.run.pk}}
    call = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": tool})
    assert Client().post("/mcp", call, content_type="application/json", headers=headers).json()["result"]["isError"]


def test_only_the_request_of_a_limited_person_is_limited(foreign: OAuthClient) -> None:
    person = make_person(User.Role.OPERATOR, is_limited=True, only_orgs=["lion-org"])
    with rows_limited_to(person):
        assert {run.client.org_id for run in Run.objects.all()} == {"lion-org"}
        assert Finding.objects.count() == Exchange.objects.count() == 2
        assert not Run.objects.filter(client_id=foreign.pk).update(branch="x")
    assert Run.objects.count() == 4


def test_no_partition_shows_a_foreign_row_and_its_table_shows_ours(foreign: OAuthClient) -> None:
    end_month()
    mine, theirs = make_run(OAuthClient.objects.get(name="lion client")), make_run(foreign)
    for run in (mine, theirs):
        make_finding(run)
        make_exchange(run)
    person = make_person(User.Role.OPERATOR, is_limited=True, only_orgs=["lion-org"])
    for model in (Finding, Exchange):
        with rows_limited_to(person):
            assert {row.run.client.org_id for row in model.objects.select_related("run__client")} == {"lion-org"}
            assert model.objects.filter(run=mine).exists()
        for partition in ("kept", *(month.name for month in months())):
            table = f"{model._meta.db_table}_{partition}"
            with pytest.raises(ProgrammingError), transaction.atomic():
                rows_in(table, person)
            with connection.cursor() as cursor:  # as on the table that became the first partition
                cursor.execute(f"GRANT SELECT ON {table} TO {limited_role()}")
            assert rows_in(table, person) == 0


def rows_in(table: str, person: User) -> int:
    with rows_limited_to(person), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608
        return int(cursor.fetchone()[0])


def test_a_limited_person_can_write_findings(foreign: OAuthClient) -> None:
    """Their IDs come from a sequence, which has privileges of its own."""
    run = make_run(OAuthClient.objects.get(name="lion client"))
    with rows_limited_to(make_person(User.Role.OPERATOR, is_limited=True, only_orgs=["lion-org"])):
        assert make_finding(run).pk and make_exchange(run).pk


@pytest.mark.django_db(transaction=True)
def test_nothing_of_the_limit_outlives_its_transaction() -> None:
    """Behind PgBouncer, the connection is somebody else's afterwards."""
    with rows_limited_to(make_person(User.Role.OPERATOR, is_limited=True)), connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('cobrowse_doctor.clients')")
        assert cursor.fetchone() == (limited_role(), "{}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user = session_user, current_setting('cobrowse_doctor.clients')")
        assert cursor.fetchone() == (True, "")


def test_a_limited_person_still_writes(foreign: OAuthClient) -> None:
    issue = make_issue(OAuthClient.objects.get(name="lion client"), subject="theirs", target="call:GET /x")
    browser = browser_of(User.Role.TEAM_LEAD, is_limited=True, only_orgs=["lion-org"])
    assert browser.post(reverse("issue-note", args=[issue.pk]), {"text": "Seen."}).status_code == 302
    assert issue.notes.get().text == "Seen."


def test_every_table_of_an_org_has_a_policy() -> None:
    """A model is of an org if foreign keys lead from it to a client."""
    of_an_org: set[type] = {OAuthClient}
    models = set(apps.get_app_config("diagnostics").get_models(include_auto_created=True))
    while more := {
        model
        for model in models - of_an_org
        if any(field.remote_field and field.remote_field.model in of_an_org for field in model._meta.concrete_fields)
    }:
        of_an_org |= more
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity")
        limited = {name for (name,) in cursor.fetchall()}
    names = {model._meta.object_name for model in models & of_an_org if model._meta.db_table not in limited}
    assert names == WITHOUT_POLICY


def test_a_role_that_cannot_be_used_is_reported() -> None:
    assert is_enforced() and check_row_limits(None, databases=["default"]) == []
    with connection.cursor() as cursor:
        cursor.execute(f"REVOKE SELECT ON diagnostics_run FROM {limited_role()}")  # noqa: S608
    assert [message.id for message in check_row_limits(None, databases=["default"])] == ["diagnostics.W001"]
