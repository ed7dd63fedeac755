"""Paths, and methods with paths: published, published otherwise, a gateway's, or nobody's."""

from collections.abc import Iterator
from urllib.parse import unquote

from diagnostics.claims.addresses import addresses
from diagnostics.claims.claim import Claim, ClaimVerdict, Judgement, Subject, Text
from diagnostics.claims.hosts import is_genesys, is_placeholder_host
from diagnostics.claims.known import source_of
from diagnostics.genesys import gateway
from diagnostics.genesys.contract import BASE, Contract, Operation, PathMatch, Repair
from diagnostics.genesys.regions import region_of_host
from diagnostics.parsing.intent import RETIRED, START_PATH

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
TOKEN_CALL = "POST https://login.<domain>/oauth/token"  # noqa: S105 - an address
DOCUMENTS = (f"{BASE}/docs/swagger", f"{BASE}/docs/swaggerpreview")
# Families whose bare paths are always meant as the API's, even where nothing is published.
ALWAYS_PUBLISHED = frozenset({"conversations", "cobrowse", "cobrowsesessions", "webdeployments", "webchat", "oauth"})
SLIPS = {
    "collapse_double_slash": "It has a slash too many.",
    "strip_trailing_slash": "The slash at its end makes it another path.",
    "base_deduplicated": "The base /api/v2 is in it twice.",
    "drop_leading_part": "There is something before /api/v2 that does not belong there.",
    "fix_case": "Paths are case-sensitive, and its capitals differ from the published ones.",
    "add_prefix": "It lacks the base /api/v2.",
}


def find(text: Text, contract: Contract) -> Iterator[Claim]:
    families = frozenset(each.path.split("/")[3] for each in contract.operations if each.path.count("/") > 2)
    for each in addresses(text.whole):
        if each.path and _is_claim(each.path, each.host, each.method, contract, families):
            yield Claim("call", each.path, each.path_at, each.end, each.method, each.host, each.scheme)


def _is_claim(path: str, host: str, method: str, contract: Contract, families: frozenset[str]) -> bool:
    lower = path.lower()
    if "/api/v" in lower or lower.startswith(TOKEN_PATH):
        return True
    if host:
        return False
    first = lower.split("/")[1]
    if first in ALWAYS_PUBLISHED:
        return True
    return first in families and (bool(method) or contract.match("", BASE + path).path_known)


def judge(claim: Claim, contract: Contract) -> Judgement:
    path, source = claim.text, source_of(contract)
    if path.rstrip("/") == TOKEN_PATH:
        return _token_request(claim)
    if path in DOCUMENTS:
        return Judgement(ClaimVerdict.REAL, "The API describes itself here, for everybody.", (), source)
    whole = path if "/api/v" in path.lower() else BASE + path
    match = contract.match(claim.method, whole)
    if match.path_known and not match.suspicious_parameters:
        return _published(claim, match, whole != path, source)
    if behind := gateway.operation_at(unquote(whole)) or _gateway_ending(claim):
        return _gateway(claim, behind, contract, whole, source)
    if part := _part_of_published(claim, whole, contract):
        return Judgement(ClaimVerdict.REAL, part, (), source)
    nearest = nearest_to(claim.method, whole, contract)
    if claim.host and not (is_genesys(claim.host) or is_placeholder_host(claim.host)):
        return Judgement(
            ClaimVerdict.UNKNOWN, "The host is none of Genesys Cloud's, so its paths cannot be judged.", (), source
        )
    if not whole.lower().startswith(BASE) and "/api/v2/" not in whole.lower():
        return Judgement(ClaimVerdict.WRONG, "The published API has the version v2 only.", nearest, source)
    return _published_nowhere(whole, contract, contract.normalise(whole), nearest, source)


def named(operations: tuple[Operation, ...]) -> tuple[str, ...]:
    return tuple(f"{each.method} {each.path}" for each in operations)


def nearest_to(method: str, path: str, contract: Contract) -> tuple[str, ...]:
    """One where the start of a cobrowse session is plainly meant, else two."""
    if path.rstrip("/").endswith(("/oauth/token", "/oauth/tokens")):
        return (TOKEN_CALL,)
    near = contract.nearest(method, path, 2)
    return named(near[:1] if near and near[0].path == START_PATH else near)


def _token_request(claim: Claim) -> Judgement:
    source = "the official SDKs and the developer centre's page on client credentials"
    where = region_of_host(claim.host)
    if where and claim.host != where.login_host:
        return Judgement(
            ClaimVerdict.WRONG, "Tokens come from the login host, not from this one.", (TOKEN_CALL,), source
        )
    if claim.method not in ("", "POST"):
        return Judgement(ClaimVerdict.WRONG, "A token is asked for with POST.", (TOKEN_CALL,), source)
    return Judgement(ClaimVerdict.REAL, "The login host grants tokens here; the API host does not.", (), source)


def _published(claim: Claim, match: PathMatch, is_short: bool, source: str) -> Judgement:
    short = f" Its whole path begins with {BASE}." if is_short else ""
    if claim.method and match.operation is None:
        methods = " and ".join(sorted(each.method for each in match.other_methods))
        sentence = f"The path is published, but for {methods} only.{short}"
        return Judgement(ClaimVerdict.WRONG, sentence, named(match.other_methods), source)
    published = match.operation or match.other_methods[0]
    return Judgement(ClaimVerdict.REAL, f"{_describe(published, match, claim)}{short}", (), source)


def _describe(published: Operation, match: PathMatch, claim: Claim) -> str:
    if not claim.method and len(match.other_methods) > 1:
        return f"Published for {' and '.join(sorted(each.method for each in match.other_methods))}."
    rights = {"any": "any of ", "all": ""}.get(published.rule)
    needs = f"; it needs {rights}{', '.join(published.permissions)}" if rights is not None else ""
    age = ", deprecated" if published.deprecated else ", a preview" if published.preview else ""
    return f"Published as {published.operation_id}{age}{needs}."


def _gateway_ending(claim: Claim) -> gateway.GatewayOperation | None:
    """Advice often names only the end of a path."""
    if claim.host or claim.text.lower().startswith("/api/"):
        return None
    return next((each for each in gateway.OPERATIONS if each.path.endswith(claim.text)), None)


def _gateway(claim: Claim, behind: gateway.GatewayOperation, contract: Contract, whole: str, source: str) -> Judgement:
    answers = claim.method in ("", behind.method)
    sentence = (
        "Not in the published API: only a provider gateway, which a few orgs sit behind, answers here."
        if answers
        else f"Not in the published API, and a provider gateway answers {behind.method} here only."
    )
    nearest = nearest_to(claim.method or behind.method, whole, contract)
    return Judgement(ClaimVerdict.WRONG, sentence, nearest, source, gateway=answers)


def _part_of_published(claim: Claim, whole: str, contract: Contract) -> str:
    """What published paths share with one that is only a part of a path; "" where nothing does."""
    if claim.method:
        return ""
    bare = whole.rstrip("/")
    begun = sum(each.path.startswith(f"{bare}/") for each in contract.operations)
    if begun:
        return f"No operation itself, but {begun} published ones begin so."
    if not claim.host and not claim.text.startswith("/api/"):
        ended = sum(each.path.endswith(claim.text) for each in contract.operations)
        return f"No whole path, but {ended} published ones end so." if ended else ""
    return ""


def _published_nowhere(
    whole: str, contract: Contract, repairs: tuple[Repair, ...], nearest: tuple[str, ...], source: str
) -> Judgement:
    if repairs:
        slips = " ".join(SLIPS[step] for step in repairs[0].steps)
        mended = tuple(dict.fromkeys((repairs[0].path, *nearest)))[:3]
        return Judgement(ClaimVerdict.WRONG, f"Not published as written. {slips}", mended, source)
    if whole.startswith(RETIRED):
        sentence = "Legacy web chat left the published API on 15 August 2026, and this path with it."
        return Judgement(ClaimVerdict.WRONG, sentence, nearest, source)
    sentence = f"None of the {len(contract):,} published operations has this path."
    return Judgement(ClaimVerdict.WRONG, sentence, nearest, source)


SUBJECT = Subject("call", find, judge)
