"""Users, their audit log entries and their API tokens."""

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from diagnostics.storage.model_fields import RedactedCharField


class User(AbstractUser):
    """A user. Admins can do everything; every other role can read, plus what the role allows.

    If `is_limited`, the user sees only clients of the orgs in `only_orgs` (org IDs) and clients they registered themselves.
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
        """Whether the user can diagnose, repeat runs, watch and sync: everything that only sends requests to an org."""
        return self.is_active and self.role in (self.Role.ADMIN, self.Role.OPERATOR)

    @property
    def may_note(self) -> bool:
        return self.is_active and self.role in (self.Role.ADMIN, self.Role.TEAM_LEAD)

    @property
    def may_assign(self) -> bool:
        """Whether the user can assign issues: everyone who works on them."""
        return self.may_run or self.may_note

    @property
    def may_audit(self) -> bool:
        return self.is_active and self.role in (self.Role.ADMIN, self.Role.AUDITOR)

    @property
    def sees_all(self) -> bool:
        """Always true for admins, who could lift any limit."""
        return not self.is_limited or self.role == self.Role.ADMIN

    @property
    def orgs_in_sight(self) -> list[str]:
        """`only_orgs` without the empty ID, which clients of unknown orgs have."""
        return [org for org in self.only_orgs if org]


class AuditEntry(models.Model):
    """One recorded action. Users and objects are stored by name, so that entries outlive them."""

    at = models.DateTimeField(default=timezone.now)
    # Not a foreign key: deleting a user must not change entries.
    actor_id = models.BigIntegerField(null=True, blank=True)
    actor = models.CharField(max_length=150, blank=True)  # "" for the system
    by = models.CharField(max_length=20, blank=True)  # web, api, cli, system
    action = models.CharField(max_length=60)  # noun and verb, such as client.added
    thing = models.CharField(max_length=40, blank=True)
    thing_id = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=300, blank=True)
    client_id = models.BigIntegerField(null=True, blank=True)  # of the org that the entry is about
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
        return f"{self.actor or 'System'}: {self.action} {self.name}"


class ApiToken(models.Model):
    """A user's API token. Only its hash is stored; `prefix`, its first characters, identifies it."""

    class Scope(models.TextChoices):
        READ = "read", "Read"
        RUN = "run", "Read and start runs"
        MANAGE = "manage", "Read, start runs, and manage clients and schedules"

    name = RedactedCharField(max_length=120)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    prefix = models.CharField(max_length=16, unique=True)
    hash = models.CharField(max_length=64)
    scope = models.CharField(max_length=6, choices=Scope.choices, default=Scope.READ)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    # The minute of the last call, in minutes since 1970, and the number of calls in it.
    minute = models.BigIntegerField(default=0, db_default=0)
    calls = models.PositiveIntegerField(default=0, db_default=0)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def may_run(self) -> bool:
        """Whether the scope and the owner's current role allow starting runs."""
        return self.scope in (self.Scope.RUN, self.Scope.MANAGE) and self.owner.may_run

    @property
    def may_manage(self) -> bool:
        """Whether the scope and the owner's current role allow changing clients and schedules."""
        return self.scope == self.Scope.MANAGE and self.owner.is_admin

    @property
    def is_good(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()
