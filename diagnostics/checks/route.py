"""The 404 oracle: pairs of reads that tell apart what one 404 hides: no route, no resource, hidden, another region."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from diagnostics.checks.base import (
    CheckContext,
    Evidence,
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
    """One read and what came of it, as far as two of them can be compared.

    `told` says that it is the API's own word on the resource: JSON, or its error body. A route's absence may be
    answered in any body, so for that `comes_back` is enough.
    """

    path: str
    status: int | None
    code: str = ""
    told: bool = True

    @property
    def comes_back(self) -> bool:
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
        return f"{self.status or 'nothing'} {self.code}".strip()


def probe_result(path: str, answer: OrgResponse) -> ProbeResult:
    own = answer.ok or (answer.is_genesys_error and answer.status in (400, 403, 404, 405, 409, 410))
    return ProbeResult(path, answer.status, (answer.code or answer.trouble)[:120], own)


@check(
    "route.oracle",
    title="What the 404 hides",
    after=("oauth.token",),
    needs=("conversation",),
    version=3,
    reads=("GET /api/v2/*",),
)
def route_oracle(ctx: CheckContext) -> Iterator[Result]:
    """Only where a 404 has to be explained: a healthy call costs nothing here."""
    aim = ctx.aim
    if aim is not None and aim.world == "token":
        yield skipped("not_asked", "This is the token request; no resource of the API hides behind it.")
        return
    plan = plan_for(ctx.contract, aim, _id_of(ctx))
    answer = ctx.answer.of_the_api if ctx.answer is not None else None
    answered = answer.status if answer is not None else None
    doubtful = answered == 404 or (aim is not None and answered is None and aim.world != "published")
    if not doubtful and (not plan.parent or ctx.genesys.get(plan.parent).status not in (403, 404)):
        yield skipped("not_asked", "No 404 has to be explained here.")
        return
    results = judge(plan, _ask(ctx, plan, doubtful), _other_host(ctx), answered if _is_from_genesys(answer) else None)
    misread = ctx.call is not None and ctx.call.from_screenshot
    yield from map(from_screenshot, results) if misread else results


def _ask(ctx: CheckContext, plan: ProbePlan, doubtful: bool) -> dict[str, ProbeResult]:
    """Path -> what it answered. Independent reads at the same time; other views only where the first is no 200."""
    if not doubtful:
        return _read(ctx, plan.parent, plan.impossible, *plan.views, plan.history)
    paths = (plan.called, plan.invented, plan.control) if plan.called else ()
    seen = _read(ctx, plan.parent, plan.impossible, *paths)
    parent = seen.get(plan.parent)
    if parent is not None and parent.told and parent.status != 200:
        seen |= _read(ctx, *plan.views, plan.history)
    return seen


def _read(ctx: CheckContext, *paths: str) -> dict[str, ProbeResult]:
    wanted = list(dict.fromkeys(path for path in paths if path))
    return {
        path: probe_result(path, answer) for path, answer in zip(wanted, ctx.genesys.together(*wanted), strict=True)
    }


def _id_of(ctx: CheckContext) -> str:
    """The id that the path is about: whatever the published path names first, else a conversation's."""
    if ctx.aim is not None and ctx.aim.world == "published":
        return next(iter(ctx.contract.match(ctx.aim.method, ctx.aim.path).parameters.values()), "")
    return ctx.target.conversation_id or (ctx.aim.id_text if ctx.aim is not None else "")


def _is_from_genesys(answer: ReceivedResponse | None) -> bool:
    """Whether the API itself gave the answer that was pasted: only then does it speak of the operation."""
    data, _ = answer.json() if answer is not None else (None, None)
    coded = isinstance(data, dict) and isinstance(data.get("code"), str)
    return coded or (answer is not None and bool(answer.header("ININ-Correlation-Id")))


def _other_host(ctx: CheckContext) -> str:
    """The host of the call where it belongs to another region than the client's."""
    where = region_of_host(ctx.call.host) if ctx.call is not None and ctx.call.host else None
    return ctx.call.host if ctx.call and where is not None and where.key != ctx.target.region.key else ""


def judge(plan: ProbePlan, seen: dict[str, ProbeResult], other_host: str, answered: int | None) -> Iterator[Result]:
    """One result per pair: the resource, the path, and the region where the call went elsewhere. Pure."""
    said = []
    if plan.parent in seen and plan.impossible in seen:
        views = [seen[path] for path in plan.views if path in seen]
        said.append(judge_resource(plan, seen[plan.parent], seen[plan.impossible], views, seen.get(plan.history)))
    if plan.called in seen and plan.invented in seen:
        said.append(judge_path(seen[plan.called], seen[plan.invented], seen.get(plan.control)))
    yield from said or [skipped("nothing_to_compare", "The call names no id and no path that could be compared.")]
    codes = [each.code for each in said]
    if other_host and "present" in codes:
        yield _elsewhere(seen[plan.parent], other_host, answered)
    elif answered == 404 and codes == ["present", "routed"]:
        yield passed(
            "from_the_operation",
            "The route exists and so does the resource: the 404 comes from the operation itself.",
            hint="What is left: a caller that takes no part in the conversation, or a state of it that the operation "
            "refuses. The correlation id of the answer tells Genesys Cloud Care which.",
            subject="answer",
            evidence={"pairs": [each.subject for each in said]},
        )


def judge_resource(
    plan: ProbePlan, real: ProbeResult, impossible: ProbeResult, views: list[ProbeResult], past: ProbeResult | None
) -> Result:
    """The id against one that nothing can have, then against other reads of the same resource."""
    more = [each.as_evidence for each in (*views, *([past] if past else []))]
    proof: Evidence = {"pair": [real.as_evidence, impossible.as_evidence], "views": more}
    shown = next((each for each in views if each.status == 200 and each.told), None)
    if impossible.status == 200:
        return unclear(
            "answers_anything",
            "Even an impossible id is answered with 200, so something other than the API answers here.",
            subject="resource",
            evidence=proof,
        )
    if not (real.told and impossible.told) or impossible.status == 400:
        return _untold("resource", real, impossible, proof)
    if real.status == 200:
        return passed(
            "present",
            f"The id is answered with 200 and an impossible id with {impossible}: it exists, and this client sees it.",
            subject="resource",
            evidence=proof,
        )
    recorded = past is not None and past.told and past.status == 200
    if recorded and real.status == 404:
        return failed(
            "past",
            f"The live read answers {real}, but the history knows the id: it existed, and it is over.",
            subject="resource",
            evidence=proof,
        )
    if real.status == 404 and plan.is_view and shown is not None:
        return failed(
            "other_view",
            f"It exists, since {shown.path} shows it, but not as what {real.path} reads.",
            hint="The conversation is of another medium than the path names.",
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
            f"The history knows the id, so it exists or did; the live read answers {real}, which does not tell whether it "
            "is over.",
            hint=f"With {_rights(plan.rights)} for this client, that could be told.",
            subject="resource",
            evidence=proof,
        )
    return unclear(
        "blind",
        f"The id and an impossible one are both answered with {real}, before the org looks: that tells nothing of the id.",
        hint=f"With {_rights(plan.rights)} for this client, the two could be told apart.",
        subject="resource",
        evidence=proof,
    )


def _hidden(
    plan: ProbePlan, real: ProbeResult, impossible: ProbeResult, shown: ProbeResult | None, proof: Evidence
) -> Result:
    how = f"{shown.path} shows it" if shown else f"an impossible id is answered otherwise ({impossible})"
    return failed(
        "hidden",
        f"It exists, since {how}, but this client's read of it is answered with {real}: it is hidden from this client.",
        hint=f"Give a role of the client {_rights(plan.rights)} in the division of the resource.",
        subject="resource",
        evidence=proof,
    )


def _absent(plan: ProbePlan, real: ProbeResult, past: ProbeResult | None, proof: Evidence) -> Result:
    if not plan.parent.startswith(CONVERSATIONS):
        return failed(
            "other_absent",
            f"{real.path} is answered like an impossible ID ({real}): for this client it doesn't exist.",
            hint="Check the IDs in the path, and whether they belong to this org and region.",
            subject="resource",
            evidence=proof,
        )
    unread = past is not None and past.status == 403
    later = f" Whether it existed once, {_rights(plan.history_rights)} would tell." if unread else ""
    return failed(
        "absent",
        f"The id is answered like an impossible one ({real}), and no other read knows it: for this client it does not "
        "exist.",
        hint="Check which kind of id it is, and whether it belongs to another org or region: a client registered there "
        f"would tell.{later}",
        subject="resource",
        evidence=proof,
    )


def judge_path(called: ProbeResult, invented: ProbeResult, control: ProbeResult | None) -> Result:
    """The call's path, asked with a method that writes nothing, against one of the same shape that is nobody's.

    A 405 proves a route that takes other methods. A 404 alone proves nothing, because an org may answer so to a read of
    a route that only writes: it counts only where a published path of that kind is seen to answer otherwise. Which path
    is the right one is said by `request.path`, which also knows a gateway's.
    """
    pair = (called, invented, *([control] if control else ()))
    proof: Evidence = {"pair": [each.as_evidence for each in pair]}
    if not called.comes_back or not invented.comes_back:
        return _untold("path", called, invented, proof)
    if invented.status != 404:
        return unclear(
            "answers_anything",
            f"Even an invented path is answered with {invented}, so a read tells nothing of routes here.",
            subject="path",
            evidence=proof,
        )
    if not called.is_like(invented):
        return passed(
            "routed",
            f"The call's path is answered with {called}, an invented one with {invented}: there is a route.",
            subject="path",
            evidence=proof,
        )
    if control is not None and control.comes_back and not control.is_like(invented):
        return failed(
            "not_routed",
            f"The call's path is answered like an invented one ({invented}), while {control.path} is answered with "
            f"{control}: there is no route.",
            subject="path",
            evidence=proof,
        )
    return skipped(
        "alike",
        f"The call's path and an invented one are both answered with {invented}: a read does not tell whether there is a "
        "route, so the contract decides.",
        subject="path",
        evidence=proof,
    )


def _elsewhere(real: ProbeResult, other_host: str, answered: int | None) -> Result:
    return failed(
        "other_region",
        f"The resource is in this client's org, and the call asked {other_host}, which belongs to another region.",
        hint="Send the call to the region of the org.",
        subject="region",
        evidence={"pair": [real.as_evidence, {"host": other_host, "status": answered}]},
    )


def _untold(subject: str, one: ProbeResult, other: ProbeResult, proof: Evidence) -> Result:
    return unclear(
        "untold",
        f"The pair could not be compared: {one.path} was answered with {one}, {other.path} with {other}.",
        subject=subject,
        evidence=proof,
    )


def _rights(permissions: tuple[str, ...]) -> str:
    return " or ".join(permissions) or "a right to read it"
