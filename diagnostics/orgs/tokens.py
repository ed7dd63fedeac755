"""The access token of each client, stored encrypted and shared between runs until shortly before it expires."""

from datetime import timedelta

from diagnostics.genesys.response import TokenResult
from diagnostics.orgs.models import AccessToken, OAuthClient
from diagnostics.storage.clock import DATABASE_NOW, database_now
from diagnostics.storage.model_fields import UnreadableSecret

EXPIRY_MARGIN = timedelta(minutes=5)


def stored_token(client: OAuthClient) -> str:
    """Return the client's stored token, or "" if it is missing, expired or can't be decrypted."""
    try:
        found = AccessToken.objects.filter(client=client, until__gt=DATABASE_NOW).first()
    except UnreadableSecret:
        delete_token(client)
        return ""
    return found.value if found else ""


def store_token(client: OAuthClient, token: TokenResult | None) -> None:
    """Store the token, unless the client's credentials changed since `client` was loaded."""
    if token is None or token.lifetime_s <= 2 * EXPIRY_MARGIN.total_seconds():
        return
    credentials = {"region": client.region, "client_id": client.client_id, "secret_set_at": client.secret_set_at}
    if not OAuthClient.objects.filter(pk=client.pk, retired_at=None, **credentials).exists():
        return
    until = database_now() + timedelta(seconds=token.lifetime_s) - EXPIRY_MARGIN
    AccessToken.objects.update_or_create(client=client, defaults={"value": token.value, "until": until})


def delete_token(client: OAuthClient) -> None:
    AccessToken.objects.filter(client=client).delete()
