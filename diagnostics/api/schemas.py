"""Schemas of the API's responses. All their text was redacted before it was stored."""

from datetime import datetime
from typing import Any

from ninja import Field, Schema


class ClientName(Schema):
    id: int
    name: str


class ClientStatusSchema(Schema):
    """Whether cobrowse can work in the client's org, by the latest health check or sync."""

    word: str = Field(description="works, broken or unknown.")
    cause: str = Field(description="Code of a cause; empty if nothing is wrong or known.")
    reason: str
    since: datetime | None
    at: datetime | None = Field(description="When it was last checked.")


class ClientSchema(Schema):
    """A registered OAuth client of one Genesys Cloud org. The secret is never returned."""

    id: int
    name: str
    region: str
    environment: str = Field(description="Environment of the org; empty if not set.")
    client_id: str
    state: str
    verified_at: datetime | None
    org_id: str
    org_name: str
    gateway: bool | None = Field(description="Whether the org is behind a provider gateway; null: unknown.")
    company_gateway: str = Field(
        description="URL of the company's own gateway in front of the API; empty if none. Used to judge pasted URLs only."
    )
    status: ClientStatusSchema
    created_at: datetime
    retired_at: datetime | None
    page: str = Field(description="Web page.")


class ImportedClient(Schema):
    """The result for one client of an import: `client`, or why it wasn't registered."""

    name: str
    client: int | None
    errors: list[str]


class ClientImportResult(Schema):
    items: list[ImportedClient]
    registered: int
    without_secret: int = Field(description="Of those: clients that wait for a secret.")


class ListedClientSchema(Schema):
    """An OAuth client as its org lists it."""

    client_id: str
    name: str
    grant: str
    state: str = Field(description="State in Genesys Cloud; empty if not reported.")
    registered: int | None = Field(description="ID of the client here; null if it isn't registered.")
    unusable: str = Field(description="Why it can't be registered; empty if it can.")


class ClientListingSchema(Schema):
    """The OAuth clients that an org lists, as one of them read it."""

    state: str = Field(description="unread, reading, read, denied (a permission is missing) or failed.")
    error: str = Field(description="Why it couldn't be read; otherwise empty.")
    read_at: datetime | None
    is_cut: bool = Field(description="Whether the org has more clients, which weren't read.")
    items: list[ListedClientSchema] = Field(description="Those that can be registered first.")


class RegisteredClient(ImportedClient):
    """The result for one client of the list: `client`, or why it wasn't registered."""

    client_id: str


class ListingRegistrationResult(Schema):
    items: list[RegisteredClient]
    registered: int
    without_secret: int = Field(description="Of those: clients that wait for a secret.")


class Clients(Schema):
    items: list[ClientSchema]
    next: str | None = Field(description="Address of the next page; null on the last one.")


class ProviderSchema(Schema):
    """A cobrowse provider as an org reports it."""

    id: int
    client: ClientName
    source: str = Field(description="gateway, deployment or seen.")
    ref: str = Field(description="ID in the org.")
    name: str
    state: str = Field(description="Whether it offers cobrowse: on, off, inactive or unknown.")
    status: str = Field(description="Status as the org reports it.")
    channels: list[str]
    version: str
    draft_is_newer: bool | None
    first_seen_at: datetime
    last_seen_at: datetime
    changed_at: datetime | None
    removed_at: datetime | None
    page: str


class ProviderInFull(ProviderSchema):
    settings: dict[str, Any]


class Providers(Schema):
    items: list[ProviderSchema]
    next: str | None


class RivalSchema(Schema):
    """The next best explanation of a proved verdict, and the findings that refute it."""

    cause: str
    refuted_by: list[str]


class VerdictSchema(Schema):
    """The cause, its certainty, the evidence and the fix."""

    cause: str
    certainty: str
    sentence: str
    remedy: str
    because: list[str] = Field(
        description="The findings without which it would be another: check, or check#subject. They alone give the same verdict."
    )
    also: list[str] = Field(description="Further causes.")
    as_of: dict[str, Any] | None = Field(
        None,
        description="If the paste has the time of the failure: `time`, `basis` (in_force, changed_between, read_before, "
        "nothing_stored or no_zone), `sentence`, `read_before`, `read_after` and `changes` since. If the verdict of that time "
        "isn't today's, also `evidence` of then and `today`, the verdict on the org at the time of the run.",
    )
    supported_by: list[str] = Field(description="Findings that agree, but aren't needed.")
    rival: RivalSchema | None = Field(description="null unless the verdict is proved.")


class RunSchema(Schema):
    id: int
    client: ClientName
    kind: str
    status: str = Field(description="queued, running, finished or interrupted.")
    source: str
    started_by: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cause: str = Field(description="Empty while there is no verdict.")
    cause_title: str
    certainty: str
    conversation_id: str
    target: str
    branch: str = Field(description="The check whose branch was run again; empty for a whole run.")
    repeats: int | None = Field(description="The run that this one repeats.")
    schedule: int | None
    pinned: bool
    duration_ms: float | None
    engine_version: str
    contract_version: str
    url: str = Field(description="Address to poll while the run is open.")
    page: str


class Waiting(Schema):
    reason: str = Field(description="rate_limit: the rate limit of the org is used up.")
    seconds: int = Field(description="About how long, unless other runs are first.")


class RunInFull(RunSchema):
    waiting: Waiting | None = Field(description="Why a queued run can't start yet; null if nothing holds it up.")
    verdict: VerdictSchema | None = Field(description="null until the run has one.")
    planned: list[str]
    inputs: dict[str, Any] = Field(
        description="What was parsed of the paste, masked. `partial` is a sentence if parsing all of it took too long."
    )
    environment: dict[str, Any] = Field(description="Facts about the client and its org.")


class Runs(Schema):
    items: list[RunSchema]
    next: str | None


class ShortVerdictSchema(Schema):
    """A verdict without its evidence. `cause` is empty while there is none."""

    cause: str
    certainty: str
    sentence: str
    remedy: str


class BatchRunSchema(ShortVerdictSchema):
    """The run that diagnoses a group in the org."""

    id: int
    status: str = Field(description="queued, running, finished or interrupted.")
    url: str
    page: str


class BatchGroupSchema(Schema):
    """Failing calls with the same cause and target. One run diagnoses the last of them."""

    position: int
    method: str
    path: str
    host: str
    provider: str
    status: int | None = Field(description="Of the response: null if it isn't in the text, 0 if none arrived.")
    code: str = Field(description="Error code of the response.")
    calls: int
    first_at: datetime | None
    last_at: datetime | None
    by_call: ShortVerdictSchema = Field(description="By the call and its response alone.")
    run: BatchRunSchema | None = Field(description="null until it starts.")


class BatchSchema(Schema):
    """The failing calls of one text in groups, those with the most calls first, and the run of each group."""

    id: int
    client: ClientName
    source: str
    started_by: str | None
    created_at: datetime
    calls: int
    succeeded: int
    failed: int
    unanswered: int = Field(description="Calls whose response isn't in the text.")
    elsewhere: int = Field(description="Calls that don't go to Genesys Cloud. They are in no group.")
    left_out: int = Field(description="Failing calls in no group: the text has too many kinds of calls.")
    partial: str = Field(description="A sentence if only the beginning was read, otherwise empty.")
    is_open: bool = Field(description="Whether a run is in progress or still has to start.")
    done: int = Field(description="Groups whose run has ended.")
    waiting: int = Field(description="Groups that wait for the limit of runs per minute. They start by themselves.")
    problem: str = Field(description="Why the other groups can't be diagnosed; otherwise empty.")
    groups: list[BatchGroupSchema]
    url: str = Field(description="Address to poll while the batch is open.")
    page: str


class PlannedChangeSchema(Schema):
    """One change, in the form in which it can be sent again. Secrets in it are masked."""

    kind: str
    value: str
    of: str


class ChangeSetSchema(Schema):
    sentence: str = Field(description="What to do, with names for IDs.")
    changes: list[PlannedChangeSchema]


class PredictionSchema(Schema):
    """The verdict after all changes, by today's checks over the stored responses."""

    changes: list[ChangeSetSchema]
    effect: str = Field(
        description="fixes, none (the verdict stays), other (a problem remains), unknown, or unseen (only the pasted response "
        "shows the problem)."
    )
    sentence: str = Field(description="The effect in words.")
    verdict: ShortVerdictSchema
    unknown: list[str] = Field(description="What can't be known.")
    notes: list[str]


class WhatIfSchema(Schema):
    """What would change the verdict of a run. Nothing is sent to the org, and nothing is stored."""

    run: int
    verdict: ShortVerdictSchema = Field(description="Of the run as it is, by today's checks.")
    prediction: PredictionSchema | None = Field(description="null if no changes were given.")
    smallest: list[ChangeSetSchema] = Field(
        description="The smallest changes that fix it, each on its own; empty if nothing is wrong or none was found."
    )


class FindingSchema(Schema):
    """The result of one check for one subject."""

    position: int
    check: str
    version: int
    subject: str
    outcome: str = Field(description="pass, warn, fail, skip (not run) or error (inconclusive).")
    code: str
    sentence: str
    hint: str
    evidence: dict[str, Any]


class Findings(Schema):
    items: list[FindingSchema]
    is_open: bool = Field(description="Whether the run is in progress and more may follow.")


class ExchangeSchema(Schema):
    """One request and its response, redacted."""

    position: int
    check: str
    method: str
    url: str
    status: int | None
    ms: float
    started_at: datetime
    correlation_id: str
    error: str
    request_headers: list[list[str]]
    response_headers: list[list[str]]
    body: str


class Exchanges(Schema):
    items: list[ExchangeSchema]
    is_open: bool


class IssueSchema(Schema):
    """A problem of a client across runs."""

    id: int
    client: ClientName
    check: str
    about: str = Field(description="conversation:… or a call; empty for the org or client itself.")
    subject: str
    code: str
    outcome: str
    sentence: str
    state: str = Field(description="open, accepted or resolved.")
    first_seen_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None
    times: int
    reopened: int
    accepted_until: datetime | None
    accepted_reason: str
    first_run: int | None
    last_run: int | None
    page: str


class KnownFindings(Schema):
    items: list[IssueSchema]
    next: str | None


class RemarkSchema(Schema):
    """`banner`: the runs are too different to compare in full."""

    code: str
    weight: str
    sentence: str


class FactSchema(Schema):
    """One fact of the environment or the input. null: the run didn't read it."""

    kind: str
    what: str
    before: str | None
    after: str | None
    state: str = Field(description="changed, unknown or same.")


class FindingStateSchema(Schema):
    outcome: str
    code: str
    sentence: str


class ChangedFindingSchema(Schema):
    check: str
    title: str
    subject: str
    change: str
    before: FindingStateSchema | None
    after: FindingStateSchema | None
    reason: str


class ChangeGroupSchema(Schema):
    key: str
    title: str
    lines: list[ChangedFindingSchema]


class OrgChangeSchema(Schema):
    """A configuration change between the two runs: after `not_before`, and not after `at`."""

    id: int
    about: str
    kind: str
    name: str
    setting: str
    before: Any
    after: Any
    not_before: datetime | None
    at: datetime


class ComparisonSchema(Schema):
    """The differences between two runs, and the likeliest reason."""

    a: RunSchema
    b: RunSchema
    comparable: bool
    remarks: list[RemarkSchema]
    verdict_change: str = Field(description="Such as broke, fixed or same.")
    certainty: str = Field(description="Certainty of the reason; empty if there is nothing to explain.")
    sentence: str
    more: list[str]
    setup: list[FactSchema]
    inputs: list[FactSchema]
    groups: list[ChangeGroupSchema] = Field(description="Findings that differ, worst first.")
    unchanged: int
    org_changes: list[OrgChangeSchema]
    page: str


class ScheduleSchema(Schema):
    """A recurring run."""

    id: int
    name: str
    client: ClientName
    kind: str
    every: str = Field(description="minutes, daily, weekly or cron.")
    minutes: int | None
    at: str | None = Field(description="Time of day as HH:MM:SS, in `zone`.")
    weekdays: list[int] = Field(description="0 is Monday.")
    cron: str
    zone: str
    jitter_seconds: int
    owner: str | None
    paused_at: datetime | None
    pause_reason: str
    next_run_at: datetime | None = Field(description="null while it is paused.")
    last_due_at: datetime | None
    last_run: int | None
    missed: int
    created_at: datetime


class Schedules(Schema):
    items: list[ScheduleSchema]
    next: str | None


class TokenSchema(Schema):
    """The token and its owner."""

    username: str
    role: str
    may_run: bool = Field(description="Whether scope and role allow starting runs.")
    may_manage: bool = Field(description="Whether scope and role allow changing clients and schedules.")
    is_limited: bool = Field(description="Whether only some orgs are visible.")
    token: str = Field(description="The first characters of the token.")
    name: str
    scope: str
    expires_at: datetime
    calls_per_minute: int
    runs_per_minute: int


class ClaimSchema(Schema):
    """One claim of a text, and whether it is true."""

    kind: str
    text: str
    line: int
    times: int
    verdict: str = Field(description="wrong, unknown, sound or real.")
    sentence: str
    nearest: list[str]
    source: str
    gateway: bool = Field(description="Whether it holds only behind a provider gateway.")


class CheckedClaims(Schema):
    items: list[ClaimSchema]
    omitted: int = Field(description="Claims beyond the largest number that is checked.")
    partial: str = Field(description="A sentence if only the beginning was checked, otherwise empty.")
    contract_version: str


class OperationSchema(Schema):
    """One published operation of the Genesys Cloud API."""

    method: str
    path: str
    summary: str
    permissions: list[str]
    permission_rule: str = Field(description="any, all, none or unknown.")
    scopes: list[str]
    scopes_status: str = Field(description="verified, inferred or unknown.")
    sdk: str = Field(description="Class and method of the Python SDK.")
    has_body: bool
    is_deprecated: bool


class Operations(Schema):
    items: list[OperationSchema]
    found: int
    contract_version: str


class CauseSchema(Schema):
    code: str
    title: str
    node: str = Field(description="The part of the chain in which it lies.")
    page: str


class CauseInFull(CauseSchema):
    meaning: str
    evidence: str
    fix: list[str]
    misconception: str
    response: str
    permissions: list[str]
    operations: list[str]


class Causes(Schema):
    items: list[CauseSchema]


class CauseIssue(Schema):
    """One cause for one target in one org, across runs."""

    id: int
    cause: str
    title: str
    org: str
    target: str = Field(description="conversation:…, call:…, client:… or empty for the org itself.")
    client: ClientName
    outcome: str
    status: str = Field(description="new, ongoing, reopened, resolved or accepted.")
    sentence: str
    first_seen_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None
    occurrences: int
    times_reopened: int
    first_run: int | None
    last_run: int | None
    accepted_until: datetime | None
    page: str


class Issues(Schema):
    items: list[CauseIssue]
    next: str | None


class IncidentSchema(Schema):
    """An issue that the runs of a schedule confirmed, until they confirm that it is over."""

    id: int
    issue: int
    client: ClientName
    schedule: int | None
    cause: str
    sentence: str
    began_at: datetime
    opened_at: datetime
    closed_at: datetime | None
    first_run: int | None
    last_run: int | None


class Incidents(Schema):
    items: list[IncidentSchema]
    next: str | None


class PermissionSchema(Schema):
    permission: str
    state: str = Field(description="held, condition, lacking, unlicensed, hidden or unread.")
    purpose: str
    checks: list[str] = Field(description="Titles of the checks that are inconclusive without it.")
    roles: list[str]
    divisions: list[str]


class ClientPermissionsSchema(Schema):
    synced_at: datetime | None = Field(description="null: never synced, and `items` is empty.")
    items: list[PermissionSchema]


class ImpactSchema(Schema):
    """What depends on a permission, among the clients that are visible to you."""

    permission: str
    clients: int
    clients_unknown: int = Field(description="Clients that may hold it: never synced, or with hidden roles.")
    deployments: int
    deployments_on: int
    schedules: int
    runs: int


class ListedOrgChange(OrgChangeSchema):
    client: ClientName


class OrgChanges(Schema):
    items: list[ListedOrgChange]
    next: str | None
