"""Derives a client's status from a health check, a configuration sync or a verification. No database access."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from diagnostics.engine import causes
from diagnostics.engine.facts import MEDIA, STARTING, OrgFacts, ProviderCounts
from diagnostics.genesys import gateway
from diagnostics.orgs.permissions.synced import ClientPermissions, PermissionState, PermissionStatus

WORKS, BROKEN, UNKNOWN = "works", "broken", "unknown"
# Families of causes that kept us from checking the org. They don't show whether cobrowse works.
CHECK_FAILURE_CAUSES = frozenset({"env", "response"})
# Code of a rejected token or identity, in a verification or a sync -> cause.
REJECTION_CAUSES = {
    "client_rejected": "auth.client_rejected",
    "grant_not_allowed": "auth.client_rejected",
    "token_refused": "auth.token_foreign",
    "another_org": "auth.token_foreign",
}
ENTRY_PARTS = frozenset({"oauth.token", "oauth.identity"})
NO_DEPLOYMENT = "The org has no web deployment. Cobrowse is set up in web deployments."
ALL_OFF = "Every provider of the org's gateway is turned off."


@dataclass(frozen=True)
class ClientStatus:
    """`cause` is a code in engine.causes, or "" if cobrowse works or the status is unknown."""

    word: str
    cause: str = ""
    reason: str = ""


@dataclass(frozen=True)
class SyncPart:
    """The result of one part of a sync. `state` is whole, partial, refused, absent or failed."""

    state: str = "failed"
    code: str = ""
    sentence: str = ""


def status_from_verdict(verdict: Mapping[str, Any], facts: OrgFacts) -> ClientStatus:
    """Return the status from the verdict of a finished health check and the facts that it found."""
    cause, sentence = str(verdict.get("cause", "")), str(verdict.get("sentence", ""))
    if cause in ("", causes.UNDETERMINED) or causes.family_of(cause) in CHECK_FAILURE_CAUSES:
        return ClientStatus(UNKNOWN, reason=sentence)
    if cause != causes.NONE:
        return ClientStatus(BROKEN, cause, sentence)
    providers = facts.provider_counts
    if providers.total:
        return _all_off(providers) or ClientStatus(WORKS, reason=sentence)
    if facts.deployments is not None and not facts.deployments:
        return ClientStatus(UNKNOWN, reason=NO_DEPLOYMENT)
    return ClientStatus(WORKS, reason=sentence)


def status_from_steps(steps: Iterable[Mapping[str, Any]]) -> ClientStatus | None:
    """Return the status if the org rejected the client, else None: a verification doesn't check permissions."""
    for step in steps:
        if step.get("check") in ENTRY_PARTS and (cause := REJECTION_CAUSES.get(str(step.get("code", "")))):
            return ClientStatus(BROKEN, cause, str(step.get("sentence", "")))
    return None


def status_from_parts(
    parts: Mapping[str, SyncPart],
    permissions: ClientPermissions,
    deployments: ProviderCounts,
    providers: ProviderCounts,
    error: str = "",
) -> ClientStatus:
    """Return the status from the parts of a sync, checked in the order in which a call would fail.

    A broken part takes precedence over an unknown one, and an unknown one over a working one.
    """
    sign_in = parts.get("rights", SyncPart())
    if sign_in.state == "failed" and (cause := REJECTION_CAUSES.get(sign_in.code)):
        return ClientStatus(BROKEN, cause, sign_in.sentence)
    if error:
        return ClientStatus(UNKNOWN, reason=error)
    statuses = (
        _scope_status(permissions, has_gateway=_has_gateway(parts)),
        _permission_status(parts, permissions),
        _gateway_status(parts, providers),
        _deployment_status(parts, deployments, has_gateway=_has_gateway(parts)),
    )
    return (
        _first(BROKEN, statuses)
        or _first(UNKNOWN, statuses)
        or ClientStatus(WORKS, reason=_working_reason(permissions, deployments, providers))
    )


def _has_gateway(parts: Mapping[str, SyncPart]) -> bool:
    return parts.get("gateway", SyncPart()).state in ("whole", "partial")


def _first(word: str, statuses: Iterable[ClientStatus | None]) -> ClientStatus | None:
    return next((status for status in statuses if status is not None and status.word == word), None)


def _scope_status(permissions: ClientPermissions, *, has_gateway: bool) -> ClientStatus | None:
    """Only a gateway requires scopes."""
    lacking = [scope for scope in gateway.SCOPES if permissions.scopes is not None and scope not in permissions.scopes]
    if not has_gateway or not lacking:
        return None
    reason = f"The token lacks {' and '.join(lacking)}, which the org's gateway requires."
    return ClientStatus(BROKEN, "authz.scope_missing", reason)


def _permission_status(parts: Mapping[str, SyncPart], permissions: ClientPermissions) -> ClientStatus | None:
    """One of the two permissions is enough: one starts sessions in web messaging, the other in voice calls."""
    states = {permissions.status_of(permission).state for permission in STARTING}
    names = " or ".join(STARTING)
    if PermissionState.HELD in states:
        return None
    if PermissionState.CONDITION in states:
        reason = f"The client has {names} only under a condition, which we can't evaluate."
        return ClientStatus(UNKNOWN, reason=reason)
    if PermissionState.UNREAD in states:
        return ClientStatus(
            UNKNOWN, reason=parts.get("rights", SyncPart()).sentence or "The client's permissions couldn't be read."
        )
    if PermissionState.HIDDEN in states:
        return ClientStatus(UNKNOWN, reason=f"The org doesn't show whether a role of the client includes {names}.")
    if states == {PermissionState.UNLICENSED}:
        reason = f"The org's permission catalog has neither {names}: the feature isn't licensed."
        return ClientStatus(BROKEN, "config.feature_not_licensed", reason.replace(" or ", " nor "))
    return ClientStatus(BROKEN, "authz.permission_missing", f"No role of the client includes {names}.")


def _gateway_status(parts: Mapping[str, SyncPart], providers: ProviderCounts) -> ClientStatus | None:
    if parts.get("gateway", SyncPart()).state != "whole":
        return None
    if not providers.total:
        return ClientStatus(BROKEN, "provider.mismatch", "The org's provider gateway lists no providers.")
    return _all_off(providers)


def _all_off(providers: ProviderCounts) -> ClientStatus | None:
    return ClientStatus(BROKEN, "config.cobrowse_disabled", ALL_OFF) if providers.off == providers.total else None


def _deployment_status(
    parts: Mapping[str, SyncPart], deployments: ProviderCounts, *, has_gateway: bool
) -> ClientStatus | None:
    part = parts.get("deployments", SyncPart())
    if part.state not in ("whole", "partial"):
        return ClientStatus(
            UNKNOWN, reason=part.sentence or "The cobrowse settings of the web deployments couldn't be read."
        )
    if deployments.on:
        return None
    if not deployments.total and part.state == "whole":
        return None if has_gateway else ClientStatus(UNKNOWN, reason=NO_DEPLOYMENT)
    if deployments.unknown or part.state == "partial":
        return ClientStatus(
            UNKNOWN,
            reason="None of the web deployments that we could read has cobrowse turned on, and some couldn't be read.",
        )
    if not deployments.off:
        reason = f"None of the org's {deployments.total} web deployments is active."
        return ClientStatus(BROKEN, "config.deployment_inactive", reason)
    return ClientStatus(BROKEN, "config.cobrowse_disabled", "Cobrowse is turned off in every active web deployment.")


def _working_reason(permissions: ClientPermissions, deployments: ProviderCounts, providers: ProviderCounts) -> str:
    media = [
        _medium(permissions.status_of(permission), medium) for permission, medium in zip(STARTING, MEDIA, strict=True)
    ]
    enabled = [
        f"{counts.on} of {counts.total} {what}{'' if counts.total == 1 else 's'}"
        for counts, what in ((deployments, "web deployment"), (providers, "gateway provider"))
        if counts.total
    ]
    on = f", and cobrowse is on in {' and '.join(enabled)}" if enabled else ""
    return f"The client can start sessions {' and '.join(filter(None, media))}{on}."


def _medium(status: PermissionStatus, medium: str) -> str:
    """Name the medium and the divisions it is limited to, or return "" if starting a session isn't certain to work."""
    if status.state != PermissionState.HELD:
        return ""
    return f"by {medium}" if status.is_everywhere else f"by {medium} in {', '.join(status.places[:5])}"
