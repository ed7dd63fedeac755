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
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

import requests.utils
import urllib3
from urllib3.exceptions import HTTPError, LocationParseError, NewConnectionError

from diagnostics.net import resolve

SECONDS = 10.0  # for the whole of it, once the name is resolved
LONGEST_ANSWER = 4096
LONGEST_ADDRESS = 2000
DEFAULT_PORTS = {"http": 80, "https": 443}
# Addresses of IPv6 in whose last bits an IPv4 address is written: a way round every rule for the latter.
CARRY_IPV4 = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))

Address = IPv4Address | IPv6Address


@dataclass(frozen=True)
class Place:
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
class Answer:
    """`error` is "" or one word: malformed, refused_address, dns, tls, timeout, unreachable."""

    status: int | None = None
    body: str = ""
    retry_after: str = ""
    error: str = ""
    detail: str = ""


class Refused(Exception):
    """The address may not be called; the text says why, without the address's path, which may be a secret."""

    def __init__(self, word: str, sentence: str) -> None:
        super().__init__(sentence)
        self.word = word


def read_address(text: str, allowed: Iterable[str] = ()) -> Place:
    """The parts of an address that may be called as far as its words tell. Raises Refused."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise Refused("malformed", "This is no address that can be read.") from None
    host = (parts.hostname or "").rstrip(".").lower()
    if len(text) > LONGEST_ADDRESS or not host or parts.scheme not in DEFAULT_PORTS or not _is_plain(text):
        raise Refused("malformed", "The address must look like https://host/path, without blanks.")
    if parts.username is not None or parts.password is not None:
        raise Refused("malformed", "The address must not hold a user name or password.")
    place = Place(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme], _path(parts.path, parts.query))
    if parts.scheme != "https" and not is_allowed(place, allowed):
        raise Refused(
            "refused_address", "The address must begin with https://: over http anybody on the way can read it."
        )
    return place


def is_allowed(place: Place, allowed: Iterable[str]) -> bool:
    """Whether the operator named this host, or this host and port."""
    return bool({place.host, f"{place.host}:{place.port}"} & {each.lower() for each in allowed})


def is_public(address: str) -> bool:
    """Whether anybody may be reached there: no private, local, reserved or shared address, in whatever clothing."""
    try:
        found: Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(each.is_global and not each.is_multicast and not each.is_reserved for each in _inner(found))


def post(url: str, body: bytes, headers: Mapping[str, str], allowed: Iterable[str] = ()) -> Answer:
    """Resolve once, check every address found, connect to one of these, send, and read a little of the answer."""
    allowed = tuple(allowed)
    try:
        place = read_address(url, allowed)
        address = checked_address(place, allowed)
    except Refused as refused:
        return Answer(error=refused.word, detail=str(refused))
    return _in_time(place, address, body, headers)


def checked_address(place: Place, allowed: Iterable[str] = ()) -> str:
    """The address to connect to. Raises Refused where one of those behind the name is not public."""
    found = resolve(place.host)
    if found.error:
        raise Refused("malformed" if found.error == "malformed" else "dns", f"The name {place.host} does not resolve.")
    if not is_allowed(place, allowed) and not all(is_public(each) for each in found.addresses):
        raise Refused(
            "refused_address",
            f"{place.host} leads to an address that is not public. Only whoever runs this server can allow it, by "
            "ALERT_ALLOWED_HOSTS.",
        )
    return found.addresses[0]


def _in_time(place: Place, address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """A far end that sends its head byte by byte has no end of its own: it is left behind in its thread."""
    said: queue.SimpleQueue[Answer] = queue.SimpleQueue()
    work = threading.Thread(target=lambda: said.put(_send(place, address, body, headers)), daemon=True, name="outgoing")
    work.start()
    try:
        return said.get(timeout=SECONDS * 1.5)
    except queue.Empty:
        return _too_late(place)


def _send(place: Place, address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
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
        return Answer(error="tls", detail=f"The TLS connection to {place.host} failed: {_reason(fault)}")
    except NewConnectionError as fault:
        return Answer(error="unreachable", detail=f"No connection to {place.host}: {_reason(fault)}")
    except urllib3.exceptions.TimeoutError:
        return _too_late(place)
    except (HTTPError, LocationParseError, OSError, ValueError) as fault:
        return Answer(error="unreachable", detail=f"No connection to {place.host}: {_reason(fault)}")
    return Answer(status=answer.status, body=text, retry_after=answer.headers.get("Retry-After", ""))


def _too_late(place: Place) -> Answer:
    return Answer(error="timeout", detail=f"{place.host} did not answer within {SECONDS:.0f} seconds.")


def _pool(place: Place, address: str) -> urllib3.HTTPConnectionPool:
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


def _inner(address: Address) -> tuple[Address, ...]:
    """The address itself, or the ones that are written within it."""
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.teredo is not None:
        return (address, *address.teredo)
    if address.sixtofour is not None:
        return (address, address.sixtofour)
    if any(address in network for network in CARRY_IPV4):
        return (address, IPv4Address(int(address) & 0xFFFFFFFF))
    return (address,)


def _is_plain(text: str) -> bool:
    return all(each.isprintable() and not each.isspace() for each in text) and "\\" not in text


def _path(path: str, query: str) -> str:
    return f"{path or '/'}?{query}" if query else path or "/"


def _reason(fault: Exception) -> str:
    """The system's own words, without the object that urllib3 names before them."""
    return str(fault).rpartition(": ")[2][:200] or type(fault).__name__
