"""One run is handed out as a page or a packet, and not at all where the scan finds something."""

import io
import logging
import zipfile

import pytest
from django.test import Client
from pytest_django import Settings

from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.models import Run
from tests.factories import make_client, make_exchange, make_finding, make_open_run, make_run

pytestmark = pytest.mark.django_db

KINDS = ("page", "packet")
WITHOUT = Inputs().to_json()


@pytest.fixture
def run() -> Run:
    run = make_run(inputs=WITHOUT)
    make_finding(run)
    make_exchange(run)
    return run


def test_the_packet_is_a_zip_to_keep(as_lead: Client, run: Run) -> None:
    answer = as_lead.get(f"/runs/{run.pk}/packet/")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/zip"
    assert (
        answer["Content-Disposition"] == f'attachment; filename="cobrowse-run-{run.pk}-{run.created_at:%Y-%m-%d}.zip"'
    )
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert len(archive.namelist()) == 5


def test_the_page_needs_nothing_else(as_lead: Client, run: Run) -> None:
    answer = as_lead.get(f"/runs/{run.pk}/page/")
    text = answer.content.decode()
    assert answer["Content-Disposition"].startswith("attachment")
    assert "default-src 'none'" in text
    assert not any(word in text for word in ("<script", "<link", "<img", " src=", "@import", "url("))
    assert run.verdict["sentence"] in text


def test_text_from_an_org_is_never_markup(as_admin: Client) -> None:
    run = make_run(make_client(org_name="</title><script>1</script>"), inputs=WITHOUT)
    make_finding(run, sentence="<script>1</script>", evidence={"<b>": "</style><script>1</script>"})
    make_exchange(run, body='"><script>1</script>', url="https://x.invalid/<script>1</script>")
    assert "<script" not in as_admin.get(f"/runs/{run.pk}/page/").content.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_a_leak_blocks_the_export_and_file_and_kind_are_reported(
    kind: str, as_admin: Client, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    make_finding(run, "oauth.token", sentence=f"It said {run.client.secret}.")
    answer = as_admin.get(f"/runs/{run.pk}/{kind}/")
    assert answer.status_code == 409
    assert "client secret in run.html" in answer.content.decode()
    assert run.client.secret not in answer.content.decode() + caplog.text


@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_that_does_not_open_refuses(kind: str, as_admin: Client, run: Run, settings: Settings) -> None:
    settings.FIELD_ENCRYPTION_KEYS = ["ZmRlZmdoaWprbG1ub3BxcnN0dXZ3eHl6MDEyMzQ1Njc="]
    assert as_admin.get(f"/runs/{run.pk}/{kind}/").status_code == 409


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_is_still_going_waits(kind: str, as_admin: Client) -> None:
    assert as_admin.get(f"/runs/{make_open_run(inputs=WITHOUT).pk}/{kind}/").status_code == 409


def test_who_took_it_is_written_down(as_lead: Client, run: Run, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "diagnostics.audit"):
        as_lead.get(f"/runs/{run.pk}/packet/")
    assert f"run {run.pk} was exported to tess" in caplog.text


@pytest.mark.parametrize("kind", KINDS)
def test_who_may(kind: str, as_lead: Client, run: Run) -> None:
    assert as_lead.get(f"/runs/{run.pk}/{kind}/").status_code == 200
    assert as_lead.post(f"/runs/{run.pk}/{kind}/").status_code == 405
    assert as_lead.get(f"/runs/999999/{kind}/").status_code == 404
    assert Client().get(f"/runs/{run.pk}/{kind}/").status_code == 302
