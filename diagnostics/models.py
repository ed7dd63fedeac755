"""The rows: people, OAuth clients, runs, and what a run found and sent."""

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from diagnostics import causes
from diagnostics.fields import EncryptedTextField
from diagnostics.genesys import exchange
from diagnostics.outcomes import Outcome
from diagnostics.verdict import as_dict


class User(AbstractUser):
    """A person. Admins may do everything; team leads read and change nothing."""

    class Role(models.TextChoices):
        ADMIN = "admin", "Admin"
        TEAM_LEAD = "team_lead", "Team lead"

    role = models.CharField(max_length=20, choices=Role.choices, default=Role.TEAM_LEAD)

    @property
    def is_admin(self) -> bool:
        return self.is_active and self.role == self.Role.ADMIN


class OAuthClient(models.Model):
    """A registered OAuth client of one Genesys Cloud org in one region. The secret is write-only."""

    class State(models.TextChoices):
        UNVERIFIED = "unverified", "Not verified"
        VERIFYING = "verifying", "Being verified"
        VERIFIED = "verified", "Verified"
        FAILED = "failed", "Verification failed"

    name = models.CharField(max_length=120)
    region = models.CharField(max_length=60)
    client_id = models.CharField(max_length=120)
    secret = EncryptedTextField()
    secret_set_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=12, choices=State.choices, default=State.UNVERIFIED)
    verification = models.JSONField(default=list, blank=True)
    verification_started_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    org_id = models.CharField(max_length=64, blank=True)
    org_name = models.CharField(max_length=200, blank=True)
    gateway = models.BooleanField(null=True, blank=True)
    gateway_seen_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="client_name_unique")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_retired(self) -> bool:
        return self.retired_at is not None


class AccessToken(models.Model):
    """The last token that was issued to a client, shared between its runs while `until` lies ahead."""

    client = models.OneToOneField(OAuthClient, on_delete=models.CASCADE, related_name="+")
    value = EncryptedTextField()
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"Token until {self.until:%Y-%m-%d %H:%M} UTC"


class ContractVersion(models.Model):
    """One attempt to read a region's contract, and its operations where it came out well.

    The newest one that is `kept` is in force for its region. An attempt that told nothing new is `unchanged`, one that
    failed or was not plausible is `refused`, with the sentence that says why; both leave the one in force.
    """

    class State(models.TextChoices):
        FETCHING = "fetching", "Being read"
        KEPT = "kept", "Kept"
        UNCHANGED = "unchanged", "Nothing new"
        REFUSED = "refused", "Not used"

    region = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=State.choices, default=State.FETCHING)
    started_at = models.DateTimeField(default=timezone.now)
    started_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    taken_up_at = models.DateTimeField(null=True, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)
    version = models.CharField(max_length=80, blank=True)
    source = models.CharField(max_length=300, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(default=0)
    operations = models.PositiveIntegerField(default=0)
    document = models.BinaryField(null=True, blank=True)  # the operations, compressed; null where nothing was kept
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["region", "state", "-id"], name="contract_in_force")]
        constraints = [
            models.UniqueConstraint(
                fields=["region"], condition=models.Q(state="fetching"), name="contract_one_refresh_a_region"
            )
        ]

    def __str__(self) -> str:
        return f"{self.region}: {self.version or self.get_state_display()}"


class Run(models.Model):
    """One execution. Its row is the truth about the work; a queue message is only a bell."""

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
    rung_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    cause = models.CharField(max_length=60, blank=True)
    certainty = models.CharField(max_length=12, blank=True)
    verdict = models.JSONField(default=dict, blank=True)
    duration_ms = models.FloatField(null=True, blank=True)
    critical_path_ms = models.FloatField(null=True, blank=True)
    # The run whose inputs this one took, and, where only a part was asked again, the check that the part is about.
    repeats = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="repetitions")
    branch = models.CharField(max_length=80, blank=True)
    # When the permission to start a real session was used up: from then on a start may have been sent.
    start_claimed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["client", "-id"], name="run_client_recent"),
            models.Index(
                fields=["status", "lease_until"],
                name="run_open",
                condition=models.Q(status__in=["queued", "running"]),
            ),
        ]

    def __str__(self) -> str:
        return f"Run {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.status in (self.Status.QUEUED, self.Status.RUNNING)

    @property
    def is_part(self) -> bool:
        """Only one branch was asked, so nothing is said of the rest."""
        return bool(self.branch)

    @property
    def cause_title(self) -> str:
        if self.is_part and self.cause == causes.NONE:
            return causes.PART_IS_RIGHT
        return causes.title_of(self.cause)


class Watch(models.Model):
    """Checks one branch of a run again and again until it is right, for some minutes. The tick moves it on."""

    class State(models.TextChoices):
        WATCHING = "watching", "Watching"
        MENDED = "mended", "Mended"
        NOT_MENDED = "not_mended", "Not mended in time"
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
    reason = models.TextField(blank=True)

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


class Finding(models.Model):
    """What one check said about one subject of a run. A finding whose check is gone still renders."""

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
        """The finding's id within its run, as a verdict's `because` names it."""
        return f"{self.check_id}#{self.subject}" if self.subject else self.check_id

    def as_dict(self) -> dict[str, Any]:
        return as_dict(self)

    @property
    def outcome_value(self) -> Outcome:
        return Outcome(self.outcome)


class Exchange(models.Model):
    """One redacted request of a run and its answer."""

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
        constraints = [models.UniqueConstraint(fields=["run", "position"], name="exchange_once")]

    def __str__(self) -> str:
        return f"{self.method} {self.url}"

    def value(self) -> exchange.Exchange:
        return exchange.Exchange(
            method=self.method,
            url=self.url,
            started_at=self.started_at,
            ms=self.ms,
            status=self.status,
            request_headers=tuple((name, value) for name, value in self.request_headers),
            response_headers=tuple((name, value) for name, value in self.response_headers),
            body=self.body,
            correlation_id=self.correlation_id,
            error=self.error,
            check_id=self.check_id,
        )

    def as_dict(self) -> dict[str, Any]:
        """As the JSON of the command line shows it."""
        return self.value().as_dict()
