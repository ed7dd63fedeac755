"""Issues, and the notes people write about them."""

from datetime import date, timedelta

from django.db import models
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.checks.outcomes import Outcome
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run
from diagnostics.storage.model_fields import RedactedTextField


class Issue(models.Model):
    """One problem of a client across runs: a check's finding about a subject, by its code.

    The first run that reports it opens it, a later run in which the subject is right ends it, and another occurrence
    reopens it. Accepting it changes no verdict: it records until when and why somebody tolerates it.
    """

    client = models.ForeignKey(OAuthClient, on_delete=models.CASCADE, related_name="known_findings")
    check_id = models.CharField(max_length=80)
    # What it is about: "conversation:<id>", "call:<method> <path>", or "" for the org or the client itself.
    about = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    code = models.CharField(max_length=60)
    outcome = models.CharField(max_length=8, choices=[(o.value, o.label) for o in Outcome])
    sentence = models.TextField()
    first_run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    last_run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    times = models.PositiveIntegerField(default=1)
    reopened = models.PositiveIntegerField(default=0)
    reopened_at = models.DateTimeField(null=True, blank=True)
    accepted_until = models.DateTimeField(null=True, blank=True)
    accepted_reason = RedactedTextField(blank=True)
    accepted_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-last_seen_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["client", "check_id", "about", "subject", "code"], name="known_finding_once"
            )
        ]
        indexes = [
            models.Index(fields=["-last_seen_at", "-id"], name="known_finding_recent"),
            models.Index(fields=["-last_seen_at", "-id"], name="known_finding_open", condition=models.Q(ended_at=None)),
            models.Index(fields=["client", "-last_seen_at", "-id"], name="known_finding_client_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.check_id}: {self.code}"

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    @property
    def is_accepted(self) -> bool:
        return self.accepted_until is not None and self.accepted_until > timezone.now()

    @property
    def accepted_last_day(self) -> date | None:
        """The last day of the acceptance, in the current time zone. `accepted_until` is the first moment after it."""
        if self.accepted_until is None:
            return None
        return timezone.localdate(self.accepted_until - timedelta(microseconds=1))


class IssueNote(models.Model):
    """What somebody wrote about an issue. Notes are added, never changed."""

    known = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="notes")
    text = RedactedTextField()
    author = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text[:60]
