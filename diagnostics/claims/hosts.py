"""Hosts: those of a region, those that look like one, and others."""

import re
from collections.abc import Iterator

from diagnostics.claims.addresses import addresses
from diagnostics.claims.claim import Claim, ClaimResult, Subject, Text, real, unknown, wrong
from diagnostics.claims.known import known
from diagnostics.genesys.contract import Contract
from diagnostics.genesys.regions import PUBLISHED, nearest_regions, region_of_host
from diagnostics.text import time_budget

SOURCE = "the region tables of the official SDKs"
NAMED = re.compile(
    r"(?<![\w@.{}<>/-])(?:[\w{}<>-]{1,63}\.){0,5}[\w-]{0,40}(?:purecloud|pure|genesys)[\w-]{0,40}"
    r"(?:\.(?:com|cloud|ie|de|jp|au|net|org|io)\b){1,2}",
    re.IGNORECASE,
)
PLACEHOLDER = re.compile(r"[{}<>$\[\]%*]|your|example|xxx|localhost", re.IGNORECASE)
OLD_DOMAIN = re.compile(r"(?:api|login|apps)\..+\.mypurecloud\.(?:com|com\.au|ie|de|jp)")
LOOKALIKE = re.compile(r"purecloud|pure\.cloud|genesys", re.IGNORECASE)


def find(text: Text, contract: Contract) -> Iterator[Claim]:
    for address in addresses(text.whole):
        if address.host:
            yield Claim("host", address.host, address.host_at, scheme=address.scheme)
    for match in time_budget.checked(NAMED.finditer(text.whole)):
        yield Claim("host", match[0].lower(), match.start())


def is_genesys(host: str) -> bool:
    """Whether the host belongs to Genesys Cloud or looks as if it did."""
    return LOOKALIKE.search(host) is not None or region_of_host(host) is not None


def is_placeholder_host(host: str) -> bool:
    return PLACEHOLDER.search(host) is not None


def evaluate(claim: Claim, contract: Contract) -> ClaimResult:
    host, facts = claim.text, known("hosts")
    if (region := region_of_host(host)) is not None:
        if claim.scheme == "http" and region.domain:
            sentence = f"The host is that of {region.name}, but it must be called with https."
            return wrong(sentence, SOURCE, (f"https://{host}",))
        role = {region.login_host: "login", region.api_host: "API"}.get(host, "sign-in")
        return real(f"The {role} host of {region.name}, {region.key}.", SOURCE)
    name = host.partition(":")[0]
    if name in facts["documentation"]:
        return real("Genesys publishes documentation there; it isn't an API host.", SOURCE)
    if (domain := _domain_of(name)) == name:
        return real("The domain of a region; its API host starts with api.", SOURCE, (f"api.{name}",))
    if OLD_DOMAIN.fullmatch(name):
        sentence = "No region has a host like this: the domain comes right after api."
        return wrong(sentence, SOURCE, (f"api.{domain}",))
    if is_placeholder_host(name):
        return unknown("A placeholder: it depends on what replaces it.", SOURCE)
    if not LOOKALIKE.search(name):
        return unknown("This isn't a Genesys Cloud host, so we can't check it.", SOURCE)
    return _lookalike(name, domain)


def _lookalike(name: str, domain: str) -> ClaimResult:
    facts = known("hosts")
    if name.endswith(tuple(facts["internal"])):
        return wrong("Genesys uses this domain only internally.", SOURCE)
    if domain and name.split(".")[0] in facts["services"]:
        return unknown("A Genesys host outside the API; the region tables don't list it.", SOURCE)
    if domain:
        sentence = "Orgs don't have their own host: all orgs of a region share its API host."
        return wrong(sentence, SOURCE, (f"api.{domain}",))
    nearest = tuple(region.api_host for region in nearest_regions(name))
    return wrong("No region of Genesys Cloud has this host.", SOURCE, nearest)


def _domain_of(name: str) -> str:
    """The longest published domain that the host is in; "" for none."""
    domains = sorted((region.domain for region in PUBLISHED), key=len, reverse=True)
    return next((region for region in domains if name == region or name.endswith(f".{region}")), "")


SUBJECT = Subject("host", find, evaluate)
