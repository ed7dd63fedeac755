"""Checks the failing call itself: host, path, method, headers, body, and the method of an SDK."""

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs

from diagnostics.checks.base import (
    CheckContext,
    Evidence,
    Result,
    check,
    failed,
    from_screenshot,
    passed,
    skipped,
    unclear,
    warned,
)
from diagnostics.genesys import gateway
from diagnostics.genesys.contract import Contract
from diagnostics.genesys.operation import Operation
from diagnostics.genesys.paths import is_placeholder
from diagnostics.genesys.regions import Region, nearest_regions, region_of_host
from diagnostics.parsing.call import FailingCall
from diagnostics.parsing.company_gateway import is_host_of
from diagnostics.parsing.intent import START_OPERATION, START_PATH, Aim, is_incomplete, nearest_methods


@check(
    "request.host",
    title="API host",
    node="host",
    about="call",
    depends_on=("host", "region"),
    needs=("call",),
    version=6,
)
def request_host(ctx: CheckContext) -> Iterator[Result]:
    if ctx.call and ctx.aim:
        error = ctx.answer.network_error if ctx.answer is not None else ""
        status = ctx.answer.status if ctx.answer is not None and not error else None
        answered = status is not None and status not in OF_A_PROXY
        result = judge_host(
            ctx.call, ctx.aim, ctx.target.region, ctx.company_gateway, network_error=error, answered=answered
        )
        yield from_screenshot(result) if ctx.call.from_screenshot else result


# Statuses that a proxy can send for a host that it can't resolve.
OF_A_PROXY = frozenset({400, 407, 502, 503, 504})
# What people write over a host that they don't want to show.
HIDDEN_HOST = re.compile(
    r"[*•█▇■]|(?:\A|[.\[<_-])(?:x{2,}|(?:redacted|masked|hidden|removed|censored|anonymi[sz]ed)[\w-]{0,20})(?=[.\]>:_-]|\Z)",
    re.IGNORECASE,
)


def judge_host(
    call: FailingCall,
    aim: Aim,
    region: Region,
    company_gateway: str = "",
    *,
    network_error: str = "",
    answered: bool = False,
) -> Result:
    """A shell variable in the host counts as not filled in only if the network error contains it.

    `answered` is true if a server responded. No server has a host with a variable in it, so then the text only leaves it out.
    """
    wanted = region.login_host if aim.world == "token" else region.api_host
    if not call.url.strip():
        return skipped("no_url", "The call has no URL.")
    if not call.host and not aim.host_placeholders:
        return passed("bare_path", f"The call has no host, so we assume {wanted}.", evidence={"wanted": wanted})
    if HIDDEN_HOST.search(call.host):
        return skipped("hidden", "The text hides a part of the host.", evidence={"wanted": wanted})
    unfilled = aim.host_placeholders or tuple(
        name for name in aim.host_variables if name.lower() in network_error.lower()
    )
    if unfilled and answered and not call.as_sent:
        return skipped(
            "hidden", "The text leaves out a part of the host, since a server responded.", evidence={"wanted": wanted}
        )
    if unfilled:
        names = ", ".join(unfilled)
        return failed(
            "placeholder_unexpanded",
            f"The host still contains the variable {names}, which was never filled in.",
            hint=f"Use the API host {wanted}: api. and the domain of the org's region, never the name of the org. Check the "
            "variable that should fill it.",
            evidence={"wanted": wanted, "placeholders": list(unfilled)},
        )
    if any(is_placeholder(part) for part in (call.host, *call.host.split("."))) or re.search(r"[{}<>$]", call.host):
        return skipped(
            "placeholder",
            f"The host {call.host} is a variable that the program fills in. It should be {wanted}.",
            evidence={"wanted": wanted},
        )
    if aim.through_gateway and call.scheme != "http":
        gateway_kind = "a company's own API gateway, judging by its response. An admin can set it on the client"
        if company_gateway:
            gateway_kind = "the company gateway set for this client"
        return passed("company_gateway", f"{call.host} is {gateway_kind}.")
    if aim.through_gateway or call.host == wanted:
        return judge_scheme(call, region, call.host)
    other = region_of_host(call.host)
    if other is not None and other.key == region.key:
        return failed(
            "not_the_api_host",
            f"{call.host} is a host of this region, but this call belongs to {wanted}.",
            hint=f"Send the call to https://{wanted}.",
            evidence={"wanted": wanted, "host": call.host},
        )
    if other is not None:
        return failed(
            "wrong_region",
            f"{call.host} belongs to {other.key}, but the client's org is in {region.key}. An OAuth client, its tokens and its "
            "conversations exist only in their own region.",
            hint=f"Send both the token request and the call to {region.key}: {region.login_host} and {region.api_host}. "
            "Don't create a new secret before that.",
            evidence={"wanted": wanted, "host": call.host, "host_region": other.key},
        )
    similar = ", ".join(candidate.api_host for candidate in nearest_regions(call.host, 2))
    hint = f"Send the call to https://{wanted}." + (f" Similar hosts: {similar}." if similar else "")
    sentence = f"{call.host} isn't a Genesys Cloud host. The API host of this client's region is {wanted}."
    if is_host_of(company_gateway, call.host):
        sentence = f"{call.host} is your company's gateway, but the path doesn't have the gateway's prefix."
        hint = f"Send the call to a path that starts with {company_gateway}."
    elif not company_gateway:
        hint += " If this is your company's own gateway, an admin can set it on the client."
    return failed(
        "unknown_host",
        sentence,
        hint=hint,
        evidence={"wanted": wanted, "host": call.host},
    )


def judge_scheme(call: FailingCall, region: Region, wanted: str) -> Result:
    connected = (region.api, region.login)
    if call.scheme == "http" and not any(url == f"http://{wanted}" for url in connected):
        return failed(
            "plain_http",
            "The call uses http. Genesys Cloud answers on https only, and the token is sent unencrypted.",
            hint=f"Use https://{wanted}.",
            evidence={"wanted": wanted},
        )
    return passed("right", f"{wanted} is the right host for {region.key}.", evidence={"wanted": wanted})


@check(
    "request.path",
    title="Path exists in the API",
    node="call",
    about="call",
    rules_out=True,
    is_decisive=True,
    depends_on=("path", "sdk_method"),
    affected_by=("gateway", "contract", "method"),
    needs=("call",),
    version=4,
    reads=(f"GET {gateway.PROVIDERS_PATH}",),
)
def request_path(ctx: CheckContext) -> Iterator[Result]:
    if ctx.aim is None or ctx.call is None:
        return
    if not ctx.call.url.strip():
        yield skipped("no_url", "The call has no path. We only know the name of its SDK method.")
        return
    if is_incomplete(ctx.aim.path):
        yield skipped("no_path", "The text doesn't show the whole path, so we couldn't check it.")
        return
    has_gateway = None
    if ctx.aim.world == "gateway" or ctx.aim.fault in ("not_in_api", "legacy_resource", "deprecated"):
        has_gateway = {200: True, 404: False}.get(ctx.genesys.get(gateway.PROVIDERS_PATH).status or 0)
    result = judge_path(ctx.aim, has_gateway, ctx.contract)
    yield from_screenshot(result) if ctx.call.from_screenshot else result
    if ctx.call.from_screenshot:
        return
    if ctx.aim.placeholders and ctx.aim.fault != "placeholder_unexpanded":
        yield judge_placeholders(ctx.aim)


def judge_path(aim: Aim, has_gateway: bool | None, contract: Contract) -> Result:
    """`has_gateway` is None if it wasn't checked or couldn't be determined."""
    proof: Evidence = {
        "path": aim.path,
        "nearest": [f"{op.method} {op.path}" for op in aim.nearest],
        "contract": contract.version,
        "gateway": has_gateway,
    }
    if aim.world == "gateway":
        return _gateway_path(aim, has_gateway, proof)
    if aim.fault:
        return _faulty_path(aim, has_gateway, proof)
    if aim.world == "token":
        return passed("token_request", "This is a token request, which goes to the login host.", evidence=proof)
    return passed("published", f"{aim.path} is in the Genesys Cloud API ({contract.version}).", evidence=proof)


def judge_placeholders(aim: Aim) -> Result:
    """An additional result for a path with another fault: a placeholder that remains once that is fixed."""
    return failed(
        "placeholder_unexpanded",
        f"The path also contains the placeholder {', '.join(aim.placeholders)}, and no conversation ID was given.",
        hint=_use_instead(replace(aim, fault="placeholder_unexpanded")),
        subject="placeholder",
        evidence={"placeholders": list(aim.placeholders)},
    )


def _gateway_path(aim: Aim, has_gateway: bool | None, proof: Evidence) -> Result:
    if aim.fault == "placeholder_unexpanded" and has_gateway:
        return _faulty_path(aim, has_gateway, proof)
    if has_gateway:
        return passed("gateway", "This path belongs to the org's provider gateway.", evidence=proof)
    if has_gateway is None:
        return unclear(
            "gateway_unknown",
            "This path isn't in the Genesys Cloud API. We couldn't find out whether this org has a gateway that accepts it.",
            hint=f"The published call is POST {START_PATH}, without a body.",
            evidence=proof,
        )
    return failed(
        "not_in_api",
        f"This path isn't in the Genesys Cloud API: {aim.path}. This org has no provider gateway that accepts it either.",
        hint=_use_instead(aim),
        evidence=proof,
    )


def _faulty_path(aim: Aim, has_gateway: bool | None, proof: Evidence) -> Result:
    sentence = {
        "not_in_api": f"This path isn't in the Genesys Cloud API: {aim.path}.",
        "base_duplicated": f"The path repeats the base path: {aim.path}.",
        "trailing_slash": f"The path ends in a slash, which makes it a different path: {aim.path}.",
        "legacy_resource": f"The path {aim.path} belongs to a retired resource.",
        "deprecated": f"{aim.method} {aim.path} is deprecated. It belongs to legacy co-browse, whose support ended on "
        "2025-01-27.",
        "id_missing": f"The conversation ID is missing from the path {aim.path}.",
        "placeholder_unexpanded": f"The path still contains the placeholder {', '.join(aim.placeholders)} instead of a conversation ID.",
    }[aim.fault]
    hint = _use_instead(aim, gateway.SESSIONS_PATH if has_gateway and aim.starts_session else "")
    return failed(aim.fault, sentence, hint=hint, evidence=proof)


def _use_instead(aim: Aim, gateway_path: str = "") -> str:
    if aim.fault == "placeholder_unexpanded":
        return (
            "Put the ID of a live conversation in place of the placeholder, and check the variable that should fill it."
        )
    if gateway_path:
        return f"Call POST {gateway_path} instead, which this org's gateway accepts."
    if aim.repaired and aim.fault != "id_missing":
        return f"Call {aim.repaired} instead."
    if aim.starts_session or aim.fault == "id_missing":
        return f"Call POST {START_PATH} instead, without a body."
    return f"The nearest published operation is {aim.nearest[0].method} {aim.nearest[0].path}." if aim.nearest else ""


@check(
    "request.method",
    title="Method accepted by the path",
    node="call",
    about="call",
    depends_on=("method", "path"),
    affected_by=("contract",),
    after=("request.path",),
    needs=("call",),
)
def request_method(ctx: CheckContext) -> Iterator[Result]:
    if ctx.aim:
        yield judge_method(ctx.aim)


def judge_method(aim: Aim) -> Result:
    if not aim.published_methods:
        return skipped("no_operation", "The path isn't in the API, so there is no method to compare.")
    if not aim.wrong_method:
        return passed(
            "right", f"{aim.method} is right for this path.", evidence={"allowed": list(aim.published_methods)}
        )
    *others, last = aim.published_methods
    allowed = f"{', '.join(others)} or {last}" if others else last
    creates = any(op.operation_id == START_OPERATION for op in aim.nearest)
    return failed(
        "wrong_method",
        f"The path is right, but the method must be {allowed}, not {aim.method}.",
        hint="To start a session, use POST. To read one, call GET /api/v2/conversations/{conversationId}, or with the "
        "deployment's ID GET /api/v2/webdeployments/deployments/{deploymentId}/cobrowse/{sessionId}."
        if creates
        else f"Use {allowed}.",
        evidence={"allowed": list(aim.published_methods), "sent": aim.method},
    )


FORM = "application/x-www-form-urlencoded"
# A variable that wasn't filled in, of shells, Postman and templates. Not <token>, because people hide tokens that way.
UNEXPANDED = re.compile(r"\$\{?\w+|\{\{\s*\w+\s*\}\}|%\w+%")
GC_COMMANDS = {"POST": "create", "GET": "get", "PATCH": "update", "PUT": "update", "DELETE": "delete", "HEAD": "head"}
# A header that is meant as Authorization, such as Authorisation. The API knows no header with such a name.
LIKE_AUTHORIZATION = re.compile(
    r"Aut(?:h?or[iy][sz]?a?t?ion|h?oriz?sation|hentication|horizaton|horizatoin)", re.IGNORECASE
)
# A value that a person or a log replaced.
HIDDEN = re.compile(
    r"[\s*•.…<\[(_-]*(?:(?:removed|redacted|hidden|filtered|omitted|censored|sanitized|present|set|x{3,})[\s*•.…>\])_-]*)?",
    re.IGNORECASE,
)
# A variable that may hold the whole header. One that is named token holds only that.
VARIABLE_ALONE = re.compile(
    r"(?!.{0,80}(?i:token|jwt))(?:\$\w{1,80}|%\w{1,80}%|\$?\{\{[^{}]{1,80}\}\}|\$?\{[\w.]{1,80}\})"
)
MASKED = re.compile(r"\[masked[^\]]*\]")
# A variable whose name may have spaces: {{$dotenv TOKEN}}, ${{ secrets.TOKEN }}, <access token>.
IN_BRACES = re.compile(r"\$?\{\{[^{}]{1,80}\}\}|\$\{[^{}]{1,80}\}|\$\([^()]{1,80}\)|<[\w .-]{1,60}>")


@check(
    "request.headers",
    title="Authorization header format",
    node="token",
    about="call",
    depends_on=("headers",),
    needs=("call",),
    version=3,
)
def request_headers(ctx: CheckContext) -> Iterator[Result]:
    if ctx.call and ctx.aim:
        yield judge_authorization(ctx.call, ctx.aim)


def judge_authorization(call: FailingCall, aim: Aim) -> Result:
    """By the format only, because the token was masked before the call was stored."""
    values = [value for name, value in call.headers if name.lower() == "authorization"]
    if aim.world == "token":
        return skipped("token_request", "This is a token request, which has no token yet.")
    misspelled = next((name for name, _ in call.headers if LIKE_AUTHORIZATION.fullmatch(name)), "")
    if not values and misspelled:
        return failed(
            "header_malformed",
            f"The token is sent in a header called {misspelled[:40]} instead of Authorization.",
            hint="Send the header Authorization with the word Bearer, one space and the token.",
            evidence={"trouble": "its name is misspelled"},
        )
    if not values:
        shown = "The pasted call has no Authorization header. A real call needs one with the word Bearer and a token."
        return skipped("not_shown", shown)
    if values[0].strip() and HIDDEN.fullmatch(values[0]):
        return skipped("not_shown", "The text hides the value of the Authorization header.")
    if not call.as_sent and len(values) == 1 and VARIABLE_ALONE.fullmatch(values[0].strip()):
        return skipped("not_shown", "The value of the Authorization header is in a variable.")
    fault = _authorization_fault(values)
    if not fault and call.as_sent and UNEXPANDED.search(values[0]):
        return failed(
            "unexpanded",
            f"The Authorization header was sent with a variable name instead of the token: {values[0][:80]}.",
            hint="Make sure that the shell or tool fills the variable in. Single quotes, for example, prevent that in a shell.",
            evidence={"sent": values[0][:80]},
        )
    if not fault:
        return passed("right", "The Authorization header has the right format.")
    return failed(
        "header_malformed",
        f"The Authorization header is malformed: {fault}.",
        hint="Send the word Bearer, one space and the token, with nothing around them.",
        evidence={"trouble": fault},
    )


def _authorization_fault(values: list[str]) -> str:
    value = values[0]
    words = IN_BRACES.sub("TOKEN", MASKED.sub("TOKEN", value)).strip().split()
    if len(values) > 1:
        return "it is sent more than once"
    if not words:
        return "it is empty"
    if words[0].lower() != "bearer":
        return f"its scheme is {words[0]}, not Bearer" if len(words) > 1 else "the word Bearer is missing"
    if len(words) == 1:
        return "there is no token after Bearer"
    if words[1].lower() == "bearer":
        return "the word Bearer appears twice"
    if re.search(r"[\"'“”]", value):
        return "there are quotes around the token"
    if len(words) > 2:
        return "there is a space within the token"
    return ""


@check(
    "request.body",
    title="Request body",
    node="call",
    about="call",
    depends_on=("body",),
    affected_by=("headers", "method", "path", "contract"),
    after=("request.method",),
    needs=("call",),
    version=2,
    reads=(f"GET {gateway.PROVIDERS_PATH}",),
)
def request_body(ctx: CheckContext) -> Iterator[Result]:
    if ctx.call is None or ctx.aim is None:
        return
    listed = ctx.genesys.get(gateway.PROVIDERS_PATH) if ctx.aim.provider_id is not None else None
    result = judge_body(ctx.call, ctx.aim, provider_wanted=listed is not None and listed.ok)
    yield from_screenshot(result) if ctx.call.from_screenshot else result


def judge_body(call: FailingCall, aim: Aim, *, provider_wanted: bool = False) -> Result:
    """`provider_wanted` is true if the org has a gateway, which reads the providerId of a call."""
    is_bodiless = aim.operation is not None and not aim.operation.has_body
    if aim.world == "token":
        return skipped("token_request", "This is a token request. The login host decides whether its body is right.")
    if not (call.body or "").strip():
        return passed("empty", "The call has no body, and needs none." if is_bodiless else "The call has no body.")
    media = (call.header("Content-Type") or "").split(";")[0].strip().lower()
    value, error = call.json()
    if error is not None and (media in ("", "application/json") or not is_bodiless):
        return failed(
            "malformed_json",
            f"The body isn't valid JSON (line {error.line}, column {error.column}): {error.message}.",
            hint="Leave the body out: this operation needs no body at all."
            if is_bodiless
            else _json_hint(call.body or ""),
            evidence={"line": error.line, "column": error.column},
        )
    if media not in ("", "application/json"):
        return failed(
            "content_type",
            f"The body is sent as {media}, but the API accepts only application/json.",
            hint="Leave the body out: this operation needs no body at all."
            if is_bodiless
            else "Send application/json.",
            evidence={"content_type": media},
        )
    if is_bodiless and value in ({}, None):
        return passed("empty", "The body is empty JSON, which does no harm here.")
    if is_bodiless and provider_wanted:
        return passed(
            "provider", "The body names a provider. The published call takes none, but this org's gateway needs it."
        )
    if is_bodiless:
        return warned(
            "unexpected",
            "The body is valid JSON, but this operation takes no body.",
            hint="Leave the body out. This operation knows no field such as providerId.",
        )
    return passed("json", "The body is valid JSON.")


def _json_hint(body: str) -> str:
    if "'" in body and '"' not in body:
        return "Use double quotes around names and strings."
    if re.search(r",\s*[}\]]", body):
        return "Remove the comma before the closing bracket."
    return "Fix the body at this position."


# The format of a UUID, with any letters.
UUID_SHAPE = re.compile(r"[0-9a-z]{8}(?:-[0-9a-z]{4}){3}-[0-9a-z]{12}", re.IGNORECASE)


@check("request.ids", title="IDs in the request body", node="call", about="call", depends_on=("body",), needs=("call",))
def request_ids(ctx: CheckContext) -> Iterator[Result]:
    if ctx.call:
        yield judge_body_ids(ctx.call)


def judge_body_ids(call: FailingCall) -> Result:
    """Are the IDs in the top-level fields of the body UUIDs? Only values in the format of a UUID count as IDs."""
    value, _ = call.json()
    fields = value.items() if isinstance(value, dict) else ()
    ids = {name: text for name, text in fields if isinstance(text, str) and UUID_SHAPE.fullmatch(text)}
    wrong = {name: text for name, text in ids.items() if re.search("[g-z]", text, re.IGNORECASE)}
    if not ids:
        return skipped("no_ids", "The body contains no IDs.")
    if not wrong:
        return passed("uuids", "The IDs in the body are UUIDs.")
    name, text = next(iter(wrong.items()))
    return warned(
        "not_uuids",
        f"The {name} in the body isn't a UUID: {text} has letters other than a to f.",
        hint="Copy the ID again.",
        evidence={"fields": list(wrong)[:20]},
    )


@check(
    "request.token",
    title="Token request",
    node="token",
    about="call",
    depends_on=("body", "headers"),
    needs=("call",),
    version=3,
)
def request_token(ctx: CheckContext) -> Iterator[Result]:
    if ctx.call is None or ctx.aim is None:
        return
    if ctx.aim.signs_in and not ctx.aim.wrong_method:
        status = ctx.answer.status if ctx.answer is not None else None
        yield judge_sign_in(ctx.call, refused=status is not None and 400 <= status < 500)
    else:
        yield judge_token_request(ctx.call, ctx.aim)


def judge_sign_in(call: FailingCall, *, refused: bool) -> Result:
    """The grant that a request to the authorization endpoint uses. It contains no secret.

    The implicit grant is being retired: no new clients from March 2026, end by March 2027 (facts, section 11).
    """
    fields = parse_qs(call.query or call.body or "", max_num_fields=100)
    response_type = " ".join(fields.get("response_type", []))
    if "token" not in response_type.split():
        return passed("sign_in", f"The request asks for a sign-in, response type {response_type or 'not given'}.")
    sentence = "The request asks for the implicit grant (response_type=token), which is being retired."
    hint = (
        "Use authorization code with PKCE: set that grant type on the OAuth client and ask for response_type=code. No "
        "client secret takes part in this request, so none can be wrong."
    )
    evidence = {"response_type": response_type}
    if refused:
        return failed("implicit_grant_refused", sentence, hint=hint, evidence=evidence)
    return warned("implicit_grant", sentence, hint=hint, evidence=evidence)


def judge_token_request(call: FailingCall, aim: Aim) -> Result:
    """A valid request is a form with a grant_type, and the client in a Basic header or in the form."""
    if aim.world != "token" or aim.fault or aim.wrong_method:
        return skipped("no_token_request", "The call isn't a token request.")
    media = (call.header("Content-Type") or "").split(";")[0].strip().lower()
    fields = parse_qs(call.body or "", keep_blank_values=True, max_num_fields=100)
    scheme = (call.header("Authorization") or "").split(" ")[0].lower()
    fault = ""
    if media and media != FORM:
        fault = f"its body is sent as {media}, not as {FORM}"
    elif "grant_type" not in fields and call.body_unknown:
        return skipped(
            "body_not_shown", "The text doesn't show the body of the token request, so we couldn't check it."
        )
    elif "grant_type" not in fields:
        fault = "it has no grant_type" if (call.body or "").strip() else "it has no body"
    elif scheme and scheme != "basic":
        fault = f"its Authorization header is {scheme}, not Basic with client ID and secret"
    if not fault:
        return passed("right", "The token request has the right format.")
    return failed(
        "malformed",
        f"The token request is malformed: {fault}.",
        hint=f"Send POST https://login.<region>/oauth/token as {FORM} with grant_type=client_credentials, and the "
        "client ID and secret as Basic authorization.",
        evidence={"trouble": fault, "content_type": media},
    )


@check(
    "request.sdk",
    title="SDK method exists",
    node="call",
    about="call",
    is_decisive=True,
    depends_on=("sdk_method",),
    affected_by=("contract",),
    needs=("call",),
)
def request_sdk(ctx: CheckContext) -> Iterator[Result]:
    if ctx.call:
        yield judge_sdk(ctx.call, ctx.contract)


def judge_sdk(call: FailingCall, contract: Contract) -> Result:
    """The methods of the SDKs and of `gc` are generated from the contract, so each of them has an operation."""
    name = call.sdk_method
    if not name:
        return skipped("no_sdk_call", "The call wasn't made with an SDK.")
    operation = contract.named(name)
    if operation is not None or call.url.strip():
        path = operation.path if operation else call.path
        return passed("known", f"The SDK method {name} exists and calls {path}.", evidence={"method": name})
    nearest = nearest_methods(name, contract)
    real = [_spelled_like(name, candidate) for candidate in nearest]
    return failed(
        "sdk_method_unknown",
        f"No official SDK has a method {name}, because no published operation has that name ({contract.version}).",
        hint=f"Call {real[0]}{_parameters(name, nearest[0])} instead, which sends {nearest[0].method} {nearest[0].path}."
        if nearest
        else "",
        evidence={"method": name, "nearest": real, "contract": contract.version},
    )


def _parameters(name: str, operation: Operation) -> str:
    """The path arguments of the method; "" for a `gc` command, which has options instead."""
    if name.startswith("gc "):
        return ""
    names = re.findall(r"\{(\w+)\}", operation.path)
    arguments = [_snake(argument) for argument in names] if "_" in name else names
    return f"({', '.join(arguments)})"


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])[A-Z]", lambda match: f"_{match[0]}", name).lower()


def _spelled_like(name: str, operation: Operation) -> str:
    """The operation's method in the same SDK as `name`, or its `gc` command."""
    if name.startswith("gc "):
        words = [word for word in operation.path.split("/")[3:] if not word.startswith("{")]
        return " ".join(["gc", *words, GC_COMMANDS[operation.method]])
    if "_" in name:
        return operation.python_name
    return operation.pascal_name if name[:1].isupper() else operation.java_name
