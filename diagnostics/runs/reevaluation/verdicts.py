"""One old run judged anew: today's checks and rules over yesterday's evidence, and what differs. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from diagnostics.checks.base import Check, CheckContext, Result, Target, branch_of, planned_checks, titles, unclear
from diagnostics.engine import causes
from diagnostics.engine.diagnosis import aim_of, verdict_with_fix
from diagnostics.engine.finding import Finding, FindingResult
from diagnostics.engine.runner import run_checks
from diagnostics.engine.verdict import ENGINE_VERSION
from diagnostics.genesys.contract import Contract
from diagnostics.genesys.regions import Region
from diagnostics.redaction.redactor import Redactor
from diagnostics.runs.reevaluation.archive import StoredOrg
from diagnostics.runs.reevaluation.stored_run import StoredRun, as_results

NOT_IN_ARCHIVE = "not_in_archive"
UNLIMITED = 3600.0  # seconds; nothing is waited for
REQUESTS = ("GET /", "HEAD /", "POST /")


@dataclass(frozen=True)
class Changed:
    """One subject of one check that is judged otherwise now. `was` or `now` may be missing; `why` is one word:
    version, new_check, retired_check, not_planned, not_kept, contract, other.
    """

    check_id: str
    subject: str
    was: Finding | None
    now: Finding | None
    why: str

    @property
    def follows(self) -> bool:
        """It was not asked now only because another check, which comes first, was not right."""
        return self.now is not None and self.now.code == "prerequisite"


@dataclass(frozen=True)
class Rejudged:
    """What the run's verdict was, what it would be now, and which findings make the difference.

    `engine`, `contract` are the versions (then, now). `trouble` says why it could not be judged at all, "" where it was;
    the verdict of now is then empty.
    """

    cause: tuple[str, str]
    certainty: tuple[str, str]
    sentence: str = ""
    engine: tuple[str, str] = ("", "")
    contract: tuple[str, str] = ("", "")
    changes: tuple[Changed, ...] = ()
    carried: tuple[str, ...] = ()
    not_kept: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def differs(self) -> bool:
        return not self.trouble and (self.cause[0] != self.cause[1] or self.certainty[0] != self.certainty[1])

    @property
    def reasons(self) -> tuple[Changed, ...]:
        """The changes without those that only follow from others."""
        return tuple(each for each in self.changes if not each.follows)

    @property
    def following(self) -> int:
        return len(self.changes) - len(self.reasons)


def rejudge(past: StoredRun, region: Region, contract: Contract) -> Rejudged:
    """The stored verdict beside the one that today's checks and rules draw from the same evidence."""
    checks = _checks_for(past)
    if not checks:
        return _untold(past, "None of what this run asked is a check of today.")
    if not past.exchanges and not past.findings:
        return _untold(past, "Nothing of this run is kept.")
    desk = _Desk(past, region, contract)
    findings = desk.findings(checks)
    aim = aim_of(past.inputs, contract)
    verdict = verdict_with_fix(findings, past.inputs, region, contract, aim, part=bool(past.branch))
    if past.was_cut_short and verdict["cause"] == causes.NONE:
        verdict |= {"cause": causes.UNDETERMINED, "certainty": "undetermined"}  # what was not asked cannot acquit
    return Rejudged(
        cause=(past.cause, verdict["cause"]),
        certainty=(past.certainty, verdict["certainty"]),
        sentence=verdict["sentence"],
        engine=(past.engine_version, ENGINE_VERSION),
        contract=(past.contract_version, contract.version),
        changes=tuple(_changes(past, findings, checks, contract.version)),
        carried=tuple(sorted(desk.carried)),
        not_kept=tuple(sorted({path for paths in desk.archive.asked_in_vain.values() for path in paths})),
    )


def _untold(past: StoredRun, why: str) -> Rejudged:
    return Rejudged((past.cause, ""), (past.certainty, ""), trouble=why)


def _checks_for(past: StoredRun) -> tuple[Check, ...]:
    """Those of today that this run would ask; of one that was cut short, those that it had got to."""
    planned = planned_checks(past.inputs.given)
    if past.branch:
        planned = branch_of(past.branch, planned)
    if past.was_cut_short:
        begun = {each.check_id for each in past.findings}
        planned = tuple(each for each in planned if each.id in begun)
    return planned


class _Desk:
    """Walks the checks over one run's evidence, and remembers whose findings were carried over."""

    def __init__(self, past: StoredRun, region: Region, contract: Contract) -> None:
        self.past = past
        self.archive = StoredOrg(region, past.exchanges, bodies_dropped=past.bodies_dropped)
        self.carried: set[str] = set()
        conversation_id, call = past.inputs.conversation_id, past.inputs.call
        self._ctx = CheckContext(
            Target(past.kind, region, past.client_name, past.client_id, conversation_id, past.org_id),
            self.archive,
            contract,
            call,
            past.inputs.response,
            aim_of(past.inputs, contract),
            past.inputs.note,
            company_gateway=past.inputs.company_gateway,
            may_start=lambda: self.archive.holds_a_start,
            now=lambda: past.at,
        )

    def findings(self, checks: Iterable[Check]) -> list[FindingResult]:
        clean = Redactor()
        own = [replace(each, run=self._reading(each)) for each in checks]
        try:
            ended = list(run_checks(own, self._ctx, deadline=UNLIMITED, at_once=1))
        finally:
            self.archive.close()
        return [_finding(each.check, result, clean) for each in ended for result in each.results]

    def _reading(self, check: Check) -> "_Reading":
        return _Reading(self, check)

    def carry(self, check: Check, why: str) -> tuple[Result, ...]:
        """What the same version of the check said then; where another version said it, that cannot be told."""
        said = self.past.said_by(check.id)
        if said and all(each.check_version == check.version for each in said):
            self.carried.add(check.id)
            return as_results(said)
        return (unclear(NOT_IN_ARCHIVE, why),)


@dataclass(frozen=True)
class _Reading:
    """A check as it is run over an archive."""

    desk: _Desk
    check: Check

    def __call__(self, ctx: CheckContext) -> Iterator[Result]:
        yield from self._results(ctx)

    def _results(self, ctx: CheckContext) -> tuple[Result, ...]:
        check, archive = self.check, self.desk.archive
        if any(not each.startswith(REQUESTS) for each in check.reads):
            return self.desk.carry(check, "An archive cannot be asked for names, certificates and routes.")
        if [each.code for each in self.desk.past.said_by(check.id)] == ["out_of_time"]:
            return self.desk.carry(check, "The run's time was over before this was asked.")
        if self.desk.past.bodies_dropped and check.last:
            return self.desk.carry(check, "The answers that this check sums up are not kept any more.")
        results = tuple(check.run(ctx))
        if vain := archive.asked_in_vain.get(check.id):
            what = ", ".join(sorted(vain)[:3])
            return (unclear(NOT_IN_ARCHIVE, f"This was not asked then, so nothing of it is kept: {what}."),)
        if archive.read_in_part.get(check.id):
            return self.desk.carry(check, "Of the answers that this check reads only a part is kept.")
        return results


def _finding(check: Check, result: Result, clean: Redactor) -> FindingResult:
    return FindingResult(
        check_id=check.id,
        check_version=check.version,
        subject=clean.sentence(result.subject)[:300],
        outcome=str(result.outcome),
        code=result.code,
        sentence=clean.sentence(result.sentence),
        hint=clean.sentence(result.hint),
        evidence=clean.value(result.evidence),
    )


def _changes(past: StoredRun, findings: Iterable[Finding], checks: Iterable[Check], contract: str) -> Iterator[Changed]:
    old = {(each.check_id, each.subject): each for each in past.findings}
    new = {(each.check_id, each.subject): each for each in findings}
    planned = {each.id for each in checks}
    for key in dict.fromkeys([*new, *old]):
        was, now = old.get(key), new.get(key)
        if was is not None and now is not None and (was.outcome, was.code) == (now.outcome, now.code):
            continue
        yield Changed(*key, was, now, _why(key[0], was, now, planned, past) or _of_contract(past, contract))


def _why(check_id: str, was: Finding | None, now: Finding | None, planned: set[str], past: StoredRun) -> str:
    """ "" where neither the check nor what is kept explains it."""
    if check_id not in titles():
        return "retired_check"
    if check_id not in planned:
        return "not_planned"
    if now is not None and now.code == NOT_IN_ARCHIVE:
        return "not_kept"
    if check_id not in past.planned and not past.said_by(check_id):
        return "new_check"
    raised = was is not None and now is not None and was.check_version != now.check_version
    return "version" if raised else ""


def _of_contract(past: StoredRun, contract: str) -> str:
    return "contract" if past.contract_version != contract else "other"
