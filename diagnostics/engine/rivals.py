"""The strongest rival of a proven verdict: the next best explanation, and the findings that refute it.

The first choice is a cause that a finding names, but that can't have produced the response or that another finding
contradicts. Then come the causes that fit the response and that a check which passed refutes, then those that the response
refutes, and last those that the finding behind the verdict excludes, because its check would have reported them instead.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Final

from diagnostics.checks.outcomes import Outcome
from diagnostics.engine import causes
from diagnostics.engine.causes.not_found import CAUSES_OF_A_404
from diagnostics.engine.explanations import EXPLAINS_ANYTHING, can_explain, explains, has_gateway, statuses_of
from diagnostics.engine.finding import AnyFinding
from diagnostics.engine.rules import PROBLEM_RULES, RULES

_HOST: Final = ("host.wrong_region", "host.unknown_host", "host.plain_http")
_PATH: Final = tuple(rule.cause for rule in RULES if rule.check == "request.path" and rule.cause.startswith("path."))
# "check:code" of a check that passed -> the causes that it refutes. It counts if the check passed for every subject.
REFUTED_BY_PASS: Final[dict[str, tuple[str, ...]]] = {
    "request.host:right": _HOST,
    "request.path:published": _PATH,
    "request.path:gateway": _PATH,
    "route.oracle:routed": ("path.not_in_api",),
    "route.oracle:present": ("conv.not_found",),
    "request.method:right": ("path.wrong_method",),
    "request.headers:right": ("auth.header_malformed",),
    "request.body:empty": ("body.malformed_json", "body.content_type", "body.unexpected"),
    "request.body:json": ("body.malformed_json",),
    "request.token:right": ("auth.token_request_malformed",),
    "oauth.token:issued": ("auth.client_rejected",),
    "oauth.token:kept": ("auth.client_rejected",),
    "oauth.scopes:granted": ("authz.scope_missing",),
    "oauth.scopes:not_applicable": ("authz.scope_missing",),
    "permissions.call:held": ("authz.permission_missing", "authz.division_missing"),
    "permissions.call:held_somewhere": ("authz.permission_missing",),
    "permissions.call:none_needed": ("authz.permission_missing", "authz.division_missing"),
    "permissions.catalogue:listed": ("config.feature_not_licensed",),
    "permissions.user:not_needed": ("authz.user_context_required",),
    "permissions.user:user_token": ("authz.user_context_required",),
    "conversation.id:uuid": ("conv.id_malformed",),
    "conversation.exists:found": ("conv.not_found",),
    "conversation.media:supported": ("conv.media_unsupported",),
    "conversation.media:taken_by_gateway": ("conv.media_unsupported",),
    "conversation.connected:connected": ("conv.ended", "conv.not_connected"),
    "provider.match:exact": ("provider.mismatch",),
    "provider.match:not_named": ("provider.mismatch", "provider.not_in_contract"),
    "deployments.cobrowse:on": ("config.cobrowse_disabled", "config.deployment_inactive"),
    "deployments.cobrowse:on_in_some": ("config.deployment_inactive",),
    "limits.headroom:enough": ("env.rate_limited",),
    "reach.dns:resolves": ("env.dns",),
    "reach.tls:trusted": ("env.tls",),
    "reach.route:direct": ("env.proxy",),
}
_CODES: Final = (
    *((rule.cause, f"{rule.check}:{code}") for rule in RULES for code in rule.codes),
    *((rule.cause, code) for rule in PROBLEM_RULES for code in rule.proof),
)
# What causes a 404, then what is wrongly blamed for it.
SUSPECTS_OF_A_404: Final = (*CAUSES_OF_A_404, "authz.scope_missing", "authz.permission_missing")
_RULE_ORDER: Final = tuple(dict.fromkeys([*(rule.cause for rule in RULES), *(rule.cause for rule in PROBLEM_RULES)]))


@dataclass(frozen=True)
class Rival:
    """`refuted_by` holds the anchors of the findings that refute the cause."""

    cause: str
    refuted_by: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "refuted_by": list(self.refuted_by)}


def strongest_rival(cause: str, also: Collection[str], findings: Sequence[AnyFinding]) -> Rival | None:
    """The strongest rival of `cause`; None if nothing refutes another one. `also` are the other causes that were found."""
    response = next((finding for finding in findings if finding.check_id == "answer.meaning"), None)
    status = response.evidence.get("status") if response is not None else None
    set_aside = dict(_set_aside(findings, response))
    passed = _refuted_by_passes(findings)
    excluded = dict(_excluded(findings))
    org_hides = has_gateway(findings)
    about_a_404 = response is None or status == 404 or response.code == "success"

    @cache
    def fits(rival: str) -> bool:
        if response is None:
            return True
        return response.code != "success" and can_explain(rival, response.code, status, org_hides=org_hides)

    def strength(rival: str) -> tuple[bool | int, ...]:
        """The strongest has the smallest."""
        return (
            rival not in set_aside,
            rival in EXPLAINS_ANYTHING and not about_a_404,
            rival not in passed or not fits(rival),
            fits(rival),
            _place(rival, SUSPECTS_OF_A_404) if about_a_404 else 0,
            len(statuses_of(rival) or range(1000)) if fits(rival) else 0,  # few responses is a better explanation
            causes.node_of(rival) != causes.node_of(cause),
            _place(rival, _RULE_ORDER),
        )

    for rival in sorted(causes.CAUSES, key=strength):
        if rival == cause or (rival in also and rival not in set_aside):
            continue
        refuting = set_aside.get(rival) or passed.get(rival, ())
        if response is not None and not fits(rival) and rival not in set_aside:
            refuting = (*refuting, response.anchor)
        refuting = refuting or excluded.get(rival, ())
        if refuting:
            return Rival(rival, tuple(dict.fromkeys(refuting)))
    return None


def _place(cause: str, order: Sequence[str]) -> int:
    return order.index(cause) if cause in order else len(order)


def _set_aside(findings: Sequence[AnyFinding], response: AnyFinding | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The causes that findings name, all of which are refuted, with what refutes them."""
    open_causes: set[str] = set()
    refuted: dict[str, tuple[str, ...]] = {}
    gateway = has_gateway(findings)
    for rule in RULES:
        for finding in findings:
            if finding.check_id != rule.check or finding.code not in rule.codes:
                continue
            against = tuple(each.anchor for each in findings if f"{each.check_id}:{each.code}" in rule.unless)
            if not against and response is not None and not explains(rule.cause, finding, response, gateway):
                against = (response.anchor,)
            if against:
                refuted.setdefault(rule.cause, against)
            else:
                open_causes.add(rule.cause)
    yield from ((cause, against) for cause, against in refuted.items() if cause not in open_causes)


def _refuted_by_passes(findings: Sequence[AnyFinding]) -> dict[str, tuple[str, ...]]:
    refuted: dict[str, tuple[str, ...]] = {}
    for finding in findings:
        same_check = [each.outcome for each in findings if each.check_id == finding.check_id]
        if all(outcome in (Outcome.PASS, Outcome.SKIP) for outcome in same_check):
            for cause in REFUTED_BY_PASS.get(f"{finding.check_id}:{finding.code}", ()):
                refuted[cause] = (*refuted.get(cause, ()), finding.anchor)
    return refuted


def _excluded(findings: Sequence[AnyFinding]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The causes that a check would have reported in place of what it found."""
    decided: dict[str, list[str]] = {}
    for finding in findings:
        if finding.outcome in (Outcome.FAIL, Outcome.PASS):
            decided.setdefault(finding.check_id, []).append(finding.anchor)
    reported = {f"{finding.check_id}:{finding.code}" for finding in findings}
    for cause, code in _CODES:
        against = decided.get(code.partition(":")[0])
        if against and code not in reported:
            yield cause, tuple(against)
