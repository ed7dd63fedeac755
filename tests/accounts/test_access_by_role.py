"""Who may open which address, by which method. Every address of the product is in the table: a new one without a row fails."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse

from diagnostics import tasks, urls
from diagnostics.accounts.models import User
from diagnostics.accounts.urls import account_urls, sign_in_urls
from diagnostics.jobs.models import RowFailure
from diagnostics.orgs.models import OAuthClient
from tests.factories import (
    make_batch,
    make_channel,
    make_client,
    make_delivery,
    make_exchange,
    make_finding,
    make_incident,
    make_issue,
    make_person,
    make_provider,
    make_rule,
    make_run,
    make_saved_view,
    make_schedule,
    make_team_lead,
)

pytestmark = pytest.mark.django_db

READ, WRITE, FORM = ("get",), ("post",), ("get", "post")
ROLES = tuple(User.Role)
EVERYBODY = frozenset(ROLES)
ADMINS = frozenset({User.Role.ADMIN})
RUNNERS = ADMINS | {User.Role.OPERATOR}
NOTERS = ADMINS | {User.Role.TEAM_LEAD}
AUDITORS = ADMINS | {User.Role.AUDITOR}


@dataclass(frozen=True)
class Address:
    """`of` is the row that the address belongs to; `who` may open it. An org's row is 404 for who may not see the org."""

    name: str
    methods: tuple[str, ...] = READ
    who: frozenset[User.Role] = EVERYBODY
    of: str = ""

    @property
    def is_of_an_org(self) -> bool:
        return self.of in OF_AN_ORG


OF_AN_ORG = {
    "batch",
    "batch export",
    "client",
    "org",
    "run",
    "exchange",
    "finding",
    "known",
    "provider",
    "schedule",
    "incident",
    "delivery",
}
ADDRESSES = (
    Address("home"),
    Address("orgs"),
    Address("org", of="org"),
    Address("org-providers", of="org"),
    Address("org-permissions", of="org"),
    Address("org-changes", of="org"),
    Address("org-impact", of="org"),
    Address("client-health", WRITE, RUNNERS, "client"),
    Address("client-add", FORM, ADMINS),
    Address("client-import", FORM, ADMINS),
    Address("client-region", READ, ADMINS),
    Address("client", of="client"),
    Address("client-verification", of="client"),
    Address("client-edit", FORM, ADMINS, "client"),
    Address("client-secret", FORM, ADMINS, "client"),
    Address("client-verify", WRITE, RUNNERS, "client"),
    Address("client-listing", FORM, ADMINS, "client"),
    Address("client-listing-read", WRITE, ADMINS, "client"),
    Address("client-listing-state", READ, ADMINS, "client"),
    Address("client-retire", FORM, ADMINS, "client"),
    Address("client-permissions", of="client"),
    Address("sync-start", WRITE, RUNNERS, "client"),
    Address("sync-state", of="client"),
    Address("search"),
    Address("diagnose-read", WRITE),
    Address("start", WRITE, RUNNERS),
    Address("batch-start", WRITE, RUNNERS),
    Address("batches"),
    Address("batch", of="batch"),
    Address("batch-progress", of="batch"),
    Address("batch-export", of="batch export"),
    Address("diagnose-preview", WRITE),
    Address("runs"),
    Address("run-matrix"),
    Address("run-causes"),
    Address("run-latency"),
    Address("saved-view-add", WRITE, ADMINS),
    Address("saved-view-delete", FORM, ADMINS, "view"),
    Address("run", of="run"),
    Address("run-json", of="run"),
    Address("run-history", of="run"),
    Address("comparison"),
    Address("comparison-raw"),
    Address("run-progress", of="run"),
    Address("run-exchange", of="exchange"),
    Address("run-again", WRITE, RUNNERS, "run"),
    Address("live-start", FORM, ADMINS, "run"),
    Address("watch", of="run"),
    Address("watch-start", WRITE, RUNNERS, "run"),
    Address("watch-stop", WRITE, RUNNERS, "run"),
    Address("check-again", WRITE, RUNNERS, "finding"),
    Address("runs-export", of="export"),
    Address("run-page", of="run"),
    Address("run-packet", of="run"),
    Address("run-reevaluate", of="run"),
    Address("reevaluate"),
    Address("reevaluate-batch"),
    Address("providers"),
    Address("provider-match"),
    Address("provider", of="provider"),
    Address("changes"),
    Address("impact"),
    Address("checks"),
    Address("retention"),
    Address("retention-passes"),
    Address("retention-preview"),
    Address("retention-apply", WRITE, ADMINS),
    Address("run-pin", WRITE, ADMINS, "run"),
    Address("run-unpin", WRITE, ADMINS, "run"),
    Address("schedules"),
    Address("schedule-add", FORM, ADMINS),
    Address("schedule-preview", who=ADMINS),
    Address("schedules-bulk", WRITE, ADMINS),
    Address("schedule", of="schedule"),
    Address("schedule-edit", FORM, ADMINS, "schedule"),
    Address("schedule-delete", FORM, ADMINS, "schedule"),
    Address("schedule-pause", WRITE, ADMINS, "schedule"),
    Address("schedule-resume", WRITE, ADMINS, "schedule"),
    Address("schedule-run", WRITE, RUNNERS, "schedule"),
    Address("issues"),
    Address("failing-calls"),
    Address("issue", of="known"),
    Address("issue-what-if", of="known"),
    Address("issue-note", WRITE, NOTERS, "known"),
    Address("issue-assign", WRITE, RUNNERS | NOTERS, "known"),
    Address("issue-accept", WRITE, ADMINS, "known"),
    Address("issue-end-acceptance", WRITE, ADMINS, "known"),
    Address("issue-snooze", WRITE, RUNNERS, "known"),
    Address("issue-end-snooze", WRITE, RUNNERS, "known"),
    Address("issue-watch", WRITE, RUNNERS, "known"),
    Address("issue-end-watch", WRITE, RUNNERS, "known"),
    Address("contract"),
    Address("contract-refreshes"),
    Address("contract-refresh", WRITE, ADMINS),
    Address("api-guide"),
    Address("api-tokens"),
    Address("api-token-add", FORM),
    Address("client-badge", FORM, ADMINS, "client"),
    Address("badge-remove", WRITE, ADMINS, "client"),
    Address("system", READ, ADMINS),
    Address("system-state", READ, ADMINS),
    Address("row-retry", WRITE, ADMINS, "failure"),
    Address("row-dismiss", WRITE, ADMINS, "failure"),
    Address("incident", of="incident"),
    Address("alert-rules", READ, ADMINS),
    Address("alert-rule-add", FORM, ADMINS),
    Address("alert-rule", FORM, ADMINS, "rule"),
    Address("alert-rule-delete", FORM, ADMINS, "rule"),
    Address("alert-rule-snooze", WRITE, ADMINS, "rule"),
    Address("alert-rule-end-snooze", WRITE, ADMINS, "rule"),
    Address("channels", READ, ADMINS),
    Address("channel-add", FORM, ADMINS),
    Address("channel", READ, ADMINS, "channel"),
    Address("channel-test", WRITE, ADMINS, "channel"),
    Address("channel-events", WRITE, ADMINS, "channel"),
    Address("channel-delete", FORM, ADMINS, "channel"),
    Address("deliveries"),
    Address("delivery", of="delivery"),
    Address("delivery-state", of="delivery"),
    Address("delivery-retry", WRITE, ADMINS, "delivery"),
    Address("users", READ, ADMINS),
    Address("user-add", FORM, ADMINS),
    Address("user-role", WRITE, ADMINS, "user"),
    Address("user-orgs", FORM, ADMINS, "user"),
    Address("user-second-factor", FORM, ADMINS, "user"),
    Address("user-password", FORM, ADMINS, "user"),
    Address("user-deactivate", FORM, ADMINS, "user"),
    Address("user-activate", WRITE, ADMINS, "user"),
    Address("audit", who=AUDITORS),
    Address("audit-export", who=AUDITORS, of="export"),
)
# What machines ask without signing in: tests/operations/views/test_system.py.
FOR_MACHINES = {"health-live", "health-ready", "metrics"}
# Signing in, and what everybody does with their own account alone: tests/accounts/views/test_account.py.
OWN_ACCOUNT = {pattern.name for pattern in (*sign_in_urls, *account_urls)}
# The API asks for a token, and has a table of its own: tests/api/test_access.py.
ELSEWHERE = {"api"}
# Open to everybody, and one's own token: tests/orgs/views/test_badges.py, test_api_tokens.py and tests/api/test_access.py.
# Pages of earlier versions, which lead to an issue.
MOVED = {"incident", "run-history"}
BY_THEMSELVES = {"badge", "api-nowhere", "api-token-revoke", "settings"}
# Open to everybody unless the operator closes it: tests/reference/test_causes.py and tests/mcp/test_protocol.py.
REFERENCE = {
    *("reference", "causes", "cause", "cause-markdown", "why-404", "why-404-markdown", "mcp", "llms-txt"),
    *("accuracy", "accuracy-markdown"),
}
every_role = pytest.mark.parametrize("role", ROLES)
Arguments = dict[str, list[int | str]]


@pytest.fixture(autouse=True)
def silent_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "send", lambda task, pk: None)


@pytest.fixture
def arguments() -> Arguments:
    run = make_run(make_client(org_id="theirs"))
    exchange, finding, batch = make_exchange(run), make_finding(run), make_batch(run.client, run)
    incident, channel = make_incident(make_schedule(run.client, "Its incident's")), make_channel()
    return {
        "": [],
        "client": [run.client_id],
        "org": [run.client.org_id],
        "run": [run.pk],
        "batch": [batch.pk],
        "batch export": [batch.pk, "csv"],
        "exchange": [run.pk, exchange.position],
        "finding": [run.pk, finding.position],
        "user": [make_team_lead("someone").pk],
        "known": [make_issue(run.client, last_run=run).pk],
        "provider": [make_provider(run.client).pk],
        "schedule": [make_schedule(run.client).pk],
        "view": [make_saved_view().pk],
        "export": ["csv"],
        "incident": [incident.pk],
        "channel": [channel.pk],
        "rule": [make_rule().pk],
        "delivery": [make_delivery(channel, incident).pk],
        "failure": [RowFailure.objects.create(kind="run_findings", row_id=run.pk, error="X", sentence="").pk],
    }


def names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for each in patterns:
        if isinstance(each, URLPattern):
            yield each.name or ""
        elif each.app_name not in ELSEWHERE:
            yield from names(each.url_patterns)


def browser_of(role: User.Role, **values: object) -> Client:
    browser = Client()
    browser.force_login(make_person(role, **values))
    return browser


def test_no_address_is_missing_from_the_table() -> None:
    assert {address.name for address in ADDRESSES} == set(
        names(urls.urlpatterns)
    ) - FOR_MACHINES - OWN_ACCOUNT - BY_THEMSELVES - REFERENCE


def answer(browser: Client, method: str, address: Address, arguments: Arguments) -> HttpResponse:
    """What the browser gets there. The next request finds the rows and the session as they were."""
    fresh = Client()
    fresh.cookies.load({name: cookie.value for name, cookie in browser.cookies.items()})
    try:
        with transaction.atomic():
            response: HttpResponse = getattr(fresh, method)(reverse(address.name, args=arguments[address.of]))
            transaction.set_rollback(True)
    except Exception as error:
        error.add_note(f"{method} {address.name}")
        raise
    return response


def wrong_answers(
    browser: Client, arguments: Arguments, is_right: Callable[[Address, str, int], bool], *, of_orgs_only: bool = False
) -> list[str]:
    """Each address and method whose answer isn't right."""
    answers = (
        (address, method, answer(browser, method, address, arguments).status_code)
        for address in ADDRESSES
        if address.is_of_an_org or not of_orgs_only
        for method in address.methods
    )
    return [
        f"{method} {address.name}: {status}"
        for address, method, status in answers
        if not is_right(address, method, status)
    ]


def test_a_stranger_is_sent_to_the_login(arguments: Arguments) -> None:
    stranger = Client()
    for address in ADDRESSES:
        for method in address.methods:
            response = answer(stranger, method, address, arguments)
            place = response.headers.get("Location", "").split("?")[0]
            assert (response.status_code, place) == (302, "/login/"), f"{method} {address.name}"


def test_any_other_method_is_refused(arguments: Arguments, as_admin: Client) -> None:
    for address in ADDRESSES:
        for method in {"get", "post", "put", "delete", "patch"} - set(address.methods):
            assert answer(as_admin, method, address, arguments).status_code == 405, f"{method} {address.name}"


@every_role
def test_each_role_may_do_its_own_and_no_more(role: User.Role, arguments: Arguments) -> None:
    def is_right(address: Address, method: str, status: int) -> bool:
        if role not in address.who:
            return status == 403
        if method == "get":
            return status == 200 or address.name in MOVED
        return status in (200, 302, 409)

    assert wrong_answers(browser_of(role), arguments, is_right) == []


@pytest.mark.parametrize("role", [role for role in ROLES if role != User.Role.ADMIN])
def test_what_belongs_to_another_org_is_not_there(role: User.Role, arguments: Arguments) -> None:
    """403 where the role may not in any case, which tells nothing of the row."""

    def is_right(address: Address, method: str, status: int) -> bool:
        return status == (404 if role in address.who else 403)

    browser = browser_of(role, is_limited=True, only_orgs=["ours"])
    assert wrong_answers(browser, arguments, is_right, of_orgs_only=True) == []


def test_an_admin_is_never_limited(arguments: Arguments) -> None:
    def is_right(address: Address, method: str, status: int) -> bool:
        return status in (200, 301, 302, 409)

    browser = browser_of(User.Role.ADMIN, is_limited=True, only_orgs=["ours"])
    assert wrong_answers(browser, arguments, is_right, of_orgs_only=True) == []


def test_what_belongs_to_ones_own_org_is_there(arguments: Arguments) -> None:
    def is_right(address: Address, method: str, status: int) -> bool:
        return status != 404

    browser = browser_of(User.Role.OPERATOR, is_limited=True, only_orgs=["ours", "theirs"])
    assert wrong_answers(browser, arguments, is_right, of_orgs_only=True) == []


def test_who_registered_a_client_sees_it_whatever_its_org(arguments: Arguments) -> None:
    person = make_person(User.Role.TEAM_LEAD, is_limited=True)
    browser, place = Client(), reverse("client", args=arguments["client"])
    browser.force_login(person)
    assert browser.get(place).status_code == 404
    OAuthClient.objects.update(created_by=person)
    assert browser.get(place).status_code == 200


def test_nobody_is_limited_to_orgs_that_are_not_known_yet(arguments: Arguments) -> None:
    OAuthClient.objects.update(org_id="")
    browser = browser_of(User.Role.OPERATOR, is_limited=True, only_orgs=["", "ours"])
    assert browser.get(reverse("client", args=arguments["client"])).status_code == 404


@pytest.mark.parametrize("place", ["/clients/99/", "/runs/99/", "/runs/99/progress/", "/settings/users/99/password/"])
def test_what_is_not_there_is_404(place: str, as_admin: Client) -> None:
    assert as_admin.get(place).status_code == 404


@pytest.mark.parametrize(
    ("role", "tab"),
    [(User.Role.ADMIN, "users"), (User.Role.AUDITOR, "audit"), (User.Role.OPERATOR, "retention")],
)
def test_settings_open_at_the_first_tab_that_the_role_may_see(role: User.Role, tab: str) -> None:
    assert browser_of(role).get("/settings/").headers["Location"] == reverse(tab)


def test_an_id_beyond_the_column_is_404(as_admin: Client) -> None:
    assert as_admin.get(f"/runs/{10**30}/").status_code == 404


def test_a_deactivated_admin_is_out_at_once(as_admin: Client, ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert as_admin.get("/").status_code == 302


def test_a_demoted_admin_is_refused_at_once(as_admin: Client, ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(role=User.Role.TEAM_LEAD)
    assert as_admin.get("/settings/users/").status_code == 403
