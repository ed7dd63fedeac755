"""Groups the failing calls of a text by cause and target, judged by the calls and their responses alone."""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from diagnostics.engine import causes
from diagnostics.engine.call_review import CallReview, review_call
from diagnostics.genesys.contract import Contract
from diagnostics.genesys.regions import Region, region_of_host
from diagnostics.parsing.batch import CallKind, read_calls
from diagnostics.parsing.call import Unreadable
from diagnostics.parsing.company_gateway import is_host_of
from diagnostics.parsing.inputs import Inputs, values_of
from diagnostics.redaction.redactor import Redactor
from diagnostics.text import time_budget
from diagnostics.text.time_budget import TimeBudgetExceeded

JUDGE_SECONDS = 0.6  # of CPU time, after that of reading the text
MAX_GROUPS = 50
ID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|(?<=/)(?:\d+|[0-9a-fA-F]{16,})(?=/|$)")


@dataclass(frozen=True)
class CallGroup:
    """Failing calls with the same cause and target. `status` is None if their response isn't known, 0 if none arrived.

    `inputs` is the last of the calls, masked, to be diagnosed. `host` is "" if the calls name none.
    """

    cause: str
    certainty: str
    sentence: str
    remedy: str
    method: str
    template: str
    host: str
    provider: str
    status: int | None
    code: str
    calls: int
    first_at: datetime | None
    last_at: datetime | None
    inputs: Inputs

    @property
    def has_cause(self) -> bool:
        return has_cause(self.cause)

    @property
    def key(self) -> tuple[object, ...]:
        """Without a cause, only calls with the same response are one group."""
        response = () if self.has_cause else (self.status, self.code)
        return (self.cause, self.method, self.template, self.host, self.provider, *response)

    @property
    def target(self) -> str:
        return f"{self.method} {self.template}".strip()

    @property
    def example(self) -> str:
        call = self.inputs.call
        return (call.url or call.sdk_method)[:300] if call else ""

    def to_json(self) -> dict[str, Any]:
        times = {name: at and at.isoformat() for name, at in (("first_at", self.first_at), ("last_at", self.last_at))}
        return asdict(replace(self, inputs=Inputs())) | times | {"inputs": self.inputs.to_json()}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "CallGroup":
        times = {name: row[name] and datetime.fromisoformat(row[name]) for name in ("first_at", "last_at")}
        return cls(**{**row, **times, "inputs": Inputs.from_json(row["inputs"])})


class GroupedCalls:
    """Counts the calls of groups, whether they were just read or come from the database."""

    groups: Sequence[Any]  # with `calls` and `status`

    @property
    def failed(self) -> int:
        return sum(group.calls for group in self.groups if group.status is not None)

    @property
    def unanswered(self) -> int:
        """The calls whose response isn't in the text."""
        return sum(group.calls for group in self.groups if group.status is None)


@dataclass(frozen=True)
class BatchReview(GroupedCalls):
    """The calls of a text, counted, and its groups, those with the most calls first.

    `elsewhere` counts calls that don't go to Genesys Cloud; they are in no group. `left_out` counts failing calls beyond
    MAX_GROUPS or beyond the time. `partial` says how much of the text was read if that is not all, else it is "".
    """

    calls: int = 0
    succeeded: int = 0
    elsewhere: int = 0
    left_out: int = 0
    partial: str = ""
    groups: tuple[CallGroup, ...] = ()

    @property
    def sentence(self) -> str:
        return f"This text has {counts_in_words(self.calls, self.failed, self.unanswered, len(self.groups))}"

    @property
    def rest(self) -> str:
        return rest_in_words(self.succeeded, self.elsewhere, self.left_out)

    def to_json(self) -> dict[str, Any]:
        return asdict(replace(self, groups=())) | {"groups": [group.to_json() for group in self.groups]}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> "BatchReview":
        return cls(**{**row, "groups": tuple(CallGroup.from_json(group) for group in row["groups"])})


def has_cause(cause: str) -> bool:
    return cause not in ("", causes.NONE, causes.UNDETERMINED)


def counts_in_words(calls: int, failed: int, unanswered: int, groups: int) -> str:
    parts = [f"{failed:,} failed"] if failed or not unanswered else []
    parts += [f"{unanswered:,} without a response"] if unanswered else []
    in_groups = f", in {groups} group{'' if groups == 1 else 's'}" if groups else ""
    return f"{calls:,} call{'' if calls == 1 else 's'}; {' and '.join(parts)}{in_groups}."


def rest_in_words(succeeded: int, elsewhere: int, left_out: int) -> str:
    """What is in no group, and why; "" for nothing."""
    parts = [f"{succeeded:,} succeeded"] if succeeded else []
    parts += [f"{elsewhere:,} don't go to Genesys Cloud"] if elsewhere else []
    parts += [f"{left_out:,} are left out: the text has too many kinds of calls"] if left_out else []
    return f"Not in a group: {', '.join(parts)}." if parts else ""


def review_batch(
    text: str, contract_of: Callable[[Region | None], Contract], gateways: Sequence[str] = (), fewest: int = 1
) -> BatchReview:
    """Never raises, and takes at most about two seconds of CPU time.

    `contract_of` gives the contract of a region, `gateways` are the addresses of company gateways. A text with fewer calls
    than `fewest` is not judged.
    """
    many = read_calls(text)
    if many.total < fewest:
        return BatchReview(many.total, partial=many.partial)
    hosts = tuple(urlsplit(gateway).netloc.lower() for gateway in gateways)
    succeeded, elsewhere, left_out = 0, 0, many.left_out
    failing: list[CallKind] = []
    for kind in many.kinds:
        if not kind.is_of_genesys(hosts):
            elsewhere += kind.calls
        elif kind.is_success:
            succeeded += kind.calls
        else:
            failing.append(kind)
    groups: dict[tuple[object, ...], CallGroup] = {}
    # Kinds with a response first, since only those are known to have failed.
    ordered = sorted(failing, key=lambda kind: (kind.draft.status is not None, kind.calls), reverse=True)
    with time_budget.unlimited(), time_budget.limited(JUDGE_SECONDS) as budget:
        for kind in ordered:
            group = None if budget.exceeded else _group_of(kind, many.secrets, contract_of, gateways)
            before = groups.get(group.key) if group else None
            if group is None or (before is None and len(groups) >= MAX_GROUPS):
                left_out += kind.calls
            else:
                groups[group.key] = _merged(before, group) if before else group
    by_size = sorted(groups.values(), key=lambda group: group.calls, reverse=True)
    return BatchReview(many.total, succeeded, elsewhere, left_out, many.partial, tuple(by_size))


def _group_of(
    kind: CallKind,
    secrets: list[str],
    contract_of: Callable[[Region | None], Contract],
    gateways: Sequence[str],
) -> CallGroup | None:
    """None for a call with thousands of secrets, and once the time is up."""
    try:
        time_budget.check()
        parsed = kind.parsed(secrets)
        call, response, conversation_id = values_of(parsed)
        time_budget.check()
    except (Unreadable, TimeBudgetExceeded):
        return None
    if call is None:
        return None
    inputs = Inputs(call, response, conversation_id[:200], failed_at=parsed.time)
    region = region_of_host(call.host)
    gateway = next((url for url in gateways if is_host_of(url, call.host)), "") if call.host else ""
    review = review_call(replace(inputs, company_gateway=gateway), contract_of(region), region)
    body = response.json()[0] if response else None
    code = body.get("code") if isinstance(body, dict) else None
    status = (0 if response.network_error else response.status) if response else None
    with time_budget.unlimited():
        names = (
            _template(call.path or call.sdk_method, review),
            call.host,
            (review.aim and review.aim.provider_id) or "",
        )
        template, host, provider, code = (
            Redactor(()).text(name[:500]) for name in (*names, code if isinstance(code, str) else "")
        )
    return CallGroup(
        review.verdict.cause,
        review.verdict.certainty,
        review.verdict.sentence,
        review.fix.steps[0] if has_cause(review.verdict.cause) and review.fix.steps else review.verdict.remedy,
        call.method,
        template[:500],
        host[:200],
        provider[:100],
        status,
        code[:100],
        kind.calls,
        kind.first_at,
        kind.last_at,
        inputs,
    )


def _template(path: str, review: CallReview) -> str:
    """The path of the published operation, else the path with its IDs left out."""
    operation = review.aim.operation if review.aim else None
    return operation.path if operation else ID.sub("{id}", path)


def _merged(before: CallGroup, other: CallGroup) -> CallGroup:
    """One group of both, with the later example."""
    firsts = [at for at in (before.first_at, other.first_at) if at]
    lasts = [at for at in (before.last_at, other.last_at) if at]
    later = other if other.last_at and (not before.last_at or other.last_at > before.last_at) else before
    return replace(
        before,
        calls=before.calls + other.calls,
        first_at=min(firsts, default=None),
        last_at=max(lasts, default=None),
        inputs=later.inputs,
        sentence=later.sentence,
        remedy=later.remedy,
    )
