"""One diagnosis, from inputs to verdict. Uses no database: the caller stores or prints the result.

Everything it returns is redacted.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from diagnostics.checks.base import Check, CheckContext, Result, Target, never, planned_checks
from diagnostics.checks.outcomes import Outcome
from diagnostics.engine import verdict as verdicts
from diagnostics.engine.facts import OrgFacts
from diagnostics.engine.finding import AnyFinding, FindingResult
from diagnostics.engine.fixes import fix_for
from diagnostics.engine.runner import AT_ONCE, DEADLINE_SECONDS, CheckRun, run_checks
from diagnostics.genesys.client import EarlyRead, GenesysClient
from diagnostics.genesys.contract import Contract, bundled
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.genesys.pace import UNPACED, Pace
from diagnostics.genesys.regions import Region
from diagnostics.genesys.response import OrgResponse, TokenResult
from diagnostics.parsing.company_gateway import implied_gateway
from diagnostics.parsing.inputs import Inputs
from diagnostics.parsing.intent import Aim, read_aim
from diagnostics.redaction.redactor import CUT, Redactor


def first_reads(checks: Sequence[Check], ctx: CheckContext) -> list[EarlyRead]:
    """What the checks read whatever the responses are. The first one shows whether the token works."""
    found: dict[tuple[str, ...], EarlyRead] = {}
    for check in sorted(checks, key=lambda check: check.id != "oauth.identity"):
        for path, query in check.first_reads(ctx):
            found.setdefault((path, *map(str, query.values())), EarlyRead(check.id, path, query))
    return list(found.values())


@dataclass(frozen=True)
class CheckStep:
    """The findings of one finished check and the exchanges of its requests. `path_ms`: see `runner.CheckRun`."""

    check_id: str
    findings: tuple[FindingResult, ...]
    exchanges: tuple[HttpExchange, ...]
    path_ms: float


@dataclass(frozen=True)
class StoredSteps:
    """The finished steps of a run whose worker died, redacted."""

    findings: tuple[FindingResult, ...] = ()
    exchanges: tuple[HttpExchange, ...] = ()

    def results(self) -> dict[str, tuple[Result, ...]]:
        """By check ID."""
        results: dict[str, tuple[Result, ...]] = {}
        for found in self.findings:
            result = Result(
                Outcome(found.outcome), found.code, found.sentence, found.hint, found.subject, found.evidence
            )
            results[found.check_id] = (*results.get(found.check_id, ()), result)
        return results


NOTHING_STORED = StoredSteps()


class Diagnosis:
    """Runs the checks against one org. Iterate over `steps()` once; `verdict()` then covers all findings.

    With `stored` it continues a run: the finished checks and their requests aren't repeated.
    """

    def __init__(
        self,
        *,
        region: Region,
        client_id: str,
        secret: str,
        client_name: str,
        kind: str,
        inputs: Inputs,
        org_id: str = "",
        cached_token: str = "",
        contract: Contract | None = None,
        part: bool = False,
        may_start: Callable[[], bool] = never,
        deadline: float = DEADLINE_SECONDS,
        at_once: int = AT_ONCE,
        pace: Pace = UNPACED,
        stored: StoredSteps = NOTHING_STORED,
    ) -> None:
        self.contract = contract or bundled()
        self.region, self.inputs, self._part = region, inputs, part
        self._deadline, self._at_once = deadline, at_once
        self._secrets = tuple(filter(None, (secret, f"{client_id}:{secret}", cached_token)))
        self._redactor = Redactor(self._secrets)
        self._sent: list[HttpExchange] = []
        self._lock = threading.Lock()
        self._genesys = GenesysClient(
            region, client_id, secret, saved_token=cached_token, on_exchange=self._record, pace=pace
        )
        self.aim = aim_of(inputs, self.contract)
        target = Target(kind, region, client_name, client_id, inputs.conversation_id, org_id)
        self._ctx = CheckContext(
            target,
            self._genesys,
            self.contract,
            inputs.call,
            inputs.response,
            self.aim,
            inputs.note,
            company_gateway=inputs.company_gateway,
            may_start=may_start,
        )
        self._genesys.preload(exchange for exchange in stored.exchanges if not CUT.search(exchange.body))
        self._finished = stored.results()
        self.findings: list[FindingResult] = list(stored.findings)
        self.critical_path_ms = 0.0

    def steps(self, checks: tuple[Check, ...] | None = None) -> Iterator[CheckStep]:
        """Yield each check as it finishes. `checks` defaults to all that have the inputs they need."""
        return chain.from_iterable(self.batches(checks))

    def batches(self, checks: tuple[Check, ...] | None = None) -> Iterator[tuple[CheckStep, ...]]:
        """Yield the checks that finish together, so that they can be stored together."""
        chosen = planned_checks(self.inputs.given) if checks is None else checks
        if self._at_once > 1:
            open_checks = [check for check in chosen if check.id not in self._finished]
            self._genesys.prefetch(first_reads(open_checks, self._ctx), "oauth.token")
        try:
            for batch in run_checks(
                chosen, self._ctx, finished=self._finished, deadline=self._deadline, at_once=self._at_once
            ):
                self._redact_issued_token()
                yield tuple(map(self._step, batch))
            self._genesys.wait_for_prefetched()
            self._redact_issued_token()
            if unused := self._new_exchanges():
                yield (CheckStep(unused[0].check_id, (), unused, 0.0),)
        finally:
            self._genesys.close()

    @property
    def issued_token(self) -> TokenResult | None:
        """The token issued for this run, which later runs can reuse; None if a cached one was used or none was issued."""
        return self._genesys.issued

    def verdict(self) -> dict[str, Any]:
        """The verdict and its fix, in the form in which a run stores them."""
        return verdict_with_fix(self.findings, self.inputs, self.region, self.contract, self.aim, part=self._part)

    @property
    def context(self) -> CheckContext:
        return self._ctx

    @property
    def responses(self) -> tuple[OrgResponse, ...]:
        return self._genesys.responses

    def environment(self) -> dict[str, Any]:
        """What the responses show about the client and its org, redacted; see `engine.facts`."""
        needed = self.aim.operation.permissions if self.aim and self.aim.operation else ()
        observed: dict[str, Any] = self._redactor.value(
            OrgFacts.of_responses(self._genesys.responses, needed).to_json()
        )
        return observed

    def _record(self, exchange: HttpExchange) -> None:
        with self._lock:
            self._sent.append(exchange)

    def _new_exchanges(self) -> tuple[HttpExchange, ...]:
        """The exchanges since the last call, redacted."""
        with self._lock:
            exchanges, self._sent = self._sent, []
        return tuple(map(self._redactor.exchange, exchanges))

    def _step(self, finished: CheckRun) -> CheckStep:
        findings = tuple(self._finding(finished.check, result) for result in finished.results)
        self.findings.extend(findings)
        self.critical_path_ms = max(self.critical_path_ms, finished.path_ms)
        return CheckStep(finished.check.id, findings, self._new_exchanges(), finished.path_ms)

    def _redact_issued_token(self) -> None:
        """Add a newly issued token to the secrets that the redactor masks."""
        if (token := self._genesys.issued) and token.value not in self._secrets:
            self._secrets = (*self._secrets, token.value)
            self._redactor = Redactor(self._secrets)

    def _finding(self, check: Check, result: Any) -> FindingResult:
        clean = self._redactor
        is_token_request = any("/oauth/token" in read for read in check.reads)
        return FindingResult(
            check_id=check.id,
            check_version=check.version,
            subject=clean.sentence(result.subject)[:300],
            outcome=str(result.outcome),
            code=result.code,
            sentence=clean.sentence(result.sentence),
            hint=clean.sentence(result.hint),
            evidence=(clean.for_echoes if is_token_request else clean).value(result.evidence),
        )


def verdict_with_fix(
    findings: Sequence[AnyFinding],
    inputs: Inputs,
    region: Region,
    contract: Contract,
    aim: Aim | None,
    *,
    part: bool = False,
) -> dict[str, Any]:
    """Depends on the arguments only, so a run can be re-evaluated from stored findings and inputs."""
    verdict = verdicts.judge(findings, part=part)
    conversation_id = inputs.conversation_id or (aim.id_text if aim and aim.id_state == "uuid" else "")
    fix = fix_for(verdict, findings, aim, conversation_id, region, contract)
    verdict = replace(verdict, remedy=" ".join(fix.steps))
    return {**verdict.to_json(), "fix": fix.to_json()}


def aim_of(inputs: Inputs, contract: Contract) -> Aim | None:
    if inputs.call is None:
        return None
    gateway = inputs.company_gateway or implied_gateway(inputs.call, inputs.response)
    return read_aim(inputs.call, inputs.conversation_id, contract, gateway)
