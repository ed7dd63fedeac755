"""Servers on 127.0.0.1 with deliberate faults, and TLS certificates for them."""

import contextlib
import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "127.0.0.1"
OTHER_HOST = "api.elsewhere.example"
DAY = timedelta(days=1)


@dataclass
class RunningServer:
    """`heads` are the request heads that the handler has recorded."""

    port: int
    connections: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)
    heads: list[bytes] = field(default_factory=list)


Handler = Callable[[socket.socket, RunningServer], None]


@contextlib.contextmanager
def run_server(handle: Handler) -> Iterator[RunningServer]:
    """Handle each connection in its own thread. Sets `stopping` at the end."""
    listener = socket.create_server((HOST, 0), backlog=64)
    server = RunningServer(listener.getsockname()[1])

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(10)
            handle(connection, server)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                server.connections += 1
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def read_head(connection: socket.socket) -> bytes:
    """The head of a request. Also reads the body: closing a socket with unread bytes resets the connection."""
    request = b""
    while b"\r\n\r\n" not in request and (chunk := connection.recv(4096)):
        request += chunk
    head, _, body = request.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length and (chunk := connection.recv(4096)):
        body += chunk
    return head + b"\r\n"


def never_answers(connection: socket.socket, server: RunningServer) -> None:
    server.stopping.wait(60)


def resets(connection: socket.socket, server: RunningServer) -> None:
    """Reset the connection after its first bytes."""
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def speaks_plain_http(connection: socket.socket, server: RunningServer) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def proxy_responding(status_line: str) -> Handler:
    def handle(connection: socket.socket, server: RunningServer) -> None:
        server.heads.append(read_head(connection))
        connection.sendall(f"HTTP/1.1 {status_line}\r\nContent-Length: 0\r\n\r\n".encode())

    return handle


def tunnel_to(port: int) -> Handler:
    """A proxy that opens every tunnel to the same server."""

    def handle(connection: socket.socket, server: RunningServer) -> None:
        server.heads.append(read_head(connection))
        with socket.create_connection((HOST, port)) as upstream:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            thread = threading.Thread(target=_copy, args=(upstream, connection), daemon=True)
            thread.start()
            _copy(connection, upstream)
            thread.join(5)

    return handle


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(65_536):
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)


def over_tls(context: ssl.SSLContext, handle: Handler) -> Handler:
    def secured(connection: socket.socket, server: RunningServer) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            handle(secure, server)

    return secured


def responds(body: bytes) -> Handler:
    def handle(connection: socket.socket, server: RunningServer) -> None:
        server.heads.append(read_head(connection))
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)

    return handle


def sends_slowly(connection: socket.socket, server: RunningServer) -> None:
    """Send a valid head, then one byte at a time, until the server stops."""
    read_head(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")
    while not server.stopping.wait(0.02):
        connection.sendall(b" ")


@dataclass(frozen=True)
class Authority:
    """A certificate authority. `file` is its certificate."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def create(cls, folder: Path) -> "Authority":
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("Test authority")
        builder = _builder(name, name, key, datetime.now(UTC) - DAY, datetime.now(UTC) + 900 * DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        authority = cls(folder, key, builder.sign(key, hashes.SHA256()))
        authority.file.write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
        return authority

    @property
    def file(self) -> Path:
        return self.folder / "authority.pem"

    def context(self, *names: str, days: tuple[int, int] = (-1, 300), self_signed: bool = False) -> ssl.SSLContext:
        """A server context with a certificate for these names. `days` is its validity, relative to today."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(names[0])
        now = datetime.now(UTC)
        issuer = subject if self_signed else self.certificate.subject
        builder = _builder(subject, issuer, key, now + days[0] * DAY, now + days[1] * DAY)
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False
        )
        signed = builder.sign(key if self_signed else self.key, hashes.SHA256())
        file = self.folder / f"{signed.serial_number}.pem"
        file.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + _private(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
