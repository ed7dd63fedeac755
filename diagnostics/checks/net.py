"""DNS lookups, TLS handshakes and proxy settings of this server, each with a time limit.

The public functions don't raise: errors are values. A connection is opened, inspected and closed; nothing is sent over it
except the tunnel request to a proxy. Trusted certificates and proxies are those of `requests`, so that both behave alike.
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

SECONDS = 5.0  # for each of the lookup, the connection, the tunnel and the handshake
HEAD_BYTES = 16_384  # of a proxy's response
DEFAULT_PORTS = {"http": 80, "https": 443}
NO_ADDRESS = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
# OpenSSL's X509_V_ERR_* -> our error. Every other code means that the issuer isn't trusted.
VERIFY_CODES = {9: "not_yet_valid", 10: "expired", 18: "self_signed", 62: "wrong_host", 64: "wrong_host"}


@dataclass(frozen=True)
class Resolution:
    """The result of a lookup. `error` is "" or one of no_address, no_name_service, malformed."""

    host: str
    addresses: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Certificate:
    """A server's certificate, trusted or not. `names` are its subject alternative names."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True)
class Handshake:
    """The result of a TLS connection. `detail` is the message of the operating system or of the proxy.

    `error` is "" or one of expired, not_yet_valid, wrong_host, self_signed, untrusted, protocol, reset, refused,
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
    """How a URL is reached: directly if `proxy` is "". `proxy` never contains the credentials of the proxy URL."""

    proxy: str = ""
    has_login: bool = False
    parts: SplitResult | None = field(default=None, repr=False, compare=False)

    @property
    def proxy_host(self) -> str:
        return (self.parts.hostname or "") if self.parts else ""


@dataclass(frozen=True)
class Net:
    """The network functions for checks, which tests replace."""

    resolve: Callable[[str], Resolution]
    handshake: Callable[[str, int], Handshake]
    route: Callable[[str], ProxyRoute]


def resolve(host: str) -> Resolution:
    """Look up a name. `getaddrinfo` has no timeout, so it runs in a thread that is abandoned when the time is over."""
    results: queue.SimpleQueue[Resolution] = queue.SimpleQueue()
    threading.Thread(target=lambda: results.put(_resolve(host)), daemon=True, name="resolve").start()
    try:
        return results.get(timeout=SECONDS)
    except queue.Empty:
        return Resolution(host, error="no_name_service")


def _resolve(host: str) -> Resolution:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return Resolution(host, error="no_address" if error.errno in NO_ADDRESS else "no_name_service")
    except (OSError, ValueError):  # UnicodeError, a ValueError, is raised for an invalid label
        return Resolution(host, error="malformed")
    return Resolution(host, tuple(dict.fromkeys(str(address[0]) for *_, address in found)))


def route(url: str) -> ProxyRoute:
    """The proxy by the environment (HTTPS_PROXY, NO_PROXY and so on), as `requests` reads it."""
    try:
        proxy = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url, no_proxy=None))
        parts = urlsplit(proxy if "//" in proxy else f"http://{proxy}") if proxy else None
        if parts is None:
            return ProxyRoute()
        port = parts.port or DEFAULT_PORTS.get(parts.scheme, 1080)
    except ValueError:
        return ProxyRoute("(an unreadable proxy setting)", parts=urlsplit("unreadable://"))
    return ProxyRoute(f"{parts.scheme}://{parts.hostname}:{port}", parts.username is not None, parts)


def handshake(host: str, port: int) -> Handshake:
    """Connect as `GenesysClient` would, through its proxy if there is one, and read the certificate."""
    try:
        return _handshake(host, port)
    except Exception as error:  # sockets and certificates raise many kinds
        return Handshake(host, port, "unreachable", f"{type(error).__name__}: {error}"[:300])


def _handshake(host: str, port: int) -> Handshake:
    try:
        context = _trusted_context()
    except OSError as error:
        return Handshake(host, port, "no_trust_store", str(error)[:300])
    try:
        with _connected(host, port) as connection, context.wrap_socket(connection, server_hostname=host) as secure:
            certificate = _certificate(secure.getpeercert(binary_form=True))
            return Handshake(host, port, protocol=secure.version() or "", certificate=certificate)
    except _ProxyError as error:
        return Handshake(host, port, error.name, str(error)[:300])
    except ssl.SSLCertVerificationError as error:
        name = VERIFY_CODES.get(error.verify_code, "untrusted")
        return Handshake(host, port, name, error.verify_message[:300], certificate=_untrusted_certificate(host, port))
    except OSError as error:
        return Handshake(host, port, _error_name(error), str(error)[:300])


class _ProxyError(Exception):
    """The proxy doesn't connect us to the server. `name` is the error of the handshake."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(detail)
        self.name = name


def _error_name(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, ConnectionError | ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "reset"
    if isinstance(error, socket.gaierror):
        return "dns"
    return "protocol" if isinstance(error, ssl.SSLError) else "unreachable"


def _trusted_context() -> ssl.SSLContext:
    """The TLS settings and trusted certificates of `requests`. Raises OSError if the certificates can't be read."""
    context = create_urllib3_context()
    bundle = (
        os.environ.get("REQUESTS_CA_BUNDLE")
        or os.environ.get("CURL_CA_BUNDLE")
        or requests.utils.DEFAULT_CA_BUNDLE_PATH
    )
    is_folder = os.path.isdir(bundle)
    context.load_verify_locations(cafile=None if is_folder else bundle, capath=bundle if is_folder else None)
    return context


def _untrusted_certificate(host: str, port: int) -> Certificate | None:
    """The rejected certificate, which only an unverified connection shows. Nothing is sent over it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with _connected(host, port) as connection, context.wrap_socket(connection, server_hostname=host) as secure:
            return _certificate(secure.getpeercert(binary_form=True))
    except (OSError, _ProxyError):
        return None


def _certificate(der: bytes | None) -> Certificate | None:
    if der is None:
        return None
    try:
        parsed = x509.load_der_x509_certificate(der)
        return Certificate(
            subject=_name_of(parsed.subject),
            issuer=_name_of(parsed.issuer),
            names=tuple(_names_in(parsed)),
            not_before=parsed.not_valid_before_utc,
            not_after=parsed.not_valid_after_utc,
        )
    except ValueError:
        return None


def _name_of(name: x509.Name) -> str:
    """The common name and the organization."""
    oids = (x509.NameOID.COMMON_NAME, x509.NameOID.ORGANIZATION_NAME)
    values = [clean_line(str(attribute.value)) for oid in oids for attribute in name.get_attributes_for_oid(oid)]
    return ", ".join(dict.fromkeys(values))[:200]


def _names_in(certificate: x509.Certificate) -> Iterator[str]:
    with contextlib.suppress(x509.ExtensionNotFound):
        value = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        yield from value.get_values_for_type(x509.DNSName)[:50]
        yield from map(str, value.get_values_for_type(x509.IPAddress)[:50])


@contextlib.contextmanager
def _connected(host: str, port: int) -> Iterator[socket.socket]:
    """A connection to the server, direct or through a proxy. Raises _ProxyError for the proxy, OSError otherwise."""
    proxy_route = route(f"https://{_bracketed(host)}:{port}")
    with contextlib.closing(
        _tunnel(proxy_route, host, port) if proxy_route.parts else _direct(host, port)
    ) as connection:
        connection.settimeout(SECONDS)
        yield connection


def _direct(host: str, port: int) -> socket.socket:
    return socket.create_connection((host, port), timeout=SECONDS)


def _tunnel(proxy_route: ProxyRoute, host: str, port: int) -> socket.socket:
    proxy = proxy_route.parts
    if proxy is None or proxy.scheme != "http" or not proxy.hostname:
        raise _ProxyError("proxy_unsupported", f"{proxy_route.proxy} isn't an HTTP proxy.")
    try:
        connection = _direct(proxy.hostname, proxy.port or 80)
    except OSError as error:
        raise _ProxyError("proxy_unreachable", str(error)) from None
    try:
        connection.sendall(_connect_request(proxy, f"{_bracketed(host)}:{port}"))
        first = _head(connection).split(b"\r\n", 1)[0].decode("latin-1")
    except OSError as error:
        connection.close()
        raise _ProxyError("proxy_unreachable", str(error)) from None
    status = first.split(" ")[1] if first.startswith("HTTP/") and " " in first else ""
    if status == "200":
        return connection
    connection.close()
    raise _ProxyError(
        "proxy_login" if status == "407" else "proxy_refused", first or "The proxy closed the connection."
    )


def _connect_request(proxy: SplitResult, target: str) -> bytes:
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if proxy.username is not None:
        login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}".encode()
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(login).decode()}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def _head(connection: socket.socket) -> bytes:
    """The head of the proxy's response. Read byte by byte, because the next byte belongs to the tunnel."""
    head, ends_at = bytearray(), time.monotonic() + SECONDS
    while not head.endswith(b"\r\n\r\n") and len(head) < HEAD_BYTES:
        if time.monotonic() > ends_at:
            raise TimeoutError("the proxy's response took too long")
        if not (byte := connection.recv(1)):
            break
        head += byte
    return bytes(head)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def days_left(certificate: Certificate, now: datetime | None = None) -> int:
    """Whole days until it expires; negative once it has."""
    return (certificate.not_after - (now or datetime.now(UTC))).days


REAL = Net(resolve, handshake, route)
