"""The meaning of Genesys Cloud's error codes, statuses and messages."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    """The meaning of an error code, status or message. `code` is our name for it."""

    code: str
    sentence: str


# Lowercase error code of the body -> meaning.
CODES = {
    "authentication.required": Meaning("token_absent", "The call has no bearer token."),
    "bad.credentials": Meaning("token_refused", "The token is expired, revoked, or of another region."),
    "credentials.expired": Meaning("token_refused", "The token has expired."),
    "ip.not.authorized": Meaning("ip_refused", "The caller's IP address isn't on the org's allow list."),
    "not.a.user": Meaning("user_required", "This call needs a user's token. Client credentials have no user."),
    "not.a.client": Meaning(
        "client_required", "This call needs a client-credentials token. A user's token is refused."
    ),
    "missing.any.permissions": Meaning(
        "permission_missing", "The caller has none of the permissions of which one is needed."
    ),
    "missing.permissions": Meaning("permission_missing", "The caller doesn't have a required permission."),
    **dict.fromkeys(
        # The documented spelling, then those in forum posts.
        (
            "missing.division.permission",
            "missing.division.permissions",
            "missing.any.division.permission",
            "missing.any.division.permissions",
        ),
        Meaning("division_missing", "The caller has the permission, but not in this division."),
    ),
    "not.authorized": Meaning(
        "not_authorized", "The caller isn't authorized. The response doesn't say what is missing."
    ),
    "not.found": Meaning(
        "not_found", "Something wasn't found. The response doesn't say whether that is the path or the ID."
    ),
    "conversation.error.conversation.not.found": Meaning(
        "conversation_not_found", "The caller sees no such conversation."
    ),
    "conversation.error.not.conversation.participant": Meaning(
        "not_a_party", "The caller isn't a participant in the conversation."
    ),
    "unsupported.media.type": Meaning("content_type", "The content type isn't accepted."),
    "too.many.requests": Meaning("rate_limited", "The rate limit is exceeded."),
    "too.many.requests.retry.after": Meaning("rate_limited", "The rate limit is exceeded."),
    "internal.server.error": Meaning("server_error", "Genesys Cloud had an internal error."),
    "service.unavailable": Meaning("server_error", "Genesys Cloud wasn't available."),
    "request.timeout": Meaning("server_timeout", "Genesys Cloud didn't answer within its own time limit."),
    "authentication.request.timeout": Meaning("server_error", "Genesys Cloud's sign-in didn't answer in time."),
    "client.timeout": Meaning("client_timeout", "The body of the request arrived too slowly."),
    "not.implemented": Meaning("feature_off", "The feature isn't enabled for this org."),
    "invalid_client": Meaning(
        "client_rejected", "The login host rejected the client: its ID, secret, region or state is wrong."
    ),
    "unauthorized_client": Meaning(
        "grant_not_allowed", "The client may not use this grant type, or its ID or secret is wrong."
    ),
    "unsupported_response_type": Meaning("grant_not_allowed", "The client may not use this response type."),
    "unsupported_grant_type": Meaning("token_request_malformed", "The token request has an unknown grant type."),
    "invalid_scope": Meaning("token_request_malformed", "The token request asks for a scope that doesn't exist."),
    "invalid_request": Meaning("token_request_malformed", "The token request is malformed."),
}

# Status -> meaning, for responses whose code is unknown.
STATUSES = {
    400: Meaning("bad_request", "The request was rejected as invalid. The response doesn't say why."),
    401: Meaning("token_refused", "The token wasn't accepted."),
    403: Meaning("not_authorized", "The caller isn't authorized. The response doesn't say what is missing."),
    404: Meaning("not_found", "Something wasn't found. The response doesn't say whether that is the path or the ID."),
    405: Meaning("method_not_allowed", "The path exists, but not with this method."),
    407: Meaning("proxy", "A proxy requires a sign-in."),
    408: Meaning("client_timeout", "The body of the request arrived too slowly."),
    409: Meaning("conflict", "The request conflicts with the state of the conversation."),
    410: Meaning("gone", "The resource no longer exists."),
    413: Meaning("too_large", "The request is too large."),
    415: Meaning("content_type", "The content type isn't accepted."),
    429: Meaning("rate_limited", "The rate limit is exceeded."),
    501: Meaning("feature_off", "The feature isn't enabled for this org."),
    504: Meaning("server_timeout", "Genesys Cloud didn't answer within its own time limit."),
}

# For responses with a generic code: statuses, pattern for "code message" in lower case, meaning.
MESSAGE_PATTERNS: tuple[tuple[frozenset[int], re.Pattern[str], Meaning], ...] = (
    (
        # The API's own wording, for a text without the code.
        frozenset({403}),
        re.compile(
            r"\A(?!.*\bdivision).*\byou (?:must have at least one of|are missing) the following permission", re.DOTALL
        ),
        CODES["missing.any.permissions"],
    ),
    (
        frozenset({400, 403}),
        re.compile(r"\brequires a user context\b|\bclient credentials cannot be used for requests to this resource\b"),
        CODES["not.a.user"],
    ),
    (
        # Also behind the generic not.found, forbidden and not.authorized (facts, section 11).
        frozenset({400, 401, 403, 404}),
        re.compile(
            r"(?:\bnot|n't)\W{0,3}(?:an? |the )?(?:active |current |conversation\W)?(?:participants?|party|participat(?:e|ing))\b|"
            r"\bno (?:participant|party)\b|"
            r"\baccess to (?:the )?conversation\b.{0,80}\b(?:forbidden|denied|not allowed|not permitted)",
            re.DOTALL,
        ),
        Meaning("not_a_party", "The caller isn't in the conversation. This isn't about a permission."),
    ),
    (
        frozenset({403}),
        re.compile(r"\bpolic(?:y|ies)\b"),
        Meaning("policy_denied", "A policy of the org denies the call."),
    ),
    (
        frozenset({404, 410}),
        re.compile(r"\blegacy\b.*\bco-?browse|\bco-?browse.*\blegacy\b"),
        Meaning("legacy_gone", "Legacy co-browse has been retired."),
    ),
    (
        frozenset({400, 404, 409, 422}),
        re.compile(
            r"\bprovider[ _-]?id\b.{0,40}\b(?:required|mandatory|missing|needed|not (?:be (?:null|blank|empty)|present|"
            r"supplied|provided|specified|given)|null|blank|empty)|"
            r"\b(?:required|missing|mandatory|no|without|specify|supply|provide)\b.{0,40}\bprovider[ _-]?id\b"
        ),
        Meaning(
            "provider_wanted", "A gateway in front of the API asks for a providerId. Genesys Cloud itself doesn't."
        ),
    ),
    (
        frozenset({400, 404, 409, 422}),
        re.compile(
            r"\b(?:unknown|invalid|unsupported|no such|disabled) (?:cobrowse )?provider(?:[ _-]?id)?\b|"
            r"\bprovider(?:[ _-]?id)?\b.{0,60}\b(?:unknown|not (?:found|known|configured|supported|enabled)|disabled|does not exist)"
        ),
        Meaning("provider_unknown", "A gateway in front of the API doesn't accept this provider."),
    ),
    (
        frozenset({400, 401, 403}),
        re.compile(
            r"\b(?:ip|address(?:es)?)\b.{0,60}\b(?:not (?:allowed|authori[sz]ed|permitted|on|in)|denied|blocked|restricted)|"
            r"\b(?:ip )?allow ?-?list"
        ),
        Meaning("ip_refused", "The caller's IP address is not on the allow list of the org or of the OAuth client."),
    ),
)


MISSING = re.compile(r"\b(?:missing|lacks?|lacking)\b.{0,60}\bpermissions?\b", re.IGNORECASE | re.DOTALL)
DIVISION = re.compile(r"\bdivisions?\b", re.IGNORECASE)


def missing_permission_in_message(status: int | None, message: str) -> Meaning | None:
    """The meaning of a 403 by its message alone, as in a log without the error code."""
    if status != 403 or not MISSING.search(message):
        return None
    return CODES["missing.division.permission" if DIVISION.search(message) else "missing.permissions"]


def is_known_message(message: str) -> bool:
    """Whether a response with some status and this message has a known meaning."""
    return any(pattern.search(message.lower()) for _, pattern, _ in MESSAGE_PATTERNS)


def meaning_of_message(status: int | None, code: str, message: str) -> Meaning | None:
    """The meaning of an undocumented code or message, None if its wording isn't known."""
    text = f"{code} {message}".lower()
    for statuses, pattern, meaning in MESSAGE_PATTERNS:
        if status in statuses and pattern.search(text):
            return meaning
    return None
