"""Causes with the token, the OAuth client and what they are allowed."""

from diagnostics.engine.causes.cause import (
    GET_TOKEN,
    OAUTH_MENU,
    READ_CONVERSATION,
    READ_GRANTS,
    READ_SCOPES,
    READ_TOKEN,
    ROLES_MENU,
    START,
    START_PERMISSIONS,
    Cause,
    error_response,
    token_error,
)

BAD_CREDENTIALS = error_response("401 Unauthorized", "bad.credentials", "Invalid login credentials.")
WAIT_FOR_THE_GRANT = "Then get a new token, and allow a few minutes for the change to take effect."

AUTH_CAUSES = (
    Cause(
        code="auth.header_malformed",
        title="Authorization header malformed",
        node="token",
        meaning="The Authorization header is missing, or isn't the word Bearer, one space and the token. Typical faults are "
        "quotes around the token, Bearer twice, and a variable that was never filled in.",
        evidence="We check the format of the header in the pasted call. The token itself is masked before anything is stored.",
        fix=("Send the header as: Authorization: Bearer <token>, with nothing around the token.",),
        myth="A new token doesn't help: the token is fine, and only the header around it is wrong.",
        response="A 401.",
        example=error_response(
            "401 Unauthorized",
            "authentication.required",
            "No authentication bearer token specified in authorization header.",
        ),
        is_in_the_call=True,
    ),
    Cause(
        code="auth.token_expired",
        title="Token expired or revoked",
        node="token",
        meaning="The token was valid once. It has expired, was revoked, or was replaced.",
        evidence="The response is a 401, while our own token of the same client works. The response alone doesn't tell an expired "
        "token from one of another region.",
        fix=("Get a new token from the login host of the same region.",),
        myth="Tokens don't live 15 minutes or one hour by rule: the lifetime is set on the OAuth client, 5 minutes to 48 hours, and "
        "one day by default. An expired token doesn't mean that the secret is wrong.",
        response="A 401.",
        example=BAD_CREDENTIALS,
        afterwards=(
            "Use it until shortly before it expires. Its lifetime is set on the OAuth client (5 minutes to 48 hours).",
        ),
        menu=OAUTH_MENU,
        operations=(GET_TOKEN, READ_TOKEN),
    ),
    Cause(
        code="auth.token_foreign",
        title="Token belongs to another region or org",
        node="token",
        meaning="The token is valid, but for another org or region than the conversation's.",
        evidence="We read which org the token belongs to and compare it with the org of the client. A token that is refused right "
        "after it was issued belongs to another region.",
        fix=(
            "Use a client of the org that has the conversation.",
            "Check that the login host and the API host belong to the same region.",
        ),
        myth="A 404 doesn't mean that the conversation doesn't exist. It exists in another org.",
        response="A 401 in another region, a 404 in another org.",
        example=BAD_CREDENTIALS,
        menu=OAUTH_MENU,
        operations=(READ_TOKEN, GET_TOKEN),
    ),
    Cause(
        code="auth.client_rejected",
        title="OAuth client rejected",
        node="token",
        meaning="The login host refuses to issue a token. The client ID, the secret, the region, the state of the client or its "
        "grant type is wrong. The response is the same for most of them.",
        evidence="We request a token as this client. The login host's error names the grant type only if that is the reason.",
        fix=(
            "Compare the client ID.",
            "Check that the login host is that of the org's region.",
            "Check that the client is active and has the grant type that the request uses.",
        ),
        myth="invalid_client doesn't prove that the secret is wrong. Another region gives the same error.",
        response="A 400, rarely a 401, in the login host's own format.",
        example=token_error("invalid_client", "authentication failed"),
        afterwards=("Don't create a new secret before you have compared the client ID, region and state.",),
        menu=OAUTH_MENU,
        operations=(GET_TOKEN,),
    ),
    Cause(
        code="auth.token_request_malformed",
        title="Token request malformed",
        node="token",
        meaning="The token request isn't a form with grant_type=client_credentials and the client ID and secret as Basic "
        "authorization. Often it's sent as JSON, or to /api/v2/oauth/token, which doesn't exist.",
        evidence="We check the pasted token request, or the login host's error says so.",
        fix=(
            f"Send {GET_TOKEN} as application/x-www-form-urlencoded with grant_type=client_credentials.",
            "Send the client ID and the secret as Basic authorization.",
        ),
        myth="The token endpoint isn't part of /api/v2. It's on the login host.",
        response="A 400 in the login host's own format.",
        example=token_error("invalid_request", "…"),
        operations=(GET_TOKEN,),
        is_in_the_call=True,
    ),
    Cause(
        code="auth.ip_not_allowed",
        title="IP address not on the allow list",
        node="token",
        meaning="The org, or the OAuth client, accepts requests only from listed IP addresses, and the caller's isn't one of them.",
        evidence="The response says so. Our own requests come from another address, so they can't show it for the caller.",
        fix=(
            "Add the caller's public IP address to the org's allow list.",
            "If the OAuth client has a list of allowed IP addresses, add it there too.",
        ),
        myth="A 401 doesn't always mean a wrong token. This one is valid, just not from this address.",
        response="A 401.",
        example=error_response("401 Unauthorized", "ip.not.authorized", "…"),
        menu="Admin > Account Settings > Organization Settings",
        operations=(GET_TOKEN,),
    ),
    Cause(
        code="authz.permission_missing",
        title="Permission missing",
        node="permission",
        meaning="No role of the caller has a permission that the call needs. To start cobrowse that is conversation:cobrowse:add "
        "for web messaging or conversation:cobrowseVoice:add for voice.",
        evidence="We read the roles of the client and compare them with the permissions that the API publishes for the operation, "
        "wildcards included.",
        fix=(
            "Add the permission to a role.",
            "Assign the role, with the division, to the OAuth client, or to the user for a user's token.",
        ),
        myth="Scopes don't help: client credentials use roles, not scopes. The scopes conversation:write and cobrowse:write "
        "don't exist. Genesys documents a 403 for a missing permission, never a 404.",
        response="A 403 that names the permission.",
        example=error_response(
            "403 Forbidden",
            "missing.any.permissions",
            "Unable to perform the requested action. You must have at least one of the following permissions assigned: "
            "[conversation:cobrowse:add, conversation:cobrowseVoice:add]",
        ),
        afterwards=(WAIT_FOR_THE_GRANT,),
        menu=f"{ROLES_MENU}, then {OAUTH_MENU} > the client > Roles",
        permissions=START_PERMISSIONS,
        operations=(START, READ_GRANTS),
    ),
    Cause(
        code="authz.division_missing",
        title="Permission missing in this division",
        node="permission",
        meaning="The caller has the permission, but only in divisions other than the conversation's.",
        evidence="We compare the divisions of the client's roles with those of the conversation.",
        fix=("Assign the role in the conversation's division too.",),
        myth="Adding more permissions doesn't help. The role is right; only the division is missing.",
        response="A 403. Reads of the conversation can be refused as well.",
        example=error_response(
            "403 Forbidden",
            "missing.division.permission",
            "…",
        ),
        afterwards=(WAIT_FOR_THE_GRANT,),
        menu=f"{OAUTH_MENU} > the client > Roles > Divisions",
        permissions=START_PERMISSIONS,
        operations=(START, READ_GRANTS),
    ),
    Cause(
        code="authz.scope_missing",
        title="Scope missing",
        node="token",
        meaning="The token lacks a scope that the call needs. This matters for a user's token, and for orgs behind a provider "
        "gateway that asks for scopes.",
        evidence="We read the scopes of the token. For client credentials on the published API this is never the cause.",
        fix=("Add the scope to the OAuth client.", "Sign in again, or get a new token."),
        myth="On the published API, scopes don't apply to client credentials, and no scope ends in :write or starts with cobrowse. "
        "Only a provider gateway asks for such scopes.",
        response="A 403 on the published API; a provider gateway can answer 404 instead.",
        example=error_response(
            "403 Forbidden", "not.authorized", "You are not authorized to perform the requested action."
        ),
        afterwards=("A token that was issued earlier doesn't get the scope.",),
        menu=f"{OAUTH_MENU} > the client > Scope",
        operations=(READ_TOKEN, READ_SCOPES),
    ),
    Cause(
        code="authz.user_context_required",
        title="Wrong kind of token for this call",
        node="permission",
        meaning="Some calls need a user's token, because they are about the signed-in user. Others need client credentials and "
        "refuse a user's token.",
        evidence="The response says not.a.user or not.a.client, or the API documents the operation that way.",
        fix=(
            "If a user is needed, get the token with authorization code or PKCE.",
            "If a client is needed, get the token with client credentials.",
        ),
        myth="The 400 looks like a malformed request or an invalid token. Both are fine; it's just the wrong kind of token.",
        response="A 400.",
        example=error_response(
            "400 Bad Request",
            "not.a.user",
            "This request requires a user context. Client credentials cannot be used for requests to this resource.",
        ),
        afterwards=(
            "The token itself is valid (GET /api/v2/tokens/me accepts it). It's only the wrong kind for this call.",
        ),
        operations=(READ_TOKEN,),
    ),
    Cause(
        code="authz.not_a_party",
        title="Caller isn't in the conversation",
        node="permission",
        meaning="The conversation exists, but the caller isn't a participant. The viewer of a cobrowse session is a person: the "
        "agent in the conversation.",
        evidence="The response says that the user isn't a participant, while the conversation can be read.",
        fix=("Start cobrowse with the token of the agent who is in the conversation (authorization code or PKCE).",),
        myth="The status and code look like those for an unknown conversation. Read the message: the ID is right, and no "
        "permission makes the caller a participant.",
        response="A 404 or 403 whose message names the participant or the conversation.",
        example=error_response("404 Not Found", "not.found", "User 6f1c… is not a participant in the conversation."),
        afterwards=("Client credentials have no user, so they never take part in a conversation.",),
        operations=(START, READ_CONVERSATION),
    ),
    Cause(
        code="authz.policy_denied",
        title="Denied by an access policy",
        node="permission",
        meaning="The caller has the permission, but a condition or an attribute-based policy of the org denies this call.",
        evidence="The response names a policy, or the role holds the permission only under a condition that can't be decided "
        "from outside.",
        fix=("Check the conditions of the permission in the role, and the org's access policies.",),
        myth="Adding the same permission again doesn't help: it's already there.",
        response="A 403 that mentions a policy.",
        example=error_response("403 Forbidden", "not.authorized", "… policy …"),
        menu=ROLES_MENU,
        permissions=START_PERMISSIONS,
        operations=(READ_GRANTS,),
    ),
)
