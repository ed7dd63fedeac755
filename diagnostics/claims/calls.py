"""Paths, and methods with paths: published, published for another method, a gateway's, or nonexistent."""

from collections.abc import Iterator
from urllib.parse import unquote

from diagnostics.claims.addresses import addresses
from diagnostics.claims.claim import Claim, ClaimResult, Subject, Text, real, unknown, wrong
from diagnostics.claims.hosts import is_genesys, is_placeholder_host
from diagnostics.claims.known import source_of
from diagnostics.genesys import gateway
from diagnostics.genesys.contract import Contract, PathMatch
from diagnostics.genesys.operation import Operation
from diagnostics.genesys.path_repairs import Repair
from diagnostics.genesys.paths import BASE
from diagnostics.genesys.regions import region_of_host
from diagnostics.parsing.intent import RETIRED, START_PATH

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
TOKEN_CALL = "POST https://login.<domain>/oauth/token"  # noqa: S105 - an address
DOCUMENTS = (f"{BASE}/docs/swagger", f"{BASE}/docs/swaggerpreview")
# First segments that always mean a path of the API, published or not.
ALWAYS_PUBLISHED = frozenset({"conversations", "cobrowse", "cobrowsesessions", "webdeployments", "webchat", "oauth"})
SLIPS = {
    "collapse_double_slash": "It has a slash too many.",
    "strip_trailing_slash": "The trailing slash makes it a different path.",
    "base_deduplicated": "It contains /api/v2 twice.",
    "drop_leading_part": "Something before /api/v2 doesn't belong there.",
    "fix_case": "Paths are case-sensitive, and its upper and lower case differs from the published path.",
    "add_prefix": "/api/v2 is missing at its start.",
}


def find(text: Text, contract: Contract) -> Iterator[Claim]:
    for found in addresses(text.whole):
        if found.path and _is_claim(found.path, found.host, found.method, contract):
            yield Claim("call", found.path, found.path_at, found.end, found.method, found.host, found.scheme)


def _is_claim(path: str, host: str, method: str, contract: Contract) -> bool:
    lower = path.lower()
    if "/api/v" in lower or lower.startswith(TOKEN_PATH):
        return True
    if host:
        return False
    first = lower.split("/")[1]
    if first in ALWAYS_PUBLISHED:
        return True
    return first in contract.families and (bool(method) or contract.match("", BASE + path).is_path_published)


def evaluate(claim: Claim, contract: Contract) -> ClaimResult:
    path, source = claim.text, source_of(contract)
    if path.rstrip("/") == TOKEN_PATH:
        return _token_request(claim)
    if path in DOCUMENTS:
        return real("The API's own description, readable by anyone.", source)
    whole = path if "/api/v" in path.lower() else BASE + path
    match = contract.match(claim.method, whole)
    if match.is_path_published and not match.suspicious_parameters:
        return _published(claim, match, whole != path, source)
    if behind := gateway.operation_at(unquote(whole)) or _gateway_ending(claim):
        return _gateway(claim, behind, contract, whole, source)
    if part := _part_of_published(claim, whole, contract):
        return real(part, source)
    nearest = nearest_to(claim.method, whole, contract)
    if claim.host and not (is_genesys(claim.host) or is_placeholder_host(claim.host)):
        return unknown("This isn't a Genesys Cloud host, so we can't check its paths.", source)
    if not whole.lower().startswith(BASE) and "/api/v2/" not in whole.lower():
        return wrong("The published API has only version v2.", source, nearest)
    return _unpublished(whole, contract, contract.find_repairs(whole), nearest, source)


def named(operations: tuple[Operation, ...]) -> tuple[str, ...]:
    return tuple(f"{operation.method} {operation.path}" for operation in operations)


def nearest_to(method: str, path: str, contract: Contract) -> tuple[str, ...]:
    """The two nearest published operations; only one if it is the start of a cobrowse session."""
    if path.rstrip("/").endswith(("/oauth/token", "/oauth/tokens")):
        return (TOKEN_CALL,)
    near = contract.nearest(method, path, 2)
    return named(near[:1] if near and near[0].path == START_PATH else near)


def _token_request(claim: Claim) -> ClaimResult:
    source = "the official SDKs and the developer centre's page on client credentials"
    where = region_of_host(claim.host)
    if where and claim.host != where.login_host:
        return wrong("Tokens come from the login host, not this one.", source, (TOKEN_CALL,))
    if claim.method not in ("", "POST"):
        return wrong("Tokens are requested with POST.", source, (TOKEN_CALL,))
    return real("The login host issues tokens here; the API host doesn't.", source)


def _published(claim: Claim, match: PathMatch, is_short: bool, source: str) -> ClaimResult:
    short = f" The full path starts with {BASE}." if is_short else ""
    if claim.method and match.operation is None:
        methods = " and ".join(sorted(operation.method for operation in match.other_methods))
        sentence = f"The path is published, but only for {methods}.{short}"
        return wrong(sentence, source, named(match.other_methods))
    published = match.operation or match.other_methods[0]
    return real(f"{_describe(published, match, claim)}{short}", source)


def _describe(published: Operation, match: PathMatch, claim: Claim) -> str:
    if not claim.method and len(match.other_methods) > 1:
        return f"Published for {' and '.join(sorted(operation.method for operation in match.other_methods))}."
    rights = {"any": "any of ", "all": ""}.get(published.rule)
    needs = f"; it needs {rights}{', '.join(published.permissions)}" if rights is not None else ""
    age = ", a preview" if published.preview else ""
    if published.deprecated:
        age = ", deprecated"
    return f"Published as {published.operation_id}{age}{needs}."


def _gateway_ending(claim: Claim) -> gateway.GatewayOperation | None:
    """The gateway operation whose path ends like the claim: advice often names only the end of a path."""
    if claim.host or claim.text.lower().startswith("/api/"):
        return None
    return next((operation for operation in gateway.OPERATIONS if operation.path.endswith(claim.text)), None)


def _gateway(
    claim: Claim, behind: gateway.GatewayOperation, contract: Contract, whole: str, source: str
) -> ClaimResult:
    answers = claim.method in ("", behind.method)
    sentence = (
        "Not in the published API: only a provider gateway, which a few orgs use, responds here."
        if answers
        else f"Not in the published API, and a provider gateway responds only to {behind.method} here."
    )
    nearest = nearest_to(claim.method or behind.method, whole, contract)
    return wrong(sentence, source, nearest, gateway=answers)


def _part_of_published(claim: Claim, whole: str, contract: Contract) -> str:
    """The sentence for a path that is a part of published paths; "" if it is a part of none."""
    if claim.method:
        return ""
    bare = whole.rstrip("/")
    begun = sum(operation.path.startswith(f"{bare}/") for operation in contract.operations)
    if begun:
        return f"Not an operation itself, but {begun} published paths start like this."
    if not claim.host and not claim.text.startswith("/api/"):
        ended = sum(operation.path.endswith(claim.text) for operation in contract.operations)
        return f"Not a full path, but {ended} published paths end like this." if ended else ""
    return ""


def _unpublished(
    whole: str, contract: Contract, repairs: tuple[Repair, ...], nearest: tuple[str, ...], source: str
) -> ClaimResult:
    if repairs:
        slips = " ".join(SLIPS[step] for step in repairs[0].steps)
        fixed = tuple(dict.fromkeys((repairs[0].path, *nearest)))[:3]
        return wrong(f"Not published as written. {slips}", source, fixed)
    if whole.startswith(RETIRED):
        sentence = "Legacy web chat left the published API on 15 August 2026, and this path with it."
        return wrong(sentence, source, nearest)
    sentence = f"None of the {len(contract):,} published operations has this path."
    return wrong(sentence, source, nearest)


SUBJECT = Subject("call", find, evaluate)
