"""Batches: the failing calls of one text in groups, each of which one run diagnoses."""

from django.db import models
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.engine import causes
from diagnostics.engine.batch_review import has_cause
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import IdempotencyKey, Run
from diagnostics.storage.model_fields import RedactedTextField


class Batch(models.Model):
    """The calls of one text, of which the failing ones are diagnosed with one client, one run per group."""

    client = models.ForeignKey(OAuthClient, on_delete=models.PROTECT, related_name="batches")
    source = models.CharField(max_length=10, choices=Run.Source.choices, default=Run.Source.WEB)
    started_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    # Of the form that started it, so that a form sent twice starts one batch.
    key = models.CharField(max_length=64, null=True, blank=True, unique=True)
    # Of the API request that started it.
    idempotency_key = models.OneToOneField(
        IdempotencyKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="batch"
    )
    calls = models.PositiveIntegerField()
    succeeded = models.PositiveIntegerField(default=0)
    elsewhere = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0)
    partial = models.TextField(blank=True)
    # Whether groups still have to get their run. The tick goes on where a limit or a failure stopped it.
    is_starting = models.BooleanField(default=True)
    problem = RedactedTextField(blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["client", "-id"], name="batch_client_recent"),
            models.Index(fields=["created_at"], name="batch_time"),
            models.Index(fields=["id"], name="batch_starting", condition=models.Q(is_starting=True)),
        ]

    def __str__(self) -> str:
        return f"Batch {self.pk}"


class BatchGroup(models.Model):
    """Calls with the same cause and target, judged by themselves, and the run that diagnoses the last of them."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="groups")
    position = models.PositiveSmallIntegerField()
    cause = models.CharField(max_length=60, blank=True)
    certainty = models.CharField(max_length=12, blank=True)
    sentence = models.TextField(blank=True)
    remedy = models.TextField(blank=True)
    method = models.CharField(max_length=20, blank=True)
    template = RedactedTextField(blank=True)
    host = RedactedTextField(blank=True)
    provider = RedactedTextField(blank=True)
    # Of the response: None if it isn't known, 0 if none arrived.
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    code = RedactedTextField(blank=True)
    calls = models.PositiveIntegerField()
    first_at = models.DateTimeField(null=True, blank=True)
    last_at = models.DateTimeField(null=True, blank=True)
    inputs = models.JSONField(default=dict)
    run = models.OneToOneField(Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="batch_group")

    class Meta:
        ordering = ["batch_id", "position"]
        constraints = [models.UniqueConstraint(fields=["batch", "position"], name="batch_group_once")]

    def __str__(self) -> str:
        return f"{self.target} of batch {self.batch_id}"

    @property
    def target(self) -> str:
        return f"{self.method} {self.template}".strip()

    @property
    def has_cause(self) -> bool:
        return has_cause(self.cause)

    @property
    def cause_title(self) -> str:
        return causes.title_of(self.cause)
