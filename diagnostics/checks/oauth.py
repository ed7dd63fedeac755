"""Checks whether the client gets a token, who it belongs to, and whether its scopes suffice."""

from collections.abc import Iterator

from diagnostics.checks.base import CheckContext, Evidence, Result, check, failed, passed, unclear
from diagnostics.genesys import gateway
from diagnostics.genesys.documents import token_info
from diagnostics.genesys.documents.token_info import TokenInfo
from diagnostics.genesys.errors import meaning_of_message
from diagnostics.genesys.fields import word
from diagnostics.genesys.operation import Operation
from diagnostics.genesys.response import OrgResponse, TokenResult, UnreadableResponse
from diagnostics.parsing.intent import START_PATH

TOKEN_ERRORS = {
    "timeout": "didn't answer in time",
    "dns": "couldn't be resolved",
    "tls": "couldn't be reached over a trusted TLS connection",
    "refused": "refused the connection",
    "unreachable": "is in a network that this server can't reach",
    "reset": "closed the connection before answering",
    "proxy": "couldn't be reached through the proxy",
    "too_large": "sent more than 4 MB",
    "redirect": "sent a redirect, which the API never does",
    "garbled": "sent something that isn't HTTP",
    "not_json": "sent something that isn't JSON",
    "empty": "sent an empty response",
    "no_token": "got no request, because there is no token",
    "over_budget": "got no request, because the run had used up its requests",
    "rate_limited_wait": "got no further request, because it said to wait",
}


@check(
    "oauth.token",
    title="OAuth token",
    node="token",
    rules_out=True,
    is_decisive=True,
    verifies_client=True,
    affected_by=("secret", "client", "region", "grant_type"),
    version=2,
    reads=(
        "POST /oauth/token",
        f"GET {token_info.PATH}",
    ),
)
def oauth_token(ctx: CheckContext) -> Iterator[Result]:
    if ctx.genesys.token().is_reused:
        ctx.genesys.get(token_info.PATH)  # replaces a saved token that is no longer valid
    yield judge_token(ctx.genesys.token(), ctx.target.region.login_host)


def judge_token(token: TokenResult, login_host: str) -> Result:
    response = token.response or OrgResponse(None, error="no_token")
    if token.is_reused:
        return passed("kept", "The token is valid.")
    if token.value:
        hours = f"{token.lifetime_s / 3600:.3g} hours" if token.lifetime_s else "an unknown time"
        return passed(
            "issued",
            f"{login_host} issued a token that is valid for {hours}.",
            evidence={"lifetime_s": token.lifetime_s},
        )
    proof: Evidence = {"status": response.status, "error": response.code, "correlation_id": response.correlation_id}
    if not response.error and _is_ip_refused(response):
        return failed(
            "ip_refused",
            f"{login_host} refused to issue a token, because this server's IP address isn't on the allow list.",
            hint="Add the public IP address of the server that runs Cobrowse Doctor to the OAuth client's allowed IP "
            "addresses (Admin > Integrations > OAuth), and to the org's allow list if it has one.",
            evidence=proof,
        )
    if response.code == "unauthorized_client":
        return failed(
            "grant_not_allowed",
            "The login host knows this client, but its grant type isn't Client Credentials.",
            hint="Admin > Integrations > OAuth: set the grant type to Client Credentials, or register another client.",
            evidence=proof,
        )
    if response.code == "invalid_client" or (response.status == 401 and not response.error):
        return failed(
            "client_rejected",
            f"{login_host} rejected the client. The response is the same for a wrong client ID, a wrong secret, "
            "a wrong region and a disabled client.",
            hint="Compare the client ID, check the region of the org and that the client is active. Only then create a new "
            "secret.",
            evidence={"could_be": ["client_id", "secret", "region", "state"], **proof},
        )
    return _no_token(response, login_host, proof)


def _no_token(response: OrgResponse, login_host: str, proof: Evidence) -> Result:
    status = response.status
    if status == 429:
        wait = response.header("Retry-After")
        return unclear(
            "rate_limited",
            f"The login host's rate limit is exceeded. It says to wait {wait or '?'} s.",
            evidence=proof,
        )
    if status is not None and status >= 500:
        return unclear("server_error", f"{login_host} answered {status}, an error on its side.", evidence=proof)
    if (status is not None and 300 <= status < 400) or response.error in ("redirect", "not_json", "empty", "too_large"):
        return unclear(
            "not_genesys",
            f"{login_host} {TOKEN_ERRORS.get(response.error, 'sent a redirect')} (status {status}), "
            "so another server, such as a proxy, may have answered instead.",
            evidence={"trouble": response.error, **proof},
        )
    if response.error:
        return unclear(
            "unreachable",
            f"{login_host} {TOKEN_ERRORS.get(response.error, response.error)}.",
            hint="Check the network between this server and Genesys Cloud: DNS, firewall and proxy.",
            evidence={"trouble": response.error, **proof},
        )
    if status == 200:
        return unclear("no_token_in_answer", f"{login_host} answered 200 without a token.", evidence=proof)
    return unclear(
        "refused", f"{login_host} refused the token request with {status} {response.code}.".strip(), evidence=proof
    )


def _is_ip_refused(response: OrgResponse) -> bool:
    """Client-credentials clients can be limited to certain IP addresses (facts, section 11)."""
    message = " ".join(word(response.data, name) for name in ("message", "error_description", "description"))
    meaning = meaning_of_message(response.status or 0, response.code, message)
    return response.code == "ip.not.authorized" or (meaning is not None and meaning.code == "ip_refused")


@check(
    "oauth.identity",
    title="Org and client of the token",
    node="token",
    is_decisive=True,
    verifies_client=True,
    depends_on=("org",),
    affected_by=("client", "region"),
    after=("oauth.token",),
    first_reads=lambda ctx: [(token_info.PATH, {})],
    reads=(f"GET {token_info.PATH}",),
)
def oauth_identity(ctx: CheckContext) -> Iterator[Result]:
    yield judge_identity(ctx.genesys.get(token_info.PATH), ctx.target.region.api_host, ctx.target.org_id)


def judge_identity(response: OrgResponse, api_host: str, org_id: str = "") -> Result:
    """`org_id` is the client's org when it was verified, "" if unknown."""
    proof: Evidence = {"status": response.status, "code": response.code, "correlation_id": response.correlation_id}
    me = TokenInfo.parse(response)
    if isinstance(me, TokenInfo) and me.org_id and org_id and me.org_id != org_id:
        return failed(
            "another_org",
            f"The token belongs to another org ({me.org_name or me.org_id}) than when this client was verified.",
            hint="Use a client of the org that has the conversation, and verify the client again.",
            evidence={"org_id": me.org_id, "expected": org_id},
        )
    if isinstance(me, TokenInfo) and me.is_known:
        return passed(
            "known",
            f"The token belongs to {me.client_name or 'the client'} of the org {me.org_name or me.org_id or '(unnamed)'}"
            f"{f', grant type {me.grant_type}' if me.grant_type else ''}.",
            evidence={
                "org_id": me.org_id,
                "org_name": me.org_name,
                "client_name": me.client_name,
                "grant": me.grant_type,
                "scopes": list(me.scopes[:200]) if me.scopes is not None else None,
                "is_user": me.is_user,
            },
        )
    if response.status == 401:
        return failed(
            "token_refused",
            f"{api_host} refused the token that the login host of its region has just issued.",
            hint="The login host and the API host belong to different regions or orgs. Check the client's region.",
            evidence=proof,
        )
    if response.status == 429:
        wait = response.header("Retry-After")
        return unclear(
            "rate_limited", f"The rate limit is exceeded. The API says to wait {wait or '?'} s.", evidence=proof
        )
    if response.status is not None and response.status >= 500 and not response.error:
        return unclear("server_error", f"{api_host} answered {response.status}, an error on its side.", evidence=proof)
    if response.error == "proxy" or (response.status is None and response.error not in ("", "no_token")):
        return unclear(
            "unreachable", f"{api_host} {TOKEN_ERRORS[response.error]}.", evidence={"trouble": response.error, **proof}
        )
    if response.error or not response.is_genesys_error:
        problem = TOKEN_ERRORS.get(response.error, "sent JSON in a format that the API never uses")
        return unclear(
            "not_genesys",
            f"{api_host} {problem} (status {response.status}), so another server, such as a proxy, may have answered instead.",
            hint="Open the request below. Its headers show which server answered, usually a proxy or firewall.",
            evidence={"trouble": response.error, **proof},
        )
    return unclear("refused", f"{api_host} answered {response.status} {response.code} to tokens/me.", evidence=proof)


@check(
    "oauth.scopes",
    title="Token scopes",
    node="token",
    rules_out=True,
    depends_on=("scope",),
    affected_by=("grant_type", "client", "gateway"),
    after=("oauth.identity",),
    reads=(
        f"GET {token_info.PATH}",
        f"GET {gateway.PROVIDERS_PATH}",
    ),
)
def oauth_scopes(ctx: CheckContext) -> Iterator[Result]:
    read = ctx.token_info()
    me = TokenInfo() if isinstance(read, UnreadableResponse) else read
    if ctx.aim is not None and ctx.aim.world == "published":
        yield judge_published_scopes(me, ctx.aim.operation)
        return
    listed = ctx.gateway_providers()
    if not isinstance(listed, UnreadableResponse):
        yield from judge_gateway_scopes(me)
    elif listed.response.status == 404:
        yield judge_published_scopes(me, ctx.contract.operation("POST", START_PATH))
    else:
        yield unclear(
            "gateway_unknown", "We can't tell whether this org has a provider gateway, which would need scopes."
        )


def judge_published_scopes(me: TokenInfo, operation: Operation | None) -> Result:
    """A user's token needs one of the operation's scopes in addition to the user's permissions."""
    if not me.acts_for_user:
        return passed(
            "not_applicable",
            "Scopes don't apply: client credentials use roles, not scopes.",
            hint="Ignore advice to add conversation:write or cobrowse:write: no such scopes exist.",
        )
    needed = operation.scopes if operation else ()
    if me.scopes is None or not needed:
        return unclear("not_listed", "This is a user's token, and we can't see which scopes it has or needs.")
    if granted := set(me.scopes) & set(needed):
        return passed("granted", f"The user's token has the scope {' or '.join(granted)}.")
    return failed(
        "user_scope_missing",
        f"The user's token has none of the scopes that this call needs: {' or '.join(needed)}.",
        hint=f"Add {needed[0]} to the OAuth client's scopes, then sign in again. Scopes never end in :write.",
        evidence={
            "needs": list(needed),
            "granted": list(me.scopes),
            "basis": operation.scopes_status if operation else "",
        },
    )


def judge_gateway_scopes(me: TokenInfo) -> Iterator[Result]:
    """The gateway requires both scopes, and responds with 404 if one is missing."""
    if me.scopes is None:
        yield unclear("not_listed", "The token doesn't show its scopes, so we can't compare them.")
        return
    for scope in gateway.SCOPES:
        if scope in me.scopes:
            yield passed("granted", f"The token has the scope {scope}.", subject=scope)
        else:
            yield failed(
                "scope_missing",
                f"The token doesn't have the scope {scope}, which this org's gateway requires. Without it, the gateway answers 404.",
                hint=f"Add {scope} to the OAuth client's scopes, then ask for a new token.",
                subject=scope,
                evidence={"granted": list(me.scopes)},
            )
