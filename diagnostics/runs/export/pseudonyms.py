"""Stable pseudonyms for confidential values: the same value gets the same one in every file and packet."""

import hashlib
import hmac
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from diagnostics.redaction import patterns as masks
from diagnostics.redaction.leak_scan import IPV4, IPV6, STABLE, is_identifying_address
from diagnostics.redaction.personal_data import EMAIL, PHONE

PURPOSE = b"cobrowse doctor: stable stand-ins, 1"
LENGTH = 12
# Fields that contain a user ID, and objects whose own ID is a user ID.
USER_FIELDS = masks.word_set(
    "userid userids agentid agentids ownerid memberid createdby modifiedby creatorid externalcontactid contactid customerid "
    "personid supervisorid monitoreduserid coachid clonedfromid"
)
USER_THINGS = masks.word_set(
    "user users agent agents owner member members createdby modifiedby person cloneduser homeuser externalcontact contact "
    "customer supervisor"
)
CLIENT_FIELDS = masks.word_set("clientid oauthclientid")
CLIENT_THINGS = masks.word_set("oauthclient oauthclients")
IN_ADDRESS = re.compile(r"/(?P<thing>users|clients|contacts)/(?P<id>[^/?#\s\"'&]{8,64})")
KIND_IN_ADDRESS = {"users": "user", "contacts": "user", "clients": "client"}


def derived_key(field_key: str) -> bytes:
    """A separate key for this purpose, so that a pseudonym reveals nothing about the key that encrypts the rows."""
    return HKDF(SHA256(), 32, salt=None, info=PURPOSE).derive(field_key.encode())


class Pseudonyms:
    """Replaces learned values, and everything that looks like an email address, phone number or IP address."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._learned: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None
        self.hidden: Counter[str] = Counter()

    def pseudonym(self, kind: str, value: str) -> str:
        normalized = re.sub(r"[^\d+]", "", value) if kind == "phone" else value.strip().lower()
        digest = hmac.new(self._key, f"{kind}:{normalized}".encode(), hashlib.sha256).hexdigest()[:LENGTH]
        self.hidden[kind] += 1
        return f"hidden-{kind}-{digest}"

    def learn(self, kind: str, value: object) -> None:
        """From now on, replace this value everywhere."""
        if isinstance(value, str) and len(value) >= 8 and not masks.MASKED.search(value) and not STABLE.search(value):
            self._learned.setdefault(value.lower(), kind)
            self._pattern = None

    def learn_from(self, value: Any) -> None:
        """Learn the IDs of users and OAuth clients in a JSON-like value."""
        for kind, found in _ids_in(value, ""):
            self.learn(kind, found)

    def learn_from_text(self, text: str) -> None:
        """Learn the IDs in a URL or body."""
        for found in IN_ADDRESS.finditer(text):
            if masks.looks_like_id(found["id"]):
                self.learn(KIND_IN_ADDRESS[found["thing"]], found["id"])
        try:
            self.learn_from(json.loads(text))
        except (ValueError, RecursionError):
            return

    def text(self, text: str) -> str:
        if self._learned:
            text = self._known().sub(lambda found: self.pseudonym(self._learned[found[0].lower()], found[0]), text)
        text = EMAIL.sub(lambda found: self.pseudonym("email", found[0]), text)
        text = PHONE.sub(lambda found: self.pseudonym("phone", found[0]), text)
        for pattern in (IPV4, IPV6):
            text = pattern.sub(self._address, text)
        return text

    def value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return value

    def _address(self, found: re.Match[str]) -> str:
        return self.pseudonym("ip", found[0]) if is_identifying_address(found[0]) else found[0]

    def _known(self) -> re.Pattern[str]:
        if self._pattern is None:
            longest_first = sorted(self._learned, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
        return self._pattern


def _ids_in(value: Any, parent: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for item in value:
            yield from _ids_in(item, parent)
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        plain = masks.plain_name(str(name))
        for value_or_id in item if isinstance(item, list) else [item]:
            if isinstance(value_or_id, str):
                yield from ((kind, value_or_id) for kind in _kinds(plain, parent))
        yield from _ids_in(item, plain)


def _kinds(field: str, parent: str) -> Iterable[str]:
    if field in USER_FIELDS or (field == "id" and parent in USER_THINGS):
        yield "user"
    if field in CLIENT_FIELDS or (field == "id" and parent in CLIENT_THINGS):
        yield "client"
