"""Unattended: a schedule is made, the org breaks, people and programs are told, it is mended, and they are told of that."""

from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage

import pytest
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks.webhooks import Webhook

from diagnostics.demo.scenarios import scenario
from diagnostics.demo.server import Running
from diagnostics.monitoring.deliveries import deliver, due_deliveries
from diagnostics.monitoring.models import Schedule
from diagnostics.monitoring.schedules import claim_due_schedules
from diagnostics.orgs.clients import create_client
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.execute import execute_run
from diagnostics.runs.models import Run
from tests.browser.conftest import Visit
from tests.builders.receivers import MailServer, Receiver, http_receiver, mail_server
from tests.factories import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def mails(settings: Settings) -> Iterator[MailServer]:
    with mail_server() as running:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        settings.DEFAULT_FROM_EMAIL = "doctor@example.com"
        yield running


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    """On this very machine, which only the operator's setting allows."""
    with http_receiver() as running:
        settings.ALERT_ALLOWED_HOSTS = [running.host]
        yield running


@pytest.fixture
def acme(demo: Running) -> OAuthClient:
    known = next(each for each in demo.orgs["published"].orgs[0].clients if each.name == scenario("healthy-web").client)
    client = create_client(name="Acme", region_key="demo-published", client_id=known.id, secret=known.secret, user=None)
    OAuthClient.objects.filter(pk=client.pk).update(state=OAuthClient.State.VERIFIED)
    return client


def test_an_incident_is_noticed_and_its_start_and_end_are_announced(
    window: Visit, demo: Running, acme: OAuthClient, mails: MailServer, receiver: Receiver
) -> None:
    make_user("ada")
    window.sign_in("ada")
    signing_secret = add_channels(window, receiver)
    add_rule(window)
    add_schedule(window)
    assert [tick().cause for _ in range(2)] == ["none", "none"]
    assert mails.received == []

    grants = give(demo, acme, ())
    broken = [tick() for _ in range(2)]
    assert broken[0].cause not in ("", "none", "undetermined")
    send()
    check_reported(window, mails.received[-1], receiver, signing_secret, broken[1])

    tick()
    send()
    assert (len(mails.received), len(receiver.received)) == (1, 1)  # each cause is told once

    give(demo, acme, grants)
    assert [tick().cause for _ in range(2)] == ["none", "none"]
    send()
    check_ended(window, mails.received[-1], receiver, signing_secret)
    assert window.complaints == []


def open_monitoring(window: Visit, tab: str, button: str) -> None:
    """As a person finds it: the menu, the tab, the button."""
    main = window.page.get_by_role("main")
    window.page.get_by_role("navigation", name="Main").get_by_role("link", name="Monitoring").click()
    main.get_by_role("link", name=tab, exact=True).click()
    main.get_by_role("link", name=button).click()


def add_channels(window: Visit, receiver: Receiver) -> str:
    """By the pages; each is tested there. Returns the webhook's signing secret, as it was shown this once."""
    page = window.page
    open_monitoring(window, "Channels", "Add a channel")
    page.get_by_role("link", name="Email").click()
    page.get_by_label("Name").fill("Operations by mail")
    page.get_by_label("To").fill("ops@example.com")
    page.get_by_role("button", name="Add channel").click()
    page.get_by_role("heading", level=1, name="Operations by mail").wait_for()
    window.open("/monitoring/channels/add/?kind=webhook")
    page.get_by_label("Name").fill("Operations program")
    page.get_by_label("URL").fill(receiver.url)
    page.get_by_role("button", name="Add channel").click()
    secret = page.locator("#signing-secret").inner_text()
    page.get_by_role("button", name="Send a test").click()
    page.get_by_role("heading", level=1, name="Test of Operations program").wait_for()
    send()
    page.get_by_text("Response 200").wait_for()  # the page asks by itself until the end
    assert Webhook(secret).verify(receiver.received[0].body, receiver.received[0].headers)["type"] == "test"
    receiver.received.clear()
    return secret


def add_rule(window: Visit) -> None:
    page = window.page
    open_monitoring(window, "Alert rules", "Add a rule")
    page.get_by_label("Name").fill("Everything")
    page.get_by_label("Operations by mail").check()
    page.get_by_label("Operations program").check()
    page.get_by_role("button", name="Add rule").click()
    page.get_by_role("link", name="Everything").wait_for()


def add_schedule(window: Visit) -> None:
    page = window.page
    open_monitoring(window, "Schedules", "Add a schedule")
    page.get_by_label("Name").fill("Acme every five minutes")
    page.get_by_label("Client").select_option(label="Acme")
    page.get_by_label("Minutes", exact=True).fill("5")
    page.get_by_role("button", name="Add schedule").click()
    page.get_by_role("heading", level=1, name="Acme every five minutes").wait_for()


def tick() -> Run:
    """What the clock and a worker do once the schedule is due."""
    now = timezone.now()
    Schedule.objects.update(due_at=now, next_run_at=now - timedelta(seconds=1))
    (pk,) = claim_due_schedules()
    execute_run(pk)
    run = Run.objects.get(pk=pk)
    assert (run.status, run.source) == (Run.Status.FINISHED, Run.Source.SCHEDULE)
    return run


def send() -> None:
    for pk in due_deliveries():
        deliver(pk)


def give(demo: Running, client: OAuthClient, grants: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The roles that the org gives to the client from now on; returns those it had."""
    (org,) = (each for each in demo.orgs["published"].orgs if each.client(client.client_id))
    return org.update_client(client.client_id, grants=grants).grants


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(["plain"])
    assert part is not None
    return str(part.get_content())


def check_reported(window: Visit, mail: EmailMessage, receiver: Receiver, secret: str, run: Run) -> None:
    """The mail, the signed message, and the page that both lead to."""
    assert mail["To"] == "ops@example.com"
    assert mail["Subject"].startswith("Failing: Acme")
    assert "conversation:cobrowse:add" in text_of(mail) or run.cause in text_of(mail)
    got = receiver.received[-1]
    payload = Webhook(secret).verify(got.body, got.headers)
    assert (payload["type"], payload["data"]["cause"], payload["data"]["run"]) == ("incident.opened", run.cause, run.pk)
    window.open(f"/incidents/{payload['data']['incident']}/")  # leads to the issue
    window.page.get_by_text("Operations by mail").wait_for()
    assert window.page.get_by_text("Delivered", exact=True).count() == 2


def check_ended(window: Visit, mail: EmailMessage, receiver: Receiver, secret: str) -> None:
    assert mail["Subject"].startswith("Resolved: Acme")
    assert "Resolved after" in text_of(mail)
    assert "What changed:" in text_of(mail)
    got = receiver.received[-1]
    payload = Webhook(secret).verify(got.body, got.headers)
    assert payload["type"] == "incident.recovered"
    assert payload["data"]["changes"]
    window.open(f"/incidents/{payload['data']['incident']}/")
    window.page.get_by_text("When it was fixed:").first.wait_for()
    window.page.locator("#verdict-head").wait_for()
