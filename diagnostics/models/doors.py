"""Doors for other programs: API tokens, the keys of requests that may be sent twice, and status badges."""

from django.db import models
from django.utils import timezone

from diagnostics.fields import RedactedCharField
from diagnostics.models.clients import OAuthClient
from diagnostics.models.people import User
from diagnostics.models.runs import Run


class ApiToken(models.Model):
    """A token of a person. Only a hash of it is stored; `prefix` is its visible beginning, by which it is found."""

    class Scope(models.TextChoices):
        READ = "read", "Read"
        RUN = "run", "Read and run"

    name = RedactedCharField(max_length=120)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    prefix = models.CharField(max_length=16, unique=True)
    hash = models.CharField(max_length=64)
    scope = models.CharField(max_length=4, choices=Scope.choices, default=Scope.READ)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    # The minute, counted from 1970, in which it was used last, and how often in that minute.
    minute = models.BigIntegerField(default=0, db_default=0)
    calls = models.PositiveIntegerField(default=0, db_default=0)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_good(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()


class IdempotencyKey(models.Model):
    """A request that was answered: the same key with the same request gets the same run, never a second one."""

    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_time")]

    def __str__(self) -> str:
        return self.key


class Badge(models.Model):
    """A public picture of how one client stands, at an address that cannot be guessed."""

    client = models.OneToOneField(OAuthClient, on_delete=models.CASCADE, related_name="badge")
    key = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Badge of {self.client_id}"
