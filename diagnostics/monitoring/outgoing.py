"""Posts to addresses that people typed in: checked after resolution, and connected to the very address that was checked.

Nothing here raises: trouble is a value. No redirect is followed and no proxy of the environment is asked, since either
would lead to an address that nobody checked.
"""

import os
import queue
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

import requests.utils
import urllib3
from urllib3.exceptions import HTTPError, LocationParseError, NewConnectionError

from diagnostics.checks.net import resolve
from diagnostics.text.cleaning import clean_line, clean_text

SECONDS = 10.0  # for the whole of it, once the name is resolved
LONGEST_ANSWER = 4096
LONGEST_ADDRESS = 2000
DEFAULT_PORTS = {"http": 80, "https": 443}
# Not globally reachable, by the IANA special-purpose address registries (RFC 6890 and its updates), the multicast
# registries and the address space registries. Our own list: that of `ipaddress` depends on the version of Python.
# https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
NOT_PUBLIC_IPV4 = tuple(
    IPv4Network(each)
    for each in (
        "0.0.0.0/8",  # this network (RFC 791)
        "10.0.0.0/8",  # private use (RFC 1918)
        "100.64.0.0/10",  # shared address space of carriers (RFC 6598)
        "127.0.0.0/8",  # loopback (RFC 1122)
        "169.254.0.0/16",  # link-local, also the metadata services of clouds (RFC 3927)
        "172.16.0.0/12",  # private use (RFC 1918)
        "192.0.0.0/24",  # IETF protocol assignments (RFC 6890)
        "192.0.2.0/24",  # documentation (RFC 5737)
        "192.31.196.0/24",  # AS112, which drops what it gets (RFC 7535)
        "192.52.193.0/24",  # automatic multicast tunneling (RFC 7450)
        "192.88.99.0/24",  # 6to4 relay anycast, deprecated (RFC 7526)
        "192.168.0.0/16",  # private use (RFC 1918)
        "192.175.48.0/24",  # AS112 (RFC 7534)
        "198.18.0.0/15",  # benchmarking (RFC 2544)
        "198.51.100.0/24",  # documentation (RFC 5737)
        "203.0.113.0/24",  # documentation (RFC 5737)
        "224.0.0.0/4",  # multicast (RFC 5771)
        "240.0.0.0/4",  # reserved, and limited broadcast (RFC 1112, RFC 8190)
    )
)
# All of IPv6 that is given to networks; everything outside it is reserved, local or a translation prefix
# (https://www.iana.org/assignments/ipv6-address-space): fec0::/10, fc00::/7, fe80::/10, ff00::/8, 5f00::/16, 100::/64.
PUBLIC_IPV6 = IPv6Network("2000::/3")
NOT_PUBLIC_IPV6 = tuple(
    IPv6Network(each)
    for each in (
        "2001::/23",  # IETF protocol assignments: Teredo, benchmarking, ORCHID, drone IDs (RFC 2928)
        "2001:db8::/32",  # documentation (RFC 3849)
        "2002::/16",  # 6to4, deprecated, and a way to any IPv4 address (RFC 3056)
        "2620:4f:8000::/48",  # AS112 (RFC 7534)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
# Translated by a gateway of the network into the IPv4 address in their last 32 bits (RFC 6052); a local-use prefix
# (64:ff9b:1::/48, RFC 8215) is not among them, since only the local network knows where it leads.
TRANSLATED_IPV4 = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


@dataclass(frozen=True)
class PostAddress:
    """Where an address leads. `host` is lower-case, without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True)
class PostResult:
    """`error` is "" or one word: malformed, refused_address, dns, tls, timeout, unreachable."""

    status: int | None = None
    body: str = ""
    retry_after: str = ""
    error: str = ""
    detail: str = ""


class AddressRefused(Exception):
    """The address may not be called; the text says why, without the address's path, which may be a secret."""

    def __init__(self, word: str, sentence: str) -> None:
        super().__init__(sentence)
        self.word = word


def read_address(text: str, allowed: Iterable[str] = ()) -> PostAddress:
    """The parts of an address that may be called as far as its words tell. Raises Refused."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise AddressRefused("malformed", "This is no address that can be read.") from None
    host = (parts.hostname or "").rstrip(".").lower()
    if len(text) > LONGEST_ADDRESS or not host or parts.scheme not in DEFAULT_PORTS or not _is_plain(text):
        raise AddressRefused("malformed", "The address must look like https://host/path, without blanks.")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("malformed", "The address must not hold a user name or password.")
    place = PostAddress(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme], _path(parts.path, parts.query))
    if parts.scheme != "https" and not is_allowed(place, allowed):
        raise AddressRefused(
            "refused_address", "The address must begin with https://: over http anybody on the way can read it."
        )
    return place


def is_allowed(place: PostAddress, allowed: Iterable[str]) -> bool:
    """Whether the operator named this host, or this host and port."""
    return bool({place.host, f"{place.host}:{place.port}"} & {each.lower() for each in allowed})


def is_public(address: str) -> bool:
    """Whether anybody on the internet may be reached there; False for what is not an address."""
    try:
        found: Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        written = found.ipv4_mapped or _translated(found)
        if written is None:
            return found in PUBLIC_IPV6 and not any(found in network for network in NOT_PUBLIC_IPV6)
        found = written
    return not any(found in network for network in NOT_PUBLIC_IPV4)


def post(url: str, body: bytes, headers: Mapping[str, str], allowed: Iterable[str] = ()) -> PostResult:
    """Resolve once, check every address found, connect to one of these, send, and read a little of the answer."""
    allowed = tuple(allowed)
    try:
        place = read_address(url, allowed)
        address = checked_address(place, allowed)
    except AddressRefused as refused:
        return PostResult(error=refused.word, detail=str(refused))
    return _in_time(place, address, body, headers)


def checked_address(place: PostAddress, allowed: Iterable[str] = ()) -> str:
    """The address to connect to. Raises Refused where one of those behind the name is not public."""
    found = resolve(place.host)
    if found.error:
        raise AddressRefused(
            "malformed" if found.error == "malformed" else "dns", f"The name {place.host} does not resolve."
        )
    if not is_allowed(place, allowed) and not all(is_public(each) for each in found.addresses):
        raise AddressRefused(
            "refused_address",
            f"{place.host} leads to an address that is not public. Only whoever runs this server can allow it, by "
            "ALERT_ALLOWED_HOSTS.",
        )
    return found.addresses[0]


def _in_time(place: PostAddress, address: str, body: bytes, headers: Mapping[str, str]) -> PostResult:
    """A far end that sends its head byte by byte has no end of its own: it is left behind in its thread."""
    said: queue.SimpleQueue[PostResult] = queue.SimpleQueue()
    work = threading.Thread(target=lambda: said.put(_send(place, address, body, headers)), daemon=True, name="outgoing")
    work.start()
    try:
        return said.get(timeout=SECONDS * 1.5)
    except queue.Empty:
        return _too_late(place)


def _send(place: PostAddress, address: str, body: bytes, headers: Mapping[str, str]) -> PostResult:
    ends_at = time.monotonic() + SECONDS
    sent = {"User-Agent": "cobrowse-doctor", **headers, "Host": place.netloc, "Accept-Encoding": "identity"}
    try:
        with _pool(place, address) as pool:
            answer = pool.urlopen(
                "POST", place.path, body=body, headers=sent, redirect=False, retries=False, preload_content=False
            )
            try:
                text = _little(answer, ends_at).decode("utf-8", "replace")
            finally:
                answer.close()
    except urllib3.exceptions.SSLError as fault:
        return PostResult(error="tls", detail=f"The TLS connection to {place.host} failed: {_reason(fault)}")
    except NewConnectionError as fault:
        return PostResult(error="unreachable", detail=f"No connection to {place.host}: {_reason(fault)}")
    except urllib3.exceptions.TimeoutError:
        return _too_late(place)
    except (HTTPError, LocationParseError, OSError, ValueError) as fault:
        return PostResult(error="unreachable", detail=f"No connection to {place.host}: {_reason(fault)}")
    return PostResult(
        status=answer.status, body=clean_text(text), retry_after=clean_line(answer.headers.get("Retry-After", ""))
    )


def _too_late(place: PostAddress) -> PostResult:
    return PostResult(error="timeout", detail=f"{place.host} did not answer within {SECONDS:.0f} seconds.")


def _pool(place: PostAddress, address: str) -> urllib3.HTTPConnectionPool:
    limits: dict[str, Any] = {"timeout": urllib3.Timeout(total=SECONDS), "maxsize": 1}
    if place.scheme == "http":
        return urllib3.HTTPConnectionPool(address, place.port, **limits)
    trust = os.environ.get("REQUESTS_CA_BUNDLE") or requests.utils.DEFAULT_CA_BUNDLE_PATH
    where: dict[str, Any] = {"ca_cert_dir": trust} if os.path.isdir(trust) else {"ca_certs": trust}
    return urllib3.HTTPSConnectionPool(
        address,
        place.port,
        cert_reqs="CERT_REQUIRED",
        server_hostname=place.host,
        assert_hostname=place.host,
        **where,
        **limits,
    )


def _little(answer: urllib3.BaseHTTPResponse, ends_at: float) -> bytes:
    """The beginning of the body; one that drips in is cut off with what came."""
    read = bytearray()
    while len(read) < LONGEST_ANSWER and time.monotonic() < ends_at:
        part = answer.read1(LONGEST_ANSWER - len(read))
        if not part:
            break
        read += part
    return bytes(read)


def _translated(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in TRANSLATED_IPV4 else None


def _is_plain(text: str) -> bool:
    return all(each.isprintable() and not each.isspace() for each in text) and "\\" not in text


def _path(path: str, query: str) -> str:
    return f"{path or '/'}?{query}" if query else path or "/"


def _reason(fault: Exception) -> str:
    """The system's own words, without the object that urllib3 names before them."""
    return clean_line(str(fault)).rpartition(": ")[2][:200] or type(fault).__name__
