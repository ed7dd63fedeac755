"""A HAR with many calls: its failing calls are grouped, each group is diagnosed, and the result is exported."""

import json
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from diagnostics.batches.models import Batch, BatchGroup
from diagnostics.demo.scenarios import scenario
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run
from tests.browser.conftest import Visit
from tests.browser.test_screens import look_at
from tests.factories import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIVE = scenario("healthy-web").conversation_id
TOKEN = "kZr8vQ2mX5tYb7nL0pWc3sDf6gHj9aEu1iOx4RqTzVyB"


def entry(minute: int, status: int, path: str, method: str = "POST") -> dict[str, Any]:
    headers = [{"name": "Authorization", "value": f"Bearer {TOKEN}"}, {"name": "Cookie", "value": f"s={TOKEN}"}]
    return {
        "startedDateTime": f"2026-11-27T09:{minute:02}:00.000Z",
        "request": {"method": method, "url": f"/api/v2/conversations/{path}", "headers": headers},
        "response": {"status": status, "content": {"text": json.dumps({"status": status, "contextId": str(uuid4())})}},
    }


def test_a_har_becomes_a_batch_with_a_verdict_for_each_group(window: Visit, demo_client: OAuthClient) -> None:
    entries = [entry(minute, 200, LIVE, "GET") for minute in range(40)]
    entries += [entry(minute, 404, f"chat/{LIVE}/cobrowse") for minute in range(9)]
    entries += [entry(minute, 404, f"{uuid4()}/cobrowse") for minute in range(3)]
    har = json.dumps({"log": {"entries": entries}}).encode()
    make_user("ada")
    page = window.page
    window.sign_in("ada")
    page.get_by_text("Add a file, the response or notes").click()
    page.get_by_label("File").set_input_files({"name": "a.har", "mimeType": "application/json", "buffer": har})
    page.get_by_role("button", name="Check this file").click()
    expect(page.get_by_role("heading", name="52 calls; 12 failed, in 2 groups")).to_be_visible()
    expect(page.locator(".batch-groups tbody tr").first).to_contain_text("Proven")
    problems = look_at(window, "groups of a text")
    # The button for a single call is with that call, so it can't be taken for one of all calls.
    expect(page.get_by_role("button", name="Check in this org")).to_have_count(0)
    expect(page.get_by_role("button", name="Check only this call in this org")).to_be_hidden()
    page.get_by_text("One call at a time").click()
    expect(page.get_by_role("button", name="Check only this call in this org")).to_be_visible()
    page.get_by_label("Client", exact=True).select_option(str(demo_client.pk))
    page.get_by_role("button", name="Check 2 groups in this org").click()
    page.wait_for_url(re.compile(r"/batches/\d+/$"))
    expect(page.get_by_text("0 of 2 groups").first).to_be_visible()
    window.mark()
    for run in Run.objects.order_by("pk"):
        execute_run(run.pk)
    expect(page.get_by_role("progressbar")).to_have_count(0)
    assert window.is_marked  # updated in place
    rows = page.locator(".batch-groups tbody tr")
    assert Batch.objects.get().calls == 52
    assert [run.cause for run in Run.objects.order_by("pk")] == ["path.not_in_api", "conv.not_found"]
    for row, group in zip(rows.all(), BatchGroup.objects.all(), strict=True):
        expect(row.get_by_role("link", name=f"Run {group.run_id}")).to_be_visible()
    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert Path(download.value.path()).read_text(encoding="utf-8-sig").count("path.not_in_api") == 2
    assert TOKEN not in page.content() + str(list(BatchGroup.objects.values())) + str(list(Run.objects.values()))
    assert problems + look_at(window, "batch") == []
    assert window.complaints == []
