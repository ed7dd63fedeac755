"""Does a file hold what must not leave the house? Pure; says where and of what kind, never the value.

Knows nothing of how the file was made, so that a mistake there is found here.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from diagnostics.redaction import patterns as masks
from diagnostics.redaction.announced_secrets import find_announced
from diagnostics.redaction.escaped_text import unescaped
from diagnostics.redaction.named_values import find_named_values, holds_credentials
from diagnostics.redaction.personal_data import find_personal
from diagnostics.redaction.token_shapes import find_private_keys, find_tokens

TOKEN_KINDS = ("client", "email", "ip", "person", "phone", "user")
STABLE = re.compile(r"hidden-(?:" + "|".join(TOKEN_KINDS) + r")-[0-9a-f]{12}")
SHORTEST = 6  # characters of a known value; a shorter one stands in other words
IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\d)")
IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9A-Fa-f]{1,4})?(?![\w:])")
SCHEME = re.compile(r"\b(?:bearer|basic)[ \t]{1,8}(?P<value>[^\s\"'“”,;<>\\&]{6,})", re.IGNORECASE)
BLOB = re.compile(r"[A-Za-z0-9+/_-]{16,8000}={0,2}")
ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


@dataclass(frozen=True)
class Leak:
    """`where` is "line 12" or the path of a JSON field."""

    file: str
    kind: str
    where: str


def scan(files: Mapping[str, str], known: Mapping[str, str]) -> tuple[Leak, ...]:
    """Every leak, at most one of a kind in a line. `known` are values that must not be there -> what each is."""
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
    for shown in _readings(line):
        yield from (kind for needle, kind in needles.items() if needle in shown)
        yield from _by_shape(STABLE.sub(" ", masks.MASKED.sub(" ", shown)))
    for decoded in _decoded(line):
        yield from (kind for needle, kind in needles.items() if needle in decoded)
        yield from _by_known_shape(decoded)
        if holds_credentials(decoded):
            yield "credentials"


def _by_known_shape(text: str) -> Iterator[str]:
    """By the same tables as what masks."""
    if any(True for _ in find_tokens(text)) or masks.JWT.search(text):
        yield "token"
    if any(True for _ in find_private_keys(text)):
        yield "private key"
    yield from ("e-mail address" if kind == "e-mail" else kind for _, _, kind in find_personal(text))


def _by_shape(text: str) -> Iterator[str]:
    yield from _by_known_shape(text)
    if any(True for _ in find_announced(unescape(text))):  # an entity is no digit of a password
        yield "secret"
    if any(True for _ in find_named_values(text)):
        yield "secret"
    if masks.WEBSOCKET.search(text):
        yield "session address"
    if any(not masks.is_placeholder(each[0][:-1]) for each in masks.USERINFO.finditer(text)):
        yield "password in an address"
    if any(
        not masks.is_placeholder(each["value"].rstrip(".)]}")) and _is_value(each["value"])
        for each in SCHEME.finditer(text)
    ):
        yield "token"
    if any(masks.looks_like_token(run) and not _is_broken_id(run) for run in masks.RUN.findall(text)):
        yield "token"
    if any(is_identifying_address(each[0]) for pattern in (IPV4, IPV6) for each in pattern.finditer(text)):
        yield "IP address"


def _is_broken_id(run: str) -> bool:
    """A UUID with a digit too few or too many, which the diagnosis is about."""
    return run.count("-") >= 3 and masks.looks_like_id(run)


def _is_value(word: str) -> bool:
    """Something after "Bearer" that is no word of a sentence."""
    return any(sign.isdigit() for sign in word) and len(word) > 15


def is_identifying_address(text: str) -> bool:
    """An IP address that says something of somebody: not this very machine, and not "no address"."""
    try:
        read = ip_address(text)
    except ValueError:
        return False
    return not (read.is_loopback or read.is_unspecified)


def _readings(line: str) -> tuple[str, ...]:
    """The line as it stands, and as HTML, a URL and JSON would be read."""
    bare = ESCAPED.sub(lambda found: chr(int(found[1], 16)), line).replace("\\/", "/").replace('\\"', '"')
    read = unescaped(line)
    return tuple(dict.fromkeys((line, unescape(line), unquote(line), bare, *([read.text] if read else []))))


def _decoded(line: str) -> Iterator[str]:
    for blob in BLOB.findall(line):
        plain = blob.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            yield base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode()
        except (binascii.Error, ValueError):
            continue


def _forms(value: str) -> set[str]:
    value = value.strip()
    if len(value) < SHORTEST:
        return set()
    return {value, value.lower(), value.upper(), quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1]}


def _secret_fields(value: Any, where: str) -> Iterator[str]:
    """Fields whose name says secret, and whose value is neither empty nor a mask."""
    if isinstance(value, dict):
        if (pair := masks.secret_pair(value)) and _is_bare(value.get("value")):
            yield f"{where}/{pair[:60]}"
        for name, item in value.items():
            if isinstance(item, str) and masks.is_secret_name(str(name)) and _is_bare(item):
                yield f"{where}/{str(name)[:60]}"
            yield from _secret_fields(item, f"{where}/{str(name)[:60]}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _secret_fields(item, f"{where}/{number}")


def _is_bare(value: object) -> bool:
    """Words of a header's scheme may stand before a mask."""
    if not isinstance(value, str):
        return False
    rest = re.sub(r"^(?:bearer|basic)\s+", "", value.strip(), flags=re.IGNORECASE)
    return bool(rest) and not masks.is_placeholder(rest)


def kinds_of(leaks: Iterable[Leak]) -> tuple[str, ...]:
    """For the screen and the log: file and kind, each once."""
    return tuple(dict.fromkeys(f"{each.kind} in {each.file}" for each in leaks))
