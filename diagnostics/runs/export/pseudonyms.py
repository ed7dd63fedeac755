"""Stable stand-ins for what may not leave: the same value has the same one, in every file and every packet."""

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
# Fields that hold a person's id, and things whose own id is a person's.
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
    """A key of its own for this purpose, so that a stand-in tells nothing of what the rows are encrypted with."""
    return HKDF(SHA256(), 32, salt=None, info=PURPOSE).derive(field_key.encode())


class Pseudonyms:
    """Hides what it has learnt, and whatever looks like an e-mail address, a phone number or an IP address."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._learnt: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None
        self.hidden: Counter[str] = Counter()

    def stand_in(self, kind: str, value: str) -> str:
        same = re.sub(r"[^\d+]", "", value) if kind == "phone" else value.strip().lower()
        told = hmac.new(self._key, f"{kind}:{same}".encode(), hashlib.sha256).hexdigest()[:LENGTH]
        self.hidden[kind] += 1
        return f"hidden-{kind}-{told}"

    def learn(self, kind: str, value: object) -> None:
        """From now on this very value is hidden wherever it stands."""
        if isinstance(value, str) and len(value) >= 8 and not masks.MASKED.search(value) and not STABLE.search(value):
            self._learnt.setdefault(value.lower(), kind)
            self._pattern = None

    def learn_from(self, value: Any) -> None:
        """The ids of people and OAuth clients in a JSON-like value."""
        for kind, found in _ids_in(value, ""):
            self.learn(kind, found)

    def learn_from_text(self, text: str) -> None:
        """The same in a URL, or in a body."""
        for found in IN_ADDRESS.finditer(text):
            if masks.looks_like_id(found["id"]):
                self.learn(KIND_IN_ADDRESS[found["thing"]], found["id"])
        try:
            self.learn_from(json.loads(text))
        except (ValueError, RecursionError):
            return

    def text(self, text: str) -> str:
        if self._learnt:
            text = self._known().sub(lambda found: self.stand_in(self._learnt[found[0].lower()], found[0]), text)
        text = EMAIL.sub(lambda found: self.stand_in("email", found[0]), text)
        text = PHONE.sub(lambda found: self.stand_in("phone", found[0]), text)
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
        return self.stand_in("ip", found[0]) if is_identifying_address(found[0]) else found[0]

    def _known(self) -> re.Pattern[str]:
        if self._pattern is None:
            longest_first = sorted(self._learnt, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
        return self._pattern


def _ids_in(value: Any, thing: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for item in value:
            yield from _ids_in(item, thing)
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        plain = masks.plain_name(str(name))
        for each in item if isinstance(item, list) else [item]:
            if isinstance(each, str):
                yield from ((kind, each) for kind in _kinds(plain, thing))
        yield from _ids_in(item, plain)


def _kinds(field: str, thing: str) -> Iterable[str]:
    if field in USER_FIELDS or (field == "id" and thing in USER_THINGS):
        yield "user"
    if field in CLIENT_FIELDS or (field == "id" and thing in CLIENT_THINGS):
        yield "client"
