"""The one place that everything passes before it is stored or shown: secrets masked, customers' words hidden."""

import base64
import json
import re
from collections.abc import Iterable
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

from diagnostics.genesys.exchange import Headers, HttpExchange
from diagnostics.redaction import allowlist as kept
from diagnostics.redaction import own_text
from diagnostics.redaction import patterns as masks
from diagnostics.redaction.masker import MAX_DEPTH, PASSES, Masker
from diagnostics.text.cleaning import clean_json, clean_text, read_json

MAX_BODY = 20_000  # characters stored of one body that a person brought
# Of an org's answer enough is stored to judge it anew later: a hundred web deployments with their settings fit.
MAX_ANSWER = 200_000
MAX_TEXT = 300  # characters stored of a body that is no JSON
MAX_READ = 400_000  # characters looked at in a body that is no JSON
MIN_SECRET = 8  # a shorter value would be found in other words, and masking those would give it away
LIST_LIMITS = (500, 200, 100, 50, 20, 8, 3, 1)
CUT = re.compile(r"\[cut: [\d,]{1,20} (?:more|of [\d,]{1,20} characters kept)\]")
CUT_AT_END = re.compile(r" \[cut: [\d,]{1,20} of [\d,]{1,20} characters kept\]$")
TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{0,400})", re.IGNORECASE)
HTML = re.compile(r"\s{0,100}(?:<!doctype html|<html|<head|<body|<!--)", re.IGNORECASE)
HEX_ID = re.compile(r"[0-9a-fA-F]{32}|\d{1,19}")
# What only words, names and short numbers are made of.
ORDINARY = re.compile(r"[a-z]*|[A-Z][A-Za-z]*|[a-z]+(?:[A-Z][a-z]+)+|\d{1,6}|[a-z]{1,4}\d")
WORD = re.compile(r"[a-z_.]{1,60}")
PARTS = re.compile(r"[^A-Za-z0-9]+")
UNSEEN = ("script", "style", "title", "head")


class Redactor:
    """Redacts by shape, and by the secrets known to the run. Redacting the result again changes nothing.

    `secrets` are the client secret, access tokens and Basic values; they are found in URL-encoded, Base64 and
    JSON-escaped form too. The redactor must not be stored or shown itself.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms = {form for secret in secrets for form in _forms(secret) if len(form) >= MIN_SECRET}
        self._known = _any_of({form for form in self._forms if not is_ordinary(form)})
        self._is_for_echoes = False

    def for_echoes(self) -> "Redactor":
        """Seeks also a secret made of ordinary words. Only for what may repeat what was sent: the login host's response.

        Elsewhere such a word is just that word, and masking it would hide evidence and give the secret away.
        """
        own = Redactor()
        own._known, own._is_for_echoes = _any_of(self._forms), True
        return own

    def text(self, text: str) -> str:
        """Free text without secrets, session addresses, e-mail addresses and phone numbers."""
        for _ in range(PASSES):
            masker = Masker(lengths=False)
            masked = masker.text(self._without_known(text))
            if masked == text:
                break
            text = masked
        return text

    def sentence(self, text: str) -> str:
        """A sentence of the product: values that others wrote into it are masked, its own words never are.

        The known secrets that are looked for cannot be part of the sentence itself, and what stands around a value, such
        as the word "token", decides nothing.
        """
        return Masker(lengths=False).shapes(self._without_known(text))

    def value(self, value: Any) -> Any:
        """A JSON-like value of our own, such as evidence: its strings redacted, secret fields masked, depth limited."""
        return self._own(value, "", 0)

    def exchange(self, exchange: HttpExchange) -> HttpExchange:
        clean = self.for_echoes() if urlsplit(exchange.url).path.endswith("/oauth/token") else self
        return replace(
            exchange,
            url=self.url(exchange.url),
            request_headers=self.headers(exchange.request_headers),
            response_headers=clean.headers(exchange.response_headers),
            body=clean.body(exchange.body, exchange.status, exchange.url, most=MAX_ANSWER),
            correlation_id=self.text(exchange.correlation_id)[:120],
            error=self.text(exchange.error),
        )

    def url(self, url: str) -> str:
        for _ in range(PASSES):
            masked = Masker(lengths=False).url(self._without_known(url))
            if masked == url:
                break
            url = masked
        return url

    def headers(self, headers: Headers) -> Headers:
        return tuple((self.text(name), self._header(name, value)) for name, value in headers)

    def body(self, body: str, status: int | None, url: str = "", most: int = MAX_BODY) -> str:
        """A body as it may be stored: JSON by the list of kept fields, anything else cut to its first words.

        `most` is how many characters of JSON there may be.
        """
        body = clean_text(body)
        if not body.strip():
            return ""
        error = status is None or status >= 400
        try:
            value = read_json(body)
            masked = self._answer(value, "", kept.names_root(url), error, 0)
            return self._fitting(masked, most)
        except ValueError:
            return self._plain_body(body)

    # -- the parts

    def _without_known(self, text: str) -> str:
        text = clean_json(text)  # an escape may have been decoded since the text entered
        if self._known is None or (self._is_for_echoes and WORD.fullmatch(text)):  # a single word is a code or a state
            return text
        known = self._known
        parts: list[str] = []
        start = 0
        for mask in masks.MASKED.finditer(text):
            parts += [known.sub("[masked]", text[start : mask.start()]), mask[0]]
            start = mask.end()
        return "".join([*parts, known.sub("[masked]", text[start:])])

    def _header(self, name: str, value: str) -> str:
        for _ in range(PASSES):
            masker = Masker(lengths=False)
            masked = masker.header(name, self._without_known(value))
            if masked == value:
                break
            value = masked
        return value

    def _own(self, value: Any, name: str, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return "[hidden]"
        if isinstance(value, dict):
            return {self.text(str(key)): self._own(item, _secret_name(key), depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            items = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
            return [self._own(item, name, depth + 1) for item in items]
        if value is None or isinstance(value, bool):
            return value
        if name and isinstance(value, str):
            return value if not value or masks.is_placeholder(value) else "[masked]"
        return value if isinstance(value, int | float) else self.text(str(value))

    def _answer(self, value: Any, key: str, named: bool, error: bool, depth: int) -> Any:
        """What may be kept of an answer. `named`: the names on this level were given by an admin."""
        if value is None or isinstance(value, bool):
            return value
        if depth > MAX_DEPTH or (kept.is_withheld(key) and not (error and isinstance(value, str) and not value)):
            return "[hidden]"
        if isinstance(value, dict):
            return {
                self._key(name): self._answer(item, name, self._named(name, item, named), error, depth + 1)
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [self._answer(item, key, named, error, depth + 1) for item in value]
        if masks.is_secret_name(key):
            return "[masked]"
        if isinstance(value, int | float):
            return value
        return self._string(value, key, named, error)

    def _named(self, key: str, item: Any, around: bool) -> bool:
        """For a string the names of this level count, for what contains more the key that leads to it."""
        return kept.keeps_names(key, around) if isinstance(item, dict | list) else around

    def _key(self, key: str) -> str:
        return self.text(key) if re.fullmatch(r"[\w$.:/ -]{1,80}", key) or masks.MASKED.fullmatch(key) else "[hidden]"

    def _string(self, value: str, key: str, named: bool, error: bool) -> str:
        if not value or masks.MASKED.fullmatch(value) or CUT.fullmatch(value):
            return value
        if not kept.may_keep(key, value, named, error):
            return "[hidden]"
        return self.text(value)[:1000]

    def _fitting(self, value: Any, most: int) -> str:
        """As JSON of at most so many characters: long lists lose their tail first, and say how much."""
        text = json.dumps(value, ensure_ascii=False)
        size = len(text)
        for limit in LIST_LIMITS:
            if len(text) <= most:
                return text
            text = json.dumps(_shorter(value, limit), ensure_ascii=False)
        return text if len(text) <= most else json.dumps(f"[cut: 0 of {size:,} characters kept]")

    def _plain_body(self, body: str) -> str:
        done = CUT_AT_END.search(body)
        if done and done.start() <= 2 * MAX_TEXT:
            return self.text(body)
        shown = _visible(body[:MAX_READ]) if HTML.match(body) else body[:MAX_READ].strip()
        shown = self.text(shown)
        if len(shown) <= MAX_TEXT and len(body) <= MAX_TEXT:
            return shown
        return f"{shown[:MAX_TEXT]} [cut: {min(len(shown), MAX_TEXT)} of {len(body):,} characters kept]"


def _forms(secret: str) -> set[str]:
    """A secret as it may be met: bare, URL-encoded, in Base64, escaped in JSON."""
    secret = secret.strip()
    raw = secret.encode("utf-8", "replace")
    encoded = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    forms = {
        secret,
        quote(secret, safe="", errors="replace"),
        quote_plus(secret, errors="replace"),
        json.dumps(secret)[1:-1],
    }
    return forms | encoded | {form.rstrip("=") for form in encoded} if secret else set()


def is_ordinary(text: str) -> bool:
    """Can this stand in the product's own sentences: a phrase of its own text, an ID, a code, a host or a path of the API?

    Client secrets and tokens of Genesys Cloud are random, so that they never are; what an admin invents may be.
    """
    if masks.UUID.fullmatch(text) or HEX_ID.fullmatch(text):
        return True
    return (
        not masks.looks_like_token(text)
        and all(map(ORDINARY.fullmatch, PARTS.split(text)))
        and own_text.is_own_phrase(text)
    )


def _any_of(forms: Iterable[str]) -> re.Pattern[str] | None:
    """Matches any of them. What begins or ends as a word is not found within a longer one."""
    ordered = sorted(forms, key=lambda form: (-len(form), form))
    found = [_bounded(form) if is_ordinary(form) else re.escape(form) for form in ordered]
    return re.compile("|".join(found)) if found else None


def _bounded(form: str) -> str:
    return rf"(?<![\w:/.-]){re.escape(form)}(?![\w:/-]|\.\w)"


def _secret_name(key: object) -> str:
    return str(key) if masks.is_secret_name(str(key)) else ""


def _shorter(value: Any, limit: int) -> Any:
    if isinstance(value, dict):
        return {key: _shorter(item, limit) for key, item in value.items()}
    if isinstance(value, list):
        kept_items = [_shorter(item, limit) for item in value[:limit]]
        return kept_items + ([f"[cut: {len(value) - limit:,} more]"] if len(value) > limit else [])
    return value


def _visible(page: str) -> str:
    """The title of an HTML page and the text one would see of it."""
    title = TITLE.search(page)
    for tag in UNSEEN:
        page = _without(page, tag)
    text = " ".join(unescape(re.sub(r"<[^<>]{0,2000}>", " ", page)).split())
    named = f"“{' '.join(unescape(title[1]).split())[:150]}” " if title and title[1].strip() else ""
    return f"HTML page {named}{text}".strip()


def _without(page: str, tag: str) -> str:
    """The page without the elements of that name. Plain searches: an unclosed element must not cost more."""
    lower = page.lower()
    if len(lower) != len(page):
        return page
    parts: list[str] = []
    start = 0
    while (found := lower.find(f"<{tag}", start)) >= 0:
        parts.append(page[start:found])
        end = lower.find(f"</{tag}", found)
        start = len(page) if end < 0 else end
        if end < 0:
            break
        start += len(tag) + 2
    return "".join([*parts, page[start:]])
