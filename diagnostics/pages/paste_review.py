"""What the first page says about a text before any org is asked: the call, part by part, and each claim in the text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from diagnostics.accounts.models import User
from diagnostics.batches.offers import BatchOffer, read_offer
from diagnostics.checks.outcomes import Outcome
from diagnostics.claims.checker import MAX_PASTE, ClaimCheck, check_text
from diagnostics.claims.claim import CheckedClaim, ClaimVerdict
from diagnostics.engine.batch_review import review_batch
from diagnostics.engine.call_review import CallReview, review_call
from diagnostics.engine.finding import FindingResult
from diagnostics.genesys.contract import Contract
from diagnostics.genesys.fields import text as text_field
from diagnostics.genesys.regions import Region, region, region_of_host
from diagnostics.orgs.contracts import contract_for
from diagnostics.orgs.visibility import visible_clients
from diagnostics.parsing.company_gateway import is_host_of
from diagnostics.parsing.inputs import Inputs
from diagnostics.runs.as_it_was import verdict_then
from diagnostics.runs.forms.paste import DiagnoseForm

MANY = 5  # calls from which a text is offered as a batch
LONG_LOG = 20  # calls from which nobody wants them one by one
RECORDS = ("har", "postman")  # lists of calls, in which nobody claims anything
ALWAYS_SHOWN = {"request.path": "Path", "request.method": "Method", "request.host": "Host", "request.body": "Body"}
SHOWN_IF_NOT_PASSED = {
    "request.headers": "Authorization",
    "request.token": "Token request",
    "conversation.id": "Conversation ID",
}


@dataclass(frozen=True)
class PartReview:
    """One part of the call. `sentence` is "" if the verdict says the same, or if the value says it all."""

    label: str
    value: str
    outcome: Outcome | None = None
    sentence: str = ""
    hint: str = ""


@dataclass(frozen=True)
class PasteReview:
    """`call` is None if the text has neither a call nor a response nor a conversation ID, `batch` if it has few calls.

    `then` is the verdict on the chosen client's org at the time of the failure, {} if that isn't known or adds nothing.
    """

    contract: Contract
    call: CallReview | None
    parts: tuple[PartReview, ...]
    claims: ClaimCheck
    other_claims: tuple[CheckedClaim, ...]  # without those that the parts of the call show
    then: Mapping[str, Any] = field(default_factory=dict)
    batch: BatchOffer | None = None

    @property
    def is_log(self) -> bool:
        """Whether the text has so many calls that the groups matter more than one call or a claim."""
        return is_log(self.batch)

    @property
    def claims_by_verdict(self) -> list[tuple[str, list[CheckedClaim]]]:
        """The claims in the order in which they matter: not real, unknown, real."""
        labels = dict.fromkeys(verdict.label for verdict in ClaimVerdict)
        groups = [
            (label, [each for each in self.other_claims if each.result.verdict.label == label]) for label in labels
        ]
        return [(label, claims) for label, claims in groups if claims]


def review_paste(form: DiagnoseForm, viewer: User) -> PasteReview | None:
    """Validates the form, and judges its text against the contract of the call's region. None if there is no text."""
    form.is_valid()
    found = _region(form)
    contract = contract_for(found)
    text = form.pasted.text if form.pasted else ""
    batch = _batch(form, text, viewer)
    is_prose = not is_log(batch) and (form.parsed is None or form.parsed.form not in RECORDS)
    claims = check_text(text, contract) if is_prose and len(text) <= MAX_PASTE else ClaimCheck(())
    call = parts = None
    then: dict[str, Any] = {}
    if form.inputs is not None:
        inputs = _with_gateway(form.inputs, form, viewer)
        call = review_call(inputs, contract, found)
        parts = tuple(_parts(inputs, call))
        client = form.cleaned_data.get("client")
        if client is not None and inputs.failed_at:
            verdict = verdict_then(call.verdict.to_json(), call.findings, (), call.context, inputs, client)
            then = verdict if "today" in verdict.get("as_of", {}) else {}
    if call is None and not claims.claims and batch is None:
        return None
    return PasteReview(contract, call, parts or (), claims, tuple(_others(claims, form.inputs)), then, batch)


def is_log(batch: BatchOffer | None) -> bool:
    return batch is not None and batch.review.calls >= LONG_LOG


def _batch(form: DiagnoseForm, text: str, viewer: User) -> BatchOffer | None:
    """The groups of a text with many calls: those that this form was shown with, else those that the text has."""
    shown = read_offer(form.data.get("batch", ""), form.data.get("call", ""), viewer)
    if shown or not text.strip():
        return shown
    gateways = [url for url in _gateways(form, viewer) if url]
    review = review_batch(text, contract_for, gateways, MANY)
    return BatchOffer(review) if review.calls >= MANY else None


def _region(form: DiagnoseForm) -> Region | None:
    """The region of the call's host, else that the text names, else that of the chosen client."""
    call = form.inputs.call if form.inputs else None
    if call and (of_host := region_of_host(call.host)):
        return of_host
    client = form.cleaned_data.get("client")
    key = (form.parsed.region if form.parsed else "") or (client.region if client else "")
    try:
        return region(key) if key else None
    except KeyError:
        return None


def _with_gateway(inputs: Inputs, form: DiagnoseForm, viewer: User) -> Inputs:
    """With the company gateway whose host the call has: that of the chosen client, else that of any visible one."""
    if inputs.call is None or not inputs.call.host:
        return inputs
    host = inputs.call.host
    gateway = next((url for url in _gateways(form, viewer) if is_host_of(url, host)), "")
    return replace(inputs, company_gateway=gateway)


def _gateways(form: DiagnoseForm, viewer: User) -> list[str]:
    """The company gateway of the chosen client first."""
    client = form.cleaned_data.get("client")
    known = visible_clients(viewer).exclude(company_gateway="").values_list("company_gateway", flat=True)
    return [*([client.company_gateway] if client else []), *known.distinct()]


def _parts(inputs: Inputs, review: CallReview) -> Iterator[PartReview]:
    call, response = inputs.call, inputs.response
    if call is not None:
        if call.sdk_method:
            yield _part("SDK method", call.sdk_method, review.finding("request.sdk"), review)
        values = {
            "request.path": call.path,
            "request.method": call.method,
            "request.host": call.host,
            "request.body": (call.body or "")[:600],
        }
        for check_id, label in ALWAYS_SHOWN.items():
            yield _part(label, values[check_id], review.finding(check_id), review)
    for check_id, label in SHOWN_IF_NOT_PASSED.items():
        finding = review.finding(check_id)
        if finding is not None and finding.outcome in (Outcome.FAIL, Outcome.WARN, Outcome.ERROR):
            yield _part(label, "", finding, review)
    id = inputs.conversation_id or (review.aim.id_text if review.aim and review.aim.id_state == "uuid" else "")
    if id:
        yield PartReview("Conversation ID", id, Outcome.PASS)
    if response is not None:
        words = (str(response.status or ""), text_field(response.json()[0], "code", limit=100))
        value = response.network_error[:300] or " ".join(filter(None, words))
        yield _part("Response", value, review.finding("answer.meaning"), review)


def _part(label: str, value: str, finding: FindingResult | None, review: CallReview) -> PartReview:
    if finding is None:
        return PartReview(label, value)
    outcome = Outcome(finding.outcome)
    is_reported = finding.anchor in review.verdict.because or finding.sentence == review.verdict.sentence
    if outcome is Outcome.PASS or (is_reported and review.has_cause):
        return PartReview(label, value, outcome, "" if value else finding.sentence)
    return PartReview(label, value, outcome, finding.sentence, finding.hint)


def _others(claims: ClaimCheck, inputs: Inputs | None) -> Iterator[CheckedClaim]:
    call = inputs.call if inputs else None
    for checked in claims.claims:
        claim = checked.claim
        if call and (claim.kind, claim.text) in (("call", call.path), ("host", call.host)):
            continue
        yield checked
