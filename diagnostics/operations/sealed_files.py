"""An authentication code at the end of a file, so that a changed, cut or foreign file is recognized before it is used.

The file's own bytes stay as they are: `pg_restore` reads the archive and ignores what follows its end. What is added
is one block of fixed size: a mark, an ID of the key, and HMAC-SHA-256 over everything before the code.
"""

import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"\ncobrowse-doctor-backup-1\n"
ID_BYTES = 8
CODE_BYTES = 32
BLOCK = len(MAGIC) + ID_BYTES + CODE_BYTES
PURPOSE = b"cobrowse-doctor backup authentication"
CHUNK = 1024 * 1024


class Unsealed(Exception):
    """The file has no code at all: it was made elsewhere, by an earlier version, or cut."""


class WrongKey(Exception):
    """The file was sealed with a key that is not among those given. `id` says which, as key_id() does."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.id = id


class Altered(Exception):
    """The file is not what was sealed."""


@dataclass(frozen=True)
class _Key:
    id: bytes
    secret: bytes


def key_id(key: str) -> str:
    """Names an encryption key without telling anything of it."""
    return _derived(key).id.hex()


def seal(file: Path, key: str) -> None:
    """Appends the block, in constant memory."""
    derived = _derived(key)
    code = hmac.new(derived.secret, digestmod=sha256)
    with open(file, "r+b") as stream:
        while chunk := stream.read(CHUNK):
            code.update(chunk)
        head = MAGIC + derived.id
        code.update(head)
        stream.write(head + code.digest())
        stream.flush()
        os.fsync(stream.fileno())


def verify(file: Path, keys: Sequence[str]) -> None:
    """Raises Unsealed, WrongKey or Altered. Reads the file once, in constant memory."""
    size = file.stat().st_size
    with open(file, "rb") as stream:
        stream.seek(max(size - BLOCK, 0))
        block = stream.read()
        if len(block) < BLOCK or not block.startswith(MAGIC):
            raise Unsealed
        id, code = block[len(MAGIC) : len(MAGIC) + ID_BYTES], block[-CODE_BYTES:]
        fitting = next((each for each in map(_derived, keys) if each.id == id), None)
        if fitting is None:
            raise WrongKey(id.hex())
        computed = hmac.new(fitting.secret, digestmod=sha256)
        stream.seek(0)
        left = size - CODE_BYTES
        while left and (chunk := stream.read(min(CHUNK, left))):
            computed.update(chunk)
            left -= len(chunk)
    if not hmac.compare_digest(computed.digest(), code):
        raise Altered


def _derived(key: str) -> _Key:
    material = HKDF(SHA256(), length=ID_BYTES + 32, salt=None, info=PURPOSE).derive(key.encode())
    return _Key(material[:ID_BYTES], material[ID_BYTES:])
