"""Hosts: those of the regions, those that look like them, and everybody else's."""

import re
from collections.abc import Iterator

from diagnostics.claims.addresses import addresses
from diagnostics.claims.claim import Claim, ClaimVerdict, Judgement, Subject, Text
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
LOOKALIKE_DISTANCE = re.compile(r"purecloud|pure\.cloud|genesys", re.IGNORECASE)


def find(text: Text, contract: Contract) -> Iterator[Claim]:
    for each in addresses(text.whole):
        if each.host:
            yield Claim("host", each.host, each.host_at, scheme=each.scheme)
    for match in time_budget.checked(NAMED.finditer(text.whole)):
        yield Claim("host", match[0].lower(), match.start())


def is_genesys(host: str) -> bool:
    """Whether the host belongs to Genesys Cloud, or pretends to."""
    return LOOKALIKE_DISTANCE.search(host) is not None or region_of_host(host) is not None


def is_placeholder_host(host: str) -> bool:
    return PLACEHOLDER.search(host) is not None


def judge(claim: Claim, contract: Contract) -> Judgement:
    host, facts = claim.text, known("hosts")
    if (where := region_of_host(host)) is not None:
        if claim.scheme == "http" and where.domain:
            sentence = f"The host is that of {where.name}, but it is called by https only."
            return Judgement(ClaimVerdict.WRONG, sentence, (f"https://{host}",), SOURCE)
        role = "API" if host == where.api_host else "login" if host == where.login_host else "sign-in"
        return Judgement(ClaimVerdict.REAL, f"The {role} host of {where.name}, {where.key}.", (), SOURCE)
    name = host.partition(":")[0]
    if name in facts["documentation"]:
        return Judgement(ClaimVerdict.REAL, "Genesys publishes documentation there; it is no API host.", (), SOURCE)
    if (domain := _domain_of(name)) == name:
        return Judgement(
            ClaimVerdict.REAL, "The domain of a region; its API host begins with api.", (f"api.{name}",), SOURCE
        )
    if OLD_DOMAIN.fullmatch(name):
        sentence = "No region has a host of this form: the domain follows api. at once."
        return Judgement(ClaimVerdict.WRONG, sentence, (f"api.{domain}",), SOURCE)
    if is_placeholder_host(name):
        return Judgement(ClaimVerdict.UNKNOWN, "A placeholder: what will stand there decides.", (), SOURCE)
    if not LOOKALIKE_DISTANCE.search(name):
        return Judgement(
            ClaimVerdict.UNKNOWN, "None of Genesys Cloud's hosts, so nothing can be said about it.", (), SOURCE
        )
    return _lookalike(name, domain)


def _lookalike(name: str, domain: str) -> Judgement:
    facts = known("hosts")
    if name.endswith(tuple(facts["internal"])):
        return Judgement(ClaimVerdict.WRONG, "Genesys uses this domain inside its own house only.", (), SOURCE)
    if domain and name.split(".")[0] in facts["services"]:
        return Judgement(
            ClaimVerdict.UNKNOWN, "A host beside the API; the region tables do not speak of it.", (), SOURCE
        )
    if domain:
        sentence = "Orgs have no host of their own: every org of a region shares its API host."
        return Judgement(ClaimVerdict.WRONG, sentence, (f"api.{domain}",), SOURCE)
    nearest = tuple(each.api_host for each in nearest_regions(name))
    return Judgement(ClaimVerdict.WRONG, "No region of Genesys Cloud has this host.", nearest, SOURCE)


def _domain_of(name: str) -> str:
    """The published domain that the host lies in, the longest first; "" for none."""
    domains = sorted((each.domain for each in PUBLISHED), key=len, reverse=True)
    return next((each for each in domains if name == each or name.endswith(f".{each}")), "")


SUBJECT = Subject("host", find, judge)
