"""Judges a pasted call without asking an org: what its text, the API reference and the response prove on their own."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

from diagnostics.checks.base import Check, CheckContext, Result, Target, all_checks, failed, skipped, unclear
from diagnostics.checks.outcomes import Outcome
from diagnostics.engine import causes
from diagnostics.engine import verdict as verdicts
from diagnostics.engine.diagnosis import aim_of
from diagnostics.engine.finding import FindingResult
from diagnostics.engine.fixes import Fix, fix_for
from diagnostics.engine.verdict import Verdict
from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.contract import Contract
from diagnostics.genesys.regions import Region, find_region, nearest_regions, region_of_host
from diagnostics.genesys.response import OrgResponse
from diagnostics.parsing.inputs import Inputs
from diagnostics.parsing.intent import Aim
from diagnostics.redaction.redactor import Redactor
from diagnostics.text import time_budget

# The checks that read nothing from the org, or that still say something if it doesn't answer.
CHECKS = (
    "request.path",
    "request.method",
    "request.host",
    "request.body",
    "request.headers",
    "request.sdk",
    "request.token",
    "conversation.id",
    "answer.meaning",
)
# A shell variable takes the place of a domain that nobody named, as in the other parts of a corrected call.
UNKNOWN_REGION = Region("", "", "$REGION_DOMAIN", api="", login="https://login.$REGION_DOMAIN")
CAUSES_IN_THE_CALL = ("path.", "host.", "body.", "provider.", "auth.header_malformed")
NOTHING_WRONG = "Nothing is wrong with the call itself."
ASK_THE_ORG = (
    "Check it in your org: the token, its permissions, the conversation or the configuration can be the cause."
)
IT_WORKED = "The response is a success, and nothing is wrong with the call itself."
CONVERSATION_ONLY = "This is a conversation ID."
ASK_ABOUT_IT = "Check it in your org to see whether cobrowse can start in this conversation."


class NoOrg:
    """Takes the place of the client of an org: no request is sent, and no response arrives."""

    def get(self, path: str, *args: object, **kwargs: object) -> OrgResponse:
        return OrgResponse(None, error="unreachable")


@dataclass(frozen=True)
class CallReview:
    """The findings in the order of `CHECKS`, and the verdict on them. `aim` is None if there is no call.

    `context` is what the checks saw.
    """

    findings: tuple[FindingResult, ...]
    verdict: Verdict
    fix: Fix
    aim: Aim | None
    context: CheckContext

    @property
    def has_cause(self) -> bool:
        return self.verdict.cause not in (causes.NONE, causes.UNDETERMINED)

    def finding(self, check_id: str) -> FindingResult | None:
        return next((finding for finding in self.findings if finding.check_id == check_id), None)


def review_call(inputs: Inputs, contract: Contract, region: Region | None = None) -> CallReview:
    """`region` is used if the call's host belongs to none; None if it isn't known either.

    Judging isn't cut short by the time budget of the text: its sentences are short, and without them there is no verdict.
    """
    with time_budget.unlimited():
        return _review(inputs, contract, region)


def _review(inputs: Inputs, contract: Contract, region: Region | None) -> CallReview:
    token_region = find_region(inputs.call.token_region) if inputs.call and inputs.call.token_region else None
    known = token_region or (inputs.call and region_of_host(inputs.call.host)) or region or UNKNOWN_REGION
    aim = aim_of(inputs, contract)
    ctx = CheckContext(
        Target("diagnosis", known, "", "", inputs.conversation_id),
        cast("GenesysClient", NoOrg()),
        contract,
        inputs.call,
        inputs.response,
        aim,
        inputs.note,
        company_gateway=inputs.company_gateway,
    )
    findings = tuple(_findings(ctx, inputs))
    verdict = verdicts.judge(findings)
    conversation_id = inputs.conversation_id or (aim.id_text if aim and aim.id_state == "uuid" else "")
    fix = fix_for(verdict, findings, aim, conversation_id, known, contract)
    if verdict.cause in (causes.NONE, causes.UNDETERMINED):
        verdict, fix = _without_cause(verdict, findings, inputs), Fix()
    elif not verdict.cause.startswith(CAUSES_IN_THE_CALL):
        fix = replace(fix, curl="", snippets={})
    return CallReview(findings, verdict, fix, aim, ctx)


def _findings(ctx: CheckContext, inputs: Inputs) -> Iterator[FindingResult]:
    registered = {check.id: check for check in all_checks()}
    clean = Redactor(())
    for check in (registered[id] for id in CHECKS):
        if not inputs.given.issuperset(check.needs):
            continue
        for result in (_without_org(check, found, ctx) for found in check.run(ctx)):
            yield FindingResult(
                check.id,
                check.version,
                clean.sentence(result.subject)[:300],
                str(result.outcome),
                result.code,
                clean.sentence(result.sentence),
                clean.sentence(result.hint),
                result.evidence,
            )


def _without_org(check: Check, result: Result, ctx: CheckContext) -> Result:
    """The result in words that fit if no org was asked, or if its region isn't known."""
    if result.code == "gateway_unknown":
        return unclear(
            result.code,
            "This path isn't in the published API. It exists only in an org behind a provider gateway.",
            hint=result.hint,
            evidence=result.evidence,
        )
    if result.code == "wrong_method" and ctx.aim is not None and ctx.aim.world == "gateway":
        return skipped("no_operation", "The path isn't in the published API, so there is no method to compare.")
    if check.id != "request.host" or ctx.target.region is not UNKNOWN_REGION:
        return result
    if result.code == "unknown_host":
        host = str(result.evidence["host"])
        similar = ", ".join(region.api_host for region in nearest_regions(host, 2))
        return failed(
            result.code,
            f"{host} isn't a Genesys Cloud host.",
            hint=f"Send the call to the API host of your org's region. Similar hosts: {similar}.",
            evidence={"host": host},
        )
    if result.outcome in (Outcome.PASS, Outcome.SKIP) and result.code != "company_gateway":
        return skipped("no_host", "The call names no host, so its region is unknown.")
    return result


def _without_cause(verdict: Verdict, findings: tuple[FindingResult, ...], inputs: Inputs) -> Verdict:
    unclear_request = next(
        (finding for finding in findings if finding.outcome == Outcome.ERROR and finding.check_id != "answer.meaning"),
        None,
    )
    response = next((finding for finding in findings if finding.check_id == "answer.meaning"), None)
    if unclear_request is not None:
        return replace(
            verdict, cause=causes.UNDETERMINED, sentence=unclear_request.sentence, remedy=unclear_request.hint
        )
    if response is not None and response.code == "success":
        return replace(verdict, sentence=IT_WORKED, remedy="")
    if inputs.call is not None:
        return replace(verdict, sentence=NOTHING_WRONG, remedy=ASK_THE_ORG)
    if response is not None:
        return replace(verdict, sentence=response.sentence, remedy=response.hint or ASK_THE_ORG)
    return replace(verdict, sentence=CONVERSATION_ONLY, remedy=ASK_ABOUT_IT)
