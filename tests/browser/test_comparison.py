"""A team lead walks the demo's four weeks: what changed between the day it worked and the day it did not."""

import pytest
from playwright.sync_api import Page, expect

from diagnostics.demo import story
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run
from diagnostics.runs.queries.comparisons import history_of_target
from tests.browser.axe import violations
from tests.browser.conftest import Visit
from tests.factories import make_finding, make_run, make_team_lead

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def break_of(client: str, cause: str, kind: str = "diagnosis", *, newest: bool = False) -> tuple[Run, Run]:
    """The last run that was right and the first one with that cause, of one target of a demo client: the first time, or
    the newest.
    """
    target = f"{'health' if kind == 'health' else 'start'}:{OAuthClient.objects.get(name=client).pk}"
    flips = history_of_target(Run.objects.filter(target=target).latest("pk")).flips
    breaks = sorted(
        (each.before.pk, each.after.pk) for each in flips if each.before.cause == "none" and each.after.cause == cause
    )
    before, after = breaks[-1 if newest else 0]
    return Run.objects.get(pk=before), Run.objects.get(pk=after)


def choose(page: Page, name: str) -> None:
    """Choose an entry of the run page's menu."""
    page.locator(".head summary").click()
    page.get_by_role("link", name=name).click()


def reason(page: Page) -> str:
    """The sentence in which the comparison ends."""
    return page.locator(".answer h2").inner_text()


def test_the_story_of_the_demo_is_explained_from_a_run_to_its_comparison(window: Visit, demo_history: None) -> None:
    make_team_lead("tess")
    page = window.page
    window.sign_in("tess")

    # a role was removed
    good, bad = break_of(story.PUBLISHED_CLIENT, "authz.permission_missing", "health")
    window.open(f"/runs/{bad.pk}/")
    choose(page, "last good run")
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"run {good.pk} and run {bad.pk}")
    assert "role Cobrowse integration was removed from the client" in reason(page)
    expect(page.locator(".answer")).to_contain_text("Proven")
    expect(page.get_by_role("heading", name="Org changes in between")).to_be_visible()
    expect(page.locator(".org-changes tbody tr")).not_to_have_count(0)
    expect(page.locator("#group-broken")).to_contain_text("Permission for the call")

    # and given back: the issue shows since when and until when
    page.get_by_role("link", name="Since when").last.click()
    since = page.locator("#since")
    expect(since).to_contain_text("Failed from")
    expect(since).to_contain_text("Suspect change")
    page.get_by_role("link", name="Compare the last good run with the first failing one").click()
    assert "role Cobrowse integration" in reason(page)

    # a deployment was published with cobrowse off
    _, bad = break_of(story.PRODUCTION_CLIENT, "config.cobrowse_disabled")
    window.open(f"/runs/{bad.pk}/history/")
    expect(page.locator("#since")).to_contain_text("cobrowse was switched off in the deployment")
    page.get_by_role("link", name="Compare the last good run with the first failing one").click()
    assert "cobrowse was switched off in the deployment" in reason(page)
    expect(page.locator(".org-changes tbody tr")).not_to_have_count(0)

    # somebody mended the path with advice from the web
    _, bad = break_of(story.PUBLISHED_CLIENT, "path.not_in_api")
    window.open(f"/runs/{bad.pk}/")
    choose(page, "last good run")
    assert "the call's path changed from" in reason(page)
    expect(page.get_by_role("region", name="Setup")).to_contain_text("No differences")

    # the gateway: a scope was lost, a provider renamed
    for cause, words in (
        ("authz.scope_missing", "scope cobrowse:write"),
        ("provider.mismatch", "the provider Genesys"),
    ):
        _, bad = break_of(story.GATEWAY_CLIENT, cause)
        window.open(f"/runs/{bad.pk}/")
        choose(page, "last good run")
        assert words in reason(page)
    assert window.complaints == []


def test_a_team_lead_finds_since_when_production_fails_and_which_change_did_it(
    window: Visit, demo_history: None
) -> None:
    """From the first page, by what the pages offer: no address is typed."""
    make_team_lead("tess")
    page = window.page
    production = OAuthClient.objects.get(name=story.PRODUCTION_CLIENT)
    good, bad = break_of(story.PRODUCTION_CLIENT, "config.cobrowse_disabled", "health", newest=True)
    window.sign_in("tess")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Issues").click()
    row = page.get_by_role("row").filter(has_text=production.org_name).filter(has_text="Production")
    row.first.get_by_role("link").first.click()

    # the verdict, then since when, then the change
    expect(page.locator(".answer")).to_contain_text("Proven")
    since = page.get_by_role("region", name="Since when")
    expect(since).to_contain_text("Failing since")
    expect(since.get_by_role("link", name=f"run {good.pk}", exact=True)).to_be_visible()
    expect(since.get_by_role("link", name=f"run {bad.pk}", exact=True)).to_be_visible()
    expect(since.get_by_text("Suspect change")).to_be_visible()
    expect(since).to_contain_text("cobrowse was switched off in the deployment")
    expect(since).to_contain_text(f"The same check passes in {story.SANDBOX_CLIENT}")

    # the same on the time axis, as text
    since.get_by_text("Show as a table").click()
    expect(since.get_by_role("row").filter(has_text="cobrowse turned off").first).to_contain_text("Suspect")

    # and what else was different
    since.get_by_role("link", name="Compare the last good run with the first failing one").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"run {good.pk} and run {bad.pk}")
    expect(page.locator(".org-changes tbody tr")).not_to_have_count(0)

    # the same call works in the sandbox: compared with a chosen run
    _, bad = break_of(story.PRODUCTION_CLIENT, "config.cobrowse_disabled")
    window.open("/compare/")
    page.get_by_label("Second run").fill(str(bad.pk))
    page.get_by_role("button", name="Compare").click()
    sandbox = page.locator(".candidates li").filter(has_text=story.SANDBOX_CLIENT)
    sandbox.get_by_role("link").click()
    assert f"off in {story.PRODUCTION_CLIENT} and on in {story.SANDBOX_CLIENT}" in reason(page)
    expect(page.locator(".pair")).to_contain_text("Sandbox")
    expect(page.locator(".pair")).to_contain_text("Production")
    before = reason(page)
    page.get_by_role("link", name="Swap").click()
    expect(page.locator("#group-fixed")).to_be_visible()
    assert reason(page) == before
    assert window.complaints == []


def test_the_raw_difference_is_one_click_away_and_every_step_is_accessible(window: Visit, demo_history: None) -> None:
    make_team_lead("tess")
    page = window.page
    window.sign_in("tess")
    good, bad = break_of(story.PUBLISHED_CLIENT, "authz.permission_missing", "health")
    window.open(f"/compare/?a={good.pk}&b={bad.pk}")
    window.mark()
    page.get_by_role("link", name="Show raw difference").click()
    expect(page.get_by_role("region", name="Raw difference")).to_be_visible()
    assert window.is_marked, "the difference came into the page"
    for place in (
        f"/compare/?a={good.pk}&b={bad.pk}",
        "/compare/",
        f"/compare/?a={bad.pk}",
        f"/runs/{bad.pk}/history/",
    ):
        window.open(place)
        page.evaluate("document.querySelectorAll('main details:not(.menu)').forEach((fold) => { fold.open = true; })")
        assert violations(page) == [], place
        page.set_viewport_size({"width": 390, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), place
        page.set_viewport_size({"width": 1440, "height": 900})


def test_a_run_is_printed_and_linked_to_without_script(window_without_script: Visit) -> None:
    make_team_lead("tess")
    window = window_without_script
    page = window.page
    window.sign_in("tess")
    run = make_run()
    make_finding(run)
    window.open(f"/runs/{run.pk}/")
    choose(page, "Print view")
    link = page.locator("#finding-0 .permalink")
    page.emulate_media(media="print")
    expect(page.locator("#finding-0")).to_be_visible()
    expect(page.locator("#export")).to_be_hidden()
    page.emulate_media(media="screen")
    expect(link).to_be_visible()
    link.click()
    assert page.url.endswith(f"/runs/{run.pk}/#finding-0")
    page.locator("#export summary").click()
    page.get_by_role("link", name="JSON", exact=True).click()
    assert '"schema_version": 1' in page.content()
