"""A run as it may leave the house: the stored rows, hidden once more, as values that nothing can save."""

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

# Whose values are words of the protocol, or masks; another header may carry anything, such as a name.
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
    """`short_name` is "" where no reading of the org told it."""

    id: str
    name: str
    short_name: str = ""


@dataclass(frozen=True)
class RedactedRun:
    """`exchanges` in the order in which they were sent; `hidden` counts what was replaced by a stand-in, by kind.

    The run and its findings are copies, never to be saved.
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
        """The one of the call that was brought first, then those of our own requests."""
        brought = self.inputs.response.header("ININ-Correlation-Id") if self.inputs.response else ""
        return tuple(dict.fromkeys(filter(None, [brought, *(each.correlation_id for each in self.exchanges)])))

    @property
    def name(self) -> str:
        """Of the files: says the run and the day."""
        return f"cobrowse-run-{self.run.pk}-{self.run.created_at.astimezone(UTC):%Y-%m-%d}"


def redact_run(
    run: Run,
    findings: Sequence[Finding],
    exchanges: Iterable[HttpExchange],
    *,
    org: ExportedOrg,
    region_name: str,
    stand_ins: Pseudonyms,
    made_at: datetime,
) -> RedactedRun:
    target = run.inputs.get("target") or {}
    inputs, sent = _withheld(Inputs.from_json(run.inputs)), sorted(exchanges, key=_when)
    _learn(stand_ins, run, findings, sent, inputs)
    own = copy(run)
    own.verdict, own.conversation_id = stand_ins.value(run.verdict), stand_ins.text(run.conversation_id)
    environment = stand_ins.value(run.environment)
    environment.get("client", {}).pop("secret_set_at", None)
    return RedactedRun(
        run=own,
        org=ExportedOrg(org.id, stand_ins.text(org.name), stand_ins.text(org.short_name)),
        region=target.get("region", run.client.region),
        region_name=region_name,
        inputs=_hidden_inputs(inputs, stand_ins),
        findings=tuple(_hidden_finding(each, stand_ins) for each in findings),
        exchanges=tuple(_hidden_exchange(each, stand_ins) for each in sent),
        environment=environment,
        hidden=dict(sorted(stand_ins.hidden.items())),
        made_at=made_at,
    )


def _when(exchange: HttpExchange) -> datetime:
    return exchange.started_at


def _learn(
    stand_ins: Pseudonyms, run: Run, findings: Iterable[Finding], exchanges: Iterable[HttpExchange], inputs: Inputs
) -> None:
    """Ids first, wherever they stand: one that is a user's in an answer is hidden in the address of the next call too."""
    for client_id in ((run.inputs.get("target") or {}).get("client_id"), run.client.client_id):
        stand_ins.learn("client", client_id)
    stand_ins.learn_from(run.environment)
    for finding in findings:
        stand_ins.learn_from(finding.evidence)
    for exchange in exchanges:
        stand_ins.learn_from_text(exchange.url)
        stand_ins.learn_from_text(exchange.body)
    if inputs.call:
        stand_ins.learn_from_text(inputs.call.url)
    for text in (inputs.call and inputs.call.body, inputs.response and inputs.response.body):
        stand_ins.learn_from_text(text or "")


def _withheld(inputs: Inputs) -> Inputs:
    """Without what the person wrote in words, and of the bodies only what an org's answers may show."""
    clean = Redactor()
    call, answer = inputs.call, inputs.response
    if call is not None:
        body = None if call.body is None else clean.body(call.body, 200, call.url)
        call = replace(call, url=clean.url(call.url), headers=_plain(call.headers), body=body)
    if answer is not None:
        told = None if answer.body is None else clean.body(answer.body, answer.status, call.url if call else "")
        error = clean.text(answer.network_error)
        answer = replace(answer, headers=_plain(answer.headers), body=told, network_error=error)
    return Inputs(call, answer, inputs.conversation_id, "", inputs.start)


def _plain(headers: Headers) -> Headers:
    return tuple(
        (name, Masker(lengths=False).header(name, value) if name.strip().lower() in PLAIN_HEADERS else HIDDEN)
        for name, value in headers
    )


def _hidden_inputs(inputs: Inputs, stand_ins: Pseudonyms) -> Inputs:
    call, answer = inputs.call, inputs.response
    if call is not None:
        body = None if call.body is None else stand_ins.text(call.body)
        variables = tuple(stand_ins.text(each) for each in call.variables)
        method, sdk = stand_ins.text(call.method), stand_ins.text(call.sdk_method)
        call = replace(
            call,
            method=method,
            url=stand_ins.text(call.url),
            headers=_hidden_headers(call.headers, stand_ins),
            body=body,
            sdk_method=sdk,
            variables=variables,
        )
    if answer is not None:
        body = None if answer.body is None else stand_ins.text(answer.body)
        error = stand_ins.text(answer.network_error)
        answer = replace(answer, headers=_hidden_headers(answer.headers, stand_ins), body=body, network_error=error)
    return Inputs(call, answer, stand_ins.text(inputs.conversation_id), "", inputs.start)


def _hidden_finding(finding: Finding, stand_ins: Pseudonyms) -> Finding:
    own = copy(finding)
    own.subject, own.sentence = stand_ins.text(finding.subject), stand_ins.text(finding.sentence)
    own.hint, own.evidence = stand_ins.text(finding.hint), stand_ins.value(finding.evidence)
    return own


def _hidden_exchange(exchange: HttpExchange, stand_ins: Pseudonyms) -> HttpExchange:
    return replace(
        exchange,
        url=stand_ins.text(exchange.url),
        request_headers=_hidden_headers(_plain(exchange.request_headers), stand_ins),
        response_headers=_hidden_headers(_plain(exchange.response_headers), stand_ins),
        body=stand_ins.text(exchange.body),
        correlation_id=stand_ins.text(exchange.correlation_id),
    )


def _hidden_headers(headers: Headers, stand_ins: Pseudonyms) -> Headers:
    return tuple((stand_ins.text(name), stand_ins.text(value)) for name, value in headers)
