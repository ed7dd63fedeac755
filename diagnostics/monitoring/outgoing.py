"""Posts to URLs that users entered. The resolved IP address is checked, and the connection goes to that same address.

`post` never raises: errors are values. It follows no redirect and uses no proxy from the environment, since either
would lead to an unchecked address.
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

TIMEOUT_SECONDS = 10.0  # for the whole request, after the name is resolved
MAX_RESPONSE_BYTES = 4096
MAX_URL = 2000
DEFAULT_PORTS = {"http": 80, "https": 443}
# Not globally reachable, by the IANA special-purpose address registries (RFC 6890 and its updates), the multicast
# registries and the address space registries. We keep our own list, since that of `ipaddress` depends on the version of
# Python.
# https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
NOT_PUBLIC_IPV4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network (RFC 791)
        "10.0.0.0/8",  # private use (RFC 1918)
        "100.64.0.0/10",  # shared address space of carriers (RFC 6598)
        "127.0.0.0/8",  # loopback (RFC 1122)
        "169.254.0.0/16",  # link-local, also the metadata services of clouds (RFC 3927)
        "172.16.0.0/12",  # private use (RFC 1918)
        "192.0.0.0/24",  # IETF protocol assignments (RFC 6890)
        "192.0.2.0/24",  # documentation (RFC 5737)
        "192.31.196.0/24",  # AS112, which drops its traffic (RFC 7535)
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
# The global unicast addresses of IPv6; everything else is reserved, local or a translation prefix
# (https://www.iana.org/assignments/ipv6-address-space): fec0::/10, fc00::/7, fe80::/10, ff00::/8, 5f00::/16, 100::/64.
PUBLIC_IPV6 = IPv6Network("2000::/3")
NOT_PUBLIC_IPV6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # IETF protocol assignments: Teredo, benchmarking, ORCHID, drone IDs (RFC 2928)
        "2001:db8::/32",  # documentation (RFC 3849)
        "2002::/16",  # 6to4, deprecated, leads to any IPv4 address (RFC 3056)
        "2620:4f:8000::/48",  # AS112 (RFC 7534)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
# A gateway translates these into the IPv4 address in their last 32 bits (RFC 6052). The local-use prefix
# (64:ff9b:1::/48, RFC 8215) isn't included, since only the local network knows where it leads.
TRANSLATED_IPV4 = IPv6Network("64:ff9b::/96")

Address = IPv4Address | IPv6Address


@dataclass(frozen=True)
class PostTarget:
    """The parts of a URL. `host` is lower case, without brackets; `path` includes the query string."""

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
    """`error` is "", malformed, refused_address, dns, tls, timeout or unreachable."""

    status: int | None = None
    body: str = ""
    retry_after: str = ""
    error: str = ""
    detail: str = ""


class AddressRefused(Exception):
    """The URL may not be called. str() says why, without the URL's path, which may be secret."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def parse_url(text: str, allowed: Iterable[str] = ()) -> PostTarget:
    """Parse a URL and check everything but its IP addresses. Raises AddressRefused."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise AddressRefused("malformed", "This isn't a valid URL.") from None
    host = (parts.hostname or "").rstrip(".").lower()
    if len(text) > MAX_URL or not host or parts.scheme not in DEFAULT_PORTS or not _is_plain(text):
        raise AddressRefused("malformed", "Enter a URL such as https://host/path, without spaces.")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("malformed", "The URL must not contain a username or password.")
    target = PostTarget(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme], _path(parts.path, parts.query))
    if parts.scheme != "https" and not is_allowed(target, allowed):
        raise AddressRefused(
            "refused_address", "The URL must start with https://, because anyone on the network can read http."
        )
    return target


def is_allowed(target: PostTarget, allowed: Iterable[str]) -> bool:
    """Whether the operator allowed this host, or this host and port."""
    return bool({target.host, f"{target.host}:{target.port}"} & {name.lower() for name in allowed})


def is_public(address: str) -> bool:
    """Whether this is a public IP address; False for text that isn't an IP address."""
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
    """Resolve the host once, check every IP address found, post to the first one, and read the start of the response."""
    allowed = tuple(allowed)
    try:
        target = parse_url(url, allowed)
        address = resolve_checked(target, allowed)
    except AddressRefused as refused:
        return PostResult(error=refused.code, detail=str(refused))
    return _send_with_deadline(target, address, body, headers)


def resolve_checked(target: PostTarget, allowed: Iterable[str] = ()) -> str:
    """The IP address to connect to. Raises AddressRefused if any IP address of the host isn't public."""
    found = resolve(target.host)
    if found.error:
        raise AddressRefused(
            "malformed" if found.error == "malformed" else "dns", f"The host name {target.host} doesn't resolve."
        )
    if not is_allowed(target, allowed) and not all(is_public(address) for address in found.addresses):
        raise AddressRefused(
            "refused_address",
            f"{target.host} resolves to an address that isn't public. Your administrator can allow it with "
            "ALERT_ALLOWED_HOSTS.",
        )
    return found.addresses[0]


def _send_with_deadline(target: PostTarget, address: str, body: bytes, headers: Mapping[str, str]) -> PostResult:
    """A server that sends its headers byte by byte would never time out, so the thread is abandoned at the deadline."""
    results: queue.SimpleQueue[PostResult] = queue.SimpleQueue()
    work = threading.Thread(
        target=lambda: results.put(_send(target, address, body, headers)), daemon=True, name="outgoing"
    )
    work.start()
    try:
        return results.get(timeout=TIMEOUT_SECONDS * 1.5)
    except queue.Empty:
        return _timeout(target)


def _send(target: PostTarget, address: str, body: bytes, headers: Mapping[str, str]) -> PostResult:
    ends_at = time.monotonic() + TIMEOUT_SECONDS
    sent = {"User-Agent": "cobrowse-doctor", **headers, "Host": target.netloc, "Accept-Encoding": "identity"}
    try:
        with _pool(target, address) as pool:
            response = pool.urlopen(
                "POST", target.path, body=body, headers=sent, redirect=False, retries=False, preload_content=False
            )
            try:
                text = _read_start(response, ends_at).decode("utf-8", "replace")
            finally:
                response.close()
    except urllib3.exceptions.SSLError as error:
        return PostResult(error="tls", detail=f"TLS connection to {target.host} failed: {_reason(error)}")
    except NewConnectionError as error:
        return PostResult(error="unreachable", detail=f"Couldn't connect to {target.host}: {_reason(error)}")
    except urllib3.exceptions.TimeoutError:
        return _timeout(target)
    except (HTTPError, LocationParseError, OSError, ValueError) as error:
        return PostResult(error="unreachable", detail=f"Couldn't connect to {target.host}: {_reason(error)}")
    return PostResult(
        status=response.status, body=clean_text(text), retry_after=clean_line(response.headers.get("Retry-After", ""))
    )


def _timeout(target: PostTarget) -> PostResult:
    return PostResult(error="timeout", detail=f"{target.host} didn't respond within {TIMEOUT_SECONDS:.0f} seconds.")


def _pool(target: PostTarget, address: str) -> urllib3.HTTPConnectionPool:
    limits: dict[str, Any] = {"timeout": urllib3.Timeout(total=TIMEOUT_SECONDS), "maxsize": 1}
    if target.scheme == "http":
        return urllib3.HTTPConnectionPool(address, target.port, **limits)
    trust = os.environ.get("REQUESTS_CA_BUNDLE") or requests.utils.DEFAULT_CA_BUNDLE_PATH
    where: dict[str, Any] = {"ca_cert_dir": trust} if os.path.isdir(trust) else {"ca_certs": trust}
    return urllib3.HTTPSConnectionPool(
        address,
        target.port,
        cert_reqs="CERT_REQUIRED",
        server_hostname=target.host,
        assert_hostname=target.host,
        **where,
        **limits,
    )


def _read_start(response: urllib3.BaseHTTPResponse, ends_at: float) -> bytes:
    """The start of the body: at most MAX_RESPONSE_BYTES, and what arrived before `ends_at` (time.monotonic())."""
    read = bytearray()
    while len(read) < MAX_RESPONSE_BYTES and time.monotonic() < ends_at:
        part = response.read1(MAX_RESPONSE_BYTES - len(read))
        if not part:
            break
        read += part
    return bytes(read)


def _translated(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in TRANSLATED_IPV4 else None


def _is_plain(text: str) -> bool:
    return all(char.isprintable() and not char.isspace() for char in text) and "\\" not in text


def _path(path: str, query: str) -> str:
    return f"{path or '/'}?{query}" if query else path or "/"


def _reason(error: Exception) -> str:
    """The operating system's message, without the object that urllib3 puts before it."""
    return clean_line(str(error)).rpartition(": ")[2][:200] or type(error).__name__
