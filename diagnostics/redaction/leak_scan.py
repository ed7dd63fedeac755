"""Scans the files of an export for secrets and personal data. Reports the kind and the position, never the value.

It doesn't depend on how the files were redacted, so that it finds mistakes made there.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from diagnostics.redaction import patterns
from diagnostics.redaction.announced_secrets import find_announced
from diagnostics.redaction.escaped_text import decode_base64, decode_escapes
from diagnostics.redaction.named_values import find_named_values, is_user_and_password
from diagnostics.redaction.personal_data import find_personal
from diagnostics.redaction.token_shapes import find_private_keys, find_tokens

STABLE = re.compile(r"hidden-(?:client|email|ip|person|phone|user)-[0-9a-f]{12}")  # the pseudonyms of an export
SHORTEST = 6  # characters of a known value; shorter ones also occur in other words
IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)")
IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9A-Fa-f]{1,4})?(?![\w:])")
SCHEME = re.compile(r"\b(?:bearer|basic)[ \t]{1,8}(?P<value>[^\s\"'“”,;<>\\&]{6,})", re.IGNORECASE)
BLOB = re.compile(r"[A-Za-z0-9+/_-]{16,8000}={0,2}")
ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True)
class Leak:
    """One finding. `where` is "line 12" or the path of a JSON field."""

    file: str
    kind: str
    where: str


def scan(files: Mapping[str, str], known: Mapping[str, str]) -> tuple[Leak, ...]:
    """Every leak, at most one of each kind per line. `known` maps values that must not occur to their kind."""
    needles = {form: kind for value, kind in known.items() for form in _forms(value)}
    found = [leak for name, text in files.items() for leak in _in_file(name, text, needles)]
    return tuple(dict.fromkeys(found))


def _in_file(name: str, text: str, needles: Mapping[str, str]) -> Iterator[Leak]:
    for number, line in enumerate(text.splitlines(), 1):
        for kind in dict.fromkeys(_in_text(line, needles)):
            yield Leak(name, kind, f"line {number}")
    if name.endswith((".json", ".har")):
        yield from (Leak(name, "field of a secret", where) for where in _secret_fields(json.loads(text), ""))


def _in_text(line: str, needles: Mapping[str, str]) -> Iterator[str]:
    readings, kinds = _read_line(line)
    for reading in readings:
        yield from (kind for needle, kind in needles.items() if needle in reading)
    yield from kinds


@lru_cache(maxsize=20_000)
def _read_line(line: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The line and all its decoded forms, and the kinds that patterns find in them. Cached: the files of a packet repeat lines."""
    variants = _decoded_variants(line)
    blobs = tuple(decoded for blob in BLOB.findall(line) if (decoded := decode_base64(blob)) is not None)
    kinds = [kind for variant in variants for kind in _by_pattern(STABLE.sub(" ", patterns.MASKED.sub(" ", variant)))]
    for decoded in blobs:
        kinds += _by_format(decoded)
        if is_user_and_password(decoded):
            kinds.append("credentials")
    return variants + blobs, tuple(dict.fromkeys(kinds))


def _by_format(text: str) -> Iterator[str]:
    """Kinds with a known format, from the same tables as the masker's."""
    if any(find_tokens(text)) or patterns.JWT.search(text):
        yield "token"
    if any(find_private_keys(text)):
        yield "private key"
    yield from ("e-mail address" if kind == "e-mail" else kind for _, _, kind in find_personal(text))


def _by_pattern(text: str) -> Iterator[str]:
    yield from _by_format(text)
    if any(find_announced(unescape(text))):  # unescaped, because the digits of an entity could look like a password
        yield "secret"
    if any(find_named_values(text)):
        yield "secret"
    if patterns.WEBSOCKET.search(text):
        yield "session address"
    if any(not patterns.is_placeholder(match[0][:-1]) for match in patterns.USERINFO.finditer(text)):
        yield "password in an address"
    if any(_is_credential(match["value"]) for match in SCHEME.finditer(text)):
        yield "token"
    if any(patterns.looks_like_token(run) and not _is_broken_id(run) for run in patterns.LONG_WORD.findall(text)):
        yield "token"
    if any(is_identifying_address(match[0]) for pattern in (IPV4, IPV6) for match in pattern.finditer(text)):
        yield "IP address"


def _is_broken_id(run: str) -> bool:
    """A UUID with a digit too few or too many, which must stay visible for the diagnosis."""
    return run.count("-") >= 3 and patterns.looks_like_id(run)


def _is_credential(value: str) -> bool:
    """False for a placeholder, and for the next word of a sentence about "Bearer"."""
    is_word = len(value) <= 15 or not any(map(str.isdigit, value))
    return not is_word and not patterns.is_placeholder(value.rstrip(".)]}"))


def is_identifying_address(text: str) -> bool:
    """An IP address that could identify somebody: not a loopback address and not 0.0.0.0."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


def _decoded_variants(line: str) -> tuple[str, ...]:
    """The line as it is, and decoded as HTML, as a URL, as JSON, and by `decode_escapes`."""
    json_text = ESCAPED.sub(lambda match: chr(int(match[1], 16)), line).replace("\\/", "/").replace('\\"', '"')
    variants = [line, unescape(line), unquote(line), json_text]
    if decoded := decode_escapes(line):
        variants.append(decoded.text)
    return tuple(dict.fromkeys(variants))


def _forms(value: str) -> set[str]:
    """A known value in the forms in which it could occur; none if it is too short."""
    value = value.strip()
    if len(value) < SHORTEST:
        return set()
    return {value, value.lower(), value.upper(), quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1]}


def _secret_fields(value: Any, where: str) -> Iterator[str]:
    """Paths of fields with a secret name, and a value that is neither empty nor a mask."""
    if isinstance(value, dict):
        if (pair := patterns.secret_pair(value)) and _is_bare(value.get("value")):
            yield f"{where}/{pair[:60]}"
        for name, item in value.items():
            if isinstance(item, str) and patterns.is_secret_name(str(name)) and _is_bare(item):
                yield f"{where}/{str(name)[:60]}"
            yield from _secret_fields(item, f"{where}/{str(name)[:60]}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _secret_fields(item, f"{where}/{number}")


def _is_bare(value: object) -> bool:
    """Is this an unmasked value? A mask may follow the scheme of a header."""
    if not isinstance(value, str):
        return False
    rest = re.sub(r"^(?:bearer|basic)\s+", "", value.strip(), flags=re.IGNORECASE)
    return bool(rest) and not patterns.is_placeholder(rest)


def kinds_of(leaks: Iterable[Leak]) -> tuple[str, ...]:
    """Each kind and file once, for the page and the log."""
    return tuple(dict.fromkeys(f"{leak.kind} in {leak.file}" for leak in leaks))
