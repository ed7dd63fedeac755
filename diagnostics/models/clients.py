"""OAuth clients, and the token that was issued to each last."""

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from diagnostics.fields import EncryptedTextField, RedactedCharField
from diagnostics.models.people import User


class OAuthClient(models.Model):
    """A registered OAuth client of one Genesys Cloud org in one region. The secret is write-only."""

    class State(models.TextChoices):
        UNVERIFIED = "unverified", "Not verified"
        VERIFYING = "verifying", "Being verified"
        VERIFIED = "verified", "Verified"
        FAILED = "failed", "Verification failed"

    class Tier(models.TextChoices):
        """What the org is used for, as an admin says it: Genesys Cloud does not tell."""

        UNSAID = "", "Not said"
        PRODUCTION = "production", "Production"
        SANDBOX = "sandbox", "Sandbox"
        DEVELOPMENT = "development", "Development"

    class Standing(models.TextChoices):
        """Whether cobrowse could work in the org, by what was read of it last."""

        UNKNOWN = "unknown", "Not known"
        WORKS = "works", "Could work"
        BROKEN = "broken", "Cannot work"

    name = RedactedCharField(max_length=120)
    region = models.CharField(max_length=60)
    tier = models.CharField(max_length=12, choices=Tier.choices, blank=True, default=Tier.UNSAID, db_default="")
    client_id = models.CharField(max_length=120)
    secret = EncryptedTextField()
    secret_set_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=12, choices=State.choices, default=State.UNVERIFIED)
    verification = models.JSONField(default=list, blank=True)
    verification_started_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    org_id = models.CharField(max_length=64, blank=True)
    org_name = RedactedCharField(max_length=200, blank=True)
    gateway = models.BooleanField(null=True, blank=True)  # of providers, as measured
    company_gateway = models.CharField(max_length=300, blank=True, default="", db_default="")  # judges pasted URLs only
    gateway_seen_at = models.DateTimeField(null=True, blank=True)
    standing = models.CharField(
        max_length=8, choices=Standing.choices, default=Standing.UNKNOWN, db_default=Standing.UNKNOWN
    )
    standing_cause = models.CharField(
        max_length=60, blank=True, db_default=""
    )  # a code of causes, "" where nothing is wrong
    standing_reason = models.TextField(blank=True, db_default="")
    standing_since = models.DateTimeField(null=True, blank=True)
    standing_at = models.DateTimeField(null=True, blank=True)  # when it was last looked at
    next_reading_at = models.DateTimeField(null=True, blank=True, db_index=True)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="client_name_unique")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_retired(self) -> bool:
        return self.retired_at is not None


class AccessToken(models.Model):
    """The last token that was issued to a client, shared between its runs while `until` lies ahead."""

    client = models.OneToOneField(OAuthClient, on_delete=models.CASCADE, related_name="+")
    value = EncryptedTextField()
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"Token until {self.until:%Y-%m-%d %H:%M} UTC"
