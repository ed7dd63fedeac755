"""Every screen, light and dark, wide and narrow: accessible, nothing cut off, light enough, and ours alone."""

import gzip
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.test import Client
from django.urls import resolve
from django.utils import timezone
from playwright.sync_api import Browser, ViewportSize
from pytest_django.live_server_helper import LiveServer

from diagnostics.accounts.models import User
from diagnostics.engine.usage_review import REJECTED
from diagnostics.monitoring.models import Delivery
from diagnostics.orgs.models import OAuthClient, OrgChange, UsageReading
from diagnostics.runs.models import Run, SavedView, Watch
from tests.browser.axe import RULES_OF_APPEARANCE, WCAG, violations
from tests.browser.conftest import Visit, visit
from tests.builders.every_page import make_sample_site
from tests.factories import (
    make_call_failure,
    make_channel,
    make_client,
    make_delivery,
    make_exchange,
    make_finding,
    make_incident,
    make_open_run,
    make_org_change,
    make_part,
    make_provider,
    make_rule,
    make_run,
    make_schedule,
    make_settings,
    make_snapshot,
    make_step,
    make_team_lead,
    make_user,
    make_verdict,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DESK, PHONE = ViewportSize(width=1440, height=900), ViewportSize(width=320, height=800)
LOOKS: tuple[tuple[Literal["light", "dark"], ViewportSize, dict[str, Any]], ...] = (
    ("light", DESK, WCAG),
    ("dark", PHONE, RULES_OF_APPEARANCE),
)
LONGEST_FIRST_VISIT = 60_000  # bytes, all parts together, as they are sent
NOWHERE = "/nowhere/"
OUTCOMES = ("pass", "warn", "fail", "skip", "error")


def furnish() -> dict[str, str]:
    """Rows of every state, and the address of each screen by its name."""
    ada, tess = make_user("ada"), make_team_lead("tess")
    make_user("gone", is_active=False)
    client = make_client(created_by=ada)
    failed = make_client("Failed", state="failed", verification=[make_step(outcome="fail", hint="Compare all four.")])
    verifying = make_client("Verifying", state="verifying", verification_started_at=timezone.now())
    make_client("Unverified", state="unverified", verification=[], org_name="", gateway=None)
    make_client("Retired", retired_at=timezone.now())
    run = full_run(client, ada)
    opened, queued = make_open_run(client), make_open_run(failed, status="queued")
    make_finding(opened, "oauth.token", "pass")
    interrupted = make_run(client, status="interrupted", cause="undetermined", certainty="undetermined", verdict={})
    healthy = make_run(client, cause="none", verdict=make_verdict(cause="none", because=[]))
    return {
        "home": "/",
        "orgs": "/orgs/",
        "an org": f"/orgs/client-{client.pk}/",
        "permissions of an org": f"/orgs/client-{client.pk}/permissions/",
        "permissions of a client": f"/clients/{client.pk}/permissions/",
        "badge": f"/clients/{client.pk}/badge/",
        "client": f"/clients/{client.pk}/",
        "failed client": f"/clients/{failed.pk}/",
        "client being verified": f"/clients/{verifying.pk}/",
        "register": "/clients/add/",
        "edit": f"/clients/{client.pk}/edit/",
        "secret": f"/clients/{client.pk}/secret/",
        "retire": f"/clients/{client.pk}/retire/",
        "runs": "/runs/",
        "no run fits": "/runs/?cause=env.dns",
        "filter not understood": "/runs/?colour=red&cause=wrong",
        "checks by runs": "/runs/matrix/",
        "failures over time": "/runs/causes/",
        "latency": "/runs/latency/",
        "delete a view": f"/runs/views/{SavedView.objects.create(name='A view', query='kind=health').pk}/delete/",
        "run": f"/runs/{run.pk}/",
        "open run": f"/runs/{opened.pk}/",
        "queued run": f"/runs/{queued.pk}/",
        "interrupted run": f"/runs/{interrupted.pk}/",
        "run to print": f"/runs/{run.pk}/?print=1",
        "when it broke": f"/runs/{run.pk}/history/",
        "comparison": f"/compare/?a={healthy.pk}&b={run.pk}",
        "comparison of unlike runs": f"/compare/?a={interrupted.pk}&b={queued.pk}",
        "runs to compare": "/compare/",
        "one run to compare": f"/compare/?a={run.pk}",
        "raw difference": f"/compare/raw/?a={healthy.pk}&b={run.pk}",
        "healthy run": f"/runs/{healthy.pk}/",
        "part of a run": f"/runs/{part_of(run).pk}/",
        "watched run": f"/runs/{watched(client, 'watching').pk}/",
        "fixed run": f"/runs/{watched(client, 'fixed').pk}/",
        "live start": f"/runs/{healthy.pk}/live/",
        "no live start": f"/runs/{run.pk}/live/",
        "checks": "/reference/checks/",
        "exchange": f"/runs/{run.pk}/exchanges/0/",
        "contract": "/reference/api/",
        "system": "/settings/system/",
        "users": "/settings/users/",
        "add user": "/settings/users/add/",
        "reset password": f"/settings/users/{tess.pk}/password/",
        "deactivate": f"/settings/users/{tess.pk}/deactivate/",
        "own password": "/password/",
        "not found": NOWHERE,
        **org_screens(client, ada),
        **alert_screens(client),
    }


def org_screens(client: OAuthClient, ada: User) -> dict[str, str]:
    """Providers of every source and state, readings of every state, and changes of every kind."""
    parts = [make_part("deployments", "partial"), make_part("drafts", "refused", sentence="It lacks the right.")]
    make_snapshot(client, state="partial", started_by=ada, parts=parts)
    for state in ("queued", "reading", "waiting", "failed"):
        other = make_client(
            f"Org {state}", gateway=True, environment="production", org_name=f"Org {state}", org_id=state
        )
        make_snapshot(other, state=state, error="Why it is so.", resume_at=timezone.now())
        make_provider(other, "genesys", source="gateway", name="Genesys co-browse")
    limited = make_settings(channels=["Voice"], maskSelectors=["body"], allowedDomains=["long." * 30 + "example"])
    deployment = make_provider(client, settings=limited, draft_is_newer=True)
    make_provider(client, state="off", removed_at=timezone.now(), name="x" * 200)
    make_provider(client, state="inactive", status="Inactive", settings={}, version="")
    make_provider(client, "PureCloud Messaging", source="seen", state="unknown", name="", settings={}, channels=[])
    make_call_failure(client, template="/api/v2/conversations/{conversationId}/" + "long" * 40)
    make_call_failure(client, cause=REJECTED, requests=1_000_000, last_day=timezone.localdate())
    UsageReading.objects.create(client=client, state="denied", error="Acme can't read its API usage. " * 3)
    for kind in OrgChange.Kind:
        make_org_change(client, kind=kind, provider=deployment, ref=deployment.ref, after=["y" * 300])
    return {
        "providers": "/providers/?removed=with&nonsense=1",
        "providers of an org": f"/orgs/client-{client.pk}/providers/",
        "impact": "/impact/",
        "impact of a permission": "/impact/?permission=conversation:cobrowse:add",
        "changes of an org": f"/orgs/client-{client.pk}/changes/",
        "no provider fits": "/providers/?q=nothing-like-it",
        "a deployment": f"/providers/{deployment.pk}/",
        "an id compared": "/providers/match/?id=Genesys",
        "changes": "/changes/",
    }


def alert_screens(client: OAuthClient) -> dict[str, str]:
    """Incidents, channels and messages of every state."""
    now, schedule = timezone.now(), make_schedule(client, "Every " + "long " * 15)
    changes = [
        {"at": "broke", "sentence": "The role was taken. " * 9},
        {"at": "fixed", "sentence": "It was given back."},
    ]
    over = make_incident(schedule, closed_at=now, good_run=make_run(client, cause="none"), changes=changes)
    make_incident(schedule, closed_at=now)
    schedule.client.issues.update(snoozed_until=now + timedelta(hours=1), snooze_reason="Why. " * 20)
    works = make_channel("Works", state="works", last_ok_at=now, last_reply="ok")
    given_up = make_channel("Given up", "slack", state="disabled", failures=3, last_reply="no_service")
    rule = make_rule("All alerts", [works, given_up], quiet_days=[5, 6])
    make_rule("Snoozed", snoozed_until=now + timedelta(hours=1), snooze_reason="Why.")
    attempt = {
        "at": now.isoformat(),
        "ms": 31,
        "status": 503,
        "error": "",
        "reply": "busy" * 90,
        "explanation": "It was reached.",
    }
    for state in Delivery.State:
        ended = now if state in ("sent", "failed", "dropped") else None
        sent = make_delivery(
            works, over, event="reminder", state=state, attempts=[attempt], ended_at=ended, reason="Why so."
        )
    return {
        "issues": "/issues/?status=all&target=all",
        "failing calls": "/issues/failing-calls/",
        "an issue with a snoozed incident": f"/issues/{over.issue_id}/",
        "alert rules": "/monitoring/alert-rules/",
        "an alert rule": f"/monitoring/alert-rules/{rule.pk}/",
        "add an alert rule": "/monitoring/alert-rules/add/",
        "delete an alert rule": f"/monitoring/alert-rules/{rule.pk}/delete/",
        "channels": "/monitoring/channels/",
        "kinds of channels": "/monitoring/channels/add/",
        "add a channel": "/monitoring/channels/add/?kind=email",
        "a channel": f"/monitoring/channels/{given_up.pk}/",
        "delete a channel": f"/monitoring/channels/{works.pk}/delete/",
        "delivery log": "/monitoring/deliveries/",
        "a delivery": f"/monitoring/deliveries/{sent.pk}/",
    }


def part_of(run: Run) -> Run:
    """A branch of it asked again, with something of every change in it."""
    part = make_run(run.client, repeats=run, branch="oauth.token", cause="none", verdict=make_verdict(cause="none"))
    planned = ["request.path", "oauth.token", "a.b", "c.d", "e.f", "g.h"]
    Run.objects.filter(pk__in=[run.pk, part.pk]).update(planned=planned)
    make_finding(part, "request.path", "pass", code="published")
    make_finding(part, "oauth.token", "fail", code="client_rejected")
    for check, outcome in (("a.b", "warn"), ("c.d", "skip"), ("e.f", "pass"), ("g.h", "error")):
        make_finding(part, check, outcome)
    make_finding(part, "a.b", "warn", subject="appeared")
    return part


def watched(client: OAuthClient, state: str) -> Run:
    run = make_run(client, cause="conv.not_connected", verdict=make_verdict(because=["conversation.connected"]))
    make_finding(run, "conversation.connected")
    now = timezone.now()
    Watch.objects.create(
        run=run,
        check_id="conversation.connected",
        state=state,
        checked=2,
        next_at=now + timedelta(seconds=60),
        ends_at=now + timedelta(minutes=8),
        ended_at=None if state == "watching" else now,
        latest=make_run(client, repeats=run, branch="conversation.connected", cause="none"),
    )
    return run


def full_run(client: OAuthClient, ada: User) -> Run:
    """A run with something in every part of its page."""
    fix = {
        "steps": ["Call the published path.", "Send no body."],
        "menu_path": "Admin > Integrations > OAuth",
        "permissions": [{"api": "conversation:cobrowse:add", "admin": "Conversation > Cobrowse > Add"}],
        "curl": 'curl -X POST "https://api.mypurecloud.ie/api/v2/conversations/$CONVERSATION_ID/cobrowse"',
        "snippets": {"python": "answer = api.post_conversation_cobrowse(id)", "java": "var answer = api.post(id);" * 9},
    }
    unchecked = [{"sentence": "Whether the agent takes part.", "who": "Someone who may read it."}]
    parts = {"fix": fix, "unchecked": unchecked, "also": ["body.unexpected"], "ruled_out": ["oauth.token"]}
    call = {"method": "POST", "url": "/api/v2/conversations/chat/x/cobrowse", "headers": [["A", "b"]], "body": "{}"}
    inputs = {"call": call, "answer": None, "conversation_id": ""}
    run = make_run(client, verdict=make_verdict(**parts), started_by=ada, inputs=inputs)
    make_finding(run, hint="Use the published path.")
    for check, outcome in zip(("oauth.token", "a.b", "c.d", "e.f", "g.h"), OUTCOMES, strict=True):
        make_finding(run, check, outcome, hint="A hint.")
    for status in (200, 404, 503, None):
        make_exchange(run, status=status, url=f"https://api.mypurecloud.ie/api/v2/{'long/' * 20}")
    return run


def test_every_screen_is_accessible_and_whole(browser: Browser, live_server: LiveServer, client: Client) -> None:
    """Each screen is opened once, and looked at in the light theme on a desk and in the dark theme on a small phone."""
    screens = furnish()
    add_missing_pages(screens, client)
    for window in visit(browser, live_server, viewport=DESK):
        window.page.context.add_init_script(AXE_SCRIPT)
        window.open("/login/")
        problems = look_at(window, "login")
        window.sign_in("ada")
        for name, place in screens.items():
            window.open(place)
            unfold(window)
            problems += look_at(window, name)
        assert not problems, "\n".join(problems)
        assert [each for each in window.complaints if "404" not in each] == []


def add_missing_pages(screens: dict[str, str], client: Client) -> None:
    """Every page of the site that no screen shows yet."""
    client.force_login(User.objects.get(username="ada"))
    shown = {resolve(urlsplit(place).path).view_name for place in screens.values() if place != NOWHERE}
    for site_page in make_sample_site().pages():
        if site_page.name not in shown and not site_page.name.startswith("api:"):
            response = client.get(site_page.path)
            is_page = getattr(response, "content", b"").startswith(b"<!doctype html")
            if is_page and response.status_code == 200 and "Content-Disposition" not in response.headers:
                screens[site_page.name] = site_page.path


def look_at(window: Visit, name: str) -> list[str]:
    """What is wrong with the screen that is open."""
    problems = []
    for scheme, size, options in LOOKS:
        window.page.emulate_media(color_scheme=scheme)
        window.page.set_viewport_size(size)
        problems += [f"{name}, {scheme}: {each}" for each in violations(window.page, options)]
        if (hidden := window.page.evaluate("document.documentElement.scrollWidth - innerWidth")) > 0:
            problems.append(f"{name}: {hidden} px to the right of a screen of {size['width']} px")
        if window.page.evaluate(
            "[...document.querySelectorAll('.api-table')].some(each => each.scrollWidth > innerWidth)"
        ):
            problems.append(f"{name}: a table is wider than a screen of {size['width']} px")
    return problems


def unfold(window: Visit) -> None:
    """What is folded must be accessible too."""
    window.page.evaluate(
        "document.querySelectorAll('main details:not(.menu)').forEach((fold) => { fold.open = true; })"
    )


def test_first_visit_is_light(window: Visit) -> None:
    screens = furnish()
    window.sign_in("ada")
    heavy = {}
    for name in ("home", "run", "runs", "comparison"):
        window.open(screens[name])
        loaded = window.page.evaluate("performance.getEntriesByType('resource').map(each => each.name)")
        parts = [window.page.context.request.get(address).body() for address in (window.page.url, *loaded)]
        weight = sum(len(gzip.compress(part)) for part in parts)
        if weight > LONGEST_FIRST_VISIT:
            heavy[name] = weight
    assert heavy == {}


def test_everything_can_be_reached_by_keyboard(window: Visit) -> None:
    furnish()
    window.sign_in("ada")
    focused = "document.activeElement.id || document.activeElement.className"
    window.open("/")
    assert window.page.evaluate(focused) == "id_call"
    window.open("/search/?q=run")
    window.page.keyboard.press("Tab")
    assert window.page.evaluate(focused) == "skip-link"
    window.page.keyboard.press("Enter")
    window.page.keyboard.press("Tab")
    assert window.page.evaluate(focused) == "query"
