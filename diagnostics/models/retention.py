"""How long each kind of data is kept, and what was deleted."""

from django.db import models
from django.utils import timezone

from diagnostics.models.people import User


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
