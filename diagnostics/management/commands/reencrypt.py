"""Encrypt every stored secret anew with the first of FIELD_ENCRYPTION_KEYS, after a rotation."""

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

SECRETS = {"secret", "seed"}  # names within what the sign-in keeps of a second factor


class Command(ProductCommand):
    help = "Encrypt all stored secrets anew with the newest key. Old keys may be dropped afterwards."

    def handle(self, *args: Any, **options: Any) -> None:
        AccessToken.objects.all().delete()  # the next run asks for a new one, which is written with the newest key
        done = 0
        for pk in OAuthClient.objects.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=500):
            try:
                self._one(pk)
            except UnreadableSecret as trouble:
                raise _broken_off(trouble, done) from None
            done += 1
        for pk in Channel.objects.order_by("pk").values_list("pk", flat=True):
            try:
                self._channel(pk)
            except UnreadableSecret as trouble:
                raise _broken_off(trouble, done) from None
            done += 1
        for factor in Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN).order_by("pk").values_list("pk"):
            try:
                self._second_factor(*factor)
            except UnreadableSecret as trouble:
                raise _broken_off(trouble, done) from None
            done += 1
        record("secrets.reencrypted", after={"number": done})
        self.stdout.write(f"{done} secrets are now encrypted with the newest key.")

    @transaction.atomic
    def _one(self, pk: int) -> None:
        client = OAuthClient.objects.select_for_update().get(pk=pk)
        client.save(update_fields=["secret"])

    @transaction.atomic
    def _channel(self, pk: int) -> None:
        """Of alerts: the address or key it leads to, and what its messages are signed with."""
        channel = Channel.objects.select_for_update().get(pk=pk)
        channel.save(update_fields=["secret", "signing_secret"])

    @transaction.atomic
    def _second_factor(self, pk: int) -> None:
        """Of an app and of recovery codes; a passkey has no secret here."""
        adapter, factor = get_adapter(), Authenticator.objects.select_for_update().get(pk=pk)
        for name in SECRETS & factor.data.keys():
            factor.data[name] = adapter.encrypt(adapter.decrypt(factor.data[name]))
        factor.save(update_fields=["data"])


def _broken_off(trouble: UnreadableSecret, done: int) -> CommandError:
    return CommandError(f"{trouble} {done} secrets were re-encrypted before that; none is lost.")
