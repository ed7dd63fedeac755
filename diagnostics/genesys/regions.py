"""The regions of Genesys Cloud: their hosts, the ways people write them, and endpoints that the operator configured."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

DEMO_PREFIX = "demo-"
PORT_OF = {"http": "80", "https": "443"}
DEFAULT_PORTS = ("", *PORT_OF.values())
SIMILAR = 0.7  # of 1; the least at which a region is suggested
LONGEST_SPELLING = 4000  # characters; a pasted apps URL can have a long fragment


@dataclass(frozen=True)
class Region:
    """One region. `api` and `login` are the base URLs that we connect to, without a trailing slash.

    A pasted URL belongs to the region if it has one of the three hosts. Those of a published region are the real ones,
    even if the operator configured other endpoints. A region added by the operator has an empty `domain`, and its hosts
    are those of its endpoints.
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
        """Where users of the org sign in with a browser. An added region doesn't have a separate host for that."""
        return f"apps.{self.domain}" if self.domain else self.api_host

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.api_host, self.login_host, self.apps_host)))


def _published(key: str, name: str, domain: str) -> Region:
    return Region(key, name, domain, api=f"https://api.{domain}", login=f"https://login.{domain}")


# From the official Python SDK 269.0.0. Three regions in its list are recent, so expect more.
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

# The cities and countries of the regions' data centers, which people write instead of the region.
PLACES = {
    "us-east-1": ("Virginia", "Northern Virginia", "N. Virginia", "Ashburn"),
    "us-west-2": ("Oregon", "Portland"),
    "us-east-2": ("Ohio", "Columbus", "FedRAMP"),
    "ca-central-1": ("Montreal",),
    "mx-central-1": ("Querétaro",),
    "sa-east-1": ("Brazil",),
    "eu-west-1": ("Dublin",),
    "eu-west-2": ("UK", "United Kingdom", "England"),
    "eu-central-1": ("Germany",),
    "eu-central-2": ("Zürich", "Switzerland"),
    "eusc-de-east-1": ("Brandenburg", "Potsdam"),
    "me-central-1": ("Dubai", "Abu Dhabi", "United Arab Emirates"),
    "ap-south-1": ("India", "Bombay"),
    "ap-southeast-2": ("Australia",),
    "ap-northeast-1": ("Japan",),
    "ap-northeast-2": ("South Korea", "Korea"),
}


def all_regions() -> tuple[Region, ...]:
    """The published regions, with the endpoints that the operator configured, then the regions that were added."""
    endpoints = _endpoints()
    published = tuple(_with_endpoints(region, endpoints.get(region.key, {})) for region in PUBLISHED)
    keys = {region.key for region in published}
    return published + tuple(_added(key, settings) for key, settings in endpoints.items() if key not in keys)


def region(key: str) -> Region:
    """Raises KeyError for an unknown key."""
    return {candidate.key: candidate for candidate in all_regions()}[key]


def find_region(text: str) -> Region | None:
    """The region by its ID, short code, domain, host, URL, display name, city or country. None if nothing matches exactly."""
    name = _folded(text[:LONGEST_SPELLING])
    if not name or len(text) > LONGEST_SPELLING:
        return None
    host, port = _host_of(text)
    for region in all_regions():
        if name in _folded_spellings(region):
            return region
        if region.domain and host in (region.domain, *region.hosts):
            return region
        if not region.domain and _with_port(host, port) in region.hosts:
            return region
    return None


def region_of_host(host: str) -> Region | None:
    """The region with this host (`host` or `host:port`). None for a lookalike and for an org's own subdomain."""
    if len(host) > LONGEST_SPELLING or any(sign in host for sign in "/@\\?#"):
        return None
    name, port = _host_of(host)
    has_default_port = port in DEFAULT_PORTS
    for region in all_regions():
        if region.domain:
            is_match = name in region.hosts and has_default_port
        else:
            is_match = _with_port(name, port) in region.hosts or (has_default_port and name in region.hosts)
        if is_match:
            return region
    return None


def nearest_regions(text: str, n: int = 3) -> tuple[Region, ...]:
    """The up to `n` regions with the most similar spellings, best first; () if none is similar."""
    start = text[:200]
    name, (host, _) = _folded(start), _host_of(start)
    similar = {region: _similarity(region, name, host) for region in all_regions()}
    near = [region for region, similarity in similar.items() if similarity >= SIMILAR]
    return tuple(sorted(near, key=lambda region: -similar[region])[:n])


def set_endpoints_source(source: Callable[[], Mapping[str, Mapping[str, Any]]]) -> None:
    """Set the function that returns the operator's endpoints (GENESYS_ENDPOINTS). It's called at each lookup."""
    global _endpoints  # noqa: PLW0603 - one process, one configuration
    _endpoints = source


_endpoints: Callable[[], Mapping[str, Mapping[str, Any]]] = lambda: {}  # noqa: E731 - replaced when the app starts


def _with_endpoints(region: Region, settings: Mapping[str, Any]) -> Region:
    api, login = settings.get("api") or region.api, settings.get("login") or region.login
    return replace(region, api=str(api).rstrip("/"), login=str(login).rstrip("/"))


def _added(key: str, settings: Mapping[str, Any]) -> Region:
    """A single URL is enough, because a mock server often serves both the API and the login."""
    api, login = str(settings.get("api") or settings["login"]), str(settings.get("login") or settings["api"])
    name = str(settings.get("name") or key)
    return Region(key, name, "", api.rstrip("/"), login.rstrip("/"), demo=key.startswith(DEMO_PREFIX))


def _host_and_port(url: str) -> str:
    """The host of an endpoint, normalized like those that are looked up."""
    return _with_port(*_host_of(url))


def _with_port(host: str, port: str) -> str:
    return f"{host}:{port}" if port else host


def _host_of(text: str) -> tuple[str, str]:
    """The host and port of a URL, a host or a host:port, normalized like in a browser; ("", "") if there is none.

    The scheme's default port is left out. A name with letters of other alphabets isn't a host.
    """
    bare = text.strip().strip("<>\"'`").strip()
    url = re.match(r"(?:([A-Za-z][A-Za-z0-9+.-]*)://)?([^/?#]*)", bare)
    scheme, authority = (url[1] or "", url[2].rpartition("@")[2]) if url else ("", "")
    parts = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]*)(?::(\d{0,5}))?", authority)
    if parts is None:
        return "", ""
    host = unicodedata.normalize("NFKC", unquote(parts[1])).lower().strip("[]").removesuffix(".")
    port = parts[2] or ""
    if not re.fullmatch(r"[a-z0-9.:-]+", host):
        return "", ""
    return host, "" if port == PORT_OF.get(scheme.lower()) else port


def _folded(text: str) -> str:
    """Only the letters and digits, in lower case and without accents: "EU-West-1" and "eu_west_1" become equal."""
    plain = unicodedata.normalize("NFKD", text).lower()
    return "".join(character for character in plain if character.isascii() and character.isalnum())


def _spellings(region: Region) -> Iterator[str]:
    yield region.key
    yield region.name
    yield from PLACES.get(region.key, ())
    if region.domain:
        yield _short_code(region.key)
        yield from region.name.rstrip(")").split(" (")[1:]
        if region.domain.endswith("pure.cloud"):
            yield region.domain.split(".")[0]
        yield f"PureCloudRegionHosts.{region.key}"


@lru_cache(maxsize=200)
def _folded_spellings(region: Region) -> frozenset[str]:
    return frozenset(map(_folded, _spellings(region)))


def _short_code(key: str) -> str:
    """The usual abbreviation of an AWS region ID: eu-west-1 is euw1, ap-southeast-2 is apse2."""
    compass = r"north|south|east|west|central"
    words = re.findall(rf"{compass}|[a-z]+|\d+", key)
    return "".join(word[0] if re.fullmatch(compass, word) else word for word in words)


def _similarity(region: Region, name: str, host: str) -> float:
    """How similar the text is to the region, at least 0. A subdomain of the region's domain counts most."""
    spellings = {*_folded_spellings(region), *(_folded(known) for known in (region.domain, *region.hosts) if known)}
    ratio = max(SequenceMatcher(None, name, spelling).ratio() for spelling in spellings)
    is_subdomain = bool(region.domain) and host.endswith(f".{region.domain}")
    shares_a_label = region.key.split("-")[0] in host.split(".")
    return ratio + (1.0 if is_subdomain else 0.0) + (0.2 if shares_a_label else 0.0)
