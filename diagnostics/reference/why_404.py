"""The page "Why do I get a 404?": the causes of a 404, most common first, and what people wrongly blame."""

from diagnostics.engine.causes import CAUSES, not_found
from diagnostics.engine.causes.cause import START, Cause

TITLE = "Why do I get a 404?"
SUMMARY = (
    "Starting a Genesys Cloud cobrowse session fails with 404 Not Found, although the conversation exists. A 404 alone "
    "doesn't say what wasn't found: the path, the conversation, or something that isn't Genesys Cloud at all."
)
CORRECT_CALL = f"{START}\nAuthorization: Bearer <token>"
CORRECT_CALL_NOTE = "This is the only published call that starts a session. It takes no body. The host is api.<domain of the org's region>."
CAUSES_OF_A_404: tuple[Cause, ...] = tuple(CAUSES[code] for code in not_found.CAUSES_OF_A_404)
MYTHS = (
    "A missing scope or permission. Genesys documents a 403 for both, never a 404. Client credentials use roles, not scopes, "
    "and the scopes conversation:write and cobrowse:write don't exist.",
    "A path ending in /cobrowse/sessions. It isn't in the API, so it causes the very 404 it's supposed to fix.",
    "A providerId that doesn't match. The published API has no providers; only an org behind a provider gateway does.",
    'A conversation that is "queued" or "closed". The API has no such states: customer and agent have to be connected.',
)
