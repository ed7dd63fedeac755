"""Appends an authentication code to a file, so that a changed, truncated or foreign file is recognized.

The file's own bytes stay the same: `pg_restore` reads the archive and ignores what follows it. The appended block has a
fixed size: a marker, the ID of the key, and HMAC-SHA-256 over everything before the code.
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


class UnsealedFile(Exception):
    """The file has no code: it comes from elsewhere or an earlier version, or is truncated."""


class WrongKey(Exception):
    """The file was sealed with a key that wasn't given. `id` is its key_id()."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.id = id


class AlteredFile(Exception):
    """The file was changed after it was sealed."""


@dataclass(frozen=True)
class _Key:
    id: bytes
    secret: bytes


def key_id(key: str) -> str:
    """A public ID of an encryption key, in hex."""
    return _derived(key).id.hex()


def seal(file: Path, key: str) -> None:
    """Append the block, in constant memory."""
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
    """Raises UnsealedFile, WrongKey or AlteredFile. Reads the file once, in constant memory."""
    size = file.stat().st_size
    with open(file, "rb") as stream:
        stream.seek(max(size - BLOCK, 0))
        block = stream.read()
        if len(block) < BLOCK or not block.startswith(MAGIC):
            raise UnsealedFile
        id, code = block[len(MAGIC) : len(MAGIC) + ID_BYTES], block[-CODE_BYTES:]
        matching = next((key_pair for key_pair in map(_derived, keys) if key_pair.id == id), None)
        if matching is None:
            raise WrongKey(id.hex())
        computed = hmac.new(matching.secret, digestmod=sha256)
        stream.seek(0)
        left = size - CODE_BYTES
        while left and (chunk := stream.read(min(CHUNK, left))):
            computed.update(chunk)
            left -= len(chunk)
    if not hmac.compare_digest(computed.digest(), code):
        raise AlteredFile


def _derived(key: str) -> _Key:
    material = HKDF(SHA256(), length=ID_BYTES + 32, salt=None, info=PURPOSE).derive(key.encode())
    return _Key(material[:ID_BYTES], material[ID_BYTES:])
