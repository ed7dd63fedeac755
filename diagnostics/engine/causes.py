"""The codes and titles of all causes. The codes are stable: the CLI, the JSON, filters and alerts use them."""

from typing import Final

NONE: Final = "none"
UNDETERMINED: Final = "undetermined"

PART_IS_RIGHT: Final = "This branch is right now"  # the title of NONE for a run of one branch of the checks

# Code -> title, in the order of lists and filters. The order of the rules is in `rules`.
TITLES: Final[dict[str, str]] = {
    "path.not_in_api": "The path is not in the API",
    "path.wrong_method": "Right path, wrong method",
    "path.placeholder_unexpanded": "A placeholder was never filled in",
    "path.id_missing": "The id is missing from the path",
    "path.base_duplicated": "The base path is doubled",
    "path.trailing_slash": "The path ends in a slash",
    "path.legacy_resource": "The path belongs to a retired resource",
    "host.wrong_region": "The host belongs to another region",
    "host.unknown_host": "The host is not a Genesys Cloud API host",
    "host.plain_http": "The call uses http instead of https",
    "auth.header_malformed": "The Authorization header is malformed",
    "auth.token_expired": "The token is expired or revoked",
    "auth.token_foreign": "The token belongs to another region or org",
    "auth.client_rejected": "The login host rejects the OAuth client",
    "auth.token_request_malformed": "The token request is malformed",
    "auth.ip_not_allowed": "The address is not on the org's allow list",
    "authz.permission_missing": "A permission is missing",
    "authz.division_missing": "The permission is missing in this division",
    "authz.scope_missing": "A scope is missing",
    "authz.user_context_required": "The call needs another kind of token",
    "authz.not_a_party": "The caller takes no part in the conversation",
    "authz.policy_denied": "A policy of the org refuses the call",
    "conv.not_found": "No such conversation for this client",
    "conv.id_malformed": "The conversation id is malformed",
    "conv.ended": "The conversation has ended",
    "conv.not_connected": "The conversation is not connected",
    "conv.media_unsupported": "This medium has no cobrowse",
    "conv.session_conflict": "A cobrowse session is already open or offered",
    "body.unexpected": "The call takes no body",
    "body.malformed_json": "The body is not valid JSON",
    "body.content_type": "The content type is not accepted",
    "provider.mismatch": "The provider id matches no configured provider",
    "provider.not_in_contract": "The API has no providers",
    "env.rate_limited": "The rate limit is exhausted",
    "env.server_error": "Genesys Cloud answered with a server error",
    "env.timeout": "The answer did not come in time",
    "env.tls": "The TLS connection failed",
    "env.dns": "The host name does not resolve",
    "env.proxy": "A proxy is in the way",
    "env.redirect_or_html": "Something between answered instead of the API",
    "config.cobrowse_disabled": "Cobrowse is off in the deployment",
    "config.deployment_inactive": "The web deployment is not active",
    "config.feature_not_licensed": "The org has no cobrowse licence",
    "config.offer_expired": "The offer expired or was declined",
    "config.legacy_cobrowse_retired": "Legacy cobrowse is retired",
    "response.not_genesys": "The answer did not come from Genesys Cloud",
    UNDETERMINED: "Undetermined",
    NONE: "Nothing wrong",
}


def title_of(cause: str) -> str:
    """The title of a cause; the code itself if this version doesn't know it."""
    return TITLES.get(cause, cause)


def family_of(cause: str) -> str:
    return cause.split(".", 1)[0]


# Cause or family -> the node of the chain in which it lies (see `checks.base.NODES`).
NODES_OF_CAUSES: Final = {
    "path": "call",
    "body": "call",
    "host": "host",
    "env": "host",
    "env.rate_limited": "token",
    "response": "host",
    "auth": "token",
    "authz": "permission",
    "authz.scope_missing": "token",
    "conv": "conversation",
    "config": "deployment",
    "config.feature_not_licensed": "permission",
    "provider": "provider",
}


def node_of(cause: str) -> str:
    """Return "" for `none`, `undetermined` and codes that this version doesn't know."""
    return NODES_OF_CAUSES.get(cause, NODES_OF_CAUSES.get(family_of(cause), ""))
