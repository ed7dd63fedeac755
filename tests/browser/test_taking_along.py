"""Taking runs along: exports of what is filtered, a page that lives without a network, a packet, and old verdicts anew."""

import csv
import json
import zipfile
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from diagnostics.demo.scenarios import Scenario, scenario
from diagnostics.demo.server import Running
from diagnostics.orgs.clients import create_client
from diagnostics.orgs.models import OAuthClient
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.create import create_run
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run
from tests.browser.axe import violations
from tests.browser.conftest import TIMEOUT_MS, Visit
from tests.factories import make_run, make_team_lead
from tests.runs.export.har_format import faults_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NO_ROLE, HEALTHY = scenario("client-no-role"), scenario("healthy-web")


def registered(demo: Running, reported: Scenario) -> OAuthClient:
    known = next(each for org in demo.orgs[reported.org].orgs for each in org.clients if each.name == reported.client)
    return create_client(
        name=known.name, region_key=f"demo-{reported.org}", client_id=known.id, secret=known.secret, user=None
    )


def diagnosed(client: OAuthClient, reported: Scenario) -> Run:
    inputs, _ = Inputs.from_paste(reported.call, reported.answer, reported.conversation_id)
    run = create_run(client=client, kind="diagnosis", inputs=inputs, user=None, source="web")
    execute_run(run.pk)
    return run


def saved(page: Page, link: str, folder: Path) -> Path:
    """What a click on the link downloads."""
    with page.expect_download() as download:
        page.get_by_role("link", name=link, exact=True).click()
    place = folder / download.value.suggested_filename
    download.value.save_as(place)
    return place


def opened_offline(
    browser: Browser, place: Path, width: int = 1440, scheme: Literal["dark", "light"] = "light"
) -> tuple[Page, list[str]]:
    """The file in a window that has no network and no script; the list fills with whatever it asks for."""
    requested: list[str] = []

    def refuse(route: Route) -> None:
        if not route.request.url.startswith("file:"):
            requested.append(route.request.url)
        route.continue_()

    context = browser.new_context(
        offline=True, java_script_enabled=False, viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    page = context.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.on("console", lambda message: requested.append(message.text) if message.type == "error" else None)
    page.route("**/*", refuse)
    page.goto(place.as_uri())
    return page, requested


def test_team_lead_sends_a_vendor_a_support_packet(
    window: Visit, demo: Running, browser: Browser, tmp_path: Path
) -> None:
    make_team_lead("tess")
    client = registered(demo, NO_ROLE)
    run = diagnosed(client, NO_ROLE)
    page = window.page
    window.sign_in("tess")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Runs").click()
    page.get_by_role("main").locator(f"a[href='/runs/{run.pk}/']").first.click()
    page.locator("#export summary").click()
    expect(page.locator("#export")).to_contain_text("Secrets and personal data are removed and the result is scanned")
    with zipfile.ZipFile(saved(page, "Support packet (ZIP)", tmp_path)) as archive:
        archive.extractall(tmp_path)
        (folder,) = {Path(name).parts[0] for name in archive.namelist()}
    alone = saved(page, "Page (HTML)", tmp_path)

    files = [*(tmp_path / folder).iterdir(), alone]
    texts = "\n".join(file.read_text() for file in files)
    assert {file.name for file in files[:-1]} == {"README.txt", "run.html", "packet.json", "exchanges.har", "calls.sh"}
    for secret in (client.secret, client.client_id, *demo.issued_tokens):
        assert secret not in texts
    assert faults_of(json.loads((tmp_path / folder / "exchanges.har").read_text())) == []

    for place in (tmp_path / folder / "run.html", alone):
        opened, requested = opened_offline(browser, place)
        expect(opened.get_by_role("heading", level=1)).to_contain_text(f"Run {run.pk}")
        expect(opened.locator(".answer")).to_contain_text("authz.permission_missing")
        opened.locator("summary", has_text="OAuth").first.click()
        expect(opened.locator("details[open] .finding").first).to_be_visible()
        opened.locator("summary", has_text="/api/v2/tokens/me").first.click()
        expect(opened.locator("details[open]", has_text="Correlation ID").last).to_contain_text("hidden-client-")
        assert requested == []
        opened.context.close()
    assert window.complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_the_page_fits_and_is_accessible(
    width: int, scheme: Literal["dark", "light"], window: Visit, demo: Running, browser: Browser, tmp_path: Path
) -> None:
    make_team_lead("tess")
    run = diagnosed(registered(demo, NO_ROLE), NO_ROLE)
    window.sign_in("tess")
    window.open(f"/runs/{run.pk}/#export")
    place = saved(window.page, "Page (HTML)", tmp_path)
    open_all = tmp_path / "open.html"
    open_all.write_text(place.read_text().replace("<details>", "<details open>").replace("default-src 'none'; ", ""))
    context = browser.new_context(offline=True, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(open_all.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []
    context.close()


def test_exactly_what_is_filtered_is_exported(window: Visit, demo: Running, tmp_path: Path) -> None:
    make_team_lead("tess")
    client = registered(demo, NO_ROLE)
    runs = [diagnosed(client, NO_ROLE).pk for _ in range(2)]
    make_run(registered(demo, HEALTHY), cause="none")
    window.sign_in("tess")
    window.open(f"/runs/?client={client.pk}")
    window.page.locator("summary", has_text="Export").click()
    place = saved(window.page, "CSV", tmp_path)
    with place.open(encoding="utf-8-sig", newline="") as file:
        assert [int(row["run"]) for row in csv.DictReader(file)] == runs[::-1]
    reported = [json.loads(line) for line in saved(window.page, "JSON Lines", tmp_path).read_text().splitlines()]
    assert [each["run"] for each in reported] == runs[::-1]
    assert all(each["findings"] for each in reported)
    assert window.complaints == []


def test_old_verdicts_are_reevaluated(window: Visit, demo: Running) -> None:
    make_team_lead("tess")
    client = registered(demo, NO_ROLE)
    runs = [diagnosed(client, NO_ROLE) for _ in range(12)]
    changed = runs[0]
    Run.objects.filter(pk=changed.pk).update(cause="conv.not_found", certainty="likely")
    page = window.page
    window.sign_in("tess")
    window.open("/runs/")
    page.locator("summary", has_text="Export").click()
    page.get_by_role("link", name="Re-evaluate these runs").click()
    expect(page.get_by_role("heading", name="Re-evaluate past runs")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("link", name="Re-evaluate all runs").click()
    expect(page.get_by_role("status").filter(has_text="12 runs re-evaluated")).to_contain_text(
        "1 would have a different verdict"
    )
    found = page.locator("article.reevaluated")
    expect(found).to_have_count(1)
    expect(found).to_contain_text("conv.not_found")
    expect(found).to_contain_text("authz.permission_missing")
    assert violations(page) == []

    found.get_by_role("link", name=f"Run {changed.pk}").click()
    page.locator("summary", has_text="More").click()
    page.get_by_role("link", name="Re-evaluate").click()
    expect(page.locator(".note")).to_contain_text("would be different now")
    changed.refresh_from_db()
    assert changed.cause == "conv.not_found"
    assert demo.log.writes == []
    assert window.complaints == []


def test_without_script_the_next_runs_are_a_click_away(window_without_script: Visit, demo: Running) -> None:
    make_team_lead("tess")
    client = registered(demo, NO_ROLE)
    for _ in range(11):
        make_run(client, inputs=Inputs().to_json())
    window_without_script.sign_in("tess")
    window_without_script.open("/runs/reevaluate/?go=1")
    page = window_without_script.page
    expect(page.get_by_role("status").filter(has_text="10 runs re-evaluated")).to_be_visible()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("status").filter(has_text="11 runs re-evaluated")).to_be_visible()
