"""Explains a 404 by comparing pairs of reads: no such path, no such resource, hidden, or another region."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from diagnostics.checks.base import (
    CheckContext,
    Evidence,
    Read,
    Result,
    check,
    failed,
    from_screenshot,
    passed,
    skipped,
    unclear,
)
from diagnostics.checks.probes import ProbePlan, plan_for
from diagnostics.genesys.regions import region_of_host
from diagnostics.genesys.response import OrgResponse
from diagnostics.parsing.call import ReceivedResponse

CONVERSATIONS = "/api/v2/conversations/"


@dataclass(frozen=True)
class ProbeResult:
    """The parts of a response that can be compared with another one.

    `is_from_api` is true if the API itself responded, with JSON or its error body. For a missing path, `is_conclusive`
    is enough, because the body can be anything.
    """

    path: str
    status: int | None
    code: str = ""
    is_from_api: bool = True

    @property
    def is_conclusive(self) -> bool:
        return (
            self.status is not None
            and self.status not in (401, 407, 429)
            and not 300 <= self.status < 400
            and self.status < 500
        )

    def is_like(self, other: "ProbeResult") -> bool:
        return (self.status, self.code) == (other.status, other.code)

    @property
    def as_evidence(self) -> dict[str, Any]:
        return {"method": "GET", "path": self.path, "status": self.status, "code": self.code}

    def __str__(self) -> str:
        return f"{self.status or 'no response'} {self.code}".strip()


def probe_result(path: str, response: OrgResponse) -> ProbeResult:
    is_from_api = response.ok or (response.is_genesys_error and response.status in (400, 403, 404, 405, 409, 410))
    return ProbeResult(path, response.status, (response.code or response.error)[:120], is_from_api)


def _is_doubtful(ctx: CheckContext) -> bool:
    """There is a 404 to explain, or the call isn't one of the published API."""
    response = ctx.answer.of_the_api if ctx.answer is not None else None
    if response is not None and response.status is not None:
        return response.status == 404
    return ctx.aim is not None and ctx.aim.world != "published"


def probe_reads(ctx: CheckContext) -> list[Read]:
    """The reads of a 404 that is sure to be compared."""
    if not _is_doubtful(ctx) or (ctx.aim is not None and ctx.aim.world == "token"):
        return []
    plan = plan_for(ctx.contract, ctx.aim, _id_of(ctx))
    return [(path, {}) for path in dict.fromkeys(_compared(plan)) if path]


def _compared(plan: ProbePlan) -> tuple[str, ...]:
    paths = (plan.called, plan.invented, plan.control) if plan.called else ()
    return plan.parent, plan.impossible, *paths


@check(
    "route.oracle",
    title="404 comparison",
    node="route",
    about="conversation",
    affected_by=("permission", "role", "path", "conversation", "region"),
    after=("oauth.token",),
    needs=("conversation",),
    version=3,
    first_reads=probe_reads,
    reads=("GET /api/v2/*",),
)
def route_oracle(ctx: CheckContext) -> Iterator[Result]:
    """Sends nothing unless there is a 404 to explain."""
    aim = ctx.aim
    if aim is not None and aim.world == "token":
        yield skipped("not_asked", "This is a token request, so there is no 404 of the API to explain.")
        return
    plan = plan_for(ctx.contract, aim, _id_of(ctx))
    response = ctx.answer.of_the_api if ctx.answer is not None else None
    answered = response.status if response is not None else None
    doubtful = _is_doubtful(ctx)
    if not doubtful and (not plan.parent or ctx.genesys.get(plan.parent).status not in (403, 404)):
        yield skipped("not_asked", "There is no 404 to explain.")
        return
    results = judge(
        plan, _probe(ctx, plan, doubtful), _other_host(ctx), answered if _is_from_genesys(response) else None
    )
    if ctx.call is not None and ctx.call.from_screenshot:
        results = map(from_screenshot, results)
    yield from results


def _probe(ctx: CheckContext, plan: ProbePlan, doubtful: bool) -> dict[str, ProbeResult]:
    """Path -> result. The other views are read only if the parent isn't a 200."""
    if not doubtful:
        return _read(ctx, plan.parent, plan.impossible, *plan.views, plan.history)
    results = _read(ctx, *_compared(plan))
    parent = results.get(plan.parent)
    if parent is not None and parent.is_from_api and parent.status != 200:
        results |= _read(ctx, *plan.views, plan.history)
    return results


def _read(ctx: CheckContext, *paths: str) -> dict[str, ProbeResult]:
    wanted = list(dict.fromkeys(path for path in paths if path))
    return {
        path: probe_result(path, response) for path, response in zip(wanted, ctx.genesys.get_all(*wanted), strict=True)
    }


def _id_of(ctx: CheckContext) -> str:
    """The first ID in a published path, else the ID of the conversation."""
    if ctx.aim is not None and ctx.aim.world == "published":
        return next(iter(ctx.contract.match(ctx.aim.method, ctx.aim.path).parameters.values()), "")
    return ctx.target.conversation_id or (ctx.aim.id_text if ctx.aim is not None else "")


def _is_from_genesys(response: ReceivedResponse | None) -> bool:
    """Is the pasted response from the API itself? Otherwise its status says nothing about the operation."""
    data, _ = response.json() if response is not None else (None, None)
    has_code = isinstance(data, dict) and isinstance(data.get("code"), str)
    return has_code or (response is not None and bool(response.header("ININ-Correlation-Id")))


def _other_host(ctx: CheckContext) -> str:
    """The host of the call if it belongs to another region than the client's, else ""."""
    if ctx.call is None or not ctx.call.host:
        return ""
    region = region_of_host(ctx.call.host)
    return ctx.call.host if region is not None and region.key != ctx.target.region.key else ""


def judge(plan: ProbePlan, probes: dict[str, ProbeResult], other_host: str, answered: int | None) -> Iterator[Result]:
    """One result per pair: the resource, the path, and the region if the call went to another one."""
    results = []
    if plan.parent in probes and plan.impossible in probes:
        views = [probes[path] for path in plan.views if path in probes]
        parent, impossible = probes[plan.parent], probes[plan.impossible]
        results.append(judge_resource(plan, parent, impossible, views, probes.get(plan.history)))
    if plan.called in probes and plan.invented in probes:
        results.append(judge_path(probes[plan.called], probes[plan.invented], probes.get(plan.control)))
    yield from results or [skipped("nothing_to_compare", "The call has no ID and no path to compare.")]
    codes = [result.code for result in results]
    if other_host and "present" in codes:
        yield _other_region(probes[plan.parent], other_host, answered)
    elif answered == 404 and codes == ["present", "routed"]:
        yield passed(
            "from_the_operation",
            "The path and the conversation both exist, so the 404 comes from the operation itself.",
            hint="Either the caller isn't in the conversation, or the conversation's state doesn't allow the operation. With "
            "the correlation ID of the response, Genesys Cloud Care can tell which.",
            subject="answer",
            evidence={"pairs": [result.subject for result in results]},
        )


def judge_resource(
    plan: ProbePlan, real: ProbeResult, impossible: ProbeResult, views: list[ProbeResult], past: ProbeResult | None
) -> Result:
    """Compare the ID with one that can't exist, then with other reads of the same resource."""
    more = [probe.as_evidence for probe in (*views, *([past] if past else []))]
    proof: Evidence = {"pair": [real.as_evidence, impossible.as_evidence], "views": more}
    shown = next((view for view in views if view.status == 200 and view.is_from_api), None)
    if impossible.status == 200:
        return unclear(
            "answers_anything",
            "Even an ID that can't exist gets a 200, so something other than the API answers here.",
            subject="resource",
            evidence=proof,
        )
    if not (real.is_from_api and impossible.is_from_api) or impossible.status == 400:
        return _not_comparable("resource", real, impossible, proof)
    if real.status == 200:
        return passed(
            "present",
            f"The ID gets a 200, and one that can't exist gets {impossible}: it exists, and this client sees it.",
            subject="resource",
            evidence=proof,
        )
    recorded = past is not None and past.is_from_api and past.status == 200
    if recorded and real.status == 404:
        return failed(
            "past",
            f"The live read gets {real}, but the history has the ID: it existed and has ended.",
            subject="resource",
            evidence=proof,
        )
    if real.status == 404 and plan.is_view and shown is not None:
        return failed(
            "other_view",
            f"It exists, because {shown.path} shows it, but {real.path} is for another media type.",
            hint="Use the path for the conversation's media type.",
            subject="resource",
            evidence=proof,
        )
    if shown is not None or not real.is_like(impossible):
        return _hidden(plan, real, impossible, shown, proof)
    if real.status == 404:
        return _absent(plan, real, past, proof)
    if recorded:
        return unclear(
            "only_recorded",
            f"The history has the ID, so it exists or existed. The live read gets {real}, which doesn't show whether it has "
            "ended.",
            hint=f"Add {_permission_names(plan.permissions)} to a role of the client to find out.",
            subject="resource",
            evidence=proof,
        )
    return unclear(
        "blind",
        f"The ID and one that can't exist both get {real}, so we can't tell whether the ID exists.",
        hint=f"Add {_permission_names(plan.permissions)} to a role of the client to find out.",
        subject="resource",
        evidence=proof,
    )


def _hidden(
    plan: ProbePlan, real: ProbeResult, impossible: ProbeResult, shown: ProbeResult | None, proof: Evidence
) -> Result:
    reason = f"{shown.path} shows it" if shown else f"an ID that can't exist gets a different response ({impossible})"
    return failed(
        "hidden",
        f"It exists, because {reason}, but this client gets {real}: it is hidden from this client.",
        hint=f"Add {_permission_names(plan.permissions)} to a role of the client, in the division of the resource.",
        subject="resource",
        evidence=proof,
    )


def _absent(plan: ProbePlan, real: ProbeResult, past: ProbeResult | None, proof: Evidence) -> Result:
    if not plan.parent.startswith(CONVERSATIONS):
        return failed(
            "other_absent",
            f"{real.path} gets the same response as an ID that can't exist ({real}): for this client it doesn't exist.",
            hint="Check the IDs in the path, and whether they belong to this org and region.",
            subject="resource",
            evidence=proof,
        )
    is_forbidden = past is not None and past.status == 403
    advice = (
        f" To see whether it existed earlier, add {_permission_names(plan.history_permissions)} to a role of the client."
        if is_forbidden
        else ""
    )
    return failed(
        "absent",
        f"The ID gets the same response as one that can't exist ({real}), and no other read has it: for this client it "
        "doesn't exist.",
        hint="Check which kind of ID it is, and whether it belongs to another org or region. A client of that org would "
        f"see it.{advice}",
        subject="resource",
        evidence=proof,
    )


def judge_path(called: ProbeResult, invented: ProbeResult, control: ProbeResult | None) -> Result:
    """Compare a GET of the call's path with a GET of a similar path that doesn't exist.

    A 405 proves that the path exists with other methods. A 404 alone proves nothing, because an org may respond so to a
    GET of a path that only accepts writes. It counts only if a published path of that kind gets another response.
    `request.path` reports which path is right, including those of a gateway.
    """
    pair = (called, invented, *([control] if control else ()))
    proof: Evidence = {"pair": [probe.as_evidence for probe in pair]}
    if not called.is_conclusive or not invented.is_conclusive:
        return _not_comparable("path", called, invented, proof)
    if invented.status != 404:
        return unclear(
            "answers_anything",
            f"Even a path that doesn't exist gets {invented}, so we can't tell which paths exist.",
            subject="path",
            evidence=proof,
        )
    if not called.is_like(invented):
        return passed(
            "routed",
            f"The call's path gets {called}, and one that doesn't exist gets {invented}: the path exists.",
            subject="path",
            evidence=proof,
        )
    if control is not None and control.is_conclusive and not control.is_like(invented):
        return failed(
            "not_routed",
            f"The call's path gets the same response as one that doesn't exist ({invented}), while {control.path} gets "
            f"{control}: the path doesn't exist.",
            subject="path",
            evidence=proof,
        )
    return skipped(
        "alike",
        f"The call's path and one that doesn't exist both get {invented}, so we go by the published API.",
        subject="path",
        evidence=proof,
    )


def _other_region(real: ProbeResult, other_host: str, answered: int | None) -> Result:
    return failed(
        "other_region",
        f"It exists in this client's org, but the call went to {other_host}, which belongs to another region.",
        hint="Send the call to the org's region.",
        subject="region",
        evidence={"pair": [real.as_evidence, {"host": other_host, "status": answered}]},
    )


def _not_comparable(subject: str, one: ProbeResult, other: ProbeResult, proof: Evidence) -> Result:
    return unclear(
        "untold",
        f"The responses can't be compared: {one.path} gets {one}, {other.path} gets {other}.",
        subject=subject,
        evidence=proof,
    )


def _permission_names(permissions: tuple[str, ...]) -> str:
    return " or ".join(permissions) or "the permission to read it"
