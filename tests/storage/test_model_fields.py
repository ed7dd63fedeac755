"""The encrypted column: it rotates, fails loudly on a wrong key, and allows no look-up."""

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import FieldError
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from diagnostics.monitoring.models import Channel
from diagnostics.orgs.models import OAuthClient
from diagnostics.storage.model_fields import UnreadableSecret
from tests.factories import make_channel, make_client

pytestmark = pytest.mark.django_db


def stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM diagnostics_oauthclient")
        return str(cursor.fetchone()[0])


def test_an_older_key_still_opens_and_reencrypt_moves_to_the_newest(settings: Settings) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [old]
    client = make_client(secret="the-secret")
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    assert OAuthClient.objects.get(pk=client.pk).secret == "the-secret"
    call_command("reencrypt", verbosity=0)
    settings.FIELD_ENCRYPTION_KEYS = [new]
    assert OAuthClient.objects.get(pk=client.pk).secret == "the-secret"


def test_reencrypt_takes_the_secrets_of_channels_along(settings: Settings) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [old]
    channel = make_channel()
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    call_command("reencrypt", verbosity=0)
    settings.FIELD_ENCRYPTION_KEYS = [new]
    again = Channel.objects.get(pk=channel.pk)
    assert (again.secret, again.signing_secret) == (channel.secret, channel.signing_secret)


def test_a_wrong_key_fails_loudly(settings: Settings) -> None:
    client = make_client()
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(UnreadableSecret, match="FIELD_ENCRYPTION_KEYS"):
        OAuthClient.objects.get(pk=client.pk)
    with pytest.raises(CommandError, match="None is lost"):
        call_command("reencrypt")


def test_the_same_secret_rests_differently_each_time() -> None:
    client = make_client(secret="the-secret")
    before = stored()
    client.save()
    assert stored() != before


def test_no_look_up_but_isnull_is_allowed() -> None:
    make_client(secret="the-secret")
    with pytest.raises(FieldError):
        OAuthClient.objects.filter(secret="the-secret").exists()
    assert OAuthClient.objects.filter(secret__isnull=False).count() == 1
