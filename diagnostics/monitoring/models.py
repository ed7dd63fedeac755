"""Models for schedules and alerts."""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.issues.models import Incident, Issue, Snoozable
from diagnostics.monitoring.timetable import Timetable, describe_timetable, spread
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run
from diagnostics.storage.model_fields import EncryptedTextField, RedactedCharField, RedactedJSONField, RedactedTextField


class Schedule(models.Model):
    """A recurring run: a health check of the client's org or, with `inputs`, a saved diagnosis.

    `next_run_at` is null while it is paused.
    """

    class Every(models.TextChoices):
        MINUTES = "minutes", "Every N minutes"
        DAILY = "daily", "Every day"
        WEEKLY = "weekly", "Every week"
        CRON = "cron", "Cron expression"

    name = RedactedCharField(max_length=120)
    client = models.ForeignKey(OAuthClient, on_delete=models.CASCADE, related_name="schedules")
    kind = models.CharField(max_length=10, choices=Run.Kind.choices, default=Run.Kind.HEALTH)
    inputs = models.JSONField(default=dict, blank=True)
    every = models.CharField(max_length=8, choices=Every.choices, default=Every.MINUTES)
    minutes = models.PositiveIntegerField(null=True, blank=True)
    at = models.TimeField(null=True, blank=True)
    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)  # 0 is Monday
    cron = models.CharField(max_length=120, blank=True)
    zone = models.CharField(max_length=64, default="UTC")
    jitter_seconds = models.PositiveIntegerField(default=0)
    owner = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="schedules")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    pause_reason = RedactedCharField(max_length=300, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)  # next_run_at without the start delay
    next_run_at = models.DateTimeField(null=True, blank=True, db_index=True)
    last_due_at = models.DateTimeField(null=True, blank=True)
    last_run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    missed = models.PositiveIntegerField(default=0)
    notified = ""  # names of the channels that get its alerts, set by set_notified

    class Meta:
        ordering = [Lower("name"), "id"]
        constraints = [models.UniqueConstraint(Lower("name"), name="schedule_name_unique")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None

    @property
    def plan(self) -> Timetable:
        return Timetable(self.every, self.zone, self.minutes or 0, self.at, tuple(self.weekdays), self.cron)

    @property
    def starts_after(self) -> timedelta:
        """The start delay of its runs, so that not all schedules start at once."""
        return spread(self.pk, self.jitter_seconds)

    @property
    def description(self) -> str:
        return describe_timetable(self.plan)


class MissedTime(models.Model):
    """Consecutive due times of a schedule without a run, for one reason."""

    class Reason(models.TextChoices):
        OUTAGE = "outage", "Scheduler not running"
        BUSY = "busy", "Another run of this client in progress"

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="missed_times")
    reason = models.CharField(max_length=8, choices=Reason.choices)
    times = models.PositiveIntegerField(default=1)
    first_due_at = models.DateTimeField()
    last_due_at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["schedule", "-id"], name="missed_time_recent")]

    def __str__(self) -> str:
        return f"{self.times} times of {self.schedule_id} missed"


class Channel(models.Model):
    """Where alerts are sent. `address` may be shown; `secret` may not: a webhook's URL or a key."""

    class Kind(models.TextChoices):
        EMAIL = "email", "Email"
        SLACK = "slack", "Slack"
        TEAMS = "teams", "Microsoft Teams"
        PAGERDUTY = "pagerduty", "PagerDuty"
        WEBHOOK = "webhook", "Signed webhook"

    class State(models.TextChoices):
        UNTRIED = "untried", "Not tested"
        WORKS = "works", "Working"
        FAILING = "failing", "Failing"
        DISABLED = "disabled", "Disabled"

    class Subscription(models.TextChoices):
        """What a webhook is sent besides alerts, without a rule."""

        RUN_ENDED = "run.ended", "Run ended"
        ISSUE_CHANGED = "issue.changed", "Issue changed"

    name = RedactedCharField(max_length=120)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    events = ArrayField(
        models.CharField(max_length=20, choices=Subscription.choices), default=list, blank=True, db_default=[]
    )
    address = models.CharField(max_length=300, blank=True)
    secret = EncryptedTextField(blank=True)
    signing_secret = EncryptedTextField(blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.UNTRIED)
    failures = models.PositiveIntegerField(default=0)  # deliveries in a row that failed for good
    last_ok_at = models.DateTimeField(null=True, blank=True)
    last_reply = RedactedTextField(blank=True)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = [Lower("name")]
        constraints = [models.UniqueConstraint(Lower("name"), name="channel_name_unique")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_webhook(self) -> bool:
        return self.kind == self.Kind.WEBHOOK


class AlertRule(Snoozable):
    """When alerts are sent, and to which channels. A rule without clients applies to all.

    An issue is confirmed once `needed` of the last `out_of` scheduled runs fail.
    """

    name = RedactedCharField(max_length=120)
    clients = models.ManyToManyField(OAuthClient, blank=True, related_name="alert_rules")
    channels = models.ManyToManyField(Channel, blank=True, related_name="rules")
    needed = models.PositiveSmallIntegerField(default=2)
    out_of = models.PositiveSmallIntegerField(default=3)
    remind_hours = models.PositiveSmallIntegerField(default=24)  # 0 is never
    counts_inconclusive = models.BooleanField(default=False)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    quiet_days = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)  # whole days; 0 is Monday
    zone = models.CharField(max_length=64, default="UTC")
    is_on = models.BooleanField(default=True)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = [Lower("name")]
        constraints = [models.UniqueConstraint(Lower("name"), name="alert_rule_name_unique")]

    def __str__(self) -> str:
        return self.name

    @property
    def threshold_text(self) -> str:
        return "the last run fails" if self.out_of == 1 else f"{self.needed} of the last {self.out_of} runs fail"


class Delivery(models.Model):
    """One message to one channel, with all attempts. Created together with what it is about, and sent later.

    `client` is null for a test. `run` and `issue` are set for the events that a channel subscribes to.
    """

    class Event(models.TextChoices):
        OPENED = "opened", "Failing"
        CHANGED = "changed", "Cause changed"
        REMINDER = "reminder", "Still failing"
        RECOVERED = "recovered", "Resolved"
        ENDED = "ended", "No longer monitored"
        TEST = "test", "Test"
        RUN_ENDED = "run.ended", "Run ended"
        ISSUE_NEW = "issue.new", "Issue new"
        ISSUE_REOPENED = "issue.reopened", "Issue reopened"
        ISSUE_RESOLVED = "issue.resolved", "Issue resolved"
        ISSUE_ACCEPTED = "issue.accepted", "Issue accepted"
        ISSUE_ACCEPTANCE_ENDED = "issue.acceptance_ended", "Issue no longer accepted"
        ISSUE_ASSIGNED = "issue.assigned", "Issue assigned"

    class State(models.TextChoices):
        HELD = "held", "Held for quiet hours"
        QUEUED = "queued", "Queued"
        SENDING = "sending", "Sending"
        SENT = "sent", "Delivered"
        FAILED = "failed", "Failed"
        DROPPED = "dropped", "Not sent"

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    rule = models.ForeignKey(AlertRule, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    client = models.ForeignKey(OAuthClient, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    incident = models.ForeignKey(Incident, null=True, blank=True, on_delete=models.CASCADE, related_name="deliveries")
    run = models.ForeignKey(
        Run, null=True, blank=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )  # delivery_once_a_run instead
    issue = models.ForeignKey(Issue, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    event = models.CharField(max_length=24, choices=Event.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    message = models.JSONField(default=dict)  # Message.to_json()
    message_id = models.UUIDField(unique=True)
    attempts = RedactedJSONField(default=list, blank=True)  # in order: time, status, the receiver's reply
    next_try_at = models.DateTimeField(null=True, blank=True, db_index=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    reason = RedactedCharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["channel", "-id"], name="delivery_channel_recent"),
            models.Index(
                fields=["channel", "next_try_at"],
                name="delivery_waiting",
                condition=models.Q(state__in=["held", "queued", "sending"]),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "channel", "event"],
                condition=models.Q(event__in=["opened", "recovered"]),
                name="delivery_once_an_event",
            ),
            models.UniqueConstraint(fields=["run", "channel"], name="delivery_once_a_run"),
        ]

    def __str__(self) -> str:
        return f"{self.get_event_display()} to {self.channel_id}"

    @property
    def heading(self) -> str:
        is_test = self.event == self.Event.TEST
        return f"Test of {self.channel.name}" if is_test else f"{self.get_event_display()}, sent to {self.channel.name}"
