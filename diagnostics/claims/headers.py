"""Headers: those of Genesys Cloud, those of HTTP, and invented ones."""

import re
from collections.abc import Iterator

from diagnostics.claims.claim import Claim, ClaimResult, Subject, Text, real, unknown, wrong
from diagnostics.claims.known import known
from diagnostics.genesys.contract import Contract
from diagnostics.text import time_budget

SPELT_OUT = re.compile(r"(?<![\w-])(?:X|ININ|Genesys|PureCloud)-[A-Za-z][A-Za-z0-9-]{2,60}", re.IGNORECASE)
KNOWN = re.compile(
    rf"(?<![\w-])(?:{'|'.join(name for name in known('headers')['http'] if '-' in name)}|Authorization|Retry-After)(?![\w-])"
)
OPTION = re.compile(r"(?:-H|--header)[ =]{0,2}[\"']([A-Za-z][\w-]{1,60})[ ]?:")
LIMITS = re.compile(r"x-?rate-?limit.*", re.IGNORECASE)
RATE_LIMIT = ("inin-ratelimit-count", "inin-ratelimit-allowed", "inin-ratelimit-reset")


def find(text: Text, contract: Contract) -> Iterator[Claim]:
    for match in time_budget.checked(SPELT_OUT.finditer(text.whole)):
        yield Claim("header", match[0].rstrip("-"), match.start())
    for match in time_budget.checked(KNOWN.finditer(text.whole)):
        yield Claim("header", match[0], match.start())
    for match in time_budget.checked(OPTION.finditer(text.whole)):
        yield Claim("header", match[1], match.start(1))


def evaluate(claim: Claim, contract: Contract) -> ClaimResult:
    facts = known("headers")
    lower = claim.text.lower()
    of_genesys = {name.lower(): (name, use) for name, use in facts["genesys"].items()}
    if lower in of_genesys:
        return real(of_genesys[lower][1], facts["source"])
    if lower in {name.lower() for name in facts["http"]}:
        return real("A standard HTTP header.", "RFC 9110 and its companions")
    if LIMITS.fullmatch(lower):
        sentence = "Genesys Cloud reports its limits in other headers."
        return wrong(sentence, facts["source"], RATE_LIMIT)
    nearest: tuple[str, ...] = ("ININ-Correlation-Id",) if "correlation" in lower or "request-id" in lower else ()
    nearest = nearest or (RATE_LIMIT if "limit" in lower else ())
    return unknown("None of our official sources mentions this header.", facts["source"], nearest)


SUBJECT = Subject("header", find, evaluate)
