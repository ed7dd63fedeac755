"""Models for retention and for the state of the scheduler and workers."""

from django.db import models
from django.utils import timezone

from diagnostics.accounts.models import User


class RetentionRule(models.Model):
    """An admin's change of how many days one kind of data is kept; null is forever."""

    class Kind(models.TextChoices):
        FINDINGS = "findings", "Runs and findings"
        BODIES = "bodies", "Request and response bodies"
        SNAPSHOTS = "snapshots", "Configuration syncs and changes"

    kind = models.CharField(max_length=10, choices=Kind.choices, unique=True)
    days = models.PositiveIntegerField(null=True, blank=True)
    changed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.days if self.days is not None else 'forever'}"


class RetentionPass(models.Model):
    """One deletion of expired rows.

    It works in batches until `finished_at`; if a worker dies between two of them, another one continues.
    """

    day = models.DateField(null=True, blank=True, unique=True)  # of a nightly pass; null for a manual one
    cutoffs = models.JSONField(default=dict, blank=True)  # by kind of data: older rows expire; fixed at the start
    lease_until = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    started_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    finished_at = models.DateTimeField(null=True, blank=True)
    deleted = models.JSONField(default=dict, blank=True)  # number of rows by noun
    left_month = models.BooleanField(default=False)  # whether it ended without an expired month, which was in use

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Retention of {self.started_at:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        return self.finished_at is None

    @property
    def note(self) -> str:
        """What a person should know about its end; "" if nothing."""
        if not self.left_month:
            return ""
        return "Runs of an expired month are left: something was reading them, such as a backup. The nightly cleanup tries again."


class TickPart(models.Model):
    """The state of one part of the tick. `started_at` is null unless the part is running."""

    name = models.CharField(max_length=40, primary_key=True)
    failures = models.PositiveIntegerField(default=0)  # in a row
    failures_total = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=80, blank=True)  # the class of the last error
    started_at = models.DateTimeField(null=True, blank=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(default=0)  # of the last run

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Heartbeat(models.Model):
    """The last sign of life of a background part: the tick, each worker, the backup."""

    name = models.CharField(max_length=120, primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    details = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S} UTC"
