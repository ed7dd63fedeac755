"""Runs with their findings and exchanges, saved views, watches, and idempotency keys."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone

from diagnostics.accounts.models import ApiToken, User
from diagnostics.accounts.rate_limits import counts_as_run
from diagnostics.checks.outcomes import Outcome
from diagnostics.engine import causes
from diagnostics.engine.finding import as_dict
from diagnostics.genesys import exchange
from diagnostics.orgs.models import OAuthClient
from diagnostics.storage.model_fields import RedactedCharField, RedactedTextField

# Sorts runs that have not ended last when the slowest come first.
NO_DURATION = Value(-1.0)
STARTED_BY_USERS = ("web", "api")  # sources of runs that users start
OPEN = ("queued", "running")  # statuses of runs that are in progress
CLOSED = ("finished", "interrupted")  # and of those that have ended


@counts_as_run(source__in=STARTED_BY_USERS)
class Run(models.Model):
    """One execution of checks. The row is the source of truth about the work; a queue message only announces it.

    Columns added since the first release have a database default: during an upgrade, the old version still inserts
    rows.
    """

    class Kind(models.TextChoices):
        DIAGNOSIS = "diagnosis", "Diagnosis"
        HEALTH = "health", "Health check"

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        FINISHED = "finished", "Finished"
        INTERRUPTED = "interrupted", "Interrupted"

    class Source(models.TextChoices):
        WEB = "web", "Web page"
        CLI = "cli", "Command line"
        SCHEDULE = "schedule", "Schedule"
        DEMO = "demo", "Demo history"
        WATCH = "watch", "Watch"
        API = "api", "API"

    client = models.ForeignKey(OAuthClient, on_delete=models.PROTECT, related_name="runs")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.DIAGNOSIS)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.QUEUED)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.WEB)
    inputs = models.JSONField(default=dict)
    conversation_id = models.CharField(max_length=200, blank=True)
    planned = models.JSONField(default=list)
    engine_version = models.CharField(max_length=40, blank=True)
    contract_version = models.CharField(max_length=80, blank=True)
    started_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    worker = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    message_sent_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    # When it was queued again because its worker was gone. That happens once; the next worker continues it.
    resumed_at = models.DateTimeField(null=True, blank=True)
    cause = models.CharField(max_length=60, blank=True)
    certainty = models.CharField(max_length=12, blank=True)
    verdict = models.JSONField(default=dict, blank=True)
    duration_ms = models.FloatField(null=True, blank=True)
    critical_path_ms = models.FloatField(null=True, blank=True)
    # The run that this one repeats, and, if only one branch is re-checked, the check of that branch.
    repeats = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="repetitions")
    branch = models.CharField(max_length=80, blank=True, db_default="")
    # When the permission to start a live session was used. From then on a start may have been sent.
    start_claimed_at = models.DateTimeField(null=True, blank=True)
    schedule = models.ForeignKey(
        "diagnostics.Schedule",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="runs",
        db_index=False,  # run_of_schedule instead, which is built concurrently
    )
    # What the run is about; equal for runs that ask the same of the same client. See search_keys.target_of.
    target = models.CharField(max_length=300, blank=True, db_default="")
    # The client and org as the run read them, and the engine and contract versions. See engine.facts.
    environment = models.JSONField(default=dict, blank=True, db_default={})
    # Search keys: "deployment:<id>", "provider:<id>", "permission:<name>", "check:<id>=<outcome>".
    search_keys = ArrayField(models.CharField(max_length=300), default=list, blank=True, db_default=[])
    pinned_at = models.DateTimeField(null=True, blank=True)
    pinned_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    bodies_dropped_at = models.DateTimeField(null=True, blank=True)
    # How often it met the org's rate limit and went back to the queue.
    rate_limit_waits = models.PositiveSmallIntegerField(default=0, db_default=0)
    # Whether its findings are included in the issues.
    is_recorded_in_issues = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["client", "-id"], name="run_client_recent"),
            models.Index(fields=["target", "-id"], name="run_target_recent"),
            models.Index(fields=["target", "-id"], name="run_target_good", condition=Q(cause="none", branch="")),
            models.Index(fields=["-created_at", "-id"], name="run_time"),
            models.Index(fields=["client", "-created_at", "-id"], name="run_client_time"),
            models.Index(fields=["cause", "-created_at", "-id"], name="run_cause_time"),
            models.Index(fields=["source", "-created_at", "-id"], name="run_source_time"),
            models.Index(fields=["started_by", "-created_at", "-id"], name="run_person_time"),
            models.Index(Coalesce("duration_ms", NO_DURATION).desc(), F("id").desc(), name="run_slowest"),
            models.Index(fields=["conversation_id", "-id"], name="run_conversation_recent"),
            models.Index(fields=["conversation_id"], opclasses=["varchar_pattern_ops"], name="run_conversation_prefix"),
            models.Index(fields=["created_at", "cause"], name="run_whole_cause", condition=Q(branch="")),
            GinIndex(fields=["search_keys"], name="run_search_keys"),
            models.Index(fields=["-created_at", "-id"], name="run_not_finished", condition=~Q(status="finished")),
            models.Index(fields=["-created_at", "-id"], name="run_pinned", condition=Q(pinned_at__isnull=False)),
            models.Index(fields=["pinned_by"], name="run_pinned_by", condition=Q(pinned_by__isnull=False)),
            models.Index(fields=["schedule", "-id"], name="run_of_schedule", condition=Q(schedule__isnull=False)),
            models.Index(
                fields=["status", "lease_until"],
                name="run_open",
                condition=models.Q(status__in=["queued", "running"]),
            ),
            models.Index(fields=["started_by", "client", "id"], name="run_queued", condition=Q(status="queued")),
            models.Index(
                fields=["client", "created_at"],
                name="run_to_remember",
                condition=models.Q(is_recorded_in_issues=False, status__in=["finished", "interrupted"]),
            ),
            models.Index(
                fields=["created_at"],
                name="run_with_bodies",
                condition=models.Q(bodies_dropped_at=None, pinned_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"Run {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def is_part(self) -> bool:
        """Only one branch was checked, so the verdict is about that branch only."""
        return bool(self.branch)

    @property
    def cause_title(self) -> str:
        if self.is_part and self.cause == causes.NONE:
            return causes.PART_IS_RIGHT
        return causes.title_of(self.cause)


class Finding(models.Model):
    """The result of one check for one subject of a run. It renders even if the check no longer exists.

    In the database, this table and that of the exchanges have partitions by months, with the key (id, run_id). See `months`.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="findings")
    position = models.PositiveIntegerField()
    check_id = models.CharField(max_length=80)
    check_version = models.PositiveSmallIntegerField(default=1)
    subject = models.CharField(max_length=300, blank=True)
    outcome = models.CharField(max_length=8, choices=[(o.value, o.label) for o in Outcome])
    code = models.CharField(max_length=60)
    sentence = models.TextField()
    hint = models.TextField(blank=True)
    evidence = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["run_id", "position"]
        constraints = [models.UniqueConstraint(fields=["run", "check_id", "subject"], name="finding_once")]

    def __str__(self) -> str:
        return self.anchor

    @property
    def anchor(self) -> str:
        """The finding's ID within its run, as used in a verdict's `because`."""
        return f"{self.check_id}#{self.subject}" if self.subject else self.check_id

    def as_dict(self) -> dict[str, Any]:
        return as_dict(self)


class Exchange(models.Model):
    """One redacted request of a run and its response."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="exchanges")
    position = models.PositiveIntegerField()
    check_id = models.CharField(max_length=80, blank=True)
    method = models.CharField(max_length=8)
    url = models.TextField()
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    ms = models.FloatField()
    started_at = models.DateTimeField()
    correlation_id = models.CharField(max_length=120, blank=True)
    request_headers = models.JSONField(default=list, blank=True)
    response_headers = models.JSONField(default=list, blank=True)
    body = models.TextField(blank=True)
    error = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ["run_id", "position"]
        indexes = [
            models.Index(
                fields=["correlation_id"], opclasses=["varchar_pattern_ops"], name="exchange_correlation_prefix"
            )
        ]
        constraints = [models.UniqueConstraint(fields=["run", "position"], name="exchange_once")]

    def __str__(self) -> str:
        return f"{self.method} {self.url}"

    @classmethod
    def from_value(cls, value: exchange.HttpExchange, position: int, **row: Any) -> "Exchange":
        """An unsaved row. `row` are the columns that the value does not have, such as `run_id`."""
        found = cls(**vars(value), **row, position=position)
        found.request_headers = [list(pair) for pair in value.request_headers]
        found.response_headers = [list(pair) for pair in value.response_headers]
        return found

    def value(self) -> exchange.HttpExchange:
        return exchange.HttpExchange(
            **{name: getattr(self, name) for name in ("method", "url", "started_at", "ms", "status", "body")},
            **{name: getattr(self, name) for name in ("correlation_id", "error", "check_id")},
            request_headers=tuple((name, value) for name, value in self.request_headers),
            response_headers=tuple((name, value) for name, value in self.response_headers),
        )


class SavedView(models.Model):
    """Named filters of the run list, shared by all users. `query` is the query string without its question mark."""

    name = RedactedCharField(max_length=80)
    query = RedactedTextField(blank=True)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = [Lower("name")]
        constraints = [models.UniqueConstraint(Lower("name"), name="saved_view_name_unique")]

    def __str__(self) -> str:
        return self.name


@counts_as_run()
class Watch(models.Model):
    """Re-checks one branch of a run until it is fixed, for a few minutes. The tick advances it."""

    class State(models.TextChoices):
        WATCHING = "watching", "Re-checking"
        FIXED = "fixed", "Fixed"
        NOT_FIXED = "not_fixed", "Not fixed"
        STOPPED = "stopped", "Stopped"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="watches")
    check_id = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WATCHING)
    started_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    next_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    checked = models.PositiveSmallIntegerField(default=0)
    latest = models.ForeignKey(Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    reason = RedactedTextField(blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["run"], condition=models.Q(state="watching"), name="watch_open_once")
        ]

    def __str__(self) -> str:
        return f"Watch of run {self.run_id}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.WATCHING


class IdempotencyKey(models.Model):
    """An API request that started a run or a batch: the same key with the same request returns the same one."""

    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)
    run = models.ForeignKey(Run, null=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_time")]

    def __str__(self) -> str:
        return self.key
