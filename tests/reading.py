"""Reads demo orgs, as the worker would."""

from datetime import timedelta

from django.utils import timezone

from diagnostics.demo.orgs import DemoOrg
from diagnostics.demo.server import Running
from diagnostics.orgs.clients import create_client
from diagnostics.orgs.models import ConfigurationSync, OAuthClient, OrgChange, Provider
from diagnostics.orgs.sync.snapshots import read_snapshot, start_snapshot


def org_of(demo: Running, key: str = "published") -> DemoOrg:
    return demo.orgs[key].orgs[0]


def gateway_client(demo: Running) -> OAuthClient:
    known = org_of(demo, "gateway").clients[0]
    return create_client(name="Gateway", region_key="demo-gateway", client_id=known.id, secret=known.secret, user=None)


def read(client: OAuthClient) -> ConfigurationSync:
    """One reading, as far as it comes in one take-up."""
    snapshot = start_snapshot(client, source=ConfigurationSync.Source.WEB, user=None)
    assert snapshot is not None
    assert read_snapshot(snapshot.pk)
    snapshot.refresh_from_db()
    return snapshot


def resumed(snapshot: ConfigurationSync) -> ConfigurationSync:
    """The same reading, taken up again once its wait is over."""
    ConfigurationSync.objects.filter(pk=snapshot.pk, state=ConfigurationSync.State.WAITING).update(
        resume_at=timezone.now() - timedelta(seconds=1)
    )
    assert read_snapshot(snapshot.pk)
    snapshot.refresh_from_db()
    return snapshot


def deployment(name: str) -> Provider:
    return Provider.objects.get(source=Provider.Source.DEPLOYMENT, name=name)


def changes_of(snapshot: ConfigurationSync) -> list[tuple[str, str, str]]:
    """Name, kind and setting of what one reading found different, but for the standing drawn from it."""
    told = OrgChange.objects.filter(snapshot=snapshot).exclude(about=OrgChange.About.STANDING).order_by("id")
    return list(told.values_list("name", "kind", "setting"))
