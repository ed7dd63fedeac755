"""Whether cobrowse could work in a client's org, by one look at it: a finished health run or a reading. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from diagnostics.engine import causes
from diagnostics.engine.environment import MEDIA, STARTING
from diagnostics.genesys import gateway
from diagnostics.orgs.permissions.synced import Holds, PermissionState, Rights

WORKS, BROKEN, UNKNOWN = "works", "broken", "unknown"
# What kept our look from the org: it says nothing of whether a session could be started.
OURS = frozenset({"env", "response"})
# By the code with which the token or who it belongs to was refused, in a verification as in a reading.
TURNED_AWAY = {
    "client_rejected": "auth.client_rejected",
    "grant_not_allowed": "auth.client_rejected",
    "token_refused": "auth.token_foreign",
    "another_org": "auth.token_foreign",
}
ENTRY_PARTS = frozenset({"oauth.token", "oauth.identity"})
NO_DEPLOYMENT = "The org has no web deployment, and cobrowse is set up in one."
ALL_OFF = "Every provider of the org's gateway is switched off."


@dataclass(frozen=True)
class ClientStatus:
    """`cause` is a code of `causes`, "" where nothing is wrong or nothing could be told."""

    word: str
    cause: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Offers:
    """How many deployments, or providers of a gateway, would offer cobrowse; those that are gone do not count."""

    on: int = 0
    off: int = 0
    inactive: int = 0
    unknown: int = 0

    @property
    def all(self) -> int:
        return self.on + self.off + self.inactive + self.unknown


@dataclass(frozen=True)
class SyncPart:
    """How one part of a reading ended: whole, partial, refused, absent or failed."""

    state: str = "failed"
    code: str = ""
    sentence: str = ""


def of_run(verdict: Mapping[str, Any], environment: Mapping[str, Any]) -> ClientStatus:
    """By the verdict of a finished health run, and what it saw."""
    cause, sentence = str(verdict.get("cause", "")), str(verdict.get("sentence", ""))
    if cause in ("", causes.UNDETERMINED) or causes.family_of(cause) in OURS:
        return ClientStatus(UNKNOWN, reason=sentence)
    if cause != causes.NONE:
        return ClientStatus(BROKEN, cause, sentence)
    providers = environment.get("providers") or []
    if providers and all(each.get("enabled") is False for each in providers):
        return ClientStatus(BROKEN, "config.cobrowse_disabled", ALL_OFF)
    if environment.get("deployments") == {} and not providers:
        return ClientStatus(UNKNOWN, reason=NO_DEPLOYMENT)
    return ClientStatus(WORKS, reason=sentence)


def of_verification(steps: Iterable[Mapping[str, Any]]) -> ClientStatus | None:
    """None where the client came in: what it may do there, a verification does not ask."""
    for step in steps:
        if step.get("check") in ENTRY_PARTS and (cause := TURNED_AWAY.get(str(step.get("code", "")))):
            return ClientStatus(BROKEN, cause, str(step.get("sentence", "")))
    return None


def of_reading(
    parts: Mapping[str, SyncPart], rights: Rights, deployments: Offers, providers: Offers, error: str = ""
) -> ClientStatus:
    """By a reading's parts, in the order in which a call would meet the faults. What is broken outweighs what could not
    be told; nothing works of which a part could not be told."""
    door = parts.get("rights", SyncPart())
    if door.state == "failed" and (cause := TURNED_AWAY.get(door.code)):
        return ClientStatus(BROKEN, cause, door.sentence)
    if error:
        return ClientStatus(UNKNOWN, reason=error)
    stands = (
        _of_scopes(rights, has_gateway=_listed(parts)),
        _of_rights(parts, rights),
        _of_providers(parts, providers),
        _of_deployments(parts, deployments, has_gateway=_listed(parts)),
    )
    return (
        _first(BROKEN, stands)
        or _first(UNKNOWN, stands)
        or ClientStatus(WORKS, reason=_works(rights, deployments, providers))
    )


def _listed(parts: Mapping[str, SyncPart]) -> bool:
    return parts.get("gateway", SyncPart()).state in ("whole", "partial")


def _first(word: str, stands: Iterable[ClientStatus | None]) -> ClientStatus | None:
    return next((each for each in stands if each is not None and each.word == word), None)


def _of_scopes(rights: Rights, *, has_gateway: bool) -> ClientStatus | None:
    """Only a gateway asks a client for scopes."""
    lacking = [scope for scope in gateway.SCOPES if rights.scopes is not None and scope not in rights.scopes]
    if not has_gateway or not lacking:
        return None
    said = f"The token does not carry {' and '.join(lacking)}, which the org's gateway wants."
    return ClientStatus(BROKEN, "authz.scope_missing", said)


def _of_rights(parts: Mapping[str, SyncPart], rights: Rights) -> ClientStatus | None:
    """Either permission lets a session start: one by web messaging, the other by voice."""
    states = {rights.holds(permission).state for permission in STARTING}
    wanted = " or ".join(STARTING)
    if PermissionState.HELD in states:
        return None
    if PermissionState.CONDITION in states:
        said = f"The client holds {wanted} only under a condition, which cannot be decided from outside."
        return ClientStatus(UNKNOWN, reason=said)
    if PermissionState.UNREAD in states:
        return ClientStatus(
            UNKNOWN, reason=parts.get("rights", SyncPart()).sentence or "What the client may do could not be read."
        )
    if PermissionState.HIDDEN in states:
        return ClientStatus(UNKNOWN, reason=f"Whether a role of the client holds {wanted} is not shown by the org.")
    if states == {PermissionState.UNLICENSED}:
        said = f"The org's permission catalogue has neither {wanted}: the feature is not licensed."
        return ClientStatus(BROKEN, "config.feature_not_licensed", said.replace(" or ", " nor "))
    return ClientStatus(BROKEN, "authz.permission_missing", f"No role of the client holds {wanted}.")


def _of_providers(parts: Mapping[str, SyncPart], providers: Offers) -> ClientStatus | None:
    if parts.get("gateway", SyncPart()).state != "whole":
        return None
    if not providers.all:
        return ClientStatus(
            BROKEN, "provider.mismatch", "The org has a provider gateway, and its provider list is empty."
        )
    return ClientStatus(BROKEN, "config.cobrowse_disabled", ALL_OFF) if providers.off == providers.all else None


def _of_deployments(parts: Mapping[str, SyncPart], deployments: Offers, *, has_gateway: bool) -> ClientStatus | None:
    part = parts.get("deployments", SyncPart())
    if part.state not in ("whole", "partial"):
        return ClientStatus(
            UNKNOWN, reason=part.sentence or "Whether cobrowse is on in the web deployments was not read."
        )
    if deployments.on:
        return None
    if not deployments.all and part.state == "whole":
        return None if has_gateway else ClientStatus(UNKNOWN, reason=NO_DEPLOYMENT)
    if deployments.unknown or part.state == "partial":
        return ClientStatus(
            UNKNOWN, reason="No web deployment with cobrowse on was read, and not all of them were shown."
        )
    if not deployments.off:
        said = f"None of the org's {deployments.all} web deployments is active."
        return ClientStatus(BROKEN, "config.deployment_inactive", said)
    return ClientStatus(BROKEN, "config.cobrowse_disabled", "Cobrowse is switched off in every active web deployment.")


def _works(rights: Rights, deployments: Offers, providers: Offers) -> str:
    ways = [_way(rights.holds(permission), medium) for permission, medium in zip(STARTING, MEDIA, strict=True)]
    told = [
        f"{offers.on} of {offers.all} {what}{'' if offers.all == 1 else 's'}"
        for offers, what in ((deployments, "web deployment"), (providers, "gateway provider"))
        if offers.all
    ]
    on = f", and cobrowse is on in {' and '.join(told)}" if told else ""
    return f"The client may start sessions {' and '.join(filter(None, ways))}{on}."


def _way(held: Holds, medium: str) -> str:
    """By which medium, and where not everywhere; "" where a session cannot be started by it for certain."""
    if held.state != PermissionState.HELD:
        return ""
    return f"by {medium}" if held.is_everywhere else f"by {medium} in {', '.join(held.places[:5])}"
