"""Name service, TLS and proxies as this server meets them: each question asked once, within a time limit.

Nothing here raises: trouble is a value. A connection is opened, looked at and closed; nothing is sent over it but, to
a proxy, the request for the tunnel. Trust and proxies are those that `requests` goes by, so that both see the same.
"""

import base64
import contextlib
import os
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import SplitResult, unquote, urlsplit

import requests.utils
from cryptography import x509
from urllib3.util.ssl_ import create_urllib3_context

from diagnostics.text.cleaning import clean_line

SECONDS = 5.0  # for each of: the name, the connection, the proxy's tunnel, the handshake
HEAD_BYTES = 16_384  # of a proxy's answer
DEFAULT_PORTS = {"http": 80, "https": 443}
NO_ADDRESS = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
# OpenSSL's X509_V_ERR_* -> our word; every other one means that nobody trusted vouches for the certificate.
VERIFY_CODES = {9: "not_yet_valid", 10: "expired", 18: "self_signed", 62: "wrong_host", 64: "wrong_host"}


@dataclass(frozen=True)
class Resolution:
    """`error` is "" or one word: no_address, no_name_service, malformed."""

    host: str
    addresses: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Certificate:
    """What a server showed, trusted or not. `names` are the host names and addresses that it is made out to."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True)
class Handshake:
    """How a TLS connection went. `detail` is the system's own text, or what the proxy said.

    `error` is "" or one word: expired, not_yet_valid, wrong_host, self_signed, untrusted, protocol, reset, refused,
    timeout, dns, unreachable, proxy_login, proxy_refused, proxy_unreachable, proxy_unsupported, no_trust_store.
    """

    host: str
    port: int
    error: str = ""
    detail: str = ""
    protocol: str = ""
    certificate: Certificate | None = None


@dataclass(frozen=True)
class ProxyRoute:
    """The way to a URL: direct when `proxy` is "", else through it. `proxy` never shows the proxy URL's login."""

    proxy: str = ""
    has_login: bool = False
    parts: SplitResult | None = field(default=None, repr=False, compare=False)

    @property
    def proxy_host(self) -> str:
        return (self.parts.hostname or "") if self.parts else ""


@dataclass(frozen=True)
class Net:
    """The door to the network: what a check may ask of it, and what a test puts in its place."""

    resolve: Callable[[str], Resolution]
    handshake: Callable[[str, int], Handshake]
    route: Callable[[str], ProxyRoute]


def resolve(host: str) -> Resolution:
    """The addresses of a name. The look-up has no time limit of its own, so it is asked from a thread left behind."""
    said: queue.SimpleQueue[Resolution] = queue.SimpleQueue()
    threading.Thread(target=lambda: said.put(_resolve(host)), daemon=True, name="resolve").start()
    try:
        return said.get(timeout=SECONDS)
    except queue.Empty:
        return Resolution(host, error="no_name_service")


def _resolve(host: str) -> Resolution:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as fault:
        return Resolution(host, error="no_address" if fault.errno in NO_ADDRESS else "no_name_service")
    except (OSError, ValueError):  # UnicodeError is a ValueError: a label that no name can have
        return Resolution(host, error="malformed")
    return Resolution(host, tuple(dict.fromkeys(str(address[0]) for *_, address in found)))


def route(url: str) -> ProxyRoute:
    """By the environment (HTTPS_PROXY, NO_PROXY and their kin), as the client's own session reads it."""
    try:
        proxy = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url, no_proxy=None))
        parts = urlsplit(proxy if "//" in proxy else f"http://{proxy}") if proxy else None
        if parts is None:
            return ProxyRoute()
        port = parts.port or DEFAULT_PORTS.get(parts.scheme, 1080)
    except ValueError:
        return ProxyRoute("(a proxy setting that cannot be read)", parts=urlsplit("unreadable://"))
    return ProxyRoute(f"{parts.scheme}://{parts.hostname}:{port}", parts.username is not None, parts)


def handshake(host: str, port: int) -> Handshake:
    """Connect the way the client would, through its proxy if there is one, and look at the certificate."""
    try:
        return _handshake(host, port)
    except Exception as fault:  # nothing that a socket or a certificate may do is our caller's trouble
        return Handshake(host, port, "unreachable", f"{type(fault).__name__}: {fault}"[:300])


def _handshake(host: str, port: int) -> Handshake:
    try:
        context = _trusting()
    except OSError as fault:
        return Handshake(host, port, "no_trust_store", str(fault)[:300])
    try:
        with _connected(host, port) as plain, context.wrap_socket(plain, server_hostname=host) as secure:
            shown = _certificate(secure.getpeercert(binary_form=True))
            return Handshake(host, port, protocol=secure.version() or "", certificate=shown)
    except _NoWay as fault:
        return Handshake(host, port, fault.word, str(fault)[:300])
    except ssl.SSLCertVerificationError as fault:
        word = VERIFY_CODES.get(fault.verify_code, "untrusted")
        return Handshake(host, port, word, fault.verify_message[:300], certificate=_shown_anyway(host, port))
    except OSError as fault:
        return Handshake(host, port, _word_of(fault), str(fault)[:300])


class _NoWay(Exception):
    """There is no connection to the server. `word` is the handshake's error."""

    def __init__(self, word: str, detail: str) -> None:
        super().__init__(detail)
        self.word = word


def _word_of(fault: OSError) -> str:
    if isinstance(fault, TimeoutError):
        return "timeout"
    if isinstance(fault, ConnectionRefusedError):
        return "refused"
    if isinstance(fault, ConnectionError | ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "reset"
    if isinstance(fault, socket.gaierror):
        return "dns"
    return "protocol" if isinstance(fault, ssl.SSLError) else "unreachable"


def _trusting() -> ssl.SSLContext:
    """The very settings of the client's session, with the same certificates to trust. Raises OSError without them."""
    context = create_urllib3_context()
    place = (
        os.environ.get("REQUESTS_CA_BUNDLE")
        or os.environ.get("CURL_CA_BUNDLE")
        or requests.utils.DEFAULT_CA_BUNDLE_PATH
    )
    folder = os.path.isdir(place)
    context.load_verify_locations(cafile=None if folder else place, capath=place if folder else None)
    return context


def _shown_anyway(host: str, port: int) -> Certificate | None:
    """The certificate that was refused: only an unverified connection lets one see it. Nothing is sent over it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with _connected(host, port) as plain, context.wrap_socket(plain, server_hostname=host) as secure:
            return _certificate(secure.getpeercert(binary_form=True))
    except (OSError, _NoWay):
        return None


def _certificate(der: bytes | None) -> Certificate | None:
    if der is None:
        return None
    try:
        read = x509.load_der_x509_certificate(der)
        return Certificate(
            subject=_name_of(read.subject),
            issuer=_name_of(read.issuer),
            names=tuple(_names_in(read)),
            not_before=read.not_valid_before_utc,
            not_after=read.not_valid_after_utc,
        )
    except ValueError:
        return None


def _name_of(name: x509.Name) -> str:
    """What a person would call it: common name and organisation."""
    wanted = (x509.NameOID.COMMON_NAME, x509.NameOID.ORGANIZATION_NAME)
    found = [clean_line(str(each.value)) for oid in wanted for each in name.get_attributes_for_oid(oid)]
    return ", ".join(dict.fromkeys(found))[:200]


def _names_in(read: x509.Certificate) -> Iterator[str]:
    with contextlib.suppress(x509.ExtensionNotFound):
        value = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        yield from value.get_values_for_type(x509.DNSName)[:50]
        yield from map(str, value.get_values_for_type(x509.IPAddress)[:50])


@contextlib.contextmanager
def _connected(host: str, port: int) -> Iterator[socket.socket]:
    """A connection to the server, or through the proxy to it. Raises _NoWay, and OSError for a direct one."""
    way = route(f"https://{_bracketed(host)}:{port}")
    with contextlib.closing(_tunnel(way, host, port) if way.parts else _direct(host, port)) as plain:
        plain.settimeout(SECONDS)
        yield plain


def _direct(host: str, port: int) -> socket.socket:
    return socket.create_connection((host, port), timeout=SECONDS)


def _tunnel(way: ProxyRoute, host: str, port: int) -> socket.socket:
    proxy = way.parts
    if proxy is None or proxy.scheme != "http" or not proxy.hostname:
        raise _NoWay("proxy_unsupported", f"{way.proxy} is no plain HTTP proxy, so the tunnel was not tried.")
    try:
        plain = _direct(proxy.hostname, proxy.port or 80)
    except OSError as fault:
        raise _NoWay("proxy_unreachable", str(fault)) from None
    try:
        plain.sendall(_connect_request(proxy, f"{_bracketed(host)}:{port}"))
        first = _head(plain).split(b"\r\n", 1)[0].decode("latin-1")
    except OSError as fault:
        plain.close()
        raise _NoWay("proxy_unreachable", str(fault)) from None
    status = first.split(" ")[1] if first.startswith("HTTP/") and " " in first else ""
    if status == "200":
        return plain
    plain.close()
    raise _NoWay("proxy_login" if status == "407" else "proxy_refused", first or "The proxy closed the connection.")


def _connect_request(proxy: SplitResult, target: str) -> bytes:
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if proxy.username is not None:
        login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}".encode()
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(login).decode()}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def _head(plain: socket.socket) -> bytes:
    """The head of a proxy's answer; byte by byte, because what follows belongs to the tunnel."""
    head, ends_at = bytearray(), time.monotonic() + SECONDS
    while not head.endswith(b"\r\n\r\n") and len(head) < HEAD_BYTES:
        if time.monotonic() > ends_at:
            raise TimeoutError("the proxy's answer took too long")
        if not (byte := plain.recv(1)):
            break
        head += byte
    return bytes(head)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def days_left(certificate: Certificate, now: datetime | None = None) -> int:
    """Whole days until it expires; negative once it has."""
    return (certificate.not_after - (now or datetime.now(UTC))).days


REAL = Net(resolve, handshake, route)
