"""Encrypt every stored secret anew with the first of FIELD_ENCRYPTION_KEYS, after a rotation."""

from typing import Any

from django.core.management.base import CommandError
from django.db import transaction

from diagnostics.fields import UnreadableSecret
from diagnostics.management.signed import SignedCommand
from diagnostics.models import AccessToken, OAuthClient
from diagnostics.services.audit import record


class Command(SignedCommand):
    help = "Encrypt all stored secrets anew with the newest key. Old keys may be dropped afterwards."

    def handle(self, *args: Any, **options: Any) -> None:
        AccessToken.objects.all().delete()  # the next run asks for a new one, which is written with the newest key
        done = 0
        for pk in OAuthClient.objects.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=500):
            try:
                self._one(pk)
            except UnreadableSecret as trouble:
                raise CommandError(f"{trouble} {done} secrets were re-encrypted before that; none is lost.") from None
            done += 1
        record("secrets.reencrypted", after={"number": done})
        self.stdout.write(f"{done} secrets are now encrypted with the newest key.")

    @transaction.atomic
    def _one(self, pk: int) -> None:
        client = OAuthClient.objects.select_for_update().get(pk=pk)
        client.save(update_fields=["secret"])
