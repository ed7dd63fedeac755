"""Checks whether the client gets a token, who it belongs to, and whether its scopes suffice."""

from collections.abc import Iterator

from diagnostics.checks.base import CheckContext, Evidence, Result, check, failed, passed, unclear
from diagnostics.genesys import gateway
from diagnostics.genesys.contract import Operation
from diagnostics.genesys.documents import token_info
from diagnostics.genesys.documents.token_info import TokenInfo
from diagnostics.genesys.errors import meaning_of_message
from diagnostics.genesys.fields import word
from diagnostics.genesys.response import OrgResponse, TokenResult, UnreadableResponse
from diagnostics.parsing.intent import START_PATH

TOKEN_ERRORS = {
    "timeout": "did not answer in time",
    "dns": "has no address that could be found",
    "tls": "could not be reached over a trusted TLS connection",
    "refused": "refused the connection",
    "unreachable": "lies in a network to which this server knows no way",
    "reset": "closed the connection before answering",
    "proxy": "could not be reached through the proxy",
    "too_large": "answered more than 4 MB",
    "redirect": "answered with a redirect instead of the API's own answer",
    "garbled": "answered something that is not HTTP",
    "not_json": "answered something that is not JSON",
    "empty": "answered nothing",
    "no_token": "was not asked, because there is no token",
    "over_budget": "was not asked, because the run had made all the calls it may make",
    "rate_limited_wait": "was not asked again, because it said to wait",
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
        return passed("kept", f"The token that {login_host} issued for an earlier run is still good.")
    if token.value:
        hours = f"{token.lifetime_s / 3600:.3g} hours" if token.lifetime_s else "an unstated time"
        return passed(
            "issued", f"{login_host} issued a token, good for {hours}.", evidence={"lifetime_s": token.lifetime_s}
        )
    proof: Evidence = {"status": response.status, "error": response.code, "correlation_id": response.correlation_id}
    if not response.error and _is_ip_refused(response):
        return failed(
            "ip_refused",
            f"{login_host} refuses the token, because this server's IP address is not on the allow list.",
            hint="Add the public IP address of the server that runs this product to the OAuth client's allowed IP "
            "addresses (Admin > Integrations > OAuth), and to the org's allow list if it has one.",
            evidence=proof,
        )
    if response.code == "unauthorized_client":
        return failed(
            "grant_not_allowed",
            "The login host knows this client, but it is not a client-credentials client.",
            hint="Admin > Integrations > OAuth: set the grant type to Client Credentials, or register another client.",
            evidence=proof,
        )
    if response.code == "invalid_client" or (response.status == 401 and not response.error):
        return failed(
            "client_rejected",
            f"{login_host} rejects the client. Its answer is the same for a wrong client id, a wrong secret, "
            "a wrong region and a disabled client.",
            hint="Compare the client id, check the region of the org, check that the client is active, and only then "
            "make a new secret.",
            evidence={"could_be": ["client_id", "secret", "region", "state"], **proof},
        )
    return _no_token(response, login_host, proof)


def _no_token(response: OrgResponse, login_host: str, proof: Evidence) -> Result:
    status = response.status
    if status == 429:
        wait = response.header("Retry-After")
        return unclear(
            "rate_limited",
            f"The login host's rate limit is exhausted; it says to wait {wait or '?'} s.",
            evidence=proof,
        )
    if status is not None and status >= 500:
        return unclear("server_error", f"{login_host} answered {status}, a fault on its side.", evidence=proof)
    if (status is not None and 300 <= status < 400) or response.error in ("redirect", "not_json", "empty", "too_large"):
        return unclear(
            "not_genesys",
            f"{login_host} {TOKEN_ERRORS.get(response.error, 'answered a redirect')} (status {status}), "
            "so something between may be answering in its place.",
            evidence={"trouble": response.error, **proof},
        )
    if response.error:
        return unclear(
            "unreachable",
            f"{login_host} {TOKEN_ERRORS.get(response.error, response.error)}.",
            hint="Check the network between this server and Genesys Cloud: name service, firewall, proxy.",
            evidence={"trouble": response.error, **proof},
        )
    if status == 200:
        return unclear("no_token_in_answer", f"{login_host} answered 200 without a token in it.", evidence=proof)
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
            f"The token belongs to another org ({me.org_name or me.org_id}) than the one this client was verified for.",
            hint="Use a client of the org that holds the conversation, and verify the client again.",
            evidence={"org_id": me.org_id, "expected": org_id},
        )
    if isinstance(me, TokenInfo) and me.is_known:
        return passed(
            "known",
            f"The token belongs to {me.client_name or 'the client'} of the org {me.org_name or me.org_id or '(unnamed)'}"
            f"{f', grant {me.grant_type}' if me.grant_type else ''}.",
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
            f"{api_host} refuses the very token that its region's login host has just issued.",
            hint="The login and the API address point to different regions or orgs. Check the client's region.",
            evidence=proof,
        )
    if response.status == 429:
        wait = response.header("Retry-After")
        return unclear(
            "rate_limited", f"The rate limit is exhausted; the API says to wait {wait or '?'} s.", evidence=proof
        )
    if response.status is not None and response.status >= 500 and not response.error:
        return unclear("server_error", f"{api_host} answered {response.status}, a fault on its side.", evidence=proof)
    if response.error == "proxy" or (response.status is None and response.error not in ("", "no_token")):
        return unclear(
            "unreachable", f"{api_host} {TOKEN_ERRORS[response.error]}.", evidence={"trouble": response.error, **proof}
        )
    if response.error or not response.is_genesys_error:
        problem = TOKEN_ERRORS.get(response.error, "answered JSON in a shape the API never uses")
        return unclear(
            "not_genesys",
            f"{api_host} {problem} (status {response.status}), so something between may be answering in its place.",
            hint="Open the exchange below: its headers tell what answered. A proxy or firewall is the usual reason.",
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
        yield unclear("gateway_unknown", "Whether this org has a provider gateway, whose scopes matter, is unknown.")


def judge_published_scopes(me: TokenInfo, operation: Operation | None) -> Result:
    """A user's token needs one of the operation's scopes in addition to the user's permissions."""
    if not me.acts_for_user:
        return passed(
            "not_applicable",
            "Scopes play no part: a client-credentials client acts by its roles, never by scopes.",
            hint="Advice to add conversation:write or cobrowse:write does not apply to this org; no such scopes exist there.",
        )
    needed = operation.scopes if operation else ()
    if me.scopes is None or not needed:
        return unclear("not_listed", "The token is a user's, and which scopes it carries or needs is not shown.")
    if granted := set(me.scopes) & set(needed):
        return passed("granted", f"The user's token carries {' or '.join(granted)}.")
    return failed(
        "user_scope_missing",
        f"The user's token carries none of the scopes that this call needs: {' or '.join(needed)}.",
        hint=f"Add {needed[0]} to the OAuth client's scopes, then sign in anew. Scopes never end in :write.",
        evidence={
            "needs": list(needed),
            "granted": list(me.scopes),
            "basis": operation.scopes_status if operation else "",
        },
    )


def judge_gateway_scopes(me: TokenInfo) -> Iterator[Result]:
    """The gateway requires both scopes, and responds with 404 if one is missing."""
    if me.scopes is None:
        yield unclear("not_listed", "The token does not say which scopes it carries, so they cannot be compared.")
        return
    for scope in gateway.SCOPES:
        if scope in me.scopes:
            yield passed("granted", f"The token carries {scope}.", subject=scope)
        else:
            yield failed(
                "scope_missing",
                f"The token does not carry {scope}, which this org's gateway wants; it answers 404 without it.",
                hint=f"Add {scope} to the OAuth client's scopes, then ask for a new token.",
                subject=scope,
                evidence={"granted": list(me.scopes)},
            )
