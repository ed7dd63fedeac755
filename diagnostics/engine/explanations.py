"""Which responses each cause can produce.

The verdict uses `can_explain` to rule out causes that can't produce the response the caller got, whatever the org shows.
Sources: the error codes of the Genesys Cloud API (facts, sections 2.2, 3.2 and 11).
"""

from collections.abc import Iterable
from typing import Final

from diagnostics.engine import causes
from diagnostics.engine.causes.not_found import NEVER_CAUSE_A_404
from diagnostics.engine.finding import AnyFinding

# Responses that hide what happened: they rule nothing out and prove nothing.
HIDES_THE_CAUSE: Final = frozenset({"network_cors", "network_unknown"})

_NO_RESPONSE = frozenset({"host.unknown_host", "host.plain_http"})
_NOT_THE_API = frozenset({"env", "response.not_genesys", "host", "path"})

# Meaning of the response (the code of `answer.meaning`) -> the causes and families that can produce it.
NAMED_BY_RESPONSE: Final[dict[str, frozenset[str]]] = {
    "user_required": frozenset({"authz.user_context_required"}),
    "client_required": frozenset({"authz.user_context_required"}),
    "not_a_party": frozenset({"authz.not_a_party"}),
    "permission_missing": frozenset(
        {
            "authz.permission_missing",
            "authz.division_missing",
            "authz.scope_missing",
            "authz.policy_denied",
            "config.feature_not_licensed",
            "auth.token_foreign",
        }
    ),
    "division_missing": frozenset({"authz.division_missing", "authz.permission_missing", "auth.token_foreign"}),
    "policy_denied": frozenset({"authz.policy_denied"}),
    "token_refused": frozenset({"auth", "host"}),
    "token_absent": frozenset({"auth.header_malformed", "host"}),
    "ip_refused": frozenset({"auth.ip_not_allowed"}),
    "client_rejected": frozenset({"auth", "host"}),
    "grant_not_allowed": frozenset({"auth", "host"}),
    "token_request_malformed": frozenset({"auth", "host"}),
    "rate_limited": frozenset({"env.rate_limited"}),
    "server_timeout": frozenset({"env.timeout", "env.server_error"}),
    "client_timeout": frozenset({"env.timeout"}),
    "content_type": frozenset({"body"}),
    "provider_wanted": frozenset({"provider", "body.malformed_json", "body.content_type"}),
    "conversation_not_found": frozenset(
        {"conv.not_found", "conv.ended", "conv.id_malformed", "auth.token_foreign", "host.wrong_region", "path"}
    ),
    "method_not_allowed": frozenset({"path"}),
    "feature_off": frozenset({"config", "path"}),
    "legacy_gone": frozenset({"config.legacy_cobrowse_retired", "conv.media_unsupported", "path"}),
    "offer_expired": frozenset({"config.offer_expired"}),
    "session_gone": frozenset({"config.offer_expired", "host.wrong_region", "auth.token_foreign"}),
    "html": _NOT_THE_API,
    "redirect": _NOT_THE_API,
    "proxy": _NOT_THE_API,
    "foreign": _NOT_THE_API,
    "server_error_foreign": _NOT_THE_API,
    "network_dns": frozenset({"env.dns", *_NO_RESPONSE}),
    "joined_urls": frozenset({"path.base_duplicated"}),
    "network_tls": frozenset({"env.tls", *_NO_RESPONSE}),
    "network_timeout": frozenset({"env.timeout", *_NO_RESPONSE}),
    "network_proxy": frozenset({"env.proxy", *_NO_RESPONSE}),
    "network_refused": frozenset({"env.proxy", *_NO_RESPONSE}),
    "network_redirect_or_html": _NOT_THE_API,
}

_REFUSED = frozenset({400, 403, 404, 409, 410, 422})
# Cause or family -> the statuses it can produce, for responses whose meaning isn't in the table above.
STATUSES_OF_CAUSE: Final[dict[str, frozenset[int]]] = {
    "path": frozenset({400, 403, 404, 405, 500, 501}),
    "host.wrong_region": frozenset({400, 401, 403, 404}),
    "auth": frozenset({400, 401, 403}),
    "auth.token_expired": frozenset({401}),
    "auth.ip_not_allowed": frozenset(),  # our requests come from another address, so only the response can show it
    "auth.token_foreign": frozenset({400, 401, 403, 404}),  # another org's conversation is not found
    "authz": frozenset({400, 403, 404}),
    "conv": _REFUSED,
    "conv.not_found": frozenset({400, 404, 410}),
    "conv.id_malformed": _REFUSED | {500},
    "provider": _REFUSED,
    "config": _REFUSED | {501},
    "body": frozenset({400, 413, 415, 422, 500}),
}
# Visible in the URL itself, so any response fits.
EXPLAINS_ANYTHING: Final = frozenset({"path.placeholder_unexpanded"})


def can_explain(cause: str, meaning: str, status: object, *, org_hides: bool = False) -> bool:
    """Whether the cause can produce a response of this meaning (the code of `answer.meaning`) and status.

    `org_hides` means that this org was found to answer 404 where the published API answers 403.
    """
    if cause in EXPLAINS_ANYTHING or meaning in HIDES_THE_CAUSE:
        return True
    family = causes.family_of(cause)
    allowed = NAMED_BY_RESPONSE.get(meaning)
    if allowed is not None and cause not in allowed and family not in allowed:
        return False
    if status == 404 and allowed is None and cause in NEVER_CAUSE_A_404:
        return org_hides
    statuses = statuses_of(cause)
    if allowed is None or allowed is _NOT_THE_API:
        return statuses is None or status in statuses
    return True


def statuses_of(cause: str) -> frozenset[int] | None:
    """The statuses that the cause can produce; None if any response, or none, fits."""
    return STATUSES_OF_CAUSE.get(cause, STATUSES_OF_CAUSE.get(causes.family_of(cause)))


def explains(cause: str, finding: AnyFinding, response: AnyFinding, gateway: bool) -> bool:
    """Whether the cause, which `finding` names, can produce the response. `gateway` as `has_gateway` returns it."""
    if finding.check_id == "answer.meaning":
        return True
    org_hides = gateway or (finding.check_id == "route.oracle" and finding.code == "hidden")
    return can_explain(cause, response.code, response.evidence.get("status"), org_hides=org_hides)


def has_gateway(findings: Iterable[AnyFinding]) -> bool:
    """Whether the org was found to be behind a provider gateway."""
    codes = ("listed", "none_configured")
    return any(finding.check_id == "provider.configured" and finding.code in codes for finding in findings)
