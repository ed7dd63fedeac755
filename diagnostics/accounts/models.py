"""People with an account, what they did, and the tokens of their programs."""

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from diagnostics.storage.model_fields import RedactedCharField


class User(AbstractUser):
    """A person. Admins may do everything; the other roles say what else than reading is allowed.

    Who `is_limited` sees only clients of the orgs in `only_orgs`, by their ids, and clients they registered themselves.
    """

    class Role(models.TextChoices):
        ADMIN = "admin", "Admin"
        OPERATOR = "operator", "Operator"
        TEAM_LEAD = "team_lead", "Team lead"
        AUDITOR = "auditor", "Auditor"

    role = models.CharField(max_length=20, choices=Role.choices, default=Role.TEAM_LEAD)
    is_limited = models.BooleanField(default=False, db_default=False)
    only_orgs = ArrayField(models.CharField(max_length=64), default=list, blank=True, db_default=[])

    @property
    def is_admin(self) -> bool:
        return self.is_active and self.role == self.Role.ADMIN

    @property
    def may_run(self) -> bool:
        """Diagnose, repeat, watch, read an org anew: what asks an org, and changes nothing of who may ask it."""
        return self.is_active and self.role in (self.Role.ADMIN, self.Role.OPERATOR)

    @property
    def may_note(self) -> bool:
        return self.is_active and self.role in (self.Role.ADMIN, self.Role.TEAM_LEAD)

    @property
    def may_audit(self) -> bool:
        return self.is_active and self.role in (self.Role.ADMIN, self.Role.AUDITOR)

    @property
    def sees_all(self) -> bool:
        """Admins are never limited: they could lift any limit themselves."""
        return not self.is_limited or self.role == self.Role.ADMIN

    @property
    def orgs_in_sight(self) -> list[str]:
        """A client whose org is not known has an empty id, which is no org that anybody could be given."""
        return [org for org in self.only_orgs if org]


class AuditEntry(models.Model):
    """One act. People and things are kept by name, so that an entry says the same when they are gone."""

    at = models.DateTimeField(default=timezone.now)
    actor_id = models.BigIntegerField(
        null=True, blank=True
    )  # no foreign key: nothing may change a row, not even a deletion elsewhere
    actor = models.CharField(max_length=150, blank=True)  # "" where the product acted by itself
    by = models.CharField(max_length=20, blank=True)  # web, api, cli, system
    action = models.CharField(max_length=60)  # noun and verb, such as client.added
    thing = models.CharField(max_length=40, blank=True)
    thing_id = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=300, blank=True)
    client_id = models.BigIntegerField(null=True, blank=True)  # whose org it is about
    address = models.GenericIPAddressField(null=True, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["at"], name="audit_time"),
            models.Index(fields=["action", "-id"], name="audit_action_recent"),
            models.Index(fields=["actor", "-id"], name="audit_actor_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.actor or 'The product'}: {self.action} {self.name}"


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
