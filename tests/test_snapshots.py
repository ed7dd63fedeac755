"""Readings of an org: what they keep, what they call a change, and how they end."""

import pytest

from diagnostics import services
from diagnostics.models import Holding, OAuthClient, OrgChange, Provider, Snapshot

pytestmark = pytest.mark.django_db(transaction=True)


def read(client: OAuthClient) -> Snapshot:
    """One reading, as far as it comes in one take-up."""
    snapshot = services.start_snapshot(client, source="web", user=None)
    assert snapshot is not None
    services.read_snapshot(snapshot.pk)
    snapshot.refresh_from_db()
    return snapshot


def test_a_reading_tells_deployments_rights_and_drafts(demo_client: OAuthClient) -> None:
    snapshot = read(demo_client)
    assert snapshot.state == Snapshot.State.WHOLE, snapshot.parts
    assert [each["part"] for each in snapshot.parts] == ["rights", "gateway", "deployments", "settings", "drafts"]
    states = dict(Provider.objects.filter(client=demo_client).values_list("name", "state"))
    assert states["Website"] == "on"
    assert states["Careers page"] == "off"
    assert states["Old shop"] == "inactive"
    assert snapshot.rights["catalogue"]["conversation:cobrowse:add"] is True
    assert Holding.objects.filter(client=demo_client, permission="conversation:cobrowse:add").count() == 2


def test_the_first_reading_calls_nothing_a_change(demo_client: OAuthClient) -> None:
    read(demo_client)
    assert not OrgChange.objects.exclude(about=OrgChange.About.STANDING).exists()
