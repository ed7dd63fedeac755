"""Checks what the pasted response means, and whether it came from Genesys Cloud."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from diagnostics.checks.base import (
    CheckContext,
    Evidence,
    Result,
    check,
    failed,
    from_screenshot,
    passed,
    unclear,
    warned,
)
from diagnostics.checks.outcomes import Outcome
from diagnostics.genesys.documents.limits import describe_wait, parse_retry_after
from diagnostics.genesys.errors import CODES, STATUSES, Meaning, meaning_of_message, missing_permission_in_message
from diagnostics.parsing.call import JOINED_BASE, ReceivedResponse
from diagnostics.parsing.response_text import permissions_in

SESSION_PATH = "/api/v2/webdeployments/deployments/{deploymentId}/cobrowse/{sessionId}"

PROXIES = re.compile(
    r"\b(?:squid|zscaler|blue ?coat|forcepoint|netskope|websense|fortigate|fortiguard|mcafee web|proxy)", re.IGNORECASE
)

# Class names in a stack trace don't show what happened: "at sun.security.ssl.SSLSocketImpl.read".
STACK_FRAME = re.compile(
    r"\bat\s+(?:[\w$@-]+[./])+[\w$<>]+(?:\([^()]*\))?|\$proxy\d+|\b(?:sun|jdk)\.proxy", re.IGNORECASE
)
# Error -> pattern for the message of a client without a response. The first match wins, so a specific pattern comes
# before the ones whose words its messages can contain: a failed lookup can be of a proxy's name, a certificate error can
# list names as "DNS:", and lookups and handshakes can time out too.
NETWORK = (
    ("redirect_or_html", r"redirect|unexpected token '?<|<!doctype|<html"),
    ("proxy", r"(?<!no[ _-])(?<!without )prox(?:y|ies)|tunnel|\b407\b"),
    (
        "tls",
        r"certificate|(?<![a-z])certs?(?![a-z])|altname|subject alternative|x\.?509|pkix|self[ _-]?signed|leaf[ _]signature|"
        r"unable to get (?:local )?issuer|host ?name\b.{0,200}\bnot match|host ?name\b.{0,200}n't match|"
        r"wrong[ _]version[ _]number|handshake[ _]?(?:failure|failed|exception)|unsupported[ _]protocol|untrusted[ _]root",
    ),
    (
        "dns",
        r"(?:not|n't|unable to|failed to|failure to|error)[\s_\w]{0,20}resolv|resolving|unresolvedaddress|"
        r"resolution|getaddrinfo|gaierror|enotfound|eai_|name or service|nodename|unknown ?host|no such host|nxdomain|"
        r"host not found|no address associated|\blookup\b.{0,300}server misbehaving|\bdns\b",
    ),
    ("timeout", r"time[d\s-]*out|deadline|etimedout"),
    ("refused", r"econnreset|connection (?:was )?reset|before secure tls connection"),
    ("tls", r"ssl|tls|handshake"),
    ("refused", r"refused|reset|closed|hang ?up|unreachable|broken pipe|eof"),
)
# The message of a browser that hides the response from the page.
CORS = re.compile(
    r"\bcors\b|access-control-allow-origin|same[- ]origin policy|cross-origin request|failed to fetch|"
    r"networkerror when attempting to fetch",
    re.IGNORECASE,
)
NETWORK_HINTS = {
    "refused": "A firewall or proxy may have refused or closed the connection.",
    "redirect_or_html": "Another server, such as a proxy, answered instead of the API.",
}


@check(
    "answer.meaning",
    title="Pasted response",
    about="response",
    is_decisive=True,
    depends_on=("answer",),
    needs=("answer",),
    version=6,
)
def answer_meaning(ctx: CheckContext) -> Iterator[Result]:
    if ctx.answer is None:
        return
    aim = ctx.aim
    if aim is not None and aim.signs_in and (redirect := judge_sign_in_redirect(ctx.answer)) is not None:
        yield redirect
        return
    is_token_request = aim is not None and aim.world == "token"
    result = judge_answer(ctx.answer, token_request=is_token_request, now=ctx.now())
    if (
        aim is not None
        and aim.through_gateway
        and result.code in ("foreign", "html", "redirect", "server_error_foreign")
    ):
        result = replace(
            result,
            hint="Your company's gateway gave this response, not Genesys Cloud: the call never reached the API. Check the "
            "gateway's route and path prefix with the people who run it.",
        )
    if result.code in ("foreign", "server_error_foreign") and ctx.call is not None and ctx.call.from_screenshot:
        result = from_screenshot(result)
    if result.code == "network_dns" and ctx.call is not None and JOINED_BASE.match(ctx.call.url.strip()):
        result = failed(
            "joined_urls", "No response arrived: the host name was put together from two URLs, so no server has it."
        )
    reads_session = aim is not None and aim.operation is not None and aim.operation.path == SESSION_PATH
    yield as_session_read(result) if reads_session else result


def judge_sign_in_redirect(answer: ReceivedResponse) -> Result | None:
    """Passes for a redirect, which is how the authorization endpoint responds on success; None for anything else."""
    target = answer.header("Location") or ""
    if answer.status not in (302, 303, 307) or "error=" in target:
        return None
    proof = {"status": answer.status, "code": "", "message": ""}
    return passed("success", f"The sign-in redirected ({answer.status}), as it should.", evidence=proof)


def judge_answer(answer: ReceivedResponse, *, token_request: bool = False, now: datetime | None = None) -> Result:
    """The result for the pasted response by itself. The verdict prefers what the org's own responses show."""
    if answer.status is None:
        return judge_network_error(answer.network_error)
    outer, answer = answer, answer.of_the_api
    status = answer.status or 0
    data, _ = answer.json()
    proof = _proof(answer, data)
    if outer is not answer:
        proof["outer_status"] = outer.status
    if CORS.search(answer.network_error):  # the status is from a browser's console, without the response
        proof["hidden_by_browser"] = True
    if 200 <= status < 300 and (ended := _offer_ended(data, now or datetime.now(UTC))):
        return failed(
            "offer_expired",
            f"The call worked, but its offer ended at {ended}: the customer didn't accept it in time.",
            hint="Offer a new session, and have the customer accept it before dateOfferEnds.",
            evidence=proof,
        )
    if 200 <= status < 300 and _is_page(answer):
        return _not_genesys(answer, proof)
    if 200 <= status < 300:
        return passed("success", f"The call worked ({status}).", evidence=proof)
    code, message = str(proof["code"]), str(proof["message"])
    meaning = meaning_of_message(status, code, message)
    own = is_genesys(answer, data, token_request=token_request)
    if meaning is not None and not own and meaning.code != "provider_wanted":
        meaning = None  # messages of other servers count only if they show a provider gateway
    meaning = meaning or CODES.get(code.lower())
    if meaning is None and own:
        meaning = missing_permission_in_message(status, message)
    is_proxy_status = 300 <= status < 400 or status == 407  # never sent by the API
    if meaning is None and (is_proxy_status or not own):
        return _not_genesys(answer, proof)
    if meaning is None and status >= 500:
        meaning = STATUSES.get(status, Meaning("server_error", "Genesys Cloud had an internal error."))
    meaning = meaning or STATUSES.get(status, Meaning("other", "The response has no known error code."))
    wrapper = f"The data action's {outer.status}" if outer.status != status else "A data action's error"
    wrapped = f"{wrapper} wraps the API's response. " if outer is not answer else ""
    return Result(
        Outcome.FAIL,
        meaning.code,
        f"{wrapped}{_with_status(meaning.sentence, status, code)}{_describe_limit(proof)}",
        hint=_hint(meaning.code, proof, now or datetime.now(UTC)),
        evidence=proof,
    )


def _with_status(sentence: str, status: int, code: str) -> str:
    """The sentence with the status and the error code after its first part."""
    first, _, rest = sentence.partition(". ")
    return f"{first.removesuffix('.')} ({f'{status} {code}'.strip()}). {rest}".strip()


def as_session_read(result: Result) -> Result:
    """For the read of a session, a 404 or 410 means that the session has ended."""
    if result.code not in ("not_found", "gone"):
        return result
    return failed(
        "session_gone",
        "The session no longer exists: its offer expired or was declined, or the session has ended.",
        hint="Offer a new session.",
        evidence=result.evidence,
    )


def _offer_ended(data: Any, now: datetime) -> str:
    """When the offer of a started session ended, "" if it is still open or there is none."""
    text = data.get("dateOfferEnds") if isinstance(data, dict) else None
    try:
        ends = datetime.fromisoformat(text) if isinstance(text, str) and len(text) < 60 else None
    except ValueError:  # not a time
        ends = None
    is_over = ends is not None and ends.tzinfo is not None and ends < now
    return str(text) if is_over else ""


def judge_network_error(text: str) -> Result:
    message = STACK_FRAME.sub(" ", text[:20_000])
    if CORS.search(message):
        return unclear(
            "network_cors",
            "The browser blocked the response (CORS), so its real status and error are hidden. CORS is the symptom: any "
            "error behind it looks like this.",
            hint="Open the request in the browser's network tab, or repeat the call with cURL, and paste the response "
            "you see there.",
            evidence={"status": None, "message": text[:500]},
        )
    for name, pattern in NETWORK:
        if re.search(pattern, message, re.IGNORECASE):
            hint = NETWORK_HINTS.get(name, "The call never reached the API.")
            return failed(f"network_{name}", f"No response arrived: {text[:200]}", hint=hint)
    return unclear(
        "network_unknown", f"No response arrived, for an unknown reason: {text[:200] or 'no error message was given'}"
    )


def is_genesys(answer: ReceivedResponse, data: Any, *, token_request: bool) -> bool:
    """Does the response have Genesys Cloud's correlation ID or the format of its errors, or those of the login host?

    JSON with just a status and a message doesn't count, because many frameworks use that format. A response without a
    body does, unless its type is that of a page.
    """
    if answer.header("ININ-Correlation-Id"):
        return True
    if not isinstance(data, dict):
        return not (answer.body or "").strip() and not _is_page(answer)
    if token_request and isinstance(data.get("error"), str) and re.fullmatch(r"[a-z_]+", data["error"]):
        return True
    return isinstance(data.get("contextId"), str) or (
        isinstance(data.get("code"), str) and {"message", "status"} & set(data) != set() and "path" not in data
    )


def _describe_limit(proof: Evidence) -> str:
    """The limit that a 429 names, and who shares it (facts, section 11)."""
    key = proof["limit"].get("key", "")
    if not key:
        return ""
    shared = " All tokens of that user share it, including those of the web interface." if "user" in key else ""
    return f" The limit is {key}.{shared}"


def _not_genesys(answer: ReceivedResponse, proof: Evidence) -> Result:
    status = answer.status or 0
    page = _is_page(answer)
    if status in (407, 511) or (page and _names_proxy(answer)):
        return failed(
            "proxy", f"A proxy answered ({status}) instead of the API. The call never reached the API.", evidence=proof
        )
    if 300 <= status < 400:
        return failed(
            "redirect", f"The response is a redirect ({status}), but the API never redirects.", evidence=proof
        )
    if status == 429:
        return failed("rate_limited", "The response is a 429 without the API's error body.", evidence=proof)
    if status >= 500:
        return failed(
            "server_error_foreign",
            f"The response ({status}) has neither the API's error body nor a correlation ID, so a server in front of the API "
            "sent it: a Genesys Cloud load balancer or a proxy of yours.",
            hint="Send the call again. If it fails again, check the Server and Via headers of the response, which often name "
            "the server, and the Genesys Cloud status page.",
            evidence=proof,
        )
    if page:
        return failed(
            "html",
            f"The response ({status}) is a web page instead of the API's JSON, so another server sent it.",
            hint="Look for a proxy, a firewall or a wrong host.",
            evidence=proof,
        )
    return failed(
        "foreign",
        f"The response ({status}) isn't in the format of Genesys Cloud: it has no error body and no correlation ID.",
        hint="Find out which server answered. It may not be the public API.",
        evidence=proof,
    )


def _is_page(answer: ReceivedResponse) -> bool:
    body = (answer.body or "").lstrip().lower()
    return body.startswith(("<", "html page")) or "html" in (answer.header("Content-Type") or "").lower()


def _names_proxy(answer: ReceivedResponse) -> bool:
    """Do the page or the headers name a proxy?"""
    text = f"{answer.body or ''} {answer.header('Server') or ''} {answer.header('Via') or ''}"
    return PROXIES.search(text[:20_000]) is not None or answer.header("Proxy-Authenticate") is not None


def _proof(answer: ReceivedResponse, data: Any) -> dict[str, Any]:
    found = data if isinstance(data, dict) else {}
    code, message = found.get("code") or found.get("error"), found.get("message") or found.get("error_description")
    context = found.get("contextId")
    return {
        "status": answer.status,
        "code": code[:120] if isinstance(code, str) else "",
        "message": message[:500] if isinstance(message, str) else "",
        "correlation_id": answer.header("ININ-Correlation-Id") or (context[:100] if isinstance(context, str) else ""),
        "retry_after": answer.header("Retry-After") or answer.header("inin-ratelimit-reset") or "",
        "limit": _limit(found.get("limit")),
    }


def _limit(value: object) -> dict[str, str]:
    """The strings and numbers in the `limit` object of a 429: {key, namespace, value}."""
    fields = value.items() if isinstance(value, dict) else ()
    return {
        str(name)[:40]: str(item)[:120]
        for name, item in islice(fields, 5)
        if isinstance(item, str | int) and not isinstance(item, bool)
    }


INTERNAL_CLASS = re.compile(r"\bcom\.inin\.[\w.]+")
HINTS = {
    "user_required": "Call it with a user's token (authorization code or PKCE). Client credentials have no user.",
    "client_required": "Call it with a client-credentials token. It refuses a user's token.",
    "not_a_party": "Start cobrowse with the token of the agent who is in the conversation (authorization code or PKCE). "
    "No permission makes the caller a participant.",
    "provider_unknown": "Send a providerId that the gateway lists, or call Genesys Cloud directly: its call takes no body.",
    "provider_wanted": "Send one of the gateway's provider IDs, or call Genesys Cloud directly: its call takes no body.",
    "grant_not_allowed": "Check in Admin > Integrations > OAuth that the client has the grant type that the request uses, "
    "then compare the client ID and the secret.",
    "ip_refused": "Add the caller's address to the org's allow list, and to the OAuth client's list of allowed IP addresses "
    "if it has one.",
}


def _hint(code: str, proof: Evidence, now: datetime) -> str:
    permissions = " or ".join(permissions_in(proof["message"]))
    if code == "permission_missing" and permissions:
        return f"Add {permissions} to a role of the caller, in the conversation's division."
    if code == "division_missing" and permissions:
        return f"Add {permissions} to a role of the caller, in the conversation's division."
    if code == "permission_missing" and INTERNAL_CLASS.search(proof["message"]):
        return "The response names an internal class instead of the permission, so we can't tell which one is missing."
    if code == "rate_limited":
        wait = parse_retry_after(proof["retry_after"], now)
        duration = describe_wait(wait) if wait is not None else "as long as the response says"
        return f"Wait {duration} before you send anything else with this client. A new token doesn't help."
    if code in ("server_error", "server_timeout") and proof["correlation_id"]:
        return (
            f"Try again later. If it fails again, give Genesys Cloud Care the correlation ID {proof['correlation_id']}."
        )
    return HINTS.get(code, "")


# Phrases in a title or a note for a failure that can't be reproduced.
NOT_AGAIN = re.compile(
    r"(?:not|n't|never|cannot|unable to)\s+(?:be\s+)?(?:reproduc|repeat)\w*|irreproducible|intermittent|sporadic|"
    r"(?:works|worked|succeeds|succeeded)\s+(?:now|again|on retry|the second time)|no longer fails",
    re.IGNORECASE,
)


@check(
    "answer.reproducible",
    title="Failure shown in the response",
    about="response",
    depends_on=("answer",),
    needs=("answer",),
)
def answer_reproducible(ctx: CheckContext) -> Iterator[Result]:
    status = ctx.answer.status if ctx.answer else None
    yield judge_reproducible(status, ctx.note)


def judge_reproducible(status: int | None, note: str) -> Result:
    """A successful response shows no failure, so then the user's note decides whether there was one."""
    if status is None or not 200 <= status < 300:
        return passed("seen", "The pasted response shows the failure.")
    if NOT_AGAIN.search(note[:2000]):
        return warned(
            "not_reproducible",
            "A failure was reported, but the pasted response is a success, so the failure couldn't be reproduced.",
            hint="Paste the response of the failed attempt, with its correlation ID, or schedule a health check.",
        )
    return passed("no_failure", "The pasted response is a success, and no failure was reported.")
