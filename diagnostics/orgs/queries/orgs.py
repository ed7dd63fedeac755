"""The orgs that the clients belong to."""

from diagnostics.orgs.models import OAuthClient


def orgs() -> dict[str, str]:
    """Id -> name of every org that a client is of."""
    rows = OAuthClient.objects.exclude(org_id="").order_by("pk").values_list("org_id", "org_name", "region")
    return {org: f"{name or org} ({region})" for org, name, region in rows}
