"""`manage.py client`: register, verify, list."""

import io
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from diagnostics.demo import server
from diagnostics.demo.scenarios import scenario
from diagnostics.management.commands.client import SECRET_VARIABLE
from diagnostics.orgs.models import OAuthClient
from tests.factories import make_client

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def demo(settings: Settings) -> Iterator[server.Running]:
    running = server.start()
    settings.GENESYS_ENDPOINTS = running.endpoints
    yield running
    running.stop()


def add(name: str, region: str, client_id: str) -> tuple[int, str]:
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("client", "add", name, "--region", region, "--client-id", client_id, stdout=out)
    return int(str(ended.value.code)), out.getvalue()


def test_a_client_is_added_and_verified(demo: server.Running, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = scenario("healthy-web").client
    known = next(each for each in demo.orgs["published"].orgs[0].clients if each.name == wanted)
    monkeypatch.setenv(SECRET_VARIABLE, known.secret)
    code, output = add("Mine", "demo-published", known.id)
    assert (code, OAuthClient.objects.get().state) == (0, "verified")
    assert known.secret not in output


def test_a_client_that_fails_verification_is_stored_and_exits_4(
    demo: server.Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("wrong-secret\n"))
    monkeypatch.delenv(SECRET_VARIABLE, raising=False)
    code, output = add("Mine", "demo-published", "unknown-id")
    client = OAuthClient.objects.get()
    assert (code, client.state, client.secret) == (4, "failed", "wrong-secret")
    assert "wrong-secret" not in output


@pytest.mark.parametrize(
    ("name", "region", "client_id", "secret"),
    [
        ("Mine", "atlantis-1", "id", "s"),
        ("Mine", "eu-west-1", "id", ""),
        ("Mine", "eu-west-1", "two words", "s"),
        ("Mine", "eu-west-1", "", "s"),
        (" ", "eu-west-1", "id", "s"),
        ("x" * 121, "eu-west-1", "id", "s"),
        ("nul\x00", "eu-west-1", "id", "s"),
        ("TAKEN", "eu-west-1", "id", "s"),
    ],
)
def test_bad_input_exits_2_and_keeps_nothing(
    name: str, region: str, client_id: str, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_client("Taken")
    monkeypatch.delenv(SECRET_VARIABLE, raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO(secret))
    with pytest.raises(CommandError) as refused:
        call_command("client", "add", name, "--region", region, "--client-id", client_id)
    assert refused.value.returncode == 2
    assert OAuthClient.objects.count() == 1


def test_an_unknown_region_shows_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="eu-west-1"):
        call_command("client", "add", "Mine", "--region", "eu-west-l", "--client-id", "id")


def test_the_tier_is_set_when_adding_and_changed_later(demo: server.Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_VARIABLE, "s")
    with pytest.raises(SystemExit):
        call_command(
            "client", "add", "Mine", "--region", "demo-published", "--client-id", "x", "--environment", "production"
        )
    assert OAuthClient.objects.get().environment == "production"
    call_command("client", "edit", "mine", "--environment", "sandbox", stdout=io.StringIO())
    assert OAuthClient.objects.get().environment == "sandbox"
    call_command("client", "edit", "Mine", "--environment", "unset", stdout=io.StringIO())
    assert (OAuthClient.objects.get().environment, OAuthClient.objects.get().client_id) == ("", "x")


def test_an_unknown_tier_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    make_client("Mine")
    with pytest.raises(CommandError, match="environment"):
        call_command("client", "edit", "Mine", "--environment", "staging")


def test_list_shows_no_secret() -> None:
    make_client("Acme", secret="hush-hush")
    out = io.StringIO()
    call_command("client", "list", stdout=out)
    assert "Acme" in out.getvalue()
    assert "hush" not in out.getvalue()


def test_a_company_gateway_is_set_and_removed() -> None:
    client = make_client("Mine", environment="sandbox")
    out = io.StringIO()
    call_command("client", "edit", "Mine", "--gateway", "https://GW.example.com/genesys/", stdout=out)
    client.refresh_from_db()
    assert (client.company_gateway, client.environment) == ("https://gw.example.com/genesys", "sandbox")
    call_command("client", "edit", "Mine", "--gateway", "none", stdout=out)
    client.refresh_from_db()
    assert client.company_gateway == ""


@pytest.mark.parametrize(
    "options", [(), ("--gateway", "http://gw.example.com"), ("--gateway", "https://u:p@gw.example")]
)
def test_an_edit_of_nothing_and_a_bad_gateway_are_bad_input(options: tuple[str, ...]) -> None:
    client = make_client("Mine")
    with pytest.raises(CommandError) as refused:
        call_command("client", "edit", "Mine", *options)
    client.refresh_from_db()
    assert (refused.value.returncode, client.company_gateway) == (2, "")
