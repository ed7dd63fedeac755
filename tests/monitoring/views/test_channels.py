"""Channels: adding one of each kind, what its page never shows, testing, deleting."""

import pytest
from django.test import Client
from pytest_django import Settings

from diagnostics.accounts.models import AuditEntry
from diagnostics.monitoring.models import Channel, Delivery
from tests.factories import make_channel

pytestmark = pytest.mark.django_db

HOOK = "https://hooks.allowed.example/services/T0SECRET"


@pytest.fixture(autouse=True)
def allowed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """One host that resolves to a public address, whatever network the tests run in."""
    monkeypatch.setattr("diagnostics.monitoring.outgoing.resolve_checked", lambda place, hosts=(): "192.0.2.1")


@pytest.mark.parametrize(
    ("kind", "given", "shown"),
    [
        ("email", {"to": "ann@example.com,ops@example.com , ann@example.com"}, "ann@example.com, ops@example.com"),
        ("slack", {"url": HOOK}, "hooks.allowed.example"),
        ("teams", {"url": f"{HOOK}?sig=abc"}, "hooks.allowed.example"),
        ("webhook", {"url": HOOK}, "hooks.allowed.example"),
        ("pagerduty", {"region": "eu", "key": "a" * 32}, "https://events.eu.pagerduty.com/v2/enqueue"),
    ],
)
def test_a_channel_of_each_kind(as_admin: Client, kind: str, given: dict[str, str], shown: str) -> None:
    answer = as_admin.post(f"/monitoring/channels/add/?kind={kind}", {"name": "Ops", **given})
    channel = Channel.objects.get()
    assert (channel.kind, channel.address, channel.state) == (kind, shown, "untried")
    assert answer.status_code == (200 if kind == "webhook" else 302)
    page = as_admin.get(f"/monitoring/channels/{channel.pk}/").content.decode()
    assert "T0SECRET" not in page
    assert "a" * 32 not in page
    assert AuditEntry.objects.filter(action="channel.added").count() == 1
    assert "T0SECRET" not in str(AuditEntry.objects.values_list("after", flat=True)[0])


def test_a_signing_secret_is_shown_once(as_admin: Client) -> None:
    answer = as_admin.post("/monitoring/channels/add/?kind=webhook", {"name": "Ops", "url": HOOK})
    channel = Channel.objects.get()
    assert channel.signing_secret.startswith("whsec_")
    assert channel.signing_secret in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    for place in ("/monitoring/channels/", f"/monitoring/channels/{channel.pk}/"):
        assert channel.signing_secret not in as_admin.get(place).content.decode()


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("email", {"to": "nobody"}),
        ("email", {"to": "a@b.example\r\nBcc: c@d.example"}),
        ("email", {"to": ", ".join(f"a{place}@b.example" for place in range(21))}),
        ("slack", {"url": "http://hooks.allowed.example/x"}),
        ("slack", {"url": "https://me:secret@hooks.allowed.example/x"}),
        ("webhook", {"url": "javascript:alert(1)"}),
        ("webhook", {"url": ""}),
        ("pagerduty", {"region": "eu", "key": "short"}),
        ("pagerduty", {"region": "moon", "key": "a" * 32}),
        ("slack", {"url": "https://hooks.allowed.example/" + "x" * 100_000}),
    ],
)
def test_what_can_not_be_a_channel_is_refused(as_admin: Client, kind: str, given: dict[str, str]) -> None:
    answer = as_admin.post(f"/monitoring/channels/add/?kind={kind}", {"name": "Ops", **given})
    assert (answer.status_code, Channel.objects.count()) == (200, 0)
    assert "Not saved" in answer.content.decode()


@pytest.mark.parametrize("url", ["https://127.0.0.1/x", "https://[::1]/x", "https://169.254.169.254/latest/meta-data"])
def test_a_private_address_is_refused_by_the_form_already(
    as_admin: Client, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    as_admin.post("/monitoring/channels/add/?kind=webhook", {"name": "Ops", "url": url})
    assert not Channel.objects.exists()


def test_a_name_can_be_used_once(as_admin: Client) -> None:
    make_channel("Ops")
    answer = as_admin.post("/monitoring/channels/add/?kind=email", {"name": "OPS", "to": "a@b.example"})
    assert "has this name" in answer.content.decode()


def test_fields_that_nobody_asked_for_change_nothing(as_admin: Client) -> None:
    more = {"state": "works", "failures": "-1", "secret": "x", "signing_secret": "x", "created_by": "1"}
    as_admin.post("/monitoring/channels/add/?kind=email", {"name": "Ops", "to": "a@b.example", **more})
    channel = Channel.objects.get()
    assert (channel.state, channel.secret, channel.signing_secret) == ("untried", "", "")


def test_a_test_message_is_queued_and_its_page_is_shown(as_admin: Client, sent_tasks: list[tuple[str, int]]) -> None:
    channel = make_channel()
    answer = as_admin.post(f"/monitoring/channels/{channel.pk}/test/")
    delivery = Delivery.objects.get()
    assert answer.headers["Location"] == f"/monitoring/deliveries/{delivery.pk}/"
    assert sent_tasks == [("deliver", delivery.pk)]
    assert f"/monitoring/deliveries/{delivery.pk}/state/" in as_admin.get(answer.headers["Location"]).content.decode()


def test_deleting_asks_first(as_admin: Client) -> None:
    channel = make_channel()
    assert as_admin.get(f"/monitoring/channels/{channel.pk}/delete/").status_code == 200
    assert Channel.objects.exists()
    as_admin.post(f"/monitoring/channels/{channel.pk}/delete/")
    assert not Channel.objects.exists()


def test_disabled_channel_is_reported_on_every_monitoring_page(as_admin: Client) -> None:
    channel = make_channel("Night shift", state="disabled", failures=3)
    for place in ("/monitoring/alert-rules/", "/monitoring/deliveries/"):
        assert "Night shift" in as_admin.get(place).content.decode()
    assert "Disabled" in as_admin.get(f"/monitoring/channels/{channel.pk}/").content.decode()
