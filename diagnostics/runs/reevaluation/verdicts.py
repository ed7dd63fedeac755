"""Re-evaluates one stored run: today's checks and rules over its evidence, and what differs. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any

from diagnostics.checks.base import Check, CheckContext, Result, Target, branch_of, planned_checks, titles, unclear
from diagnostics.checks.outcomes import Outcome
from diagnostics.engine import causes
from diagnostics.engine.diagnosis import aim_of, verdict_with_fix
from diagnostics.engine.finding import AnyFinding, FindingResult
from diagnostics.engine.runner import run_checks
from diagnostics.engine.verdict import ENGINE_VERSION
from diagnostics.genesys.contract import Contract
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.genesys.regions import Region
from diagnostics.parsing.inputs import Inputs
from diagnostics.redaction.redactor import Redactor
from diagnostics.runs.reevaluation.stored_org import StoredOrg

NOT_IN_ARCHIVE = "not_in_archive"
UNLIMITED = 3600.0  # seconds; no request is sent, so nothing waits
REQUEST_PREFIXES = ("GET /", "HEAD /", "POST /")


@dataclass(frozen=True)
class StoredRun:
    """A stored run: its inputs, findings and exchanges. `branch` is "" for a whole run."""

    kind: str
    client_name: str
    client_id: str
    inputs: Inputs
    at: datetime
    cause: str
    certainty: str
    engine_version: str
    contract_version: str
    planned: tuple[str, ...]
    findings: tuple[AnyFinding, ...]
    exchanges: tuple[HttpExchange, ...] = field(repr=False)
    branch: str = ""
    was_cut_short: bool = False
    bodies_dropped: bool = False

    def findings_of(self, check_id: str) -> tuple[AnyFinding, ...]:
        return tuple(finding for finding in self.findings if finding.check_id == check_id)

    @property
    def org_id(self) -> str:
        """The org that the run expected or found for the client, "" if unknown."""
        identity = next(iter(self.findings_of("oauth.identity")), None)
        org_id = (identity.evidence.get("expected") or identity.evidence.get("org_id")) if identity else ""
        return org_id if isinstance(org_id, str) else ""


@dataclass(frozen=True)
class FindingDifference:
    """One subject of one check with a different result now. `was` or `now` may be missing.

    `why` is version, new_check, retired_check, not_planned, not_kept, contract or other.
    """

    check_id: str
    subject: str
    was: AnyFinding | None
    now: AnyFinding | None
    why: str

    @property
    def follows(self) -> bool:
        """Skipped now because a prerequisite of the check did not pass."""
        return self.now is not None and self.now.code == "prerequisite"


@dataclass(frozen=True)
class Reevaluation:
    """A run's verdict then and now, and the findings that differ.

    `engine` and `contract` are the versions (then, now). `problem` says why the run could not be re-evaluated; the
    verdict of now is then empty. `carried` lists checks whose stored findings were reused, `missing_paths` the requests
    that the run did not send.
    """

    cause: tuple[str, str]
    certainty: tuple[str, str]
    sentence: str = ""
    engine: tuple[str, str] = ("", "")
    contract: tuple[str, str] = ("", "")
    changes: tuple[FindingDifference, ...] = ()
    carried: tuple[str, ...] = ()
    missing_paths: tuple[str, ...] = ()
    problem: str = ""

    @property
    def differs(self) -> bool:
        return not self.problem and (self.cause[0] != self.cause[1] or self.certainty[0] != self.certainty[1])

    @property
    def reasons(self) -> tuple[FindingDifference, ...]:
        """The differences without those that only follow from others."""
        return tuple(change for change in self.changes if not change.follows)

    @property
    def following(self) -> int:
        return len(self.changes) - len(self.reasons)


@dataclass(frozen=True)
class StoredEvidence:
    """What today's checks and rules make of stored evidence. `verdict` is in the form in which a run stores it."""

    findings: tuple[FindingResult, ...]
    verdict: dict[str, Any]
    carried: tuple[str, ...] = ()
    missing_paths: tuple[str, ...] = ()


def reevaluate(stored: StoredRun, region: Region, contract: Contract) -> Reevaluation:
    """The stored verdict next to the one that today's checks and rules draw from the same evidence."""
    if problem := why_not_evaluated(stored):
        return Reevaluation((stored.cause, ""), (stored.certainty, ""), problem=problem)
    evidence = evaluate_stored(stored, region, contract)
    verdict = evidence.verdict
    return Reevaluation(
        cause=(stored.cause, verdict["cause"]),
        certainty=(stored.certainty, verdict["certainty"]),
        sentence=verdict["sentence"],
        engine=(stored.engine_version, ENGINE_VERSION),
        contract=(stored.contract_version, contract.version),
        changes=tuple(_differences(stored, evidence.findings, _checks_for(stored), contract.version)),
        carried=evidence.carried,
        missing_paths=evidence.missing_paths,
    )


def why_not_evaluated(stored: StoredRun) -> str:
    """ "" if the run can be evaluated again."""
    if not _checks_for(stored):
        return "None of the checks of this run exist today."
    return "" if stored.exchanges or stored.findings else "Nothing of this run is stored."


def evaluate_stored(stored: StoredRun, region: Region, contract: Contract) -> StoredEvidence:
    reevaluator = _Reevaluator(stored, region, contract)
    findings = reevaluator.findings(_checks_for(stored))
    aim = aim_of(stored.inputs, contract)
    verdict = verdict_with_fix(findings, stored.inputs, region, contract, aim, part=bool(stored.branch))
    if stored.was_cut_short and verdict["cause"] == causes.NONE:
        # A partial run cannot prove that nothing is wrong.
        verdict |= {"cause": causes.UNDETERMINED, "certainty": "undetermined"}
    missing = {path for paths in reevaluator.org.missing_paths.values() for path in paths}
    return StoredEvidence(tuple(findings), verdict, tuple(sorted(reevaluator.carried)), tuple(sorted(missing)))


def _checks_for(stored: StoredRun) -> tuple[Check, ...]:
    """Today's checks for this run. For a run that was cut short, only the checks that it had started."""
    planned = planned_checks(stored.inputs.given)
    if stored.branch:
        planned = branch_of(stored.branch, planned)
    if stored.was_cut_short:
        started = {finding.check_id for finding in stored.findings}
        planned = tuple(check for check in planned if check.id in started)
    return planned


class _Reevaluator:
    """Runs checks over the evidence of one run. `carried` collects the checks whose stored findings were reused."""

    def __init__(self, stored: StoredRun, region: Region, contract: Contract) -> None:
        self.org = StoredOrg(region, stored.exchanges, bodies_dropped=stored.bodies_dropped)
        self.carried: set[str] = set()
        self._stored = stored
        conversation_id, call = stored.inputs.conversation_id, stored.inputs.call
        self._ctx = CheckContext(
            Target(stored.kind, region, stored.client_name, stored.client_id, conversation_id, stored.org_id),
            self.org,
            contract,
            call,
            stored.inputs.response,
            aim_of(stored.inputs, contract),
            stored.inputs.note,
            company_gateway=stored.inputs.company_gateway,
            may_start=lambda: self.org.has_live_start,
            now=lambda: stored.at,
        )

    def findings(self, checks: Iterable[Check]) -> list[FindingResult]:
        redactor = Redactor()
        offline = [replace(check, run=partial(self._results, check)) for check in checks]
        try:
            finished = list(chain.from_iterable(run_checks(offline, self._ctx, deadline=UNLIMITED, at_once=1)))
        finally:
            self.org.close()
        return [_finding(run.check, result, redactor) for run in finished for result in run.results]

    def _results(self, check: Check, ctx: CheckContext) -> tuple[Result, ...]:
        if any(not read.startswith(REQUEST_PREFIXES) for read in check.reads):
            return self._carry(check, "Host names, certificates and network paths aren't stored.")
        if [finding.code for finding in self._stored.findings_of(check.id)] == ["out_of_time"]:
            return self._carry(check, "The run ran out of time before this check.")
        if self._stored.bodies_dropped and check.last:
            return self._carry(check, "The responses that this check needs are no longer stored.")
        results = tuple(check.run(ctx))
        if missing := self.org.missing_paths.get(check.id):
            paths = ", ".join(sorted(missing)[:3])
            return (unclear(NOT_IN_ARCHIVE, f"This wasn't requested then: {paths}."),)
        if self.org.partial_paths.get(check.id):
            return self._carry(check, "The responses that this check needs are stored only in part.")
        return results

    def _carry(self, check: Check, why: str) -> tuple[Result, ...]:
        """The stored results if the same version of the check produced them, otherwise an inconclusive result."""
        findings = self._stored.findings_of(check.id)
        if findings and all(finding.check_version == check.version for finding in findings):
            self.carried.add(check.id)
            return tuple(
                Result(Outcome(each.outcome), each.code, each.sentence, each.hint, each.subject, dict(each.evidence))
                for each in findings
            )
        return (unclear(NOT_IN_ARCHIVE, why),)


def _finding(check: Check, result: Result, redactor: Redactor) -> FindingResult:
    return FindingResult(
        check_id=check.id,
        check_version=check.version,
        subject=redactor.sentence(result.subject)[:300],
        outcome=str(result.outcome),
        code=result.code,
        sentence=redactor.sentence(result.sentence),
        hint=redactor.sentence(result.hint),
        evidence=redactor.value(result.evidence),
    )


def _differences(
    stored: StoredRun, findings: Iterable[AnyFinding], checks: Iterable[Check], contract: str
) -> Iterator[FindingDifference]:
    old = {(finding.check_id, finding.subject): finding for finding in stored.findings}
    new = {(finding.check_id, finding.subject): finding for finding in findings}
    planned = {check.id for check in checks}
    other_reason = "contract" if stored.contract_version != contract else "other"
    for key in dict.fromkeys([*new, *old]):
        was, now = old.get(key), new.get(key)
        if was is not None and now is not None and (was.outcome, was.code) == (now.outcome, now.code):
            continue
        yield FindingDifference(*key, was, now, _why(key[0], was, now, planned, stored) or other_reason)


def _why(check_id: str, was: AnyFinding | None, now: AnyFinding | None, planned: set[str], stored: StoredRun) -> str:
    """ "" if neither the check nor the stored evidence explains the difference."""
    if check_id not in titles():
        return "retired_check"
    if check_id not in planned:
        return "not_planned"
    if now is not None and now.code == NOT_IN_ARCHIVE:
        return "not_kept"
    if check_id not in stored.planned and not stored.findings_of(check_id):
        return "new_check"
    raised = was is not None and now is not None and was.check_version != now.check_version
    return "version" if raised else ""
