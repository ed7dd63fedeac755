"""Schedules: what is run unattended and when, the times that were missed, and when the clock last ticked."""

from datetime import timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from diagnostics.fields import RedactedCharField
from diagnostics.models.clients import OAuthClient
from diagnostics.models.people import User
from diagnostics.models.runs import Run
from diagnostics.timetable import Plan, in_words, spread


class Schedule(models.Model):
    """A run that is due at `next_run_at`, again and again, told in its own time zone.

    It asks for the health of the client's org, or, with `inputs`, for a saved diagnosis. `next_run_at` is null while it
    is paused.
    """

    class Every(models.TextChoices):
        MINUTES = "minutes", "Every so many minutes"
        DAILY = "daily", "Every day"
        WEEKLY = "weekly", "Every week"
        CRON = "cron", "By a cron expression"

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
    due_at = models.DateTimeField(null=True, blank=True)  # the time by the plan, without jitter
    next_run_at = models.DateTimeField(null=True, blank=True, db_index=True)
    last_due_at = models.DateTimeField(null=True, blank=True)
    last_run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    missed = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = [Lower("name"), "id"]
        constraints = [models.UniqueConstraint(Lower("name"), name="schedule_name_unique")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_paused(self) -> bool:
        return self.paused_at is not None

    @property
    def plan(self) -> Plan:
        return Plan(self.every, self.zone, self.minutes or 0, self.at, tuple(self.weekdays), self.cron)

    @property
    def starts_after(self) -> timedelta:
        """How much later than planned each of its runs starts, so that not all schedules start at once."""
        return spread(self.pk, self.jitter_seconds)

    @property
    def words(self) -> str:
        return in_words(self.plan)


class MissedTime(models.Model):
    """Times at which a schedule was due and did not run: how many, from when to when, and why."""

    class Reason(models.TextChoices):
        OUTAGE = "outage", "Nothing was running here"
        BUSY = "busy", "The client had another run under way"

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


class Heartbeat(models.Model):
    """When a part that works by itself was last heard of: the tick of the clock, each worker."""

    name = models.CharField(max_length=120, primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    told = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S} UTC"
