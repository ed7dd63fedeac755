"""Retention, and how the scheduler is doing."""

from django.db import models
from django.utils import timezone

from diagnostics.accounts.models import User


class RetentionRule(models.Model):
    """How many days one kind of data is kept, where an admin changed it; null keeps it for ever."""

    class Kind(models.TextChoices):
        FINDINGS = "findings", "Runs and their findings"
        BODIES = "bodies", "Bodies and headers of exchanges"
        SNAPSHOTS = "snapshots", "Snapshots and their changes"

    kind = models.CharField(max_length=10, choices=Kind.choices, unique=True)
    days = models.PositiveIntegerField(null=True, blank=True)
    changed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.days if self.days is not None else 'for ever'}"


class RetentionPass(models.Model):
    """One deletion of what was past its time: who asked for it, and how many rows of each kind went.

    It goes on in batches until `finished_at`; where a worker dies between two of them, another takes over.
    """

    day = models.DateField(
        null=True, blank=True, unique=True
    )  # whose nightly pass it is, null for one that was asked for
    cutoffs = models.JSONField(default=dict, blank=True)  # by kind of data: what is older goes; frozen at the start
    lease_until = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    started_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    finished_at = models.DateTimeField(null=True, blank=True)
    deleted = models.JSONField(default=dict, blank=True)  # by kind of row: how many

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Retention of {self.started_at:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        return self.finished_at is None


class TickPart(models.Model):
    """One part of the tick. `started_at` is set while it is under way."""

    name = models.CharField(max_length=40, primary_key=True)
    failures = models.PositiveIntegerField(default=0)  # in a row
    failures_total = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=80, blank=True)  # the class of the last error
    started_at = models.DateTimeField(null=True, blank=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    seconds = models.FloatField(default=0)  # of the last time that it ended

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Heartbeat(models.Model):
    """When a part that works by itself was last heard of: the tick of the clock, each worker."""

    name = models.CharField(max_length=120, primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    told = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S} UTC"
