"""Syncs the configuration of demo orgs, as the worker does."""

from datetime import timedelta

from django.utils import timezone

from diagnostics.demo.orgs import DemoOrg
from diagnostics.demo.server import Running
from diagnostics.orgs.clients import create_client
from diagnostics.orgs.models import ClientRateLimit, ConfigurationSync, OAuthClient, OrgChange, Provider
from diagnostics.orgs.sync.lifecycle import run_sync, start_sync


def demo_org(demo: Running, key: str = "published") -> DemoOrg:
    return demo.orgs[key].orgs[0]


def gateway_client(demo: Running) -> OAuthClient:
    demo_client = demo_org(demo, "gateway").clients[0]
    return create_client(
        name="Gateway", region_key="demo-gateway", client_id=demo_client.id, secret=demo_client.secret, user=None
    )


def sync(client: OAuthClient) -> ConfigurationSync:
    """Start a sync and run it until it finishes or waits."""
    snapshot = start_sync(client, source=ConfigurationSync.Source.WEB, user=None)
    assert snapshot is not None
    assert run_sync(snapshot.pk)
    snapshot.refresh_from_db()
    return snapshot


def resume_sync(snapshot: ConfigurationSync) -> ConfigurationSync:
    """Continue a waiting sync as if its wait were over."""
    ConfigurationSync.objects.filter(pk=snapshot.pk, state=ConfigurationSync.State.WAITING).update(
        resume_at=timezone.now() - timedelta(seconds=1)
    )
    ClientRateLimit.objects.all().delete()
    assert run_sync(snapshot.pk)
    snapshot.refresh_from_db()
    return snapshot


def deployment(name: str) -> Provider:
    return Provider.objects.get(source=Provider.Source.DEPLOYMENT, name=name)


def changes_of(snapshot: ConfigurationSync) -> list[tuple[str, str, str]]:
    """Name, kind and setting of each change that a sync found, except changes of the org's status."""
    changes = OrgChange.objects.filter(sync=snapshot).exclude(about=OrgChange.About.STATUS).order_by("id")
    return list(changes.values_list("name", "kind", "setting"))
