"""The regions of Genesys Cloud: their hosts, every spelling people use for them, and where the operator sends them."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any
from urllib.parse import unquote

DEMO_PREFIX = "demo-"
PORT_OF = {"http": "80", "https": "443"}
DEFAULT_PORTS = ("", *PORT_OF.values())
LONGEST_SPELLING = 4000  # characters; a pasted apps URL carries a fragment, nothing longer names a region


@dataclass(frozen=True)
class Region:
    """One region. `api` and `login` are the base URLs connected to, without a trailing slash.

    The three hosts are those by which a pasted URL is judged. For a published region they are the real ones, wherever
    the operator sends the connection; for a region added by the operator (`domain` is empty) those of its endpoints.
    """

    key: str
    name: str
    domain: str
    api: str
    login: str
    demo: bool = False

    @property
    def api_host(self) -> str:
        return f"api.{self.domain}" if self.domain else _host_and_port(self.api)

    @property
    def login_host(self) -> str:
        return f"login.{self.domain}" if self.domain else _host_and_port(self.login)

    @property
    def apps_host(self) -> str:
        """Where people of the org sign in with a browser; an added region has no such host of its own."""
        return f"apps.{self.domain}" if self.domain else self.api_host

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.api_host, self.login_host, self.apps_host)))


def _published(key: str, name: str, domain: str) -> Region:
    return Region(key, name, domain, api=f"https://api.{domain}", login=f"https://login.{domain}")


# The list of the official Python SDK 269.0.0; the last three entries of that list are recent, so expect more.
PUBLISHED = (
    _published("us-east-1", "Americas (US East)", "mypurecloud.com"),
    _published("us-west-2", "Americas (US West)", "usw2.pure.cloud"),
    _published("us-east-2", "Americas (FedRAMP US East)", "use2.us-gov-pure.cloud"),
    _published("ca-central-1", "Americas (Canada)", "cac1.pure.cloud"),
    _published("mx-central-1", "Americas (Mexico)", "mxc1.pure.cloud"),
    _published("sa-east-1", "Americas (São Paulo)", "sae1.pure.cloud"),
    _published("eu-west-1", "EMEA (Ireland)", "mypurecloud.ie"),
    _published("eu-west-2", "EMEA (London)", "euw2.pure.cloud"),
    _published("eu-central-1", "EMEA (Frankfurt)", "mypurecloud.de"),
    _published("eu-central-2", "EMEA (Zurich)", "euc2.pure.cloud"),
    _published("eusc-de-east-1", "EMEA (EU Sovereign)", "edee1.eusc-pure.cloud"),
    _published("me-central-1", "EMEA (UAE)", "mec1.pure.cloud"),
    _published("ap-south-1", "Asia Pacific (Mumbai)", "aps1.pure.cloud"),
    _published("ap-southeast-1", "Asia Pacific (Singapore)", "apse1.pure.cloud"),
    _published("ap-southeast-2", "Asia Pacific (Sydney)", "mypurecloud.com.au"),
    _published("ap-northeast-1", "Asia Pacific (Tokyo)", "mypurecloud.jp"),
    _published("ap-northeast-2", "Asia Pacific (Seoul)", "apne2.pure.cloud"),
    _published("ap-northeast-3", "Asia Pacific (Osaka)", "apne3.pure.cloud"),
)


def all_regions() -> tuple[Region, ...]:
    """The published regions, redirected where the operator says so, then those that the operator added."""
    endpoints = _endpoints()
    published = tuple(_redirected(each, endpoints.get(each.key, {})) for each in PUBLISHED)
    keys = {each.key for each in published}
    return published + tuple(_added(key, given) for key, given in endpoints.items() if key not in keys)


def region(key: str) -> Region:
    """Raises KeyError for a key that no region has."""
    for each in all_regions():
        if each.key == key:
            return each
    raise KeyError(key)


def find_region(text: str) -> Region | None:
    """The region a person means: id, short code, domain, host, URL or display name. None when nothing fits exactly."""
    wanted = _folded(text[:LONGEST_SPELLING])
    if not wanted or len(text) > LONGEST_SPELLING:
        return None
    host, port = _host_of(text)
    for each in all_regions():
        if wanted in _folded_spellings(each):
            return each
        if each.domain and host in (each.domain, *each.hosts):
            return each
        if not each.domain and _with_port(host, port) in each.hosts:
            return each
    return None


def region_of_host(host: str) -> Region | None:
    """The region whose own host this is (`host` or `host:port` of a URL). A lookalike or an org's name is None."""
    if len(host) > LONGEST_SPELLING or any(sign in host for sign in "/@\\?#"):
        return None
    name, port = _host_of(host)
    for each in all_regions():
        if each.domain and name in each.hosts and port in DEFAULT_PORTS:
            return each
        if not each.domain and not {_with_port(name, port), name if port in DEFAULT_PORTS else ""}.isdisjoint(
            each.hosts
        ):
            return each
    return None


def nearest_regions(text: str, n: int = 3) -> tuple[Region, ...]:
    """The `n` published or added regions whose spellings look most like the text, best first."""
    start = text[:200]
    wanted, (host, _) = _folded(start), _host_of(start)
    ranked = sorted(all_regions(), key=lambda each: -_likeness(each, wanted, host))
    return tuple(ranked[:n])


def read_endpoints_from(source: Callable[[], Mapping[str, Mapping[str, Any]]]) -> None:
    """Where to ask, at each lookup, for the regions that the operator redirects or adds (GENESYS_ENDPOINTS)."""
    global _endpoints  # noqa: PLW0603 - one process, one configuration
    _endpoints = source


def _no_endpoints() -> Mapping[str, Mapping[str, Any]]:
    return {}


_endpoints: Callable[[], Mapping[str, Mapping[str, Any]]] = _no_endpoints


def _redirected(published: Region, given: Mapping[str, Any]) -> Region:
    api, login = given.get("api") or published.api, given.get("login") or published.login
    return replace(published, api=str(api).rstrip("/"), login=str(login).rstrip("/"))


def _added(key: str, given: Mapping[str, Any]) -> Region:
    """One address is enough: an operator's stand-in often answers both halves from one place."""
    api, login = str(given.get("api") or given["login"]), str(given.get("login") or given["api"])
    name = str(given.get("name") or key)
    return Region(key, name, "", api.rstrip("/"), login.rstrip("/"), demo=key.startswith(DEMO_PREFIX))


def _host_and_port(url: str) -> str:
    """As `_with_port(*_host_of(url))`, so that an added region is compared in the very form it is looked up by."""
    return _with_port(*_host_of(url))


def _with_port(host: str, port: str) -> str:
    return f"{host}:{port}" if port else host


def _host_of(text: str) -> tuple[str, str]:
    """Host and port (as text) of a URL, a host or a host:port, spelt as a browser would; ("", "") when there is none.

    The port that the scheme implies is left out. Lookalike letters of other alphabets stay what they are: no host.
    """
    bare = text.strip().strip("<>\"'`").strip()
    found = re.match(r"(?:([A-Za-z][A-Za-z0-9+.-]*)://)?([^/?#]*)", bare)
    scheme, authority = (found[1] or "", found[2].rpartition("@")[2]) if found else ("", "")
    parts = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]*)(?::(\d{0,5}))?", authority)
    if parts is None:
        return "", ""
    host = unicodedata.normalize("NFKC", unquote(parts[1])).lower().strip("[]").removesuffix(".")
    port = parts[2] or ""
    if not re.fullmatch(r"[a-z0-9.:-]+", host):
        return "", ""
    return host, "" if port == PORT_OF.get(scheme.lower()) else port


def _folded(text: str) -> str:
    """Letters and digits only, in lower case and without accents: "EU-West-1" and "eu_west_1" fold alike."""
    plain = unicodedata.normalize("NFKD", text).lower()
    return "".join(sign for sign in plain if sign.isascii() and sign.isalnum())


def _spellings(each: Region) -> Iterator[str]:
    yield each.key
    yield each.name
    if each.domain:
        yield _short_code(each.key)
        yield from each.name.rstrip(")").split(" (")[1:]
        if each.domain.endswith("pure.cloud"):
            yield each.domain.split(".")[0]
        yield f"PureCloudRegionHosts.{each.key}"


def _folded_spellings(each: Region) -> set[str]:
    return {_folded(spelling) for spelling in _spellings(each)}


def _short_code(key: str) -> str:
    """The usual abbreviation of an AWS region id: eu-west-1 is euw1, ap-southeast-2 is apse2."""
    compass = r"north|south|east|west|central"
    words = re.findall(rf"{compass}|[a-z]+|\d+", key)
    return "".join(word[0] if re.fullmatch(compass, word) else word for word in words)


def _likeness(each: Region, wanted: str, host: str) -> float:
    """How much the text looks like the region, 0 and up. An org's own name before a real domain is the best sign."""
    spellings = {*_folded_spellings(each), *(_folded(name) for name in (each.domain, *each.hosts) if name)}
    alike = max(SequenceMatcher(None, wanted, spelling).ratio() for spelling in spellings)
    below = bool(each.domain) and host.endswith(f".{each.domain}")
    shares_a_label = not {*host.split(".")}.isdisjoint(each.key.split("-")[:1])
    return alike + (1.0 if below else 0.0) + (0.2 if shares_a_label else 0.0)
