"""What a 404 means. It is never a missing scope or permission: Genesys Cloud answers those with 403.

The published API documents 403 for a call that isn't allowed, and no official text says that 404 stands in for it. Both
exceptions are measured, never assumed: an org can hide what a client may not see, and `route.oracle` proves that by
comparing requests; and an org behind a provider gateway, which `provider.configured` finds, gets 404 in place of 403.
"""

from typing import Final

NEVER_CAUSE_A_404: Final = frozenset(
    {"authz.scope_missing", "authz.permission_missing", "authz.division_missing", "authz.policy_denied"}
)
# Most common first.
CAUSES_OF_A_404: Final = (
    "path.not_in_api",
    "path.placeholder_unexpanded",
    "conv.not_found",
    "conv.ended",
    "authz.not_a_party",
    "auth.token_foreign",
    "conv.not_connected",
    "conv.media_unsupported",
    "config.cobrowse_disabled",
    "provider.mismatch",
    "response.not_genesys",
)
