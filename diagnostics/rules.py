"""The rules of judgement: which finding names which cause, how sure, and in which order. Data, for `verdict` to apply.

They are in the order in which a call meets its faults: the URL's own variables, the host, the path, the token, the
permission, the body, the conversation, the provider. Which of them a response allows is in `explanations`.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Certainty = Literal["proved", "likely", "undetermined"]


@dataclass(frozen=True)
class Rule:
    """`cause` where `check` ended with one of `codes`, unless a finding named in `unless` ("check:code") stands."""

    cause: str
    check: str
    codes: tuple[str, ...]
    certainty: Certainty = "proved"
    unless: tuple[str, ...] = ()


ORG_SAYS_OTHERWISE = (
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
# The call's own permission is there, whatever the client may not read.
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

RULES: tuple[Rule, ...] = (
    # A variable that was never filled in outranks whatever the network then did with the URL.
    Rule("path.placeholder_unexpanded", "request.host", ("placeholder_unexpanded",)),
    Rule("host.unknown_host", "request.host", ("unknown_host", "not_the_api_host")),
    Rule("path.base_duplicated", "request.path", ("base_duplicated",)),
    Rule("path.id_missing", "request.path", ("id_missing",)),
    Rule("path.legacy_resource", "request.path", ("legacy_resource",)),
    Rule("config.legacy_cobrowse_retired", "request.path", ("deprecated",), "likely"),
    Rule("path.not_in_api", "request.path", ("not_in_api",), unless=("route.oracle:routed",)),
    Rule("path.not_in_api", "route.oracle", ("not_routed",), unless=OTHER_PATH_FAULTS),
    Rule("path.not_in_api", "request.sdk", ("sdk_method_unknown",)),
    Rule("path.trailing_slash", "request.path", ("trailing_slash",)),
    Rule("host.wrong_region", "request.host", ("wrong_region",)),
    Rule("host.plain_http", "request.host", ("plain_http",)),
    Rule("path.placeholder_unexpanded", "request.path", ("placeholder_unexpanded",)),
    Rule("env.dns", "answer.meaning", ("network_dns",)),
    Rule("env.tls", "answer.meaning", ("network_tls",)),
    Rule("env.proxy", "answer.meaning", ("network_proxy", "proxy")),
    Rule("env.timeout", "answer.meaning", ("network_timeout",), unless=HOST_EXPLAINS),
    Rule("env.timeout", "answer.meaning", ("client_timeout",), "likely"),
    Rule("path.wrong_method", "request.method", ("wrong_method",)),
    Rule(
        "env.redirect_or_html",
        "answer.meaning",
        ("html", "redirect", "network_redirect_or_html"),
        "likely",
        HOST_EXPLAINS,
    ),
    Rule("response.not_genesys", "answer.meaning", ("foreign", "server_error_foreign"), "likely", HOST_EXPLAINS),
    Rule("body.malformed_json", "request.body", ("malformed_json",)),
    Rule("env.rate_limited", "answer.meaning", ("rate_limited",)),
    Rule("env.server_error", "answer.meaning", ("server_error",)),
    Rule("env.timeout", "answer.meaning", ("server_timeout",)),
    Rule("auth.header_malformed", "request.headers", ("header_malformed",)),
    Rule("auth.header_malformed", "answer.meaning", ("token_absent",)),
    Rule("auth.header_malformed", "request.headers", ("unexpanded",), "likely"),
    Rule("auth.ip_not_allowed", "answer.meaning", ("ip_refused",)),
    Rule("auth.token_request_malformed", "answer.meaning", ("token_request_malformed",)),
    Rule("auth.token_request_malformed", "request.token", ("malformed",)),
    Rule("auth.client_rejected", "request.token", ("implicit_grant_refused",), "likely"),
    Rule("auth.client_rejected", "answer.meaning", ("client_rejected", "grant_not_allowed"), "likely"),
    Rule("auth.token_foreign", "oauth.identity", ("another_org",)),
    Rule("auth.token_expired", "answer.meaning", ("token_refused",), "likely"),
    Rule("auth.ip_not_allowed", "oauth.token", ("ip_refused",)),
    Rule("auth.client_rejected", "oauth.token", ("client_rejected", "grant_not_allowed")),
    Rule("auth.token_foreign", "oauth.identity", ("token_refused",), "likely"),
    Rule("authz.user_context_required", "answer.meaning", ("user_required", "client_required")),
    Rule(
        "authz.user_context_required",
        "permissions.user",
        ("user_required",),
        "likely",
        unless=("answer.meaning:client_required",),
    ),
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
    Rule("authz.not_a_party", "answer.meaning", ("not_a_party",), "likely"),
    Rule("authz.policy_denied", "answer.meaning", ("policy_denied",)),
    Rule("provider.mismatch", "provider.match", ("other_case", "near", "none", "disabled", "missing")),
    Rule("provider.mismatch", "provider.configured", ("none_configured",), "likely"),
    Rule("provider.mismatch", "answer.meaning", ("provider_wanted",), "likely"),
    Rule("config.deployment_inactive", "deployments.cobrowse", ("none_active",)),
    Rule("config.cobrowse_disabled", "deployments.cobrowse", ("off",)),
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
    (Rule("authz.permission_missing", "route.oracle", ("hidden",), "likely", HELD), (404,)),
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
