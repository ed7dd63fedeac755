"""The rules of the verdict: which finding points to which cause, with which certainty. `verdict` applies them in order.

The order is that in which a call fails: placeholders in the URL, host, path, token, permission, body, conversation,
provider. Which causes a response allows is in `explanations`.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Certainty = Literal["proved", "likely", "undetermined"]
CERTAINTY_LABELS: dict[str, str] = {"proved": "Proven", "likely": "Likely", "undetermined": "Undetermined"}


@dataclass(frozen=True)
class CauseRule:
    """The cause is `cause` if `check` reported one of `codes`, and no finding is in `unless` ("check:code")."""

    cause: str
    check: str
    codes: tuple[str, ...]
    certainty: Certainty = "proved"
    unless: tuple[str, ...] = ()


ORG_CONTRADICTS = (
    "permissions.call:division_missing",
    "permissions.call:permission_missing",
    "permissions.call:held",
)
HOST_EXPLAINS = (
    "request.host:plain_http",
    "request.host:wrong_region",
    "request.host:unknown_host",
    "request.host:not_the_api_host",
)
# The client has the permission for the call, whatever else it can't read.
HELD = (
    "permissions.call:held",
    "permissions.call:held_somewhere",
    "permissions.call:conditional",
    "permissions.call:division_missing",
)
OTHER_PATH_FAULTS = tuple(
    f"request.path:{fault}"
    for fault in (
        "base_duplicated",
        "id_missing",
        "legacy_resource",
        "deprecated",
        "trailing_slash",
        "placeholder_unexpanded",
    )
)
STATE_EXPLAINS = (
    "conversation.connected:parked",
    "conversation.connected:ended",
    "conversation.exists:only_history",
    "conversation.exists:not_found",
    "conversation.media:legacy_chat",
    "conversation.media:media_unsupported",
)

RULES: tuple[CauseRule, ...] = (
    # An unfilled placeholder comes first, because the network errors that follow are only its consequence.
    CauseRule("path.placeholder_unexpanded", "request.host", ("placeholder_unexpanded",)),
    CauseRule("host.unknown_host", "request.host", ("unknown_host", "not_the_api_host")),
    CauseRule("path.base_duplicated", "request.path", ("base_duplicated",)),
    CauseRule("path.id_missing", "request.path", ("id_missing",)),
    CauseRule("path.legacy_resource", "request.path", ("legacy_resource",)),
    CauseRule("config.legacy_cobrowse_retired", "request.path", ("deprecated",), "likely"),
    CauseRule("path.not_in_api", "request.path", ("not_in_api",), unless=("route.oracle:routed",)),
    CauseRule("path.not_in_api", "route.oracle", ("not_routed",), unless=OTHER_PATH_FAULTS),
    CauseRule("path.not_in_api", "request.sdk", ("sdk_method_unknown",)),
    CauseRule("path.trailing_slash", "request.path", ("trailing_slash",)),
    CauseRule("host.wrong_region", "request.host", ("wrong_region",)),
    CauseRule("host.plain_http", "request.host", ("plain_http",)),
    CauseRule("path.placeholder_unexpanded", "request.path", ("placeholder_unexpanded",)),
    CauseRule("env.dns", "answer.meaning", ("network_dns",)),
    CauseRule("env.tls", "answer.meaning", ("network_tls",)),
    CauseRule("env.proxy", "answer.meaning", ("network_proxy", "proxy")),
    CauseRule("env.timeout", "answer.meaning", ("network_timeout",), unless=HOST_EXPLAINS),
    CauseRule("env.timeout", "answer.meaning", ("client_timeout",), "likely"),
    CauseRule("path.wrong_method", "request.method", ("wrong_method",)),
    CauseRule(
        "env.redirect_or_html",
        "answer.meaning",
        ("html", "redirect", "network_redirect_or_html"),
        "likely",
        HOST_EXPLAINS,
    ),
    CauseRule("response.not_genesys", "answer.meaning", ("foreign", "server_error_foreign"), "likely", HOST_EXPLAINS),
    CauseRule("body.malformed_json", "request.body", ("malformed_json",)),
    CauseRule("env.rate_limited", "answer.meaning", ("rate_limited",)),
    CauseRule("env.server_error", "answer.meaning", ("server_error",)),
    CauseRule("env.timeout", "answer.meaning", ("server_timeout",)),
    CauseRule("auth.header_malformed", "request.headers", ("header_malformed",)),
    CauseRule("auth.header_malformed", "answer.meaning", ("token_absent",)),
    CauseRule("auth.header_malformed", "request.headers", ("unexpanded",), "likely"),
    CauseRule("auth.ip_not_allowed", "answer.meaning", ("ip_refused",)),
    CauseRule("auth.token_request_malformed", "answer.meaning", ("token_request_malformed",)),
    CauseRule("auth.token_request_malformed", "request.token", ("malformed",)),
    CauseRule("auth.client_rejected", "request.token", ("implicit_grant_refused",), "likely"),
    CauseRule("auth.client_rejected", "answer.meaning", ("client_rejected", "grant_not_allowed"), "likely"),
    CauseRule("auth.token_foreign", "oauth.identity", ("another_org",)),
    CauseRule("auth.token_expired", "answer.meaning", ("token_refused",), "likely"),
    CauseRule("auth.ip_not_allowed", "oauth.token", ("ip_refused",)),
    CauseRule("auth.client_rejected", "oauth.token", ("client_rejected", "grant_not_allowed")),
    CauseRule("auth.token_foreign", "oauth.identity", ("token_refused",), "likely"),
    # Only the pasted response says so: the token that it is about is not ours to read.
    CauseRule("authz.user_context_required", "answer.meaning", ("user_required", "client_required"), "likely"),
    CauseRule(
        "authz.user_context_required",
        "permissions.user",
        ("user_required",),
        "likely",
        unless=("answer.meaning:client_required",),
    ),
    CauseRule("authz.scope_missing", "oauth.scopes", ("scope_missing",)),
    CauseRule("authz.scope_missing", "oauth.scopes", ("user_scope_missing",), "likely"),
    CauseRule("config.feature_not_licensed", "permissions.catalogue", ("not_in_catalogue",), unless=HELD),
    CauseRule("config.feature_not_licensed", "answer.meaning", ("feature_off",), "likely"),
    CauseRule("authz.permission_missing", "permissions.call", ("permission_missing",)),
    CauseRule("authz.division_missing", "permissions.call", ("division_missing",)),
    CauseRule("authz.division_missing", "answer.meaning", ("division_missing",), unless=("permissions.call:held",)),
    CauseRule("authz.division_missing", "conversation.exists", ("division_hidden",), "likely"),
    CauseRule("authz.permission_missing", "answer.meaning", ("permission_missing",), "likely", ORG_CONTRADICTS),
    CauseRule("body.content_type", "request.body", ("content_type",), "likely"),
    CauseRule("body.content_type", "answer.meaning", ("content_type",)),
    CauseRule("conv.id_malformed", "conversation.id", ("id_malformed",)),
    CauseRule("conv.not_found", "conversation.exists", ("not_found",), unless=("route.oracle:hidden",)),
    CauseRule("conv.not_found", "route.oracle", ("absent",), unless=("conversation.exists:only_history",)),
    CauseRule("conv.ended", "conversation.exists", ("only_history",)),
    CauseRule("conv.ended", "conversation.connected", ("ended",)),
    CauseRule("conv.media_unsupported", "conversation.media", ("media_unsupported", "legacy_chat")),
    CauseRule("conv.not_connected", "conversation.connected", ("queued", "no_agent", "no_customer", "not_connected")),
    CauseRule(
        "conv.not_found", "answer.meaning", ("conversation_not_found",), "likely", ("conversation.exists:found",)
    ),
    CauseRule("authz.not_a_party", "answer.meaning", ("not_a_party",), "likely"),
    CauseRule("authz.policy_denied", "answer.meaning", ("policy_denied",)),
    CauseRule("provider.mismatch", "provider.match", ("other_case", "near", "none", "disabled", "missing")),
    CauseRule("provider.mismatch", "provider.configured", ("none_configured",), "likely"),
    CauseRule("provider.mismatch", "answer.meaning", ("provider_wanted",), "likely"),
    CauseRule("config.deployment_inactive", "deployments.cobrowse", ("none_active",)),
    CauseRule("config.cobrowse_disabled", "deployments.cobrowse", ("off",)),
    CauseRule("config.legacy_cobrowse_retired", "answer.meaning", ("legacy_gone",), "likely"),
    CauseRule("config.offer_expired", "answer.meaning", ("offer_expired", "session_gone"), "likely"),
    CauseRule("conv.session_conflict", "answer.meaning", ("conflict",), "likely", STATE_EXPLAINS),
    # Our own call to start a session, sent only if everything else is right: its response alone proves the cause.
    CauseRule("authz.permission_missing", "session.start", ("permission_missing",)),
    CauseRule("authz.division_missing", "session.start", ("division_missing",)),
    CauseRule("authz.user_context_required", "session.start", ("user_required",)),
    CauseRule("authz.not_a_party", "session.start", ("not_a_party",)),
    CauseRule("conv.session_conflict", "session.start", ("conflict",), "likely"),
    CauseRule("config.feature_not_licensed", "session.start", ("feature_off",), "likely"),
    CauseRule("auth.ip_not_allowed", "session.start", ("ip_refused",)),
    CauseRule("auth.token_expired", "session.start", ("token_refused",), "likely"),
    CauseRule("env.rate_limited", "session.start", ("rate_limited",)),
    CauseRule("env.server_error", "session.start", ("server_error",)),
)

# Applied only if the response rejects the call and no rule explains it: findings that can't prove a cause on their own.
REFUSALS: tuple[tuple[CauseRule, tuple[int, ...]], ...] = (
    (CauseRule("authz.policy_denied", "permissions.call", ("conditional",), "likely"), (403,)),
    (CauseRule("authz.permission_missing", "route.oracle", ("hidden",), "likely", HELD), (404,)),
    (CauseRule("authz.permission_missing", "permissions.call", ("other_medium",), "likely"), (403,)),
    (CauseRule("conv.not_connected", "conversation.connected", ("parked",), "likely"), (400, 403, 404, 409)),
    (
        CauseRule("config.cobrowse_disabled", "deployments.cobrowse", ("no_deployment",), "likely"),
        (400, 403, 404, 409, 410, 501),
    ),
)

# Applied only if nothing else is wrong: differences from the contract that may be harmless.
DEPARTURES: tuple[CauseRule, ...] = (
    CauseRule("body.unexpected", "request.body", ("unexpected",), "likely"),
    CauseRule("provider.not_in_contract", "provider.match", ("not_in_contract",), "likely"),
)


class ProblemRule(NamedTuple):
    """A problem of our own requests: `cause` if a request failed with `code` and one of `problems`.

    A finding in `proof` ("check:code") proves it. Without one the cause is likely, or, if `alone` is false, not reported.
    """

    cause: str
    code: str
    problems: tuple[str, ...]
    proof: tuple[str, ...] = ()
    alone: bool = True


# Applied only if no other rule explains the call.
PROBLEM_RULES: tuple[ProblemRule, ...] = (
    ProblemRule("env.rate_limited", "rate_limited", ("",), ("limits.headroom:rate_limited",)),
    ProblemRule("env.server_error", "server_error", ("",)),
    ProblemRule("env.proxy", "unreachable", ("timeout",), ("reach.tls:proxy_unreachable",), alone=False),
    ProblemRule(
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
    ProblemRule("env.redirect_or_html", "not_genesys", ("redirect", "not_json")),
    ProblemRule("response.not_genesys", "not_genesys", ("", "empty", "too_large", "garbled")),
    ProblemRule("env.timeout", "unreachable", ("timeout",), ("reach.tls:timeout",)),
    ProblemRule("env.dns", "unreachable", ("dns",), ("reach.dns:no_address", "reach.dns:no_name_service")),
    ProblemRule(
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
    ProblemRule("env.tls", "unreachable", ("reset",), ("reach.tls:cut",), alone=False),
)
