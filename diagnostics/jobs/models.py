"""Rows that jobs failed to process, and the turns of users and orgs in queues."""

from django.db import models
from django.utils import timezone


class RowFailure(models.Model):
    """A row that a job failed to process. Once `set_aside_at` is set, jobs skip the row until someone retries it.

    It stores the error's class and our own description, never text from the row or from the error.
    """

    class Kind(models.TextChoices):
        RUN = "run", "Run: diagnosis"
        RUN_CLOSING = "run_closing", "Run: closing after its worker stopped"
        RUN_QUEUEING = "run_queueing", "Run: queueing again"
        RUN_SEARCH = "run_search", "Run: search data"
        RUN_FINDINGS = "run_findings", "Run: findings history"
        RUN_RETENTION = "run_retention", "Run: cleanup"
        SCHEDULE = "schedule", "Schedule: next run"
        WATCH = "watch", "Re-check until fixed"
        BATCH = "batch", "Batch: starting its runs"
        BATCH_RETENTION = "batch_retention", "Batch: cleanup"
        CLIENT = "client", "Client: verification"
        CLIENT_SYNC = "client_sync", "Client: planning its configuration sync"
        CONTRACT = "contract", "API reference: refresh"
        SNAPSHOT = "snapshot", "Configuration sync"
        SNAPSHOT_RETENTION = "snapshot_retention", "Configuration sync: cleanup"
        CHANGE_RETENTION = "change_retention", "Org change: cleanup"
        ISSUE_ACCEPTANCE = "issue_acceptance", "Issue: end of its acceptance"
        ISSUE_RETENTION = "issue_retention", "Issue: cleanup"
        RETENTION = "retention", "Nightly cleanup"
        IDEMPOTENCY_KEY = "idempotency_key", "API request key: cleanup"
        INCIDENT = "incident", "Incident: reminder"
        DELIVERY = "delivery", "Alert delivery"

    kind = models.CharField(max_length=24, choices=Kind.choices)
    row_id = models.BigIntegerField()
    attempts = models.PositiveSmallIntegerField(default=0)  # consecutive
    error = models.CharField(max_length=80)
    sentence = models.CharField(max_length=300)
    first_failed_at = models.DateTimeField(default=timezone.now)
    last_failed_at = models.DateTimeField(default=timezone.now)
    set_aside_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-last_failed_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["kind", "row_id"], name="row_failure_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.row_id}"


class Turn(models.Model):
    """The last time a worker took a row of this user (0 = none) and this org from a queue."""

    queue = models.CharField(max_length=20)
    person = models.BigIntegerField(default=0)
    org = models.CharField(max_length=80, blank=True)
    served_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["queue", "person", "org"], name="turn_once")]

    def __str__(self) -> str:
        return f"{self.queue}: {self.person} {self.org}"
