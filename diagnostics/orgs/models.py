"""OAuth clients, contract versions, syncs, providers, org changes, held permissions, badges, API usage and client lists."""

from datetime import UTC, datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Coalesce, Concat, Lower
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.accounts.rate_limits import counts_as_run
from diagnostics.storage.model_fields import EncryptedTextField, RedactedCharField, RedactedJSONField, RedactedTextField


class OAuthClient(models.Model):
    """A registered OAuth client of one Genesys Cloud org in one region. The secret is write-only."""

    class State(models.TextChoices):
        NO_SECRET = "no_secret", "Secret missing"
        UNVERIFIED = "unverified", "Not verified"
        VERIFYING = "verifying", "Verifying"
        VERIFIED = "verified", "Verified"
        FAILED = "failed", "Verification failed"

    class Environment(models.TextChoices):
        """What the org is used for. An admin sets it: the API doesn't return it."""

        NOT_SET = "", "Not set"
        PRODUCTION = "production", "Production"
        SANDBOX = "sandbox", "Sandbox"
        DEVELOPMENT = "development", "Development"

    class Status(models.TextChoices):
        """Whether cobrowse can work in the org, from its latest health check, sync or verification."""

        UNKNOWN = "unknown", "Unknown"
        WORKS = "works", "Working"
        BROKEN = "broken", "Down"

    name = RedactedCharField(max_length=120)
    region = models.CharField(max_length=60)
    environment = models.CharField(
        max_length=12, choices=Environment.choices, blank=True, default=Environment.NOT_SET, db_default=""
    )
    client_id = models.CharField(max_length=120)
    secret = EncryptedTextField()
    secret_set_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=12, choices=State.choices, default=State.UNVERIFIED)
    verification = models.JSONField(default=list, blank=True)
    verification_started_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    org_id = models.CharField(max_length=64, blank=True)
    org_name = RedactedCharField(max_length=200, blank=True)
    gateway = models.BooleanField(null=True, blank=True)  # whether the org has a provider list; None = unknown
    company_gateway = models.CharField(max_length=300, blank=True, default="", db_default="")  # for pasted URLs only
    gateway_seen_at = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.UNKNOWN, db_default=Status.UNKNOWN)
    status_cause = models.CharField(max_length=60, blank=True, db_default="")  # a code in engine.causes
    status_reason = models.TextField(blank=True, db_default="")
    status_since = models.DateTimeField(null=True, blank=True)
    status_at = models.DateTimeField(null=True, blank=True)  # time of the latest check
    next_sync_at = models.DateTimeField(null=True, blank=True, db_index=True)
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
    def has_secret(self) -> bool:
        """False for a client that was imported without one, and for a retired one. Decrypts nothing."""
        return self.state != self.State.NO_SECRET and not self.is_retired

    @property
    def is_retired(self) -> bool:
        return self.retired_at is not None


class AccessToken(models.Model):
    """The latest token issued to a client, which its runs share until `until`."""

    client = models.OneToOneField(OAuthClient, on_delete=models.CASCADE, related_name="+")
    value = EncryptedTextField()
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"Token until {self.until:%Y-%m-%d %H:%M} UTC"


class ClientRateLimit(models.Model):
    """What is known of the rate limit of one org and client, and how much of it is used. See orgs.rate_limits.

    Clients registered twice share it. All counts belong to the current window of the limit.
    """

    region = models.CharField(max_length=60)
    client_id = models.CharField(max_length=120)
    allowed = models.PositiveIntegerField(null=True, blank=True)  # null until a response told it
    used = models.PositiveIntegerField(default=0)  # as the org counts, so other programs are included
    uncounted = models.PositiveIntegerField(default=0)  # our requests whose responses had no count
    reserved = models.PositiveIntegerField(default=0)  # by runs that have yet to send them
    sent = models.PositiveIntegerField(default=0)  # by us
    window_started_at = models.DateTimeField(default=timezone.now)
    window_ends_at = models.DateTimeField(null=True, blank=True)  # null until a response told it
    window_s = models.PositiveIntegerField(null=True, blank=True)  # its length: the longest reset that a response told
    recent = models.JSONField(default=list, blank=True)  # our requests within its length, as [timestamp, count]
    blocked_until = models.DateTimeField(null=True, blank=True)  # by the wait that a 429 asked for
    refusals = models.PositiveSmallIntegerField(default=0)  # since the last request that was accepted
    accepted_at = models.DateTimeField(null=True, blank=True)
    held_by = models.CharField(max_length=32, blank=True)  # the only run that may send while the limit is unknown
    held_until = models.DateTimeField(null=True, blank=True)
    # Until when runs that people start have to wait, and scheduled runs and syncs: derived from the rest; null if they needn't.
    people_at = models.DateTimeField(null=True, blank=True)
    background_at = models.DateTimeField(null=True, blank=True)
    is_contended = models.BooleanField(default=False)  # runs may be waiting whose messages were spent

    class Meta:
        indexes = [models.Index(fields=["id"], name="rate_limit_contended", condition=Q(is_contended=True))]
        constraints = [models.UniqueConstraint(fields=["region", "client_id"], name="rate_limit_once")]

    def __str__(self) -> str:
        return f"{self.region} {self.client_id}: {self.used} of {self.allowed or '?'}"


class ContractVersion(models.Model):
    """An attempt to refresh a region's contract, and the operations if it succeeded.

    The newest stored version is the region's current contract. The state is `unchanged` if there was nothing new, and
    `refused`, with an error message, if the attempt failed or the document was implausible.
    """

    class State(models.TextChoices):
        FETCHING = "fetching", "Refreshing"
        STORED = "kept", "Updated"
        UNCHANGED = "unchanged", "No changes"
        REFUSED = "refused", "Failed"

    region = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=State.choices, default=State.FETCHING)
    started_at = models.DateTimeField(default=timezone.now)
    started_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    claimed_at = models.DateTimeField(null=True, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)
    version = models.CharField(max_length=80, blank=True)
    source = models.CharField(max_length=300, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(default=0)
    operations = models.PositiveIntegerField(default=0)
    document = models.BinaryField(null=True, blank=True)  # the operations as zlib data; null unless stored
    error = RedactedTextField(blank=True)

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


@counts_as_run()
class ConfigurationSync(models.Model):
    """A sync of an org's configuration, page by page. The newest complete or partial one is current."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        READING = "reading", "In progress"
        WAITING = "waiting", "Waiting for the rate limit"
        COMPLETE = "whole", "Complete"
        PARTIAL = "partial", "Partial"
        FAILED = "failed", "Failed"

    class Source(models.TextChoices):
        WEB = "web", "Web page"
        REGISTRATION = "registration", "After connecting"
        SCHEDULE = "schedule", "Schedule"
        CLI = "cli", "Command line"
        DEMO = "demo", "Demo history"

    client = models.ForeignKey(OAuthClient, on_delete=models.CASCADE, related_name="syncs")
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    source = models.CharField(max_length=14, choices=Source.choices, default=Source.WEB)
    started_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    worker = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    resume_at = models.DateTimeField(null=True, blank=True)  # set if the org asked to wait
    finished_at = models.DateTimeField(null=True, blank=True)
    progress = models.JSONField(default=dict, blank=True)  # by part: cursor, pages and items so far
    parts = models.JSONField(default=list, blank=True)  # by part: state, code, sentence and number of items
    permissions = models.JSONField(default=dict, blank=True)  # parsed by permissions.synced
    providers = models.PositiveIntegerField(default=0)
    changes = models.PositiveIntegerField(default=0)
    error = RedactedTextField(blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["client", "-id"], name="sync_client_recent"),
            models.Index(fields=["created_at"], name="sync_time"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["client"],
                condition=models.Q(state__in=["queued", "reading", "waiting"]),
                name="sync_one_open_per_client",
            )
        ]

    def __str__(self) -> str:
        return f"Sync {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.READING, self.State.WAITING)

    @property
    def has_data(self) -> bool:
        """Whether at least a part was read."""
        return self.state in (self.State.COMPLETE, self.State.PARTIAL)


# Sorts providers that never changed last.
LAST_CHANGE = Coalesce("changed_at", Value(datetime(1970, 1, 1, tzinfo=UTC)), output_field=models.DateTimeField())


class Provider(models.Model):
    """A cobrowse provider as the org last reported it. `removed_at` is set once it is known to be removed."""

    class Source(models.TextChoices):
        GATEWAY = "gateway", "Gateway list"
        DEPLOYMENT = "deployment", "Web deployment"
        ON_CONVERSATION = "seen", "Seen on a communication"

    class State(models.TextChoices):
        """Whether it offers cobrowse: from a gateway's provider list, or from a deployment's published version."""

        ON = "on", "Cobrowse on"
        OFF = "off", "Cobrowse off"
        INACTIVE = "inactive", "Not active"
        UNKNOWN = "unknown", "Unknown"

    client = models.ForeignKey(OAuthClient, on_delete=models.CASCADE, related_name="providers")
    source = models.CharField(max_length=10, choices=Source.choices)
    ref = models.CharField(max_length=200)  # its ID in the org; for `seen`, the string on the communication
    name = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.UNKNOWN)
    status = models.CharField(max_length=40, blank=True)  # as the org returns it: Active, Inactive, Pending, ...
    channels = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    settings = models.JSONField(default=dict, blank=True)
    version = models.CharField(max_length=40, blank=True)
    draft_is_newer = models.BooleanField(null=True, blank=True)
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    missed = models.PositiveSmallIntegerField(default=0)  # consecutive complete syncs without it
    sync = models.ForeignKey(ConfigurationSync, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    # Name and ID in lower case, for searches.
    search_text = models.GeneratedField(
        expression=Lower(Concat("name", Value(" "), "ref")), output_field=models.TextField(), db_persist=True
    )

    class Meta:
        ordering = [Lower("name"), "id"]
        constraints = [models.UniqueConstraint(fields=["client", "source", "ref"], name="provider_once")]
        indexes = [
            models.Index(Lower("name"), "id", name="provider_name"),
            models.Index(LAST_CHANGE, "id", name="provider_last_change"),
            models.Index(fields=["ref"], name="provider_ref"),
            models.Index(fields=["client", "sync"], name="provider_client_sync"),
        ]

    def __str__(self) -> str:
        return self.name or self.ref


class OrgChange(models.Model):
    """A difference between two syncs: in a provider, in the client's permissions, or in its status."""

    class About(models.TextChoices):
        DEPLOYMENT = "deployment", "Web deployment"
        GATEWAY = "gateway", "Gateway provider"
        ON_CONVERSATION = "seen", "Provider seen"
        GRANT = "grant", "Role grant"
        CLIENT = "client", "OAuth client"
        STATUS = "status", "Status"

    class Kind(models.TextChoices):
        APPEARED = "appeared", "Added"
        VANISHED = "vanished", "Removed"
        RETURNED = "returned", "Added again"
        ENABLED = "enabled", "Cobrowse turned on"
        DISABLED = "disabled", "Cobrowse turned off"
        CHANGED = "changed", "Changed"

    client = models.ForeignKey(OAuthClient, on_delete=models.CASCADE, related_name="org_changes")
    sync = models.ForeignKey(
        ConfigurationSync, null=True, blank=True, on_delete=models.SET_NULL, related_name="org_changes"
    )
    provider = models.ForeignKey(Provider, null=True, blank=True, on_delete=models.SET_NULL, related_name="changes")
    about = models.CharField(max_length=10, choices=About.choices)
    ref = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    setting = models.CharField(max_length=120, blank=True)
    before = models.JSONField(null=True, blank=True)
    after = models.JSONField(null=True, blank=True)
    # The change happened between `not_before` (the previous sync; null if there was none) and `at`.
    not_before = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["client", "-id"], name="org_change_client_recent"),
            models.Index(fields=["client", "at"], name="org_change_client_time"),
            models.Index(fields=["at"], name="org_change_time"),
        ]

    def __str__(self) -> str:
        return f"{self.get_about_display()} {self.name or self.ref}: {self.get_kind_display()}"


class HeldPermission(models.Model):
    """A permission that a client held at the latest sync.

    `permission` is lower case and may contain wildcards, such as `conversation:*:add`; `division` is `*` for all divisions.
    """

    client = models.ForeignKey(OAuthClient, on_delete=models.CASCADE, related_name="held_permissions")
    permission = models.CharField(max_length=200)
    role = models.CharField(max_length=200)
    division = models.CharField(max_length=64)
    division_name = models.CharField(max_length=200, blank=True)
    is_conditional = models.BooleanField(default=False)

    class Meta:
        ordering = ["client_id", "permission", "role", "division"]
        constraints = [
            models.UniqueConstraint(
                fields=["client", "permission", "role", "division", "is_conditional"], name="held_permission_once"
            )
        ]
        indexes = [models.Index(fields=["permission", "client"], name="held_permission_client")]

    def __str__(self) -> str:
        return f"{self.permission} by {self.role}"


class Badge(models.Model):
    """A public image of a client's status. `key` makes its URL impossible to guess."""

    client = models.OneToOneField(OAuthClient, on_delete=models.CASCADE, related_name="badge")
    key = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"Badge of {self.client_id}"


class UsageReading(models.Model):
    """When a client's API usage was and will be read. See orgs.usage."""

    class State(models.TextChoices):
        DUE = "due", "Not read yet"
        REQUESTED = "requested", "Waiting for the org's results"
        READ = "read", "Read"
        DENIED = "denied", "Permission missing"
        FAILED = "failed", "Failed"

    client = models.OneToOneField(OAuthClient, on_delete=models.CASCADE, related_name="usage_reading")
    state = models.CharField(max_length=10, choices=State.choices, default=State.DUE)
    execution_id = models.CharField(max_length=200, blank=True)  # of the results that are awaited
    next_at = models.DateTimeField(default=timezone.now, db_index=True)
    began_at = models.DateTimeField(null=True, blank=True)  # time of the day's first request
    read_at = models.DateTimeField(null=True, blank=True)  # of the rows that are stored
    error = RedactedTextField(blank=True)

    def __str__(self) -> str:
        return f"Usage of {self.client_id}: {self.get_state_display()}"


class ClientListing(models.Model):
    """The OAuth clients that an org lists, read with one of them because a person asked. See orgs.client_listing."""

    class State(models.TextChoices):
        READING = "reading", "Reading"
        READ = "read", "Read"
        DENIED = "denied", "Permission missing"
        FAILED = "failed", "Failed"

    client = models.OneToOneField(OAuthClient, on_delete=models.CASCADE, related_name="listing")
    state = models.CharField(max_length=8, choices=State.choices, default=State.READING)
    entries = RedactedJSONField(default=list, blank=True)  # ListedClient as dicts, by name
    is_cut = models.BooleanField(default=False)  # the org has more than were read
    error = RedactedTextField(blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"OAuth clients by {self.client_id}: {self.get_state_display()}"


class CallFailure(models.Model):
    """A call of a client that fails, by the org's counts. Each reading replaces the client's rows.

    `cause` is a code of engine.causes, or `usage_review.REJECTED` if the counts alone don't tell why. `failed` counts
    the responses that show it.
    """

    client = models.ForeignKey(OAuthClient, on_delete=models.CASCADE, related_name="failing_calls")
    method = models.CharField(max_length=10)
    template = models.CharField(max_length=400)  # with {id} in place of IDs
    cause = models.CharField(max_length=60)
    sentence = models.TextField()
    remedy = models.TextField(blank=True)
    requests = models.PositiveBigIntegerField()
    failed = models.PositiveBigIntegerField()
    first_day = models.DateField(null=True, blank=True)
    last_day = models.DateField(null=True, blank=True)
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "method", "template", "cause"], name="call_failure_once")
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.template}"
