"""Parameters and bodies of requests, and the check that rejects unknown parameters."""

from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Literal

from ninja import Field, Schema
from pydantic import ConfigDict

from diagnostics.api.callers import AuthenticatedRequest
from diagnostics.api.problems import wrong
from diagnostics.parsing.parse import MAX_PASTE, MAX_RECORD
from diagnostics.runs.filters import CAUSES
from diagnostics.runs.what_if.changes import LONGEST_VALUE, MOST_CHANGES, ChangeKind

MAX_ROWS = 100
DEFAULT_ROWS = 40
LARGEST_ID = 2**63 - 1

Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]


NO_CONTROL_CHARACTERS = r"^[^\x00-\x1f\x7f-\x9f]*$"
SearchText = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_CONTROL_CHARACTERS)]
Text = Annotated[str, Field(min_length=1, max_length=300, pattern=NO_CONTROL_CHARACTERS)]
PageSize = Annotated[int, Field(ge=1, le=MAX_ROWS, description="Maximum rows per page.")]
YesNo = Literal["yes", "no"]
EnvironmentName = Literal["production", "sandbox", "development", "unset"]


Region = Annotated[str, Field(max_length=40, description="Use the region's live API document if there is one.")]


class QueryParameters(Schema):
    """A query string. Unknown names are refused, so that a misspelled filter is never ignored."""


class PageParameters(QueryParameters):
    """One page of a list, newest first."""

    limit: PageSize = DEFAULT_ROWS
    before: Id | None = Field(None, description="Only rows before this ID. `next` sets it.")


class ClientParameters(PageParameters):
    q: SearchText | None = Field(None, description="Part of the client's or the org's name.")
    status: Literal["works", "broken", "unknown"] | None = None
    environment: EnvironmentName | None = Field(None, description="Environment of the org.")
    retired: YesNo = Field("no", description="yes: list retired clients instead.")


class ProviderParameters(PageParameters):
    q: SearchText | None = Field(None, description="Part of the name or ID.")
    client: Id | None = None
    source: Literal["gateway", "deployment", "seen"] | None = None
    state: Literal["on", "off", "inactive", "unknown"] | None = None
    removed: YesNo | None = Field(None, description="yes: only removed providers; no: only current ones.")


class IssueParameters(PageParameters):
    client: Id | None = None
    state: Literal["open", "accepted", "resolved", "all"] = "open"
    check: Text | None = Field(None, description="ID of a check, such as oauth.token.")
    outcome: Literal["fail", "warn"] | None = None


class IssueListParameters(PageParameters):
    status: Literal["open", "new", "ongoing", "reopened", "accepted", "resolved", "all"] = "open"
    client: Id | None = None
    org: Text | None = Field(None, description="ID of an org.")
    cause: Text | None = Field(None, description="Code of a cause.")


class IncidentParameters(PageParameters):
    client: Id | None = None
    open: YesNo | None = None


class ChangeParameters(PageParameters):
    client: Id | None = None
    about: Literal["deployment", "gateway", "seen", "grant", "client", "status"] | None = None
    kind: Literal["appeared", "vanished", "returned", "enabled", "disabled", "changed"] | None = None


class ImpactParameters(QueryParameters):
    permission: Text = Field(description="In the form domain:entity:action.")


class OperationParameters(QueryParameters):
    q: SearchText | None = Field(None, description="Words of a path, operation, permission or summary.")
    region: Region | None = None
    limit: PageSize = DEFAULT_ROWS


class ScheduleParameters(PageParameters):
    client: Id | None = None
    paused: YesNo | None = None


class Pair(QueryParameters):
    """The two runs of a comparison."""

    a: Id = Field(description="The first run.")
    b: Id = Field(description="The second run.")


class RunParameters(QueryParameters):
    """The filters of the page Runs, by the same names, so its query string can be copied."""

    model_config = ConfigDict(populate_by_name=True)

    limit: PageSize = DEFAULT_ROWS
    page: Text | None = Field(None, description="Position in the list. `next` sets it.")
    client: Id | None = Field(None, description="ID of the client.")
    org: Text | None = Field(None, description="ID of the org.")
    environment: EnvironmentName | None = None
    kind: Literal["diagnosis", "health"] | None = None
    cause: str | None = Field(
        None, description="Code of a cause. wrong: any cause but none.", json_schema_extra={"enum": [*sorted(CAUSES)]}
    )
    certainty: Literal["proved", "likely", "undetermined"] | None = None
    status: Literal["open", "queued", "running", "finished", "interrupted"] | None = None
    check: Text | None = Field(None, description="ID of a check.")
    outcome: Literal["pass", "warn", "fail", "skip", "error"] | None = Field(
        None, description="Outcome of the check. Only together with check."
    )
    conversation: Text | None = None
    provider: Text | None = None
    deployment: Text | None = None
    permission: Text | None = None
    who: Text | None = Field(None, description="Username of the person who started it.")
    source: Literal["web", "cli", "schedule", "demo", "watch", "api"] | None = None
    target: Text | None = Field(None, description="Target of the run. Runs of the same target can be compared.")
    pinned: YesNo | None = None
    part: YesNo | None = Field(None, description="Whether only one branch of the checks was run again.")
    when: Literal["today", "24h", "7d", "30d"] | None = None
    since: Text | None = Field(None, alias="from", description="A date or time: 2026-11-22, 2026-11-22T14:00.")
    until: Text | None = Field(None, alias="to")
    zone: Text | None = Field(None, description="Time zone of dates and times. Default UTC.")
    sort: Literal["newest", "oldest", "slowest"] | None = None


class Body(Schema):
    """A JSON body. Unknown names are refused, so that a misspelled one is never ignored."""

    model_config = ConfigDict(extra="forbid")


class CallGiven(Body):
    """The failing call."""

    method: str = "GET"
    url: str
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = ""


class AnswerGiven(Body):
    """The response to the failing call."""

    status: Annotated[int, Field(ge=100, le=599)]
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = ""


class ClaimText(Body):
    """A text to check, such as advice or a forum thread."""

    text: Annotated[str, Field(min_length=1, max_length=1_000_000)]
    region: Region = ""


class ClientChange(Body):
    """The fields of a client to change. Fields that are left out stay as they are."""

    name: Annotated[str, Field(max_length=120)] | None = None
    region: Text | None = Field(None, description="Any spelling, such as eu-west-1, Ireland or mypurecloud.ie.")
    client_id: Annotated[str, Field(max_length=120)] | None = None
    environment: Literal["", "production", "sandbox", "development"] | None = None
    company_gateway: Annotated[str, Field(max_length=300)] | None = None


class Secret(Body):
    """A client secret. It is stored encrypted, and no answer contains it."""

    secret: Annotated[str, Field(min_length=1, max_length=1000)]


class NewClient(ClientChange):
    """A client to register. Without a secret it is listed for completion, and nothing is sent to its org."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    region: Text
    client_id: Annotated[str, Field(min_length=1, max_length=120)]
    secret: Annotated[str, Field(max_length=1000, description="Stored encrypted; no answer contains it.")] = ""


class ClientImport(Body):
    """Clients to register in one request."""

    clients: Annotated[list[NewClient], Field(min_length=1, max_length=200)]


class ListedClientChoice(Body):
    """A client of the list to register. Without a secret it is listed for completion."""

    client_id: Text
    secret: Annotated[str, Field(max_length=1000, description="Stored encrypted; no answer contains it.")] = ""


class ListingRegistration(Body):
    """Clients of the list to register in one request."""

    clients: Annotated[list[ListedClientChoice], Field(min_length=1, max_length=200)]


class ScheduleChange(Body):
    """The fields of a schedule to change. Fields that are left out stay as they are."""

    name: Annotated[str, Field(max_length=120)] | None = None
    every: Literal["minutes", "daily", "weekly", "cron"] | None = None
    minutes: Annotated[int, Field(ge=1, le=100_000)] | None = None
    at: Annotated[str, Field(max_length=8)] | None = Field(None, description="HH:MM, in `zone`.")
    weekdays: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(max_length=7)] | None = Field(
        None, description="0 is Monday."
    )
    cron: Annotated[str, Field(max_length=200)] | None = None
    zone: Text | None = Field(None, description="Such as Europe/Berlin or UTC.")
    jitter_seconds: Annotated[int, Field(ge=0, le=3600)] | None = None
    paused: bool | None = None
    pause_reason: Annotated[str, Field(max_length=300)] | None = None


class NewSchedule(ScheduleChange):
    """A schedule of health checks of a client."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    client: Id
    every: Literal["minutes", "daily", "weekly", "cron"]
    zone: Text = "UTC"


class RunGiven(Body):
    """A run to start. With the client alone it is a health check."""

    client: Id = Field(description="ID of the client to use.")
    call: CallGiven | str | None = Field(
        None,
        description="The failing call: as an object, or any text that Diagnose understands, such as a curl command.",
    )
    answer: AnswerGiven | str | None = Field(None, description="The response: as an object, or a raw HTTP response.")
    conversation_id: Annotated[str, Field(max_length=200)] = ""
    note: Annotated[str, Field(max_length=2000)] = Field("", description="Notes.")


class GivenChange(Body):
    """One change, of the call or of the org's setup, as on the page “What if”."""

    kind: ChangeKind
    value: Annotated[str, Field(max_length=LONGEST_VALUE)] = Field(
        "",
        description="The new value: a path, a permission, a role, `on` or `off`, or names with commas for `channels`.",
    )
    of: Annotated[str, Field(max_length=LONGEST_VALUE)] = Field(
        "",
        description="What it applies to: the name of a role or header, the ID of a deployment or provider. For `add_role` "
        "the division. Empty: all of them, or a new role for a permission to add.",
    )


class WhatIfGiven(Body):
    """The changes to predict together. Without any, only the smallest change that fixes it is sought."""

    changes: Annotated[list[GivenChange], Field(max_length=MOST_CHANGES)] = Field(default_factory=list)


class BatchGiven(Body):
    """A text with many calls, such as a log, a HAR, the results of a Postman run or a list of commands."""

    client: Id = Field(description="ID of the client to use.")
    text: Annotated[str, Field(min_length=1, max_length=MAX_RECORD)] = Field(
        description=f"At most {MAX_PASTE:,} characters, unless it is a HAR or a Postman collection."
    )


def refuse_unknown_parameters(view: Callable[..., Any]) -> Callable[..., Any]:
    """Raises 422 for parameters that the operation does not have, empty values and duplicates."""

    @wraps(view)
    def checked(request: AuthenticatedRequest, *args: Any, **values: Any) -> Any:
        known = {
            field.alias or name
            for value in values.values()
            if isinstance(value, QueryParameters)
            for name, field in type(value).model_fields.items()
        }
        unknown = [(f"query.{name}", "Unknown parameter.") for name in request.GET if name not in known]
        empty = [(f"query.{name}", "Empty. Leave it out.") for name in known if request.GET.get(name) == ""]
        twice = [(f"query.{name}", "Given twice.") for name in known if len(request.GET.getlist(name)) > 1]
        if unknown or empty or twice:
            raise wrong("The query string isn't valid.", *unknown, *empty, *twice)
        return view(request, *args, **values)

    return checked
