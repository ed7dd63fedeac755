"""`manage.py snapshot`: syncs an org, waits, and lists the changes."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from diagnostics.orgs.models import ConfigurationSync, OAuthClient
from tests.factories import make_client

pytestmark = pytest.mark.django_db(transaction=True)


def snapshot(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("snapshot", *arguments, stdout=out)
    return int(str(ended.value.code)), out.getvalue()


def test_a_complete_sync_exits_0(demo_client: OAuthClient) -> None:
    code, output = snapshot("Demo")
    assert code == 0
    assert "deployments" in output
    assert ConfigurationSync.objects.get().source == ConfigurationSync.Source.CLI


def test_json_has_parts_and_changes(demo_client: OAuthClient) -> None:
    code, output = snapshot("Demo", "--json")
    reported = json.loads(output)
    assert (code, reported["state"]) == (0, "whole")
    assert [each["part"] for each in reported["parts"]] == ["rights", "gateway", "deployments", "settings", "drafts"]


def test_an_org_that_refuses_the_client_exits_1(demo_client: OAuthClient) -> None:
    OAuthClient.objects.filter(pk=demo_client.pk).update(client_id="00000000-0000-4000-8000-000000000000")
    code, output = snapshot("Demo")
    assert code == 1
    assert "rejected the client" in output


def test_an_open_sync_is_finished(demo_client: OAuthClient) -> None:
    ConfigurationSync.objects.create(client=demo_client)
    code, _ = snapshot("Demo")
    assert (code, ConfigurationSync.objects.count()) == (0, 1)


@pytest.mark.parametrize("retired", [True, False])
def test_a_client_that_cannot_be_synced_is_bad_input(retired: bool) -> None:
    if retired:
        make_client("Gone", retired_at="2026-01-01T00:00:00Z")
    with pytest.raises(CommandError) as problem:
        call_command("snapshot", "Gone")
    assert problem.value.returncode == 2
