"""One token per client, shared between its runs until shortly before it expires. Encrypted wherever it rests."""

from datetime import timedelta

from django.utils import timezone

from diagnostics.genesys.response import TokenResult
from diagnostics.orgs.models import AccessToken, OAuthClient
from diagnostics.storage.model_fields import UnreadableSecret

MARGIN = timedelta(minutes=5)


def stored_token(client: OAuthClient) -> str:
    """The client's kept token while it is good, "" otherwise. One that opens with no key is as good as none."""
    try:
        found = AccessToken.objects.filter(client=client, until__gt=timezone.now()).first()
    except UnreadableSecret:
        forget_token(client)
        return ""
    return found.value if found else ""


def remember_token(client: OAuthClient, token: TokenResult | None) -> None:
    """Keep a token that was issued to this client, as it was when the run began."""
    if token is None or token.lifetime_s <= 2 * MARGIN.total_seconds():
        return
    told = {"region": client.region, "client_id": client.client_id, "secret_set_at": client.secret_set_at}
    if not OAuthClient.objects.filter(pk=client.pk, retired_at=None, **told).exists():
        return
    until = timezone.now() + timedelta(seconds=token.lifetime_s) - MARGIN
    AccessToken.objects.update_or_create(client=client, defaults={"value": token.value, "until": until})


def forget_token(client: OAuthClient) -> None:
    AccessToken.objects.filter(client=client).delete()
