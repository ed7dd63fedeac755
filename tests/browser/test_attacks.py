"""Script planted in every field that an org or a person can fill, on every page, in a real browser."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db.models import JSONField, Model
from playwright.sync_api import Browser, Error
from pytest_django.live_server_helper import LiveServer

from diagnostics import models
from diagnostics.accounts.audit import record
from tests.browser.conftest import Visit, visit
from tests.builders.every_page import SampleSite, make_sample_site
from tests.factories import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Breaks out of text, of an attribute in either kind of quotes, of a script, and of a comment.
PLANTED = (
    "\"'>--></title></script></textarea><b data-planted=1></b>"
    "<img data-planted=1 src=nowhere onerror=window.planted=1><script>window.planted=1</script>"
)
LINK = "javascript:window.planted=1"
# What an org answers, what people type and what far ends say; the rest are words and ids of our own.
FIELDS: dict[type[Model], tuple[str, ...]] = {
    models.OAuthClient: ("org_name", "status_reason", "verification"),
    models.Run: ("conversation_id", "verdict", "inputs", "environment"),
    models.Finding: ("subject", "sentence", "hint", "evidence"),
    models.Exchange: ("url", "body", "request_headers", "response_headers", "correlation_id", "error"),
    models.ConfigurationSync: ("error", "permissions", "parts"),
    models.Provider: ("name", "status", "settings"),
    models.OrgChange: ("name", "ref", "setting", "before", "after"),
    models.HeldPermission: ("role", "division"),
    models.Issue: ("subject", "sentence", "accepted_reason"),
    models.Schedule: ("pause_reason", "inputs"),
    models.Channel: ("address", "last_reply"),
    models.AlertRule: ("snooze_reason",),
    models.Incident: ("sentence", "changes"),
    models.Delivery: ("message", "attempts", "reason"),
    models.AuditEntry: (),
}
NAMED = (models.OAuthClient, models.SavedView, models.Schedule, models.Channel, models.AlertRule)
# Words that decide how a value is shown: with another one nothing would be shown at all.
OWN = {
    "outcome",
    "check",
    "state",
    "part",
    "kind",
    "cause",
    "certainty",
    "event",
    "thread",
    "method",
    "code",
    "because",
}


def plant() -> None:
    for model, fields in FIELDS.items():
        for row in model._default_manager.all():
            values: dict[str, Any] = {}
            for name in fields:
                field = model._meta.get_field(name)
                now = getattr(row, name)
                longest = getattr(field, "max_length", None)
                values[name] = planted(now) if isinstance(field, JSONField) else PLANTED[:longest]
            if values:
                model._default_manager.filter(pk=row.pk).update(**values)
    for model in NAMED:
        for row in model._default_manager.all():
            longest = model._meta.get_field("name").max_length or 80
            model._default_manager.filter(pk=row.pk).update(name=f"{row.pk}{PLANTED}"[:longest])
    issue = models.Issue.objects.earliest("pk")
    models.IssueNote.objects.create(issue=issue, text=f"{PLANTED} {LINK}")
    record("x.changed", name=PLANTED, before={PLANTED: PLANTED}, after={"link": LINK})


def planted(value: Any) -> Any:
    """The same shape with planted words; numbers, times and what decides how it is shown stay."""
    if isinstance(value, dict):
        return {key: item if key in OWN else planted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [planted(item) for item in value]
    return PLANTED if isinstance(value, str) and not value[:4].isdigit() else value


@pytest.fixture
def sample_site(db: None) -> SampleSite:
    made = make_sample_site()
    plant()
    return made


@pytest.fixture
def without_policy(browser: Browser, live_server: LiveServer) -> Iterator[Visit]:
    """A browser that does not heed the policy, which would hide that something was let through."""
    yield from visit(browser, live_server, viewport={"width": 1440, "height": 900}, bypass_csp=True)


def paths_of(sample_site: SampleSite) -> list[str]:
    files = ("export", "packet", "/page/", "/logout", "/download", "codes/file")
    pages = [site_page.path for site_page in sample_site.pages() if not site_page.name.startswith("api:")]
    more = [
        f"/compare/?a={sample_site.run.pk}&b={sample_site.run.pk}",
        f"/providers/match/?id={PLANTED[:40]}",
        f"/runs/?who={PLANTED[:40]}",
    ]
    return [path for path in [*pages, *more] if not any(part in path for part in files)]


def problems_of(window: Visit) -> list[str]:
    found: dict[str, Any] = window.page.evaluate(
        """() => ({
            ran: window.planted === 1,
            elements: document.querySelectorAll('[data-planted]').length,
            links: document.querySelectorAll('[href^="javascript:" i], [src^="javascript:" i]').length,
        })"""
    )
    return [name for name, value in found.items() if value]


def test_nothing_planted_becomes_markup_or_runs_on_any_page(without_policy: Visit, sample_site: SampleSite) -> None:
    make_user("ada")
    without_policy.sign_in("ada")
    problems = {}
    visible = 0
    for path in paths_of(sample_site):
        try:
            answer = without_policy.page.goto(f"{without_policy.address}{path}")
        except Error:  # an address for posts alone answers with nothing to show
            continue
        visible += "data-planted" in without_policy.page.evaluate("document.body ? document.body.textContent : ''")
        if answer and answer.status >= 500 and path != "/health/ready":
            problems[path] = [f"status {answer.status}"]
        elif found := problems_of(without_policy):
            problems[path] = found
    assert problems == {}
    assert visible > 6, "too few pages showed what was planted, so the rest proves little"


def test_a_run_exported_as_a_page_contains_none_either(without_policy: Visit, sample_site: SampleSite) -> None:
    make_user("ada")
    without_policy.sign_in("ada")
    answer = without_policy.page.request.get(f"{without_policy.address}/runs/{sample_site.run.pk}/page/")
    assert answer.status == 200
    without_policy.page.set_content(answer.text())
    assert "data-planted" in without_policy.page.evaluate("document.body.innerText")
    assert problems_of(without_policy) == []


def test_the_policy_alone_would_stop_it_too(window: Visit, sample_site: SampleSite) -> None:
    """What stands in a page of ours as markup does not run in a browser that heeds the policy."""
    make_user("ada")
    window.sign_in("ada")
    window.page.evaluate(
        """(text) => {
            const script = document.createElement('script');
            script.textContent = 'window.planted = 1';
            document.body.append(script);
            document.body.insertAdjacentHTML('beforeend', text);
        }""",
        PLANTED,
    )
    window.page.wait_for_load_state("networkidle")
    assert window.page.evaluate("window.planted") is None
    assert window.complaints


def test_no_other_site_can_frame_a_page(window: Visit) -> None:
    window.page.set_content(f'<iframe src="{window.address}/login/"></iframe>')
    frame = window.page.frames[1]
    frame.wait_for_load_state()
    assert frame.query_selector("form") is None
    window.page.wait_for_load_state("networkidle")
