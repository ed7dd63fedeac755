"""Issues, the incidents and notes of an issue, and what can be snoozed."""

from datetime import date, datetime, timedelta

from django.db import models
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.checks.outcomes import Outcome
from diagnostics.engine import causes
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run
from diagnostics.storage.model_fields import RedactedCharField, RedactedTextField


class Snoozable(models.Model):
    """A row whose alerts can be snoozed."""

    snoozed_until = models.DateTimeField(null=True, blank=True)
    snooze_reason = RedactedCharField(max_length=300, blank=True)
    snoozed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        abstract = True

    def is_snoozed_at(self, now: datetime) -> bool:
        return self.snoozed_until is not None and self.snoozed_until > now

    @property
    def is_snoozed(self) -> bool:
        return self.is_snoozed_at(timezone.now())


class Issue(Snoozable):
    """One cause for one target in one org, across runs.

    The first run that shows it opens it, a later run in which it is gone resolves it, and another occurrence reopens it.
    Accepting it changes no verdict: it records until when and why somebody tolerates it. `client` is the client of the
    newest run that showed it; `check_id`, `subject`, `code`, `outcome` and `sentence` are those of the finding that
    proved it there.
    """

    class Status(models.TextChoices):
        NEW = "new", "New"
        ONGOING = "ongoing", "Ongoing"
        REOPENED = "reopened", "Reopened"
        RESOLVED = "resolved", "Resolved"
        ACCEPTED = "accepted", "Accepted"

    FROM_USAGE = "api_usage"  # the code of an issue that no run has shown, but the API usage of a client

    org = models.CharField(max_length=80)  # grouping.org_key
    cause = models.CharField(max_length=60)
    # "conversation:<id>", "call:<method> <path>", "client:<ID of our row>", or "" for the org itself.
    target = models.CharField(max_length=200, blank=True)
    client = models.ForeignKey(OAuthClient, on_delete=models.CASCADE, related_name="issues")
    check_id = models.CharField(max_length=80, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    code = models.CharField(max_length=60, blank=True)
    outcome = models.CharField(max_length=8, choices=[(o.value, o.label) for o in Outcome])
    sentence = models.TextField()
    first_run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    last_run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    occurrences = models.PositiveIntegerField(default=1)
    times_reopened = models.PositiveIntegerField(default=0)
    reopened_at = models.DateTimeField(null=True, blank=True)
    # Without the acceptance, which ends at a time; see `shown_status`.
    status = models.GeneratedField(
        expression=models.Case(
            models.When(resolved_at__isnull=False, then=models.Value("resolved")),
            models.When(reopened_at__isnull=False, then=models.Value("reopened")),
            models.When(occurrences__lte=1, then=models.Value("new")),
            default=models.Value("ongoing"),
        ),
        output_field=models.CharField(max_length=8, choices=Status.choices),
        db_persist=True,
    )
    accepted_until = models.DateTimeField(null=True, blank=True)
    accepted_reason = RedactedTextField(blank=True)
    accepted_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    accepted_at = models.DateTimeField(null=True, blank=True)
    assignee = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["outcome", "-last_seen_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["org", "cause", "target"], name="issue_once")]
        indexes = [
            # "fail" sorts before "warn".
            models.Index(fields=["outcome", "-last_seen_at", "-id"], name="issue_worst_first"),
            models.Index(
                fields=["outcome", "-last_seen_at", "-id"], name="issue_open", condition=models.Q(resolved_at=None)
            ),
            models.Index(fields=["client", "-last_seen_at", "-id"], name="issue_client_recent"),
            models.Index(
                fields=["accepted_until"], name="issue_accepted", condition=models.Q(accepted_until__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cause} of {self.org}"

    @property
    def title(self) -> str:
        return causes.title_of(self.cause)

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

    @property
    def is_accepted(self) -> bool:
        return self.accepted_until is not None and self.accepted_until > timezone.now()

    @property
    def shown_status(self) -> Status:
        if self.is_open and self.is_accepted:
            return self.Status.ACCEPTED
        return self.Status(self.status)

    @property
    def accepted_last_day(self) -> date | None:
        """The last day of the acceptance, in the current time zone. `accepted_until` is the first moment after it."""
        if self.accepted_until is None:
            return None
        return timezone.localdate(self.accepted_until - timedelta(microseconds=1))

    @property
    def target_name(self) -> str:
        """The call or the conversation; "" if the issue is about the org or a client."""
        kind, _, name = self.target.partition(":")
        if kind == "conversation":
            return f"Conversation {name}"
        return name if kind == "call" else ""


class IssueNote(models.Model):
    """What somebody wrote about an issue. Notes are added, never changed."""

    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="notes")
    text = RedactedTextField()
    author = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text[:60]


class Incident(models.Model):
    """An issue that the runs of a schedule confirmed, until they confirm that it is over. Alerts are about incidents."""

    issue = models.ForeignKey(Issue, on_delete=models.CASCADE, related_name="incidents")
    schedule = models.ForeignKey(
        "diagnostics.Schedule", null=True, blank=True, on_delete=models.SET_NULL, related_name="incidents"
    )
    client = models.ForeignKey(OAuthClient, on_delete=models.CASCADE, related_name="incidents")
    cause = models.CharField(max_length=60)
    sentence = models.TextField(blank=True)
    first_run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    last_run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    good_run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    began_at = models.DateTimeField()  # time of the first bad run
    opened_at = models.DateTimeField(default=timezone.now)  # when it was confirmed
    closed_at = models.DateTimeField(null=True, blank=True)
    # The incident of another cause that followed, with no recovery in between.
    became = models.OneToOneField("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="came_from")
    reminded_at = models.DateTimeField(null=True, blank=True)
    # Differences as sentences, of the first bad run from the last good one, and of the first good run from the last bad.
    changes = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["client", "-id"], name="incident_client_recent")]
        constraints = [
            models.UniqueConstraint(
                fields=["schedule"], condition=models.Q(closed_at__isnull=True), name="incident_open_once"
            )
        ]

    def __str__(self) -> str:
        return f"Incident {self.pk}: {self.cause}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def ended_at(self) -> datetime | None:
        """When the first good run was made, or when it was closed without one; None while it is open."""
        return self.good_run.created_at if self.good_run is not None else self.closed_at
