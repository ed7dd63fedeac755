"""Prepares a stored run for export, and lists the values that must not be in it."""

from django.conf import settings
from django.utils import timezone

from diagnostics.orgs.models import AccessToken, ConfigurationSync, OAuthClient
from diagnostics.runs.export.packet import Packet, make_packet, make_page
from diagnostics.runs.export.pseudonyms import Pseudonyms, derived_key
from diagnostics.runs.export.redacted import ExportedOrg, RedactedRun, redact_run
from diagnostics.runs.models import Run
from diagnostics.web.regions import region_name


def redacted_run(run: Run) -> RedactedRun:
    """Pseudonyms use the newest key, so that equal values are equal in all packets."""
    target = run.inputs.get("target") or {}
    return redact_run(
        run,
        list(run.findings.order_by("position")),
        [exchange.value() for exchange in run.exchanges.order_by("position")],
        org=_org_of(run),
        region_name=region_name(target.get("region", run.client.region)),
        pseudonyms=Pseudonyms(derived_key(settings.FIELD_ENCRYPTION_KEYS[0])),
        made_at=timezone.now(),
    )


def packet_of(redacted: RedactedRun, version: str) -> Packet:
    """Raises LeakFound, and UnreadableSecret if the scan cannot know what to look for."""
    return make_packet(redacted, forbidden_values(redacted.run), version)


def page_of(redacted: RedactedRun, version: str) -> str:
    """Raises the same as packet_of."""
    return make_page(redacted, forbidden_values(redacted.run), version)


def forbidden_values(run: Run) -> dict[str, str]:
    """Value -> its kind. Decrypts the client's secret and its kept token, only for the scan."""
    client = OAuthClient.objects.get(pk=run.client_id)
    tokens = AccessToken.objects.filter(client=client).values_list("value", flat=True)
    client_id_at_run = str((run.inputs.get("target") or {}).get("client_id") or "")
    known = {client.secret: "client secret", **dict.fromkeys(tokens, "access token")}
    known |= dict.fromkeys((client.client_id, client_id_at_run), "id of the OAuth client")
    return {value: kind for value, kind in known.items() if value}


def _org_of(run: Run) -> ExportedOrg:
    """The org as the run read it, otherwise as last verified; the short name as last synced."""
    org = run.environment.get("org") or {}
    org_id = org.get("id") or run.client.org_id
    syncs = ConfigurationSync.objects.filter(client_id=run.client_id, permissions__org__id=org_id).order_by("-id")
    rights = syncs.values_list("permissions", flat=True).first() or {}
    return ExportedOrg(
        org_id, org.get("name") or run.client.org_name, (rights.get("org") or {}).get("short_name") or ""
    )
