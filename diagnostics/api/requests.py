"""Parameters and bodies of requests, and the check that rejects unknown parameters."""

from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Literal

from ninja import Field, Schema
from pydantic import ConfigDict

from diagnostics.api.callers import AuthenticatedRequest
from diagnostics.api.problems import wrong
from diagnostics.runs.filters import CAUSES

MAX_ROWS = 100
DEFAULT_ROWS = 40
LARGEST_ID = 2**63 - 1

Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]


NO_CONTROL_CHARACTERS = r"^[^\x00-\x1f\x7f-\x9f]*$"
SearchText = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_CONTROL_CHARACTERS)]
Text = Annotated[str, Field(min_length=1, max_length=300, pattern=NO_CONTROL_CHARACTERS)]
PageSize = Annotated[int, Field(ge=1, le=MAX_ROWS, description="How many rows a page has at most.")]
YesNo = Literal["yes", "no"]
Tier = Literal["production", "sandbox", "development", "unsaid"]


class QueryParameters(Schema):
    """A query string: names that it does not have are refused, so that a wrong filter is never taken for none."""


class PageParameters(QueryParameters):
    """One page of a list that goes on by id, the newest first."""

    limit: PageSize = DEFAULT_ROWS
    before: Id | None = Field(None, description="Go on below the row with this id, as `next` of a page says it.")


class ClientParameters(PageParameters):
    q: SearchText | None = Field(None, description="Part of the name or of the org's name.")
    standing: Literal["works", "broken", "unknown"] | None = None
    tier: Tier | None = Field(None, description="What the org is used for.")
    retired: YesNo = Field("no", description="Whether to list the retired clients instead.")


class ProviderParameters(PageParameters):
    q: SearchText | None = Field(None, description="Part of the name or of the id.")
    client: Id | None = None
    source: Literal["gateway", "deployment", "seen"] | None = None
    state: Literal["on", "off", "inactive", "unknown"] | None = None
    gone: YesNo | None = Field(None, description="yes: only those that are gone; no: only those that are there.")


class IssueParameters(PageParameters):
    client: Id | None = None
    state: Literal["open", "accepted", "ended", "all"] = "open"
    check: Text | None = Field(None, description="Id of a check, such as oauth.token.")
    outcome: Literal["fail", "warn"] | None = None


class ScheduleParameters(PageParameters):
    client: Id | None = None
    paused: YesNo | None = None


class Pair(QueryParameters):
    """The two runs of a comparison."""

    a: Id = Field(description="The first run.")
    b: Id = Field(description="The second run.")


class RunParameters(QueryParameters):
    """The filters of the page Runs, by the same names: the query string of that page can be taken over as it is."""

    model_config = ConfigDict(populate_by_name=True)

    limit: PageSize = DEFAULT_ROWS
    page: Text | None = Field(None, description="Where to go on, as `next` of a page says it.")
    client: Id | None = Field(None, description="Id of the client.")
    org: Text | None = Field(None, description="Id of the org.")
    tier: Tier | None = None
    kind: Literal["diagnosis", "health"] | None = None
    cause: str | None = Field(
        None, description="Code of a cause; wrong: anything but none.", json_schema_extra={"enum": [*sorted(CAUSES)]}
    )
    certainty: Literal["proved", "likely", "undetermined"] | None = None
    status: Literal["open", "queued", "running", "finished", "interrupted"] | None = None
    check: Text | None = Field(None, description="Id of a check.")
    outcome: Literal["pass", "warn", "fail", "skip", "error"] | None = Field(
        None, description="What the check said; only together with check."
    )
    conversation: Text | None = None
    provider: Text | None = None
    deployment: Text | None = None
    permission: Text | None = None
    who: Text | None = Field(None, description="Username of who started it.")
    source: Literal["web", "cli", "schedule", "demo", "watch", "api"] | None = None
    target: Text | None = Field(None, description="What the run is about; the same for runs that ask the same.")
    pinned: YesNo | None = None
    part: YesNo | None = Field(None, description="Whether only one branch of the checks was asked again.")
    when: Literal["today", "24h", "7d", "30d"] | None = None
    since: Text | None = Field(None, alias="from", description="A day or a moment: 2026-11-22, 2026-11-22T14:00.")
    until: Text | None = Field(None, alias="to")
    zone: Text | None = Field(None, description="Time zone in which days and hours are meant; UTC.")
    sort: Literal["newest", "oldest", "slowest"] | None = None


class CallGiven(Schema):
    """The failing call in its parts."""

    model_config = ConfigDict(extra="forbid")

    method: str = "GET"
    url: str
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = ""


class AnswerGiven(Schema):
    """The answer that the failing call got."""

    model_config = ConfigDict(extra="forbid")

    status: Annotated[int, Field(ge=100, le=599)]
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = ""


class RunGiven(Schema):
    """A run to start. With nothing but the client, the health of its org is checked."""

    model_config = ConfigDict(extra="forbid")

    client: Id = Field(description="Id of the client to ask with.")
    call: CallGiven | str | None = Field(
        None,
        description="The failing call: its parts, or any text that the page Diagnose reads, such as a curl command.",
    )
    answer: AnswerGiven | str | None = Field(None, description="The answer it got: its parts, or a raw HTTP response.")
    conversation_id: Annotated[str, Field(max_length=200)] = ""
    note: Annotated[str, Field(max_length=2000)] = Field("", description="What you know of it.")


def refuse_unknown_parameters(view: Callable[..., Any]) -> Callable[..., Any]:
    """Raises 422 for parameters that the operation does not have, empty values and duplicates."""

    @wraps(view)
    def checked(request: AuthenticatedRequest, *args: Any, **values: Any) -> Any:
        known = {
            name
            for value in values.values()
            if isinstance(value, QueryParameters)
            for name in _parameter_names(type(value))
        }
        unknown = [(f"query.{name}", "There is no such parameter.") for name in request.GET if name not in known]
        empty = [(f"query.{name}", "It is empty: leave it out.") for name in known if request.GET.get(name) == ""]
        twice = [(f"query.{name}", "It is given twice.") for name in known if len(request.GET.getlist(name)) > 1]
        if unknown or empty or twice:
            raise wrong("The query string was not understood; nothing was answered.", *unknown, *empty, *twice)
        return view(request, *args, **values)

    return checked


def _parameter_names(parameters: type[QueryParameters]) -> set[str]:
    return {field.alias or name for name, field in parameters.model_fields.items()}
