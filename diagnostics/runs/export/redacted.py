"""A run redacted for export: copies of the stored rows that must never be saved."""

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from diagnostics.genesys.exchange import Headers, HttpExchange
from diagnostics.parsing.inputs import Inputs
from diagnostics.redaction.masker import Masker
from diagnostics.redaction.patterns import word_set
from diagnostics.redaction.redactor import Redactor
from diagnostics.runs.export.pseudonyms import Pseudonyms
from diagnostics.runs.models import Finding, Run

# Headers whose values are protocol terms or masks. Any other header may contain anything, such as a name.
PLAIN_HEADERS = word_set(
    "accept accept-encoding accept-language age allow authorization cache-control connection content-encoding content-language "
    "content-length content-type date etag expires host inin-correlation-id inin-ratelimit-allowed inin-ratelimit-count "
    "inin-ratelimit-reset keep-alive last-modified location pragma proxy-authenticate retry-after server "
    "strict-transport-security transfer-encoding user-agent vary via www-authenticate x-amz-cf-id x-amz-cf-pop x-cache "
    "x-requested-with"
)
HIDDEN = "[hidden]"


@dataclass(frozen=True)
class ExportedOrg:
    """`short_name` is "" if no sync of the org read it."""

    id: str
    name: str
    short_name: str = ""


@dataclass(frozen=True)
class RedactedRun:
    """`exchanges` are in the order in which they were sent; `hidden` counts the replaced values by kind.

    The run and its findings are copies that must never be saved.
    """

    run: Run
    org: ExportedOrg
    region: str
    region_name: str
    inputs: Inputs
    findings: tuple[Finding, ...]
    exchanges: tuple[HttpExchange, ...]
    environment: dict[str, Any]
    hidden: dict[str, int]
    made_at: datetime

    @property
    def verdict(self) -> dict[str, Any]:
        return self.run.verdict if isinstance(self.run.verdict, dict) else {}

    @property
    def correlation_ids(self) -> tuple[str, ...]:
        """The one of the pasted response first, then those of our own requests."""
        pasted = self.inputs.response.header("ININ-Correlation-Id") if self.inputs.response else ""
        return tuple(dict.fromkeys(filter(None, [pasted, *(exchange.correlation_id for exchange in self.exchanges)])))

    @property
    def name(self) -> str:
        """The file name without suffix: the run ID and the day."""
        return f"cobrowse-run-{self.run.pk}-{self.run.created_at.astimezone(UTC):%Y-%m-%d}"


def redact_run(
    run: Run,
    findings: Sequence[Finding],
    exchanges: Iterable[HttpExchange],
    *,
    org: ExportedOrg,
    region_name: str,
    pseudonyms: Pseudonyms,
    made_at: datetime,
) -> RedactedRun:
    target = run.inputs.get("target") or {}
    inputs = _without_free_text(Inputs.from_json(run.inputs))
    sent = sorted(exchanges, key=lambda exchange: exchange.started_at)
    _learn_ids(pseudonyms, run, findings, sent, inputs)
    redacted = copy(run)
    redacted.verdict, redacted.conversation_id = pseudonyms.value(run.verdict), pseudonyms.text(run.conversation_id)
    environment = pseudonyms.value(run.environment)
    environment.get("client", {}).pop("secret_set_at", None)
    return RedactedRun(
        run=redacted,
        org=ExportedOrg(org.id, pseudonyms.text(org.name), pseudonyms.text(org.short_name)),
        region=target.get("region", run.client.region),
        region_name=region_name,
        inputs=_hidden_inputs(inputs, pseudonyms),
        findings=tuple(_hidden_finding(finding, pseudonyms) for finding in findings),
        exchanges=tuple(_hidden_exchange(exchange, pseudonyms) for exchange in sent),
        environment=environment,
        hidden=dict(sorted(pseudonyms.hidden.items())),
        made_at=made_at,
    )


def _learn_ids(
    pseudonyms: Pseudonyms, run: Run, findings: Iterable[Finding], exchanges: Iterable[HttpExchange], inputs: Inputs
) -> None:
    """Learn all IDs before replacing any, since an ID in one response may be in the URL of the next request."""
    for client_id in ((run.inputs.get("target") or {}).get("client_id"), run.client.client_id):
        pseudonyms.learn("client", client_id)
    pseudonyms.learn_from(run.environment)
    for finding in findings:
        pseudonyms.learn_from(finding.evidence)
    for exchange in exchanges:
        pseudonyms.learn_from_text(exchange.url)
        pseudonyms.learn_from_text(exchange.body)
    if inputs.call:
        pseudonyms.learn_from_text(inputs.call.url)
    for text in (inputs.call and inputs.call.body, inputs.response and inputs.response.body):
        pseudonyms.learn_from_text(text or "")


def _without_free_text(inputs: Inputs) -> Inputs:
    """Without the user's notes, and with the parts of the bodies that an org's responses may show."""
    redactor = Redactor()
    call, answer = inputs.call, inputs.response
    if call is not None:
        body = None if call.body is None else redactor.body(call.body, 200, call.url)
        call = replace(call, url=redactor.url(call.url), headers=_masked_headers(call.headers), body=body)
    if answer is not None:
        answer_body = (
            None if answer.body is None else redactor.body(answer.body, answer.status, call.url if call else "")
        )
        error = redactor.text(answer.network_error)
        answer = replace(answer, headers=_masked_headers(answer.headers), body=answer_body, network_error=error)
    return Inputs(call, answer, inputs.conversation_id, "", inputs.start)


def _masked_headers(headers: Headers) -> Headers:
    return tuple(
        (name, Masker(lengths=False).header(name, value) if name.strip().lower() in PLAIN_HEADERS else HIDDEN)
        for name, value in headers
    )


def _hidden_inputs(inputs: Inputs, pseudonyms: Pseudonyms) -> Inputs:
    call, answer = inputs.call, inputs.response
    if call is not None:
        body = None if call.body is None else pseudonyms.text(call.body)
        variables = tuple(pseudonyms.text(variable) for variable in call.variables)
        method, sdk = pseudonyms.text(call.method), pseudonyms.text(call.sdk_method)
        call = replace(
            call,
            method=method,
            url=pseudonyms.text(call.url),
            headers=_hidden_headers(call.headers, pseudonyms),
            body=body,
            sdk_method=sdk,
            variables=variables,
        )
    if answer is not None:
        body = None if answer.body is None else pseudonyms.text(answer.body)
        error = pseudonyms.text(answer.network_error)
        answer = replace(answer, headers=_hidden_headers(answer.headers, pseudonyms), body=body, network_error=error)
    return Inputs(call, answer, pseudonyms.text(inputs.conversation_id), "", inputs.start)


def _hidden_finding(finding: Finding, pseudonyms: Pseudonyms) -> Finding:
    redacted = copy(finding)
    redacted.subject, redacted.sentence = pseudonyms.text(finding.subject), pseudonyms.text(finding.sentence)
    redacted.hint, redacted.evidence = pseudonyms.text(finding.hint), pseudonyms.value(finding.evidence)
    return redacted


def _hidden_exchange(exchange: HttpExchange, pseudonyms: Pseudonyms) -> HttpExchange:
    return replace(
        exchange,
        url=pseudonyms.text(exchange.url),
        request_headers=_hidden_headers(_masked_headers(exchange.request_headers), pseudonyms),
        response_headers=_hidden_headers(_masked_headers(exchange.response_headers), pseudonyms),
        body=pseudonyms.text(exchange.body),
        correlation_id=pseudonyms.text(exchange.correlation_id),
    )


def _hidden_headers(headers: Headers, pseudonyms: Pseudonyms) -> Headers:
    return tuple((pseudonyms.text(name), pseudonyms.text(value)) for name, value in headers)
