"""Judges a failure by the configuration that was in force when it happened, as far as syncs kept it. Pure.

The checks of the org's configuration run again over what the syncs before and after the failure kept, in place of the org's
responses. If the two agree, that was in force. Findings that are of today's org never decide such a verdict.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit

from diagnostics.checks.base import CheckContext, Result, find_check, unclear
from diagnostics.checks.outcomes import Outcome
from diagnostics.engine import causes
from diagnostics.engine.diagnosis import verdict_with_fix
from diagnostics.engine.facts import OrgFacts
from diagnostics.engine.finding import AnyFinding, FindingResult, as_dict
from diagnostics.engine.fixes import Fix
from diagnostics.genesys import gateway
from diagnostics.genesys.client import GenesysClient
from diagnostics.genesys.documents import catalogue, grants, token_info
from diagnostics.genesys.documents.conversation import conversation_at
from diagnostics.genesys.documents.deployment import LIST_PATH, Deployment, DeploymentList
from diagnostics.genesys.documents.gateway_providers import GatewayProvider
from diagnostics.genesys.exchange import HttpExchange
from diagnostics.genesys.fields import mapping, mappings, moment, text, texts
from diagnostics.genesys.response import OrgResponse
from diagnostics.parsing.inputs import Inputs
from diagnostics.parsing.times import exact_utc
from diagnostics.redaction.redactor import Redactor

CONFIGURED = (
    "oauth.scopes",
    "permissions.catalogue",
    "permissions.call",
    "permissions.user",
    "deployments.cobrowse",
    "provider.configured",
    "provider.match",
)
CONVERSATION = ("conversation.exists", "conversation.media", "conversation.connected")
# The call, the response and the ID stay what they were.
UNCHANGING = ("request.", "answer.", "conversation.id")
# A failure this recent is judged by what the run reads, unless a sync has found a change since.
RECENT = timedelta(minutes=10)
# How the verdict is supported: two reads agree, they differ, only the one before is known, or nothing is kept.
IN_FORCE, CHANGED, READ_BEFORE, NOTHING_STORED = "in_force", "changed_between", "read_before", "nothing_stored"
PAST = "past"  # the target of a run that is judged by another time than its own
NO_ZONE = "no_zone"  # the time of the failure isn't known well enough
CORRECT_THEN = "Everything that we keep of that time is correct, so we can't prove the cause of the failure."
CHANGED_SINCE = "That has changed since then. Repeat the call; if it still fails, paste the new response."
SEE_TODAY = "See what is wrong today, or repeat the call and paste the new response."


@dataclass(frozen=True)
class Configuration:
    """What is kept of an org's configuration. `permissions` is that of a sync; `gateway` and `deployments` are None if unread."""

    permissions: Mapping[str, Any] = field(default_factory=dict)
    deployments: tuple[Deployment, ...] | None = None
    is_complete: bool = True
    gateway: bool | None = None
    providers: tuple[GatewayProvider, ...] = ()


@dataclass(frozen=True)
class StoredHistory:
    """What is kept around the time `at` of a failure.

    `before` is what the last sync before it had found, `after` what the first one after it found; the times are those of
    the two syncs, None if there is none. `changes` are sentences on what changed since, the oldest first. Without all of
    the changes (`are_changes_lost`), what syncs keep shows nothing.
    """

    at: datetime
    before: Configuration | None = None
    before_at: datetime | None = None
    after: Configuration | None = None
    after_at: datetime | None = None
    first_at: datetime | None = None
    changes: tuple[str, ...] = ()
    are_changes_lost: bool = False


def narrowed(history: StoredHistory, reads: Iterable[tuple[datetime, OrgFacts]]) -> StoredHistory:
    """With what runs read between the two syncs: one that still found the earlier state, or already the later one."""
    if history.before is None or history.after is None:
        return history
    before, after = _comparable(history.before), _comparable(history.after)
    changed = [name for name in before if name in after and before[name] != after[name]]
    for at, facts in reads:
        found = _comparable_facts(facts)
        known = [name for name in changed if name in found]
        if at >= history.at and known and all(found[name] == before[name] for name in known):
            return replace(history, after=history.before, after_at=at)
        if at <= history.at and known and all(found[name] == after[name] for name in known):
            return replace(history, before=history.after, before_at=at)
    return history


def _comparable(configuration: Configuration) -> dict[str, object]:
    """The facts that both syncs and runs read, without those that weren't read."""
    found: dict[str, object] = {each.id: (each.status, each.offers("")) for each in configuration.deployments or ()}
    if configuration.gateway:
        found["providers"] = frozenset((each.id, each.enabled) for each in configuration.providers)
    client = mapping(configuration.permissions, "client")
    if client.get("scopes") is not None:
        found["scopes"] = frozenset(texts(client, "scopes"))
    if mapping(configuration.permissions, "read").get("subjects/me") == "ok":
        found["roles"] = frozenset(text(grant, "role") for grant in mappings(configuration.permissions, "grants"))
    return found


def _comparable_facts(facts: OrgFacts) -> dict[str, object]:
    found: dict[str, object] = {id: (each.status, each.cobrowse) for id, each in (facts.deployments or {}).items()}
    if facts.providers is not None:
        found["providers"] = frozenset((each.id, each.enabled) for each in facts.providers)
    if facts.scopes is not None:
        found["scopes"] = frozenset(facts.scopes)
    if facts.roles is not None:
        found["roles"] = frozenset(role for role, _ in facts.roles)
    return found


Documents = dict[str, tuple[int | None, Any]]  # path -> status and JSON; no status for what isn't kept


class PastOrg:
    """Takes the place of the client of an org: responds with what is kept, and with what the run read of the conversation."""

    def __init__(self, documents: Documents, read: Mapping[str, OrgResponse]) -> None:
        self._documents, self._read = documents, read

    def get(self, path: str, **query: str | int) -> OrgResponse:
        if path in self._documents:
            return _response(path, *self._documents[path])
        return self._read[path] if path in self._read and "/conversations/" in path else OrgResponse(None)


def _response(path: str, status: int | None, data: Any) -> OrgResponse:
    return OrgResponse(HttpExchange("GET", path, datetime.min, 0.0, status), data)


def judge_as_it_was(
    today: dict[str, Any],
    findings: Sequence[AnyFinding],
    responses: Sequence[OrgResponse],
    ctx: CheckContext,
    inputs: Inputs,
    history: StoredHistory | None,
) -> dict[str, Any]:
    """The verdict of the time of the failure in the form in which a run stores it; `as_of` says how it was found.

    `today` is the verdict on `findings` and `responses`, those of a run of today. It is returned if the time of the failure
    isn't known, or if it is now; `history` is None if the time has no zone.
    """
    if history is None:
        sentence = "The time of the failure has no time zone, so we judge it by the org as it is today."
        return {**today, "as_of": {"time": inputs.failed_at, "basis": NO_ZONE, "sentence": sentence}}
    if history.at > ctx.now() - RECENT and not history.changes:
        return today
    return _Judgment(today, findings, responses, ctx, inputs, history).verdict()


def verdict_of_today(verdict: object) -> dict[str, Any]:
    """The part of a stored verdict that is about the org at the time of the run; {} for none."""
    return mapping(verdict, "as_of", "today") or mapping(verdict)


@dataclass(frozen=True)
class _State:
    """One of the states that the org may have been in: the findings on it, and the verdict on them."""

    findings: tuple[AnyFinding, ...]
    verdict: dict[str, Any]

    @property
    def cause(self) -> str:
        return str(self.verdict["cause"])

    @property
    def has_cause(self) -> bool:
        return self.cause not in (causes.NONE, causes.UNDETERMINED)

    @property
    def evidence(self) -> list[AnyFinding]:
        return [finding for finding in self.findings if finding.anchor in self.verdict["because"]]


class _Judgment:
    def __init__(
        self,
        today: dict[str, Any],
        findings: Sequence[AnyFinding],
        responses: Sequence[OrgResponse],
        ctx: CheckContext,
        inputs: Inputs,
        history: StoredHistory,
    ) -> None:
        self.today, self.ctx, self.inputs, self.history = today, ctx, inputs, history
        self.read = {urlsplit(response.exchange.url).path: response for response in responses if response.exchange}
        self.unchanging = [finding for finding in findings if finding.check_id.startswith(UNCHANGING)]
        self.today_is_read = any(f.check_id == "oauth.identity" and f.outcome == Outcome.PASS for f in findings)
        self.when = exact_utc(history.at)

    def verdict(self) -> dict[str, Any]:
        if self.history.before is None:
            return self._by_today(NOTHING_STORED)
        before = self._state(self.history.before)
        after = self._state(self.history.after) if self.history.after else self._state_today()
        if after is None or not (_shows(after, before) and _shows(before, after)):
            is_of_call = all(finding in self.unchanging for finding in before.evidence)
            return self._stored(READ_BEFORE, [before], before.verdict["certainty"] if is_of_call else "likely")
        if (before.cause if before.has_cause else "") == (after.cause if after.has_cause else ""):
            return self._stored(IN_FORCE, [before], before.verdict["certainty"])
        return self._stored(CHANGED, [before, after], "likely")

    def _by_today(self, basis: str) -> dict[str, Any]:
        """What the org shows today is likely to have been so then, but no proof of it."""
        unchanging = {finding.anchor for finding in self.unchanging}
        is_of_org = not unchanging.issuperset(self.today["because"])
        certainty = "likely" if is_of_org and self.today["certainty"] == "proved" else self.today["certainty"]
        return {**self.today, "certainty": certainty, "as_of": self._as_of(basis)}

    def _stored(self, basis: str, states: list[_State], certainty: str) -> dict[str, Any]:
        named = [state for state in states if state.has_cause]
        if not named and self.today["cause"].startswith("conv.") and self._started_later():
            return self._by_today(basis)  # the ID is in the call, so one of the two times is wrong
        state = named[0] if len(named) == 1 else states[0]
        verdict = {**state.verdict, "certainty": certainty}
        if len(named) != 1:
            verdict |= {"cause": causes.UNDETERMINED, "certainty": "undetermined", "also": []}
        as_of = self._as_of(basis)
        is_same = (verdict["cause"], verdict["certainty"]) == (self.today["cause"], self.today["certainty"])
        if is_same and len(named) == 1:
            return {**self.today, "as_of": as_of}
        verdict["sentence"] = f"As of {self.when}: {self._sentence(basis, named)}"
        if not named or verdict["cause"] not in (self.today["cause"], *self.today["also"]):
            verdict["remedy"] = CHANGED_SINCE if named else SEE_TODAY
            verdict["fix"] = Fix(steps=(verdict["remedy"],)).to_json()
        then = [finding for each in named or states for finding in each.evidence if finding not in self.unchanging]
        verdict["because"] = [finding.anchor for finding in state.evidence if finding in self.unchanging]
        return {
            **verdict,
            "ruled_out": [],
            "unchecked": [],
            "as_of": {**as_of, "evidence": [as_dict(finding) for finding in then], "today": self.today},
        }

    def _as_of(self, basis: str) -> dict[str, Any]:
        return {
            "time": self.history.at.isoformat(),
            "basis": basis,
            "sentence": self._support(basis),
            "read_before": self.history.before_at and self.history.before_at.isoformat(),
            "read_after": self.history.after_at and self.history.after_at.isoformat(),
            "changes": list(self.history.changes),
        }

    def _sentence(self, basis: str, named: list[_State]) -> str:
        found = [str(state.verdict["sentence"]) for state in named]
        if len(found) == 2:
            return f"The org changed around that time, so it is one of two. {found[0]} Or: {found[1]}"
        if found and basis == CHANGED:
            return f"{found[0]} The org changed around that time; its other state doesn't explain the failure."
        if found:
            return found[0]
        return CORRECT_THEN

    def _support(self, basis: str) -> str:
        """How sure it is what was in force, by the age of what is kept."""
        before, after, first = self.history.before_at, self.history.after_at, self.history.first_at
        if basis == NOTHING_STORED or before is None:
            known = f"The first sync of this org was on {exact_utc(first)}." if first else "This org was never synced."
            if self.history.are_changes_lost:
                known = "The changes since then were deleted."
            return f"Nothing is kept from {self.when}, so we judge it by the org as it is today. {known}"
        earlier = f"the sync {_length(self.history.at - before)} before it"
        later = f"the next one, {_length(after - self.history.at)} after it," if after else "this run"
        if basis == READ_BEFORE:
            return f"By {earlier} alone: no read since then shows whether it had changed."
        if basis == CHANGED:
            return f"It changed between {earlier} and {later}, so it may have been either way.".replace(",,", ",")
        return f"{earlier[0].upper()}{earlier[1:]} and {later} agree about that time."

    def _state(self, configuration: Configuration) -> _State:
        return self._judged(self._results(_documents_of(configuration)))

    def _state_today(self) -> _State | None:
        """With today's configuration. A deployment that was published after the failure is as the sync before found it."""
        if not self.today_is_read:
            return None
        documents: Documents = {path: (response.status, response.data) for path, response in self.read.items()}
        listed = DeploymentList.parse(self.read.get(LIST_PATH, OrgResponse(None)))
        if isinstance(listed, DeploymentList) and self.history.before and self.history.before.deployments is not None:
            earlier = {deployment.id: deployment for deployment in self.history.before.deployments}
            found = tuple(
                earlier.get(deployment.id, deployment)
                if _is_later(deployment.published, self.history.at)
                else deployment
                for deployment in listed.deployments
            )
            documents[LIST_PATH] = _deployment_list(found, is_complete=listed.is_complete)
        return self._judged(self._results(documents))

    def _judged(self, configured: list[FindingResult]) -> _State:
        found = (*self.unchanging, *self._conversation(), *configured)
        target, contract = self.ctx.target, self.ctx.contract
        return _State(found, verdict_with_fix(found, self.inputs, target.region, contract, self.ctx.aim))

    def _results(self, documents: Documents) -> list[FindingResult]:
        """The findings of the checks of the configuration, on these documents."""
        org = PastOrg({**documents, **self._conversation_document()}, self.read)
        ctx = self._context(org)
        planned = [id for id in CONFIGURED if self.inputs.given.issuperset(find_check(id).needs)]
        return [_finding(id, result) for id in planned for result in find_check(id).run(ctx)]

    def _context(self, org: PastOrg) -> CheckContext:
        return replace(self.ctx, genesys=cast("GenesysClient", org), now=lambda: self.history.at)

    def _conversation_document(self) -> Documents:
        path = self.ctx.conversation_path()
        response = self.read.get(path, OrgResponse(None))
        then = conversation_at(response.data, self.history.at) if response.ok else None
        return {path: (200, then) if then else (None, None)}

    def _conversation(self) -> list[FindingResult]:
        """The findings on the conversation at that time. What it doesn't show about then is inconclusive."""
        path = self.ctx.conversation_path()
        response = self.read.get(path)
        if response is None:
            return []
        documents = self._conversation_document()
        if response.ok and documents[path][0] is None:
            started = moment(response.data, "startTime")
            why = (
                f"The conversation started on {exact_utc(started)}, after the failure, so the call was about another one."
                if started and started > self.history.at
                else "The org doesn't show how the conversation was at that time."
            )
            return [_finding("conversation.exists", unclear("not_of_that_time", why))]
        ctx = self._context(PastOrg(documents if response.ok else {}, self.read))
        results = [
            (id, result)
            for id in CONVERSATION
            if response.ok or id == CONVERSATION[0]
            for result in find_check(id).run(ctx)
        ]
        return [_finding(id, result if self._held_then(result) else _unknown_then(result)) for id, result in results]

    def _started_later(self) -> bool:
        response = self.read.get(self.ctx.conversation_path(), OrgResponse(None))
        started = moment(response.data, "startTime") if response.ok else None
        return started is not None and started > self.history.at

    def _held_then(self, result: Result) -> bool:
        """A conversation that can't be read today may have been live then, unless it had ended, or never existed."""
        if result.code == "only_history":
            ended = moment(result.evidence, "ended")
            return ended is not None and ended <= self.history.at
        if result.code == "not_found":
            return result.evidence.get("history") == 404
        return True


def _shows(state: _State, other: _State) -> bool:
    """Whether what decides the other verdict was read in this state too."""
    checks = {finding.check_id for finding in other.evidence} & set(CONFIGURED)
    return not any(finding.check_id in checks and finding.outcome == Outcome.ERROR for finding in state.findings)


def _unknown_then(result: Result) -> Result:
    return unclear(
        "not_of_that_time", f"{result.sentence} That is today; it may have been live at the time of the failure."
    )


def _finding(check_id: str, result: Result) -> FindingResult:
    clean = Redactor()
    return FindingResult(
        check_id,
        find_check(check_id).version,
        clean.sentence(result.subject)[:300],
        str(result.outcome),
        result.code,
        clean.sentence(result.sentence),
        clean.sentence(result.hint),
        clean.value(result.evidence),
    )


def _is_later(published: str, at: datetime) -> bool:
    found = moment(published)
    return found is not None and found > at


def _length(age: timedelta) -> str:
    minutes = max(1, round(age.total_seconds() / 60))
    count, unit = (
        (minutes, "minute") if minutes < 90 else (round(minutes / 60), "hour") if minutes < 2880 else (age.days, "day")
    )
    return f"{count} {unit}{'' if count == 1 else 's'}"


UNREAD: tuple[int | None, Any] = (None, None)


def _documents_of(configuration: Configuration) -> Documents:
    """The responses from which a sync read the configuration."""
    permissions = configuration.permissions
    deployments = configuration.deployments
    return {
        token_info.PATH: (200, _token(permissions)) if permissions else UNREAD,
        grants.PATH: (200, _grants(permissions)) if mapping(permissions, "read").get("subjects/me") == "ok" else UNREAD,
        catalogue.PATH: _catalogue(mapping(permissions, "catalogue")),
        LIST_PATH: UNREAD
        if deployments is None
        else _deployment_list(deployments, is_complete=configuration.is_complete),
        gateway.PROVIDERS_PATH: UNREAD if configuration.gateway is None else _providers(configuration),
    }


def _token(permissions: Mapping[str, Any]) -> dict[str, Any]:
    client = mapping(permissions, "client")
    return {
        "organization": {name: text(permissions, "org", name) for name in ("id", "name")},
        "OAuthClient": {
            "name": text(client, "name"),
            "authorizedGrantType": text(client, "grant_type"),
            "scope": client.get("scopes"),
        },
    }


def _grants(permissions: Mapping[str, Any]) -> dict[str, Any]:
    return {"grants": [_grant(entry) for entry in mappings(permissions, "grants")]}


def _grant(entry: dict[str, Any]) -> dict[str, Any]:
    role: dict[str, Any] = {"id": text(entry, "role_id"), "name": text(entry, "role")}
    if entry.get("policies") is not None:
        held, conditional = texts(entry, "policies"), texts(entry, "conditional")
        role["policies"] = [_policy(name) for name in held]
        role["policies"] += [{**_policy(name), "condition": "kept"} for name in conditional]
    division = text(entry, "division")
    place = {"id": division, "name": text(entry, "division_name")}
    return {"role": role, "division": place if division not in ("", grants.EVERY_DIVISION) else None}


def _policy(permission: str) -> dict[str, Any]:
    domain, entity, action = (*permission.split(":"), "", "")[:3]
    return {"domain": domain, "entityName": entity, "actionSet": [action]}


def _catalogue(listed: Mapping[str, Any]) -> tuple[int | None, Any]:
    """Complete only if the sync found out about each permission that it looked up."""
    if not listed or None in listed.values():
        return UNREAD
    names = [name.split(":") for name, is_listed in listed.items() if is_listed]
    entries = [dict(zip(catalogue.PARTS, parts, strict=False)) for parts in names]
    return 200, {"entities": [{"permissionMap": {"kept": entries}}]}


def _deployment_list(found: Sequence[Deployment], *, is_complete: bool) -> tuple[int | None, Any]:
    entities = [
        {
            "id": item.id,
            "name": item.name,
            "status": item.status,
            "configuration": {"version": item.version, "cobrowse": item.cobrowse},
        }
        for item in found
    ]
    return 200, {"entities": entities, "nextUri": None if is_complete else "more"}


def _providers(configuration: Configuration) -> tuple[int | None, Any]:
    if not configuration.gateway:
        return 404, {"message": "There is no provider list.", "code": "not.found"}
    entities = [{"id": each.id, "name": each.name, "enabled": each.enabled} for each in configuration.providers]
    return 200, {"entities": entities}
