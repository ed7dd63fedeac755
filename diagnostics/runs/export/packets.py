"""One run made ready to leave the house, and what must not leave with it."""

from django.conf import settings
from django.utils import timezone

from diagnostics.orgs.models import AccessToken, ConfigurationSync, OAuthClient
from diagnostics.runs.export.packet import Packet, make_packet, make_page
from diagnostics.runs.export.pseudonyms import Pseudonyms, derived_key
from diagnostics.runs.export.redacted import ExportedOrg, RedactedRun, redact_run
from diagnostics.runs.models import Run
from diagnostics.web.regions import region_name


def redacted_run(run: Run) -> RedactedRun:
    """Hidden for the outside with the newest key, so that equal values are equal in every packet."""
    target = run.inputs.get("target") or {}
    return redact_run(
        run,
        list(run.findings.order_by("position")),
        [each.value() for each in run.exchanges.order_by("position")],
        org=_org_of(run),
        region_name=region_name(target.get("region", run.client.region)),
        stand_ins=Pseudonyms(derived_key(settings.FIELD_ENCRYPTION_KEYS[0])),
        made_at=timezone.now(),
    )


def packet_of(told: RedactedRun, version: str) -> Packet:
    """Raises Leaky, and UnreadableSecret where the scan would not know what to look for."""
    return make_packet(told, must_not_leave(told.run), version)


def page_of(told: RedactedRun, version: str) -> str:
    """Raises as packet_of."""
    return make_page(told, must_not_leave(told.run), version)


def must_not_leave(run: Run) -> dict[str, str]:
    """Value -> what it is. Decrypts the client's secret and its kept token, for the scan alone."""
    client = OAuthClient.objects.get(pk=run.client_id)
    tokens = AccessToken.objects.filter(client=client).values_list("value", flat=True)
    then = str((run.inputs.get("target") or {}).get("client_id") or "")
    known = {client.secret: "client secret", **dict.fromkeys(tokens, "access token")}
    known |= dict.fromkeys((client.client_id, then), "id of the OAuth client")
    return {value: kind for value, kind in known.items() if value}


def _org_of(run: Run) -> ExportedOrg:
    """As the run itself saw it, else as the client was last verified; the short name as last read."""
    seen = run.environment.get("org") or {}
    id = seen.get("id") or run.client.org_id
    read = ConfigurationSync.objects.filter(client_id=run.client_id, rights__org__id=id).order_by("-id")
    rights = read.values_list("rights", flat=True).first() or {}
    return ExportedOrg(id, seen.get("name") or run.client.org_name, (rights.get("org") or {}).get("short_name") or "")
