"""The run's answer, computed from the findings alone: one cause, how sure, why, and what else. Pure.

The rules stand in the order in which a call meets its faults: the host, the path, the token, the right to do it, the
body, the conversation, the provider. The first rule that fits, and that fits the answer's status, is what must be
mended first; the others are listed beside it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, NamedTuple, Protocol

from diagnostics import causes
from diagnostics.outcomes import Outcome

Certainty = Literal["proved", "likely", "undetermined"]
ENGINE_VERSION = "1"
PART_IS_RIGHT = "This branch is right now. Only it was asked again, so this says nothing of the rest."
PART_IS_NOT_RIGHT = "Only this branch was asked again; it is not all right, and it alone explains no failure."


class Found(Protocol):
    """A finding, stored or not."""

    @property
    def check_id(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def anchor(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def sentence(self) -> str: ...
    @property
    def hint(self) -> str: ...
    @property
    def evidence(self) -> Mapping[str, Any]: ...


def as_dict(found: Found) -> dict[str, Any]:
    """A finding as the JSON of the command line shows it."""
    return {
        "check": found.check_id,
        "subject": found.subject,
        "outcome": found.outcome,
        "code": found.code,
        "sentence": found.sentence,
        "hint": found.hint,
        "evidence": found.evidence,
    }


@dataclass(frozen=True)
class Unchecked:
    """Something that could not be told, and how it could be."""

    sentence: str
    who: str = ""


@dataclass(frozen=True)
class Verdict:
    """`because` are the anchors of the findings that prove it; `ruled_out` those that leave no other explanation."""

    cause: str
    certainty: Certainty
    sentence: str
    remedy: str = ""
    because: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    ruled_out: tuple[str, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


@dataclass(frozen=True)
class Rule:
    """`cause` where `check` ended with one of `codes`, unless a finding named in `unless` ("check:code") stands."""

    cause: str
    check: str
    codes: tuple[str, ...]
    certainty: Certainty = "proved"
    unless: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    cause: str
    certainty: Certainty
    finding: Found


ORG_SAYS_OTHERWISE = (
    "permissions.call:division_missing",
    "permissions.call:permission_missing",
    "permissions.call:held",
)
HOST_EXPLAINS = ("request.host:plain_http", "request.host:wrong_region", "request.host:unknown_host")
HELD = (
    "permissions.call:held",
    "permissions.call:held_somewhere",
    "permissions.call:conditional",
    "permissions.call:division_missing",
)
OTHER_PATH_FAULTS = tuple(
    f"request.path:{fault}"
    for fault in ("base_duplicated", "id_missing", "legacy_resource", "trailing_slash", "placeholder_unexpanded")
)
STATE_EXPLAINS = (
    "conversation.connected:parked",
    "conversation.connected:ended",
    "conversation.exists:only_history",
    "conversation.exists:not_found",
    "conversation.media:legacy_chat",
    "conversation.media:media_unsupported",
)

RULES: tuple[Rule, ...] = (
    Rule("host.unknown_host", "request.host", ("unknown_host", "not_the_api_host")),
    Rule("env.dns", "answer.meaning", ("network_dns",)),
    Rule("env.tls", "answer.meaning", ("network_tls",)),
    Rule("env.proxy", "answer.meaning", ("network_proxy", "proxy")),
    Rule("env.timeout", "answer.meaning", ("network_timeout",), unless=HOST_EXPLAINS),
    Rule("env.timeout", "answer.meaning", ("client_timeout",), "likely"),
    Rule("path.base_duplicated", "request.path", ("base_duplicated",)),
    Rule("path.id_missing", "request.path", ("id_missing",)),
    Rule("path.legacy_resource", "request.path", ("legacy_resource",)),
    Rule("path.not_in_api", "request.path", ("not_in_api",), unless=("route.oracle:routed",)),
    Rule("path.not_in_api", "route.oracle", ("not_routed",), unless=OTHER_PATH_FAULTS),
    Rule("path.not_in_api", "request.sdk", ("sdk_method_unknown",)),
    Rule("path.trailing_slash", "request.path", ("trailing_slash",)),
    Rule("host.wrong_region", "request.host", ("wrong_region",)),
    Rule("host.plain_http", "request.host", ("plain_http",)),
    Rule("path.placeholder_unexpanded", "request.path", ("placeholder_unexpanded",)),
    Rule("path.wrong_method", "request.method", ("wrong_method",)),
    Rule(
        "env.redirect_or_html",
        "answer.meaning",
        ("html", "redirect", "network_redirect_or_html"),
        "likely",
        HOST_EXPLAINS,
    ),
    Rule("response.not_genesys", "answer.meaning", ("foreign",), "likely", HOST_EXPLAINS),
    Rule("body.malformed_json", "request.body", ("malformed_json",)),
    Rule("env.rate_limited", "answer.meaning", ("rate_limited",)),
    Rule("env.server_error", "answer.meaning", ("server_error",)),
    Rule("auth.header_malformed", "request.headers", ("header_malformed",)),
    Rule("auth.header_malformed", "answer.meaning", ("token_absent",)),
    Rule("auth.header_malformed", "request.headers", ("unexpanded",), "likely"),
    Rule("auth.ip_not_allowed", "answer.meaning", ("ip_refused",)),
    Rule("auth.token_request_malformed", "answer.meaning", ("token_request_malformed",)),
    Rule("auth.token_request_malformed", "request.token", ("malformed",)),
    Rule("auth.client_rejected", "answer.meaning", ("client_rejected", "grant_not_allowed"), "likely"),
    Rule("auth.token_foreign", "oauth.identity", ("another_org",)),
    Rule("auth.token_expired", "answer.meaning", ("token_refused",), "likely"),
    Rule("auth.client_rejected", "oauth.token", ("client_rejected", "grant_not_allowed")),
    Rule("auth.token_foreign", "oauth.identity", ("token_refused",), "likely"),
    Rule("authz.user_context_required", "answer.meaning", ("user_required",)),
    Rule("authz.user_context_required", "permissions.user", ("user_required",), "likely"),
    Rule("authz.scope_missing", "oauth.scopes", ("scope_missing",)),
    Rule("authz.scope_missing", "oauth.scopes", ("user_scope_missing",), "likely"),
    Rule("config.feature_not_licensed", "permissions.catalogue", ("not_in_catalogue",), unless=HELD),
    Rule("config.feature_not_licensed", "answer.meaning", ("feature_off",), "likely"),
    Rule("authz.permission_missing", "permissions.call", ("permission_missing",)),
    Rule("authz.division_missing", "permissions.call", ("division_missing",)),
    Rule("authz.division_missing", "answer.meaning", ("division_missing",), unless=("permissions.call:held",)),
    Rule("authz.division_missing", "conversation.exists", ("division_hidden",), "likely"),
    Rule("authz.permission_missing", "answer.meaning", ("permission_missing",), "likely", ORG_SAYS_OTHERWISE),
    Rule("body.content_type", "request.body", ("content_type",), "likely"),
    Rule("body.content_type", "answer.meaning", ("content_type",)),
    Rule("conv.id_malformed", "conversation.id", ("id_malformed",)),
    Rule("conv.not_found", "conversation.exists", ("not_found",), unless=("route.oracle:hidden",)),
    Rule("conv.not_found", "route.oracle", ("absent",), unless=("conversation.exists:only_history",)),
    Rule("conv.ended", "conversation.exists", ("only_history",)),
    Rule("conv.ended", "conversation.connected", ("ended",)),
    Rule("conv.media_unsupported", "conversation.media", ("media_unsupported", "legacy_chat")),
    Rule("conv.not_connected", "conversation.connected", ("queued", "no_agent", "no_customer", "not_connected")),
    Rule("conv.not_found", "answer.meaning", ("conversation_not_found",), "likely", ("conversation.exists:found",)),
    Rule("authz.not_a_party", "answer.meaning", ("not_a_party",)),
    Rule("authz.policy_denied", "answer.meaning", ("policy_denied",)),
    Rule("provider.mismatch", "provider.match", ("other_case", "near", "none", "disabled", "missing")),
    Rule("provider.mismatch", "provider.configured", ("none_configured",), "likely"),
    Rule("config.cobrowse_disabled", "deployments.cobrowse", ("off", "none_active")),
    Rule("config.legacy_cobrowse_retired", "answer.meaning", ("legacy_gone",), "likely"),
    Rule("config.offer_expired", "answer.meaning", ("offer_expired", "session_gone"), "likely"),
    Rule("conv.session_conflict", "answer.meaning", ("conflict",), "likely", STATE_EXPLAINS),
    # The one call of our own, made where all else is right: what the org says to it needs no other witness.
    Rule("authz.permission_missing", "session.start", ("permission_missing",)),
    Rule("authz.division_missing", "session.start", ("division_missing",)),
    Rule("authz.user_context_required", "session.start", ("user_required",)),
    Rule("authz.not_a_party", "session.start", ("not_a_party",)),
    Rule("conv.session_conflict", "session.start", ("conflict",), "likely"),
    Rule("config.feature_not_licensed", "session.start", ("feature_off",), "likely"),
    Rule("auth.ip_not_allowed", "session.start", ("ip_refused",)),
    Rule("auth.token_expired", "session.start", ("token_refused",), "likely"),
    Rule("env.rate_limited", "session.start", ("rate_limited",)),
    Rule("env.server_error", "session.start", ("server_error",)),
)

# Where the answer refuses the call and nothing else explains it: what we saw but could not decide from outside.
REFUSALS: tuple[tuple[Rule, tuple[int, ...]], ...] = (
    (Rule("authz.policy_denied", "permissions.call", ("conditional",), "likely"), (403,)),
    (Rule("authz.permission_missing", "route.oracle", ("hidden",), "likely", ("permissions.call:held",)), (404,)),
    (Rule("authz.permission_missing", "permissions.call", ("other_medium",), "likely"), (403,)),
    (Rule("conv.not_connected", "conversation.connected", ("parked",), "likely"), (400, 403, 404, 409)),
    (
        Rule("config.cobrowse_disabled", "deployments.cobrowse", ("no_deployment",), "likely"),
        (400, 403, 404, 409, 410, 501),
    ),
)

# Only where nothing else is wrong: the call departs from the contract in something that may be harmless.
DEPARTURES: tuple[Rule, ...] = (
    Rule("body.unexpected", "request.body", ("unexpected",), "likely"),
    Rule("provider.not_in_contract", "provider.match", ("not_in_contract",), "likely"),
)


class Trouble(NamedTuple):
    """What our own reads met: `cause` where a read ended in `code` with one of `troubles`. A finding of `proof`
    ("check:code") proves it; without one it is likely, or, where `alone` is false, nothing at all.
    """

    cause: str
    code: str
    troubles: tuple[str, ...]
    proof: tuple[str, ...] = ()
    alone: bool = True


# It explains the call only where nothing else does.
TROUBLES: tuple[Trouble, ...] = (
    Trouble("env.rate_limited", "rate_limited", ("",), ("limits.headroom:rate_limited",)),
    Trouble("env.server_error", "server_error", ("",)),
    Trouble("env.proxy", "unreachable", ("timeout",), ("reach.tls:proxy_unreachable",), alone=False),
    Trouble(
        "env.proxy",
        "unreachable",
        ("proxy",),
        (
            "reach.tls:proxy_login",
            "reach.tls:proxy_refused",
            "reach.tls:proxy_unsupported",
            "reach.tls:proxy_unreachable",
            "reach.dns:proxy_no_address",
            "reach.route:proxy_unreadable",
        ),
    ),
    Trouble("env.redirect_or_html", "not_genesys", ("redirect", "not_json")),
    Trouble("response.not_genesys", "not_genesys", ("", "empty", "too_large", "garbled")),
    Trouble("env.timeout", "unreachable", ("timeout",), ("reach.tls:timeout",)),
    Trouble("env.dns", "unreachable", ("dns",), ("reach.dns:no_address", "reach.dns:no_name_service")),
    Trouble(
        "env.tls",
        "unreachable",
        ("tls",),
        (
            "reach.tls:expired",
            "reach.tls:not_yet_valid",
            "reach.tls:wrong_host",
            "reach.tls:self_signed",
            "reach.tls:untrusted",
            "reach.tls:protocol",
            "reach.tls:no_trust_store",
        ),
    ),
    Trouble("env.tls", "unreachable", ("reset",), ("reach.tls:cut",), alone=False),
)

REFUSED = frozenset({400, 403, 404, 409, 410, 422})
# Cause or family -> the statuses with which it can show. Where a cause is not here, any status can.
PLAUSIBLE: dict[str, frozenset[int]] = {
    "path": frozenset({400, 403, 404, 405, 500, 501}),
    "host.wrong_region": frozenset({400, 401, 403, 404}),
    "auth": frozenset({400, 401, 403}),
    "auth.token_expired": frozenset({401}),
    "authz": frozenset({400, 401, 403, 404}),
    "conv": REFUSED,
    "conv.id_malformed": REFUSED | {500},
    "provider": REFUSED,
    "config": REFUSED | {501},
    "body": frozenset({400, 413, 415, 422, 500}),
}

# Passes that say something about a call that failed, in the order told.
RULES_OUT = (
    "request.path",
    "oauth.token",
    "oauth.scopes",
    "permissions.call",
    "conversation.exists",
    "conversation.media",
    "conversation.connected",
    "deployments.cobrowse",
    "provider.match",
)
ESSENTIAL = ("oauth.token", "oauth.identity", "request.path", "conversation.exists", "conversation.connected")


def judge(findings: Iterable[Found], *, part: bool = False) -> Verdict:
    """The verdict on any set of findings, also on none and on those of a run that was cut short.

    Those of a `part`, one branch of the checks, acquit that branch alone and never the whole.
    """
    found = list(findings)
    answer = next((each for each in found if each.check_id == "answer.meaning"), None)
    worked = answer is not None and answer.code == "success"
    rules = _told_by(found) if part else RULES
    candidates = [] if worked else _fitting(_candidates(found, rules), answer)
    if not worked and not candidates and not part:
        troubles = _troubles(found, answer)
        candidates = _proved(troubles) or _refusals(found, answer) or _departures(found, answer) or troubles
    verdict = _accuse(candidates, found, answer) if candidates else _acquit(found, answer, worked)
    if part and not candidates:
        verdict = _of_part(verdict, found)
    return replace(verdict, unchecked=_unchecked(found), ruled_out=_ruled_out(found, verdict))


def _told_by(found: list[Found]) -> list[Rule]:
    """The rules whose every counter-proof was looked for: what was not asked must not lead to an accusation."""
    asked = {each.check_id for each in found}
    return [rule for rule in RULES if asked.issuperset(each.partition(":")[0] for each in rule.unless)]


def _of_part(verdict: Verdict, found: list[Found]) -> Verdict:
    """What accuses nobody in a whole run is still not right in its branch."""
    amiss = [each for each in found if each.outcome in (Outcome.WARN, Outcome.FAIL)]
    if amiss:
        because = tuple(each.anchor for each in amiss)
        return Verdict(causes.UNDETERMINED, "undetermined", f"{PART_IS_NOT_RIGHT} {amiss[0].sentence}", because=because)
    return replace(verdict, sentence=PART_IS_RIGHT) if verdict.cause == causes.NONE else verdict


def _candidates(found: list[Found], rules: Iterable[Rule]) -> list[Candidate]:
    said = {f"{each.check_id}:{each.code}" for each in found}
    return [
        Candidate(rule.cause, rule.certainty, each)
        for rule in rules
        if said.isdisjoint(rule.unless)
        for each in found
        if each.check_id == rule.check and each.code in rule.codes
    ]


def _fitting(candidates: list[Candidate], answer: Found | None) -> list[Candidate]:
    """Those that the answer's status allows first; one that it does not allow is no longer proved to be the reason."""
    if answer is None:
        return candidates
    status = answer.evidence.get("status")
    fit = [each for each in candidates if _plausible(each, status)]
    misfit = [replace(each, certainty="likely") for each in candidates if not _plausible(each, status)]
    return fit + misfit


def _plausible(candidate: Candidate, status: object) -> bool:
    if candidate.finding.check_id == "answer.meaning":
        return True
    family = causes.family_of(candidate.cause)
    allowed = PLAUSIBLE.get(candidate.cause, PLAUSIBLE.get(family))
    return allowed is None or status in allowed


def _refusals(found: list[Found], answer: Found | None) -> list[Candidate]:
    status = answer.evidence.get("status") if answer is not None else None
    return _candidates(found, [rule for rule, statuses in REFUSALS if status in statuses])


def _departures(found: list[Found], answer: Found | None) -> list[Candidate]:
    """An unwanted body explains a refusal for the body's sake, or, without an answer, is all there is to name."""
    candidates = _candidates(found, DEPARTURES)
    if answer is None:
        return candidates
    if answer.evidence.get("status") not in (400, 413, 415, 422):
        return []
    if "provider" in str(answer.evidence.get("message", "")).lower():
        candidates.reverse()
    return candidates


def _troubles(found: list[Found], answer: Found | None) -> list[Candidate]:
    """What keeps our reads from the org explains no call that was answered by status: that one got through."""
    if answer is not None and answer.evidence.get("status") is not None:
        return []
    candidates: list[Candidate] = []
    for row in TROUBLES:
        met = [each for each in found if each.outcome == Outcome.ERROR and each.code == row.code]
        met = [each for each in met if each.evidence.get("trouble", "") in row.troubles]
        proof = [each for each in found if f"{each.check_id}:{each.code}" in row.proof]
        if met and proof:
            candidates += [Candidate(row.cause, "proved", each) for each in (*proof, *met)]
        elif row.alone:
            candidates += [Candidate(row.cause, "likely", each) for each in met]
    return candidates


def _proved(candidates: list[Candidate]) -> list[Candidate]:
    return [each for each in candidates if each.certainty == "proved"]


def _accuse(candidates: list[Candidate], found: list[Found], answer: Found | None) -> Verdict:
    first = candidates[0]
    others = (*candidates, *_proved(_troubles(found, answer)), *_candidates(found, DEPARTURES))
    proof = [each.finding for each in candidates if each.cause == first.cause]
    if answer is not None and answer not in proof:
        proof.append(answer)
    return Verdict(
        cause=first.cause,
        certainty=first.certainty,
        sentence=first.finding.sentence,
        remedy=first.finding.hint,
        because=tuple(dict.fromkeys(each.anchor for each in proof)),
        also=tuple(dict.fromkeys(each.cause for each in others if each.cause != first.cause)),
    )


def _acquit(found: list[Found], answer: Found | None, worked: bool) -> Verdict:
    """Nothing is accused: either nothing is wrong, or what is wrong could not be told."""
    start = next((each for each in found if each.check_id == "session.start"), None)
    if start is not None:
        return _tried(start, found)
    blind = [each for each in found if each.outcome == Outcome.ERROR and (each.check_id in ESSENTIAL or not worked)]
    passes = tuple(each.anchor for each in found if each.outcome == Outcome.PASS)
    unread = next((each for each in blind if each.code in {row.code for row in TROUBLES}), None)
    if answer is not None and not worked and unread is not None:
        return Verdict(
            causes.UNDETERMINED,
            "undetermined",
            f"The call failed, and what would explain it could not be read from the org. {unread.sentence}",
            unread.hint or "Mend that first, then check again.",
            because=(answer.anchor, unread.anchor),
        )
    if answer is not None and not worked:
        contradicted = answer.code in ("permission_missing", "division_missing")
        return Verdict(
            causes.UNDETERMINED,
            "undetermined",
            "The answer says that a permission is missing, but the org shows that this client holds it: the call was made "
            "with another client's token, or before the grant."
            if contradicted
            else "The call failed, but everything that could be checked is right now, so its cause cannot be proved.",
            "Find out whose token the call carried and look at that one's roles, or repeat the call with a new token."
            if contradicted
            else "Repeat the call and bring the fresh answer with its correlation id; keep this run to compare with.",
            because=(answer.anchor,),
        )
    if not passes or (blind and not worked):
        what = blind[0].sentence if blind else "No check could be made."
        because = tuple(each.anchor for each in blind)
        return Verdict(causes.UNDETERMINED, "undetermined", what, blind[0].hint if blind else "", because=because)
    vanished = next((each for each in found if each.code == "not_reproducible"), None)
    if vanished is not None:
        return Verdict(
            causes.UNDETERMINED,
            "undetermined",
            "The failure could not be reproduced: the call works now, and all that was checked is right.",
            f"{vanished.hint} A server error that was reported is on the side of Genesys Cloud.",
            because=(vanished.anchor,),
        )
    sentence = "No problem found: all that was checked is right."
    if worked:
        sentence = "No problem found: the call worked, and all that was checked is right."
    return Verdict(causes.NONE, "proved", sentence, because=passes)


def _tried(start: Found, found: list[Found]) -> Verdict:
    """A real session was to be started: whether one was is the answer, whatever else is right."""
    if start.outcome != Outcome.PASS:
        return Verdict(causes.UNDETERMINED, "undetermined", start.sentence, start.hint, because=(start.anchor,))
    passes = [each.anchor for each in found if each.outcome == Outcome.PASS]
    return Verdict(causes.NONE, "proved", start.sentence, because=tuple(dict.fromkeys([start.anchor, *passes])))


def _unchecked(found: list[Found]) -> tuple[Unchecked, ...]:
    untold = [each for each in found if each.outcome == Outcome.ERROR]
    untold += [each for each in found if each.code in ("not_given", "out_of_time")]
    return tuple(Unchecked(each.sentence, each.hint) for each in untold)


def _ruled_out(found: list[Found], verdict: Verdict) -> tuple[str, ...]:
    if verdict.cause == causes.NONE:
        return ()
    order = {check: place for place, check in enumerate(RULES_OUT)}
    passes = [each for each in found if each.outcome == Outcome.PASS and each.check_id in order]
    return tuple(each.anchor for each in sorted(passes, key=lambda each: order[each.check_id]))
