"""Downloads a region's contract document as a stream, with a limit on its size and on the time."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

import requests

from diagnostics.genesys.contract import Contract, serialize
from diagnostics.genesys.operation import Operation
from diagnostics.genesys.regions import Region
from diagnostics.genesys.session import make_session, time_limit
from diagnostics.genesys.swagger import BUFFER, SwaggerError, read_operations
from diagnostics.genesys.used_operations import missing_in, with_our_names

PATH = "/api/v2/docs/swagger"
MOST_BYTES = 64 * 1024 * 1024  # uncompressed; we expect 15 to 30 MB
MOST_SECONDS = 180.0
CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 30.0
FEWEST_OPERATIONS = 500  # the document of 2018 already had 932
MOST_OPERATIONS = 20_000


class NotFetched(Exception):
    """The download failed. str() is a sentence for the page: what happened, and which contract stays in force."""


@dataclass(frozen=True)
class Fetched:
    """A downloaded contract. `document` is for `contract.read`; `sha256` and `size` describe what the region sent."""

    document: bytes
    version: str
    date: str
    source: str
    sha256: str
    size: int
    operations: int


def fetch(region: Region) -> Fetched:
    """Download the region's contract, without a token. Raises only NotFetched."""
    with time_limit(MOST_SECONDS) as clock, make_session(1) as session:
        try:
            return _fetch(session, region)
        except Exception as error:  # requests, urllib3 and the codecs raise many kinds
            if clock.is_expired:  # checked first, because a cut connection looks like a truncated document
                reason = "took too long"
            elif isinstance(error, NotFetched | SwaggerError):
                reason = str(error)
            else:
                reason = f"could not be read ({type(error).__name__}): see whether this server reaches {region.api}"
            sentence = f"The contract document of {region.name} {reason}. The contract in force stays."
            raise NotFetched(sentence) from error


def _fetch(session: requests.Session, region: Region) -> Fetched:
    url, day = f"{region.api}{PATH}", datetime.now(UTC).date().isoformat()
    with session.get(
        url,
        headers={"Accept": "application/json"},
        timeout=(CONNECT_SECONDS, SILENCE_SECONDS),
        allow_redirects=False,
        stream=True,
        auth=_no_credentials,
    ) as response:
        if response.status_code != 200:
            raise NotFetched(f"was answered with {response.status_code}")
        body = _MeasuredBody(response)
        operations = _read_plausible(body)
    version = f"live {day} {body.sha256[:8]}"
    return Fetched(
        document=serialize(operations, version=version, date=day, source=url),
        version=version,
        date=day,
        source=url,
        sha256=body.sha256,
        size=body.size,
        operations=len(operations),
    )


def _read_plausible(body: "_MeasuredBody") -> list[Operation]:
    """Raises NotFetched if the document can't be the contract."""
    operations: dict[tuple[str, str], Operation] = {}
    try:
        for operation in read_operations(body):
            operations[operation.key] = operation
            if len(operations) > MOST_OPERATIONS:
                raise SwaggerError("it has more operations than any contract")
    except SwaggerError as error:
        raise NotFetched(f"is not usable: {error}") from error
    if len(operations) < FEWEST_OPERATIONS:
        raise NotFetched(f"is not plausible: it has {len(operations)} operations, and thousands are expected")
    found = sorted(map(with_our_names, operations.values()), key=lambda operation: (operation.path, operation.method))
    if missing := missing_in(Contract(found, version="", date="", source="")):
        raise NotFetched(f"lacks {', '.join(missing[:5])}, which our checks rely on")
    return found


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """The document is public. With an auth function, requests doesn't send credentials from a .netrc file."""
    return request


class _MeasuredBody:
    """A response's body as a file, with its size and checksum. Raises NotFetched beyond `MOST_BYTES`."""

    def __init__(self, response: requests.Response) -> None:
        self._chunks = response.iter_content(BUFFER)
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def read(self, size: int = -1, /) -> bytes:
        """A chunk of about BUFFER bytes, b"" at the end. ijson reads 0 bytes to learn whether the file is binary."""
        if size == 0:
            return b""
        chunk: bytes = next(self._chunks, b"")
        self.size += len(chunk)
        self._hash.update(chunk)
        if self.size > MOST_BYTES:
            raise NotFetched(f"is larger than {MOST_BYTES // 1024 // 1024} MB")
        return chunk
