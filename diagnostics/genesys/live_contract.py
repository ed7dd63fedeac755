"""Fetches a region's own contract document: streamed, with a cap on its bytes and on the time it may take."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

import requests

from diagnostics.genesys.contract import Contract, written
from diagnostics.genesys.operation import Operation
from diagnostics.genesys.regions import Region
from diagnostics.genesys.session import make_session, time_limit
from diagnostics.genesys.swagger import BUFFER, SwaggerError, read_operations
from diagnostics.genesys.used_operations import missing_in, with_our_names

PATH = "/api/v2/docs/swagger"
MOST_BYTES = 64 * 1024 * 1024  # unpacked; 15 to 30 MB are expected
MOST_SECONDS = 180.0
CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 30.0
FEWEST_OPERATIONS = 500  # the document of 2018 had 932 already
MOST_OPERATIONS = 20_000


class NotFetched(Exception):
    """There is no new contract. str() is the sentence for the screen: what happened and what stays in force."""


@dataclass(frozen=True)
class Fetched:
    """`document` is what `contract.read` reads; `sha256` and `size` are those of what the region sent."""

    document: bytes
    version: str
    date: str
    source: str
    sha256: str
    size: int
    operations: int


def source_of(region: Region) -> str:
    return f"{region.api}{PATH}"


def fetch(region: Region) -> Fetched:
    """The region's contract. No token is sent. Raises NotFetched, and nothing else."""
    with time_limit(MOST_SECONDS) as clock, make_session(1) as session:
        try:
            return _fetch(session, region)
        except (NotFetched, SwaggerError) as trouble:
            # A connection cut by the clock looks like a document that stops in the middle.
            raise NotFetched(_sentence(region, "took too long" if clock.cut else str(trouble))) from trouble
        except Exception as trouble:  # requests, urllib3 and the codecs raise many kinds
            broken = f"could not be read ({type(trouble).__name__}): see whether this server reaches {region.api}"
            raise NotFetched(_sentence(region, "took too long" if clock.cut else broken)) from trouble


def _fetch(session: requests.Session, region: Region) -> Fetched:
    url, day = source_of(region), datetime.now(UTC).date().isoformat()
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
        body = _Counted(response)
        operations = _plausible(body)
    version = f"live {day} {body.sha256[:8]}"
    return Fetched(
        document=written(operations, version=version, date=day, source=url),
        version=version,
        date=day,
        source=url,
        sha256=body.sha256,
        size=body.size,
        operations=len(operations),
    )


def _plausible(body: "_Counted") -> list[Operation]:
    operations: dict[tuple[str, str], Operation] = {}
    try:
        for each in read_operations(body):
            operations[each.key] = each
            if len(operations) > MOST_OPERATIONS:
                raise SwaggerError("it has more operations than any contract")
    except SwaggerError as trouble:
        raise NotFetched(f"is not usable: {trouble}") from trouble
    if len(operations) < FEWEST_OPERATIONS:
        raise NotFetched(f"is not plausible: it has {len(operations)} operations, and thousands are expected")
    found = sorted(map(with_our_names, operations.values()), key=lambda each: (each.path, each.method))
    if missing := missing_in(Contract(found, version="", date="", source="")):
        raise NotFetched(f"lacks {', '.join(missing[:5])}, which our checks rely on")
    return found


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """The document is public; a .netrc shall not add anybody's name."""
    return request


def _sentence(region: Region, reason: str) -> str:
    return f"The contract document of {region.name} {reason}. The contract in force stays."


class _Counted:
    """A response's body as a file that ends with an error above the cap, and keeps its checksum."""

    def __init__(self, response: requests.Response) -> None:
        self._chunks = response.iter_content(BUFFER)
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def read(self, size: int = -1, /) -> bytes:
        """One piece, of about BUFFER bytes; b"" at the end. A read of nothing is how ijson asks for the kind."""
        if size == 0:
            return b""
        piece: bytes = next(self._chunks, b"")
        self.size += len(piece)
        self._hash.update(piece)
        if self.size > MOST_BYTES:
            raise NotFetched(f"is larger than {MOST_BYTES // 1024 // 1024} MB")
        return piece
