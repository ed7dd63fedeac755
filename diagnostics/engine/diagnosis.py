"""One diagnosis from inputs to verdict, for whoever stores or prints it. Knows no database.

Everything that leaves here has passed the redactor.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from diagnostics.checks.base import Check, CheckContext, Target, never, planned_checks
from diagnostics.engine import verdict as verdicts
from diagnostics.engine.environment import read_environment
from diagnostics.engine.fixes import fix_for
from diagnostics.engine.runner import AT_ONCE, DEADLINE_SECONDS, run_checks
from diagnostics.engine.verdict import FindingLike
from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.contract import Contract, bundled
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.genesys.regions import Region
from diagnostics.genesys.response import TokenResult
from diagnostics.parsing.company_gateway import implied_gateway
from diagnostics.parsing.inputs import Inputs
from diagnostics.parsing.intent import Aim, read_aim
from diagnostics.redaction.redactor import Redactor


@dataclass(frozen=True)
class FindingResult:
    """A result with the check that said it, redacted."""

    check_id: str
    check_version: int
    subject: str
    outcome: str
    code: str
    sentence: str
    hint: str
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def anchor(self) -> str:
        return f"{self.check_id}#{self.subject}" if self.subject else self.check_id

    def as_dict(self) -> dict[str, Any]:
        return verdicts.as_dict(self)


@dataclass(frozen=True)
class CheckStep:
    """What one ended check brought: its findings and the exchanges it caused."""

    check_id: str
    findings: tuple[FindingResult, ...]
    exchanges: tuple[HttpExchange, ...]
    path_ms: float


class Diagnosis:
    """One run of the checks over one org. `steps()` may be walked once; afterwards `verdict()` speaks of all of it."""

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
        kept_token: str = "",
        contract: Contract | None = None,
        part: bool = False,
        may_start: Callable[[], bool] = never,
        deadline: float = DEADLINE_SECONDS,
        at_once: int = AT_ONCE,
    ) -> None:
        self.contract = contract or bundled()
        self.region, self.inputs, self._part = region, inputs, part
        self._deadline, self._at_once = deadline, at_once
        self._secrets = tuple(filter(None, (secret, f"{client_id}:{secret}", kept_token)))
        self._redactor = Redactor(self._secrets)
        self._sent: list[HttpExchange] = []
        self._lock = threading.Lock()
        self._genesys = GenesysClient(region, client_id, secret, kept_token=kept_token, on_exchange=self._record)
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
        self.findings: list[FindingResult] = []
        self.critical_path_ms = 0.0

    def steps(self, checks: tuple[Check, ...] | None = None) -> Iterator[CheckStep]:
        """Each check as it ends. `checks` defaults to all that have the inputs they need."""
        chosen = planned_checks(self.inputs.given) if checks is None else checks
        try:
            for ended in run_checks(chosen, self._ctx, deadline=self._deadline, at_once=self._at_once):
                self._learn_token()
                findings = tuple(self._finding(ended.check, result) for result in ended.results)
                self.findings.extend(findings)
                self.critical_path_ms = max(self.critical_path_ms, ended.path_ms)
                yield CheckStep(ended.check.id, findings, self._take_exchanges(), ended.path_ms)
        finally:
            self._genesys.close()

    @property
    def issued_token(self) -> TokenResult | None:
        """The token that this run was given, for the next runs to share; None where it had a kept one, or none."""
        return self._genesys.issued

    def verdict(self) -> dict[str, Any]:
        """The verdict with its mend, as the row keeps it."""
        return verdict_with_fix(self.findings, self.inputs, self.region, self.contract, self.aim, part=self._part)

    def environment(self) -> dict[str, Any]:
        """What the run saw of the client and its org, redacted; see `environment`."""
        needed = self.aim.operation.permissions if self.aim and self.aim.operation else ()
        seen: dict[str, Any] = self._redactor.value(read_environment(self._genesys.seen, needed))
        return seen

    def _record(self, exchange: HttpExchange) -> None:
        with self._lock:
            self._sent.append(exchange)

    def _take_exchanges(self) -> tuple[HttpExchange, ...]:
        with self._lock:
            taken, self._sent = self._sent, []
        return tuple(self._redactor.exchange(each) for each in taken)

    def _learn_token(self) -> None:
        if (token := self._genesys.issued) and token.value not in self._secrets:
            self._secrets = (*self._secrets, token.value)
            self._redactor = Redactor(self._secrets)

    def _finding(self, check: Check, result: Any) -> FindingResult:
        clean = self._redactor
        of_login = any("/oauth/token" in each for each in check.reads)
        return FindingResult(
            check_id=check.id,
            check_version=check.version,
            subject=clean.sentence(result.subject)[:300],
            outcome=str(result.outcome),
            code=result.code,
            sentence=clean.sentence(result.sentence),
            hint=clean.sentence(result.hint),
            evidence=(clean.for_echoes() if of_login else clean).value(result.evidence),
        )


def verdict_with_fix(
    findings: Sequence[FindingLike],
    inputs: Inputs,
    region: Region,
    contract: Contract,
    aim: Aim | None,
    *,
    part: bool = False,
) -> dict[str, Any]:
    """Pure: the same findings and inputs give the same answer, today or from the archive."""
    verdict = verdicts.judge(findings, part=part)
    conversation_id = inputs.conversation_id or (aim.id_text if aim and aim.id_state == "uuid" else "")
    mended = fix_for(verdict, findings, aim, conversation_id, region, contract)
    verdict = replace(verdict, remedy=" ".join(mended.steps))
    return {**verdict.to_json(), "mend": mended.to_json()}


def aim_of(inputs: Inputs, contract: Contract) -> Aim | None:
    if inputs.call is None:
        return None
    gateway = inputs.company_gateway or implied_gateway(inputs.call, inputs.response)
    return read_aim(inputs.call, inputs.conversation_id, contract, gateway)
