"""Re-encrypts all stored secrets with the first of FIELD_ENCRYPTION_KEYS, after a key rotation."""

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.core.management.base import CommandError
from django.db import transaction

from diagnostics.accounts.audit import record
from diagnostics.management.base import ProductCommand
from diagnostics.monitoring.models import Channel
from diagnostics.orgs.models import AccessToken, OAuthClient
from diagnostics.storage.model_fields import UnreadableSecret

SECRET_KEYS = {"secret", "seed"}  # in the data of allauth's Authenticator


class Command(ProductCommand):
    help = "Encrypt all stored secrets with the newest key. Older keys can then be removed."

    def handle(self, *args: Any, **options: Any) -> None:
        AccessToken.objects.all().delete()  # the next run requests a new one
        done = 0
        rows = (
            (_reencrypt_client, OAuthClient.objects.all()),
            (_reencrypt_channel, Channel.objects.all()),
            # A passkey has no secret.
            (_reencrypt_second_factor, Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN)),
        )
        for reencrypt, queryset in rows:
            for pk in queryset.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=500):
                try:
                    with transaction.atomic():
                        reencrypt(pk)
                except UnreadableSecret as error:
                    message = f"{error} {done} secrets were encrypted before that. None is lost."
                    raise CommandError(message) from None
                done += 1
        record("secrets.reencrypted", after={"number": done})
        self.stdout.write(f"{done} secrets are now encrypted with the newest key.")


def _reencrypt_client(pk: int) -> None:
    client = OAuthClient.objects.select_for_update().get(pk=pk)
    client.save(update_fields=["secret"])


def _reencrypt_channel(pk: int) -> None:
    channel = Channel.objects.select_for_update().get(pk=pk)
    channel.save(update_fields=["secret", "signing_secret"])


def _reencrypt_second_factor(pk: int) -> None:
    adapter, factor = get_adapter(), Authenticator.objects.select_for_update().get(pk=pk)
    for name in SECRET_KEYS & factor.data.keys():
        factor.data[name] = adapter.encrypt(adapter.decrypt(factor.data[name]))
    factor.save(update_fields=["data"])
