"""Every address that takes a post leaves an entry in the audit log, or says here why it need not."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone

from diagnostics import tasks, urls
from diagnostics.accounts.api_tokens import make_token
from diagnostics.accounts.models import AuditEntry, User
from diagnostics.jobs.models import RowFailure
from diagnostics.orgs.badges import make_badge
from diagnostics.runs.models import Finding, Run
from tests.factories import (
    CONVERSATION,
    PASSWORD,
    make_channel,
    make_client,
    make_delivery,
    make_finding,
    make_incident,
    make_issue,
    make_listing,
    make_rule,
    make_run,
    make_saved_view,
    make_schedule,
    make_user,
    make_verdict,
)

pytestmark = pytest.mark.django_db
ID = "0b9d6a3e-52c1-4c8f-9a55-5a3f0d3c7b22"
LOG = "\n".join(f"POST /api/v2/conversations/{CONVERSATION}/cobrowse -> {status}" for status in range(400, 406))


@dataclass
class Rows:
    """One of each thing that can be written to; `ada` is the admin who does it, and her browser."""

    ada: User
    browser: Client
    made: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        if name not in self.made:
            self.made[name] = MAKERS[name](self)
        return self.made[name]


def broken_run(rows: Rows) -> Run:
    run = make_run(rows.client, cause="conv.not_connected", verdict=make_verdict(because=["conversation.connected"]))
    make_finding(run, "conversation.connected")
    return run


MAKERS: Mapping[str, Callable[[Rows], Any]] = {
    "client": lambda rows: make_client("Acme support"),
    "run": broken_run,
    "finding": lambda rows: rows.run.findings.get(),
    "healthy": lambda rows: make_run(rows.client, cause="none"),
    "known": lambda rows: make_issue(rows.run.client, last_run=rows.run),
    "person": lambda rows: make_user("grace", User.Role.OPERATOR),
    "gone": lambda rows: make_user("gone", is_active=False),
    "view": lambda rows: make_saved_view(),
    "schedule": lambda rows: make_schedule(rows.client),
    "incident": lambda rows: make_incident(rows.schedule),
    "channel": lambda rows: make_channel(),
    "rule": lambda rows: make_rule(),
    "given_up": lambda rows: make_delivery(state="failed"),
    "failure": lambda rows: RowFailure.objects.create(kind="run_findings", row_id=rows.run.pk, error="X", sentence=""),
    "token": lambda rows: make_token(rows.ada, name="build", scope="run", days=7)[0],
}
EVERY_HOUR = {"every": "minutes", "minutes": "60", "zone": "UTC", "name": "Hourly"}
RULE = {"name": "All", "needed": "2", "out_of": "3", "remind_hours": "24", "zone": "UTC", "is_on": "on"}
SNOOZE = {"reason": "It is known.", "hours": "1"}
NOBODY_BEFORE: Callable[[Rows], object] = lambda rows: None  # noqa: E731


@dataclass(frozen=True)
class Post:
    """`about` is the row in the address, `first` what has to be done before."""

    action: str
    data: Mapping[str, Any] = field(default_factory=dict)
    about: str = ""
    first: Callable[[Rows], object] = NOBODY_BEFORE
    more: Callable[[Rows], Mapping[str, Any]] = lambda rows: {}
    query: str = ""

    def arguments(self, rows: Rows) -> list[Any]:
        row = getattr(rows, self.about) if self.about else None
        return [] if row is None else [row.run_id, row.position] if isinstance(row, Finding) else [row.pk]


def posted(name: str, *arguments: Any) -> Callable[[Rows], object]:
    """Another post first, such as the pinning of what is then unpinned."""
    return lambda rows: rows.browser.post(
        reverse(name, args=POSTS[name].arguments(rows)), {**POSTS[name].data, **POSTS[name].more(rows)}
    )


CLIENT = {"name": "New", "region": "eu-west-1", "client_id": ID, "environment": ""}
POSTS: dict[str, Post] = {
    "client-add": Post("client.added", {**CLIENT, "secret": "a-secret-of-a-client"}),
    "client-import": Post("client.added", {"lines": f"name,region,client_id\nImported,eu-west-1,{ID}"}),
    "client-edit": Post("client.changed", CLIENT, "client"),
    "client-listing-read": Post("client.listing_started", {}, "client"),
    "client-listing": Post("client.added", {"chosen": ID}, "client", lambda rows: make_listing(rows.client, ID)),
    "client-secret": Post("client.secret_replaced", {"secret": "another-secret"}, "client"),
    "client-verify": Post("client.verification_started", {}, "client"),
    "client-health": Post("run.started", {}, "client"),
    "client-retire": Post("client.retired", {}, "client"),
    "client-badge": Post("badge.made", {}, "client"),
    "badge-remove": Post("badge.removed", {}, "client", lambda rows: make_badge(rows.client, rows.ada)),
    "sync-start": Post("snapshot.started", {}, "client"),
    "start": Post("run.started", {"conversation_id": CONVERSATION}, more=lambda rows: {"client": rows.client.pk}),
    "batch-start": Post("batch.started", {"call": LOG}, more=lambda rows: {"client": rows.client.pk}),
    "run-again": Post("run.started", {}, "run"),
    "check-again": Post("run.started", {}, "finding"),
    "live-start": Post("session.confirmed", {"typed": CONVERSATION}, "healthy"),
    "watch-start": Post("watch.started", {}, "run"),
    "issue-watch": Post("watch.started", {}, "known"),
    "issue-end-watch": Post("watch.stopped", {}, "known", posted("issue-watch")),
    "watch-stop": Post("watch.stopped", {}, "run", posted("watch-start")),
    "run-pin": Post("run.pinned", {}, "run"),
    "row-retry": Post("row.retried", {}, "failure"),
    "row-dismiss": Post("row.dismissed", {}, "failure"),
    "run-unpin": Post("run.unpinned", {}, "run", posted("run-pin")),
    "saved-view-add": Post("view.added", {"name": "Mine", "query": "kind=health"}),
    "saved-view-delete": Post("view.deleted", {}, "view"),
    "issue-note": Post("issue.noted", {"text": "I asked them."}, "known"),
    "issue-accept": Post(
        "issue.accepted",
        {"reason": "For now.", "until": (timezone.localdate() + timedelta(days=9)).isoformat()},
        "known",
    ),
    "issue-end-acceptance": Post("issue.acceptance_ended", {}, "known", posted("issue-accept")),
    "retention-apply": Post(
        "retention.changed", {"findings_days": "333", "bodies_days": "90", "snapshots_days": "400"}
    ),
    "contract-refresh": Post("contract.reading_started", {"region": "eu-west-1"}),
    "user-add": Post("person.added", {"username": "lin", "role": "auditor"}),
    "user-role": Post("person.role_changed", {"role": "auditor"}, "person"),
    "user-orgs": Post(
        "person.orgs_changed",
        {"limited": "on", "orgs": ["ours"]},
        "person",
        lambda rows: make_client("Ours", org_id="ours"),
    ),
    "user-password": Post("person.password_reset", {}, "person"),
    "user-second-factor": Post("person.second_factor_reset", {}, "person"),
    "user-deactivate": Post("person.deactivated", {}, "person"),
    "user-activate": Post("person.activated", {}, "gone"),
    "schedule-add": Post("schedule.added", EVERY_HOUR, more=lambda rows: {"client": rows.client.pk}),
    "schedule-edit": Post("schedule.changed", EVERY_HOUR, "schedule", more=lambda rows: {"client": rows.client.pk}),
    "schedule-delete": Post("schedule.deleted", {}, "schedule"),
    "schedule-pause": Post("schedule.paused", {"reason": "Maintenance"}, "schedule"),
    "schedule-resume": Post("schedule.resumed", {}, "schedule", posted("schedule-pause")),
    "schedule-run": Post("schedule.run", {}, "schedule"),
    "schedules-bulk": Post("schedule.paused", {"act": "pause"}, more=lambda rows: {"ids": [rows.schedule.pk]}),
    "issue-assign": Post("issue.assigned", more=lambda rows: {"assignee": rows.ada.pk}, about="known"),
    "issue-snooze": Post("issue.snoozed", SNOOZE, "known"),
    "issue-end-snooze": Post("issue.snooze_ended", {}, "known", posted("issue-snooze")),
    "channel-add": Post("channel.added", {"name": "Ops", "to": "ops@example.com"}, query="?kind=email"),
    "channel-test": Post("channel.tested", {}, "channel"),
    "channel-events": Post("channel.changed", {"events": ["run.ended"]}, "channel"),
    "channel-delete": Post("channel.deleted", {}, "channel"),
    "alert-rule-add": Post("alert_rule.added", RULE, more=lambda rows: {"channels": [rows.channel.pk]}),
    "alert-rule": Post("alert_rule.changed", RULE, "rule", more=lambda rows: {"channels": [rows.channel.pk]}),
    "alert-rule-delete": Post("alert_rule.deleted", {}, "rule"),
    "alert-rule-snooze": Post("alert_rule.snoozed", SNOOZE, "rule"),
    "alert-rule-end-snooze": Post("alert_rule.snooze_ended", {}, "rule", posted("alert-rule-snooze")),
    "delivery-retry": Post("delivery.retried", {}, "given_up"),
    "api-token-add": Post("api_token.created", {"name": "build", "scope": "run", "days": "7"}),
    "api-token-revoke": Post("api_token.revoked", {}, "token"),
    "usersessions_list": Post("person.sessions_ended"),
    "logout": Post("person.signed_out"),
    "password": Post(
        "person.password_changed",
        {"old_password": PASSWORD, "new_password1": "a-much-better-one-7", "new_password2": "a-much-better-one-7"},
    ),
}
# The addresses of the sign-in, whose entries come by its signals: tests/accounts/test_sign_in.py and tests/accounts/test_audit.py.
SIGN_IN = {
    "login", "account_login", "account_logout", "sign-on", "sign-on-join", "openid_connect_callback",
    "mfa_authenticate", "mfa_login_webauthn", "mfa_activate_totp", "mfa_deactivate_totp",
    "mfa_generate_recovery_codes", "mfa_add_webauthn", "mfa_edit_webauthn", "mfa_remove_webauthn",
    "socialaccount_connections",
}  # fmt: skip
# Each with its reason.
NOTHING_TO_REPORT = {
    "account_reauthenticate": "says once more who one is, and changes nothing",
    "mfa_reauthenticate": "says once more who one is, and changes nothing",
    "mfa_reauthenticate_webauthn": "says once more who one is, and changes nothing",
    "mfa_download_recovery_codes": "hands out one's own codes, which a post does not change",
    "api-nowhere": "no address of the API: a post is told so",
    "api:root": "no address of the API: a post is told so",
    "api:nowhere": "no address of the API: a post is told so",
    "api:runs": "by token alone: below",
    "api:run-start": "by token alone: below",
    "api:batch-start": "by token alone: tests/api/test_batches.py",
    "api:run-what-if": "stores nothing",
    "api:issue-what-if": "stores nothing",
    "api:claims": "by token alone: tests/api/test_writes.py",
    "api:clients": "by token alone: tests/api/test_writes.py",
    "api:client-add": "by token alone: tests/api/test_writes.py",
    "api:client-import": "by token alone: tests/api/test_writes.py",
    "api:client-listing": "by token alone: tests/api/test_writes.py",
    "api:client-listing-read": "by token alone: tests/api/test_writes.py",
    "api:client-listing-register": "by token alone: tests/api/test_writes.py",
    "api:schedules": "by token alone: tests/api/test_writes.py",
    "api:schedule-add": "by token alone: tests/api/test_writes.py",
    "mcp": "by token alone: tests/mcp/test_protocol.py",
    "diagnose-read": "shows what was understood of a paste, and stores nothing",
    "diagnose-preview": "shows what would be read from a paste, and stores nothing",
}


def taking_posts(patterns: list[URLPattern | URLResolver], ada: User, space: str = "") -> Iterator[str]:
    """Of an address that is not there a post is told so; one that takes none says 405 before it looks."""
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from taking_posts(each.url_patterns, ada, f"{each.namespace}:" if each.namespace else "")
            continue
        filled = {name: 999_999 if kind.regex == "[0-9]+" else "x" for name, kind in each.pattern.converters.items()}
        name = f"{space}{each.name}"
        browser = Client(raise_request_exception=False)
        browser.force_login(ada)  # each time anew: one of them signs out
        if browser.post(reverse(name, kwargs=filled)).status_code != 405:
            yield name


@pytest.fixture(autouse=True)
def silent_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "send", lambda task, pk: None)


@pytest.fixture
def rows() -> Rows:
    ada, browser = make_user("ada"), Client()
    browser.force_login(ada)
    return Rows(ada, browser)


def test_no_address_that_takes_a_post_is_forgotten() -> None:
    found = set(taking_posts(urls.urlpatterns, make_user("ada")))
    known = set(POSTS) | set(NOTHING_TO_REPORT) | SIGN_IN
    assert (found - known, known - found) == (set(), set())


@pytest.mark.parametrize("name", POSTS)
def test_a_post_leaves_an_entry(name: str, rows: Rows) -> None:
    post = POSTS[name]
    post.first(rows)
    place = reverse(name, args=post.arguments(rows)) + post.query
    data = {**post.data, **post.more(rows)}
    known = set(AuditEntry.objects.values_list("pk", flat=True))
    answer = rows.browser.post(place, data)
    entry = AuditEntry.objects.exclude(pk__in=known).get(action=post.action)
    assert (entry.actor, entry.actor_id, entry.by, entry.address) == ("ada", rows.ada.pk, "web", "127.0.0.1")
    assert entry.request_id == answer.headers["X-Request-ID"]


@pytest.mark.parametrize("name", POSTS)
def test_a_post_that_is_refused_leaves_none(name: str, rows: Rows) -> None:
    post = POSTS[name]
    post.first(rows)
    place = reverse(name, args=post.arguments(rows)) + post.query
    data = {**post.data, **post.more(rows)}
    known = AuditEntry.objects.count()
    stranger = Client()
    assert stranger.post(place, data).status_code in (302, 401)
    assert AuditEntry.objects.count() == known


def test_no_entry_holds_a_secret_that_was_posted(rows: Rows) -> None:
    rows.browser.post("/clients/add/", {**CLIENT, "secret": "a-secret-of-a-client"})
    posted("client-secret")(rows)
    reported = [str(entry.__dict__) for entry in AuditEntry.objects.all()]
    assert len(reported) >= 2
    assert not [each for each in reported if "a-secret-of-a-client" in each or "another-secret" in each]


def test_a_run_that_a_program_starts_is_its_owners(rows: Rows) -> None:
    _, text = make_token(rows.ada, name="build", scope="run", days=7)
    answer = Client().post(
        "/api/v1/runs",
        {"client": rows.client.pk},
        content_type="application/json",
        headers={"Authorization": f"Bearer {text}"},
    )
    assert answer.status_code == 202
    entry = AuditEntry.objects.get(action="run.started")
    assert (entry.actor, entry.by, entry.client_id) == ("ada", "api", rows.client.pk)
    assert entry.request_id == answer.headers["X-Request-ID"]
    assert text not in str(entry.__dict__)
