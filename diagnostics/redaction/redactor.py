"""Redacts everything before it is stored or shown: patterns secrets and hides customer content."""

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from html import unescape
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

from diagnostics.genesys.exchange import Headers, HttpExchange
from diagnostics.redaction import allowlist, patterns
from diagnostics.redaction.masker import MAX_DEPTH, PASSES, Masker
from diagnostics.redaction.own_text import is_own_phrase
from diagnostics.text.cleaning import clean_json, clean_text, read_json

MAX_BODY = 20_000  # characters stored of a pasted body
# Characters stored of an org's response, so that it can be evaluated again: enough for a hundred web deployments.
MAX_RESPONSE_BODY = 200_000
MAX_TEXT = 300  # characters stored of a body that isn't JSON
MAX_READ = 400_000  # characters processed of a body that isn't JSON
MIN_SECRET = 8  # a shorter value also occurs in other words, and masking those would give it away
LIST_LIMITS = (500, 200, 100, 50, 20, 8, 3, 1)
CUT = re.compile(r"\[cut: [\d,]{1,20} (?:more|of [\d,]{1,20} characters kept)\]")
CUT_AT_END = re.compile(r" \[cut: [\d,]{1,20} of [\d,]{1,20} characters kept\]$")
TITLE = re.compile(r"<title[^<>]{0,200}>([^<]{0,400})", re.IGNORECASE)
HTML = re.compile(r"\s{0,100}(?:<!doctype html|<html|<head|<body|<!--)", re.IGNORECASE)
HEX_ID = re.compile(r"[0-9a-fA-F]{32}|\d{1,19}")
# Parts of words, names and short numbers.
ORDINARY = re.compile(r"[a-z]*|[A-Z][A-Za-z]*|[a-z]+(?:[A-Z][a-z]+)+|\d{1,6}|[a-z]{1,4}\d")
KEY = re.compile(r"[\w$.:/ -]{1,80}")
WORD = re.compile(r"[a-z_.]{1,60}")
PARTS = re.compile(r"[^A-Za-z0-9]+")
MAX_CACHED_TEXT, MAX_CACHED_TEXTS = 200, 20_000
INVISIBLE_TAGS = ("script", "style", "title", "head")


class Redactor:
    """Redacts by pattern, and by the secrets known to the run. Idempotent.

    `secrets` are the client secret, access tokens and Basic values. They are also found URL-encoded, in Base64 and
    escaped in JSON. The redactor itself must not be stored or shown.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms = {form for secret in secrets for form in _forms(secret) if len(form) >= MIN_SECRET}
        self._shortest_forms = _without_longer(self._forms)
        self._is_for_echoes = False
        self._unchanged = _Harmless()

    @cached_property
    def _known(self) -> re.Pattern[str] | None:
        """Compiled once a text has one of the forms, because few runs ever meet one."""
        forms = {form: is_ordinary(form) for form in self._forms}
        return _any_of(forms if self._is_for_echoes else {form: False for form in forms if not forms[form]})

    @cached_property
    def for_echoes(self) -> "Redactor":
        """A redactor that also masks secrets made of ordinary words, for the login host's response, which may repeat them.

        Elsewhere, masking such a word would hide evidence and give the secret away.
        """
        redactor = Redactor()
        redactor._forms, redactor._shortest_forms = self._forms, self._shortest_forms
        redactor._is_for_echoes = True
        return redactor

    def text(self, text: str) -> str:
        """Free text without secrets, session addresses, e-mail addresses and phone numbers."""
        if (text,) in self._unchanged:
            return text
        for _ in range(PASSES):
            masked = _masked(Masker.text, self._without_known(text))
            if masked == text:
                self._unchanged.keep(text)
                break
            text = masked
        return text

    def sentence(self, text: str) -> str:
        """Mask values in a sentence of the product, but never its own words.

        Known secrets made of ordinary words aren't masked, and the words around a value, such as "token", don't matter.
        """
        return _masked(Masker.shapes, self._without_known(text))

    def value(self, value: Any) -> Any:
        """A value built by the product, such as evidence, as JSON with redacted strings and masked secret fields.

        Anything nested deeper than `MAX_DEPTH` is hidden.
        """
        return self._value(value, "", 0)

    def exchange(self, exchange: HttpExchange) -> HttpExchange:
        redactor = self.for_echoes if urlsplit(exchange.url).path.endswith("/oauth/token") else self
        return replace(
            exchange,
            url=self.url(exchange.url),
            request_headers=self.headers(exchange.request_headers),
            response_headers=redactor.headers(exchange.response_headers),
            body=redactor.body(exchange.body, exchange.status, exchange.url, limit=MAX_RESPONSE_BODY),
            correlation_id=self.text(exchange.correlation_id)[:120],
            error=self.text(exchange.error),
        )

    def url(self, url: str) -> str:
        for _ in range(PASSES):
            masked = _masked(Masker.url, self._without_known(url))
            if masked == url:
                break
            url = masked
        return url

    def headers(self, headers: Headers) -> Headers:
        return tuple((self.text(name), self._header(name, value)) for name, value in headers)

    def body(self, body: str, status: int | None, url: str = "", limit: int = MAX_BODY) -> str:
        """A body that may be stored: JSON by the allowlist, anything else truncated to `MAX_TEXT` characters.

        `limit` is the maximum number of characters of JSON.
        """
        body = clean_text(body)
        if not body.strip():
            return ""
        error = status is None or status >= 400
        try:
            masked = self._response(read_json(body), "", allowlist.names_root(url), error, 0)
            return _fit(masked, limit)
        except ValueError:
            return self._plain_body(body)

    def _without_known(self, text: str) -> str:
        text = clean_json(text)  # again, because an escape may have been decoded since the text was cleaned
        if not self._may_have_known(text):
            return text
        if self._known is None or (self._is_for_echoes and WORD.fullmatch(text)):  # a single word is a code or a state
            return text
        known = self._known
        parts: list[str] = []
        start = 0
        for mask in patterns.MASKED.finditer(text):
            parts += [known.sub("[masked]", text[start : mask.start()]), mask[0]]
            start = mask.end()
        return "".join([*parts, known.sub("[masked]", text[start:])])

    def _may_have_known(self, text: str) -> bool:
        """A search for plain strings, which takes much less time than the pattern."""
        for form in self._shortest_forms:  # noqa: SIM110 - a generator takes three times as long, and this runs for each string
            if form in text:
                return True
        return False

    def _header(self, name: str, value: str) -> str:
        for _ in range(PASSES):
            masked = _masked(Masker.header, name, self._without_known(value))
            if masked == value:
                break
            value = masked
        return value

    def _value(self, value: Any, name: str, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return "[hidden]"
        if isinstance(value, dict):
            return {self.text(str(key)): self._value(item, _secret_name(key), depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            items = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
            return [self._value(item, name, depth + 1) for item in items]
        if value is None or isinstance(value, bool):
            return value
        if name and isinstance(value, str):
            return value if not value or patterns.is_placeholder(value) else "[masked]"
        return value if isinstance(value, int | float) else self.text(str(value))

    def _response(self, value: Any, key: str, named: bool, error: bool, depth: int) -> Any:
        """The parts of a response that may be stored. `named` is true where an admin gave the names on this level."""
        if value is None or isinstance(value, bool):
            return value
        if depth > MAX_DEPTH or (allowlist.is_withheld(key) and not (error and value == "")):
            return "[hidden]"
        if isinstance(value, dict):
            return {
                self._key(name): self._response(item, name, _is_named(name, item, named), error, depth + 1)
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [self._response(item, key, named, error, depth + 1) for item in value]
        if patterns.is_secret_name(key):
            return "[masked]"
        if isinstance(value, int | float):
            return value
        return self._string(value, key, named, error)

    def _key(self, key: str) -> str:
        return self.text(key) if KEY.fullmatch(key) or patterns.MASKED.fullmatch(key) else "[hidden]"

    def _string(self, value: str, key: str, named: bool, error: bool) -> str:
        if not value or patterns.MASKED.fullmatch(value) or CUT.fullmatch(value):
            return value
        if not allowlist.may_keep(key, value, named, error):
            return "[hidden]"
        return self.text(value)[:1000]

    def _plain_body(self, body: str) -> str:
        already_cut = CUT_AT_END.search(body)
        if already_cut and already_cut.start() <= 2 * MAX_TEXT:
            return self.text(body)
        text = _visible_text(body[:MAX_READ]) if HTML.match(body) else body[:MAX_READ].strip()
        text = self.text(text)
        if len(text) <= MAX_TEXT and len(body) <= MAX_TEXT:
            return text
        return f"{text[:MAX_TEXT]} [cut: {min(len(text), MAX_TEXT)} of {len(body):,} characters kept]"


class _Harmless(set[tuple[Any, ...]]):
    """Short texts without anything to mask. The fields, states, headers and sentences of an org and of the product repeat."""

    def keep(self, *entry: Any) -> None:
        if sum(len(part) for part in entry if isinstance(part, str)) <= MAX_CACHED_TEXT:
            if len(self) >= MAX_CACHED_TEXTS:
                self.clear()
            self.add(entry)


_harmless = _Harmless()


def _masked(mask: Callable[..., str], *given: str) -> str:
    """The last of the given texts, masked by that method of Masker."""
    if (mask, *given) in _harmless:
        return given[-1]
    masked = mask(Masker(lengths=False), *given)
    if masked == given[-1]:
        _harmless.keep(mask, *given)
    return masked


def _forms(secret: str) -> set[str]:
    """The forms in which a secret can occur: as it is, URL-encoded, in Base64, escaped in JSON."""
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


def _without_longer(forms: set[str]) -> tuple[str, ...]:
    """Those that contain none of the others: a text without any of them has none of the forms."""
    return tuple(form for form in forms if not any(other in form for other in forms if other != form))


def is_ordinary(text: str) -> bool:
    """Can this occur in the product's own sentences, such as one of its phrases, an ID, a code, a host or an API path?

    Never true for client secrets and tokens of Genesys Cloud, which are random, but maybe for a secret made up by an admin.
    """
    if patterns.UUID.fullmatch(text) or HEX_ID.fullmatch(text):
        return True
    return (
        not patterns.looks_like_token(text) and all(map(ORDINARY.fullmatch, PARTS.split(text))) and is_own_phrase(text)
    )


def _any_of(forms: Mapping[str, bool]) -> re.Pattern[str] | None:
    """A pattern for any of the forms, the longest first. Those that are ordinary match only as whole words."""
    parts: list[str] = []
    for form in sorted(forms, key=lambda form: (-len(form), form)):
        escaped = re.escape(form)
        parts.append(rf"(?<![\w:/.-]){escaped}(?![\w:/-]|\.\w)" if forms[form] else escaped)
    return re.compile("|".join(parts)) if parts else None


def _secret_name(key: object) -> str:
    return str(key) if patterns.is_secret_name(str(key)) else ""


def _is_named(key: str, item: Any, around: bool) -> bool:
    """May names inside `item` be stored? Objects and lists decide by their key, a string by the level it's on."""
    return allowlist.keeps_names(key, around) if isinstance(item, dict | list) else around


def _fit(value: Any, limit: int) -> str:
    """The value as JSON of at most `limit` characters. Long lists are truncated first, with a note of how much is gone."""
    text = json.dumps(value, ensure_ascii=False)
    size = len(text)
    for list_limit in LIST_LIMITS:
        if len(text) <= limit:
            return text
        text = json.dumps(_truncate_lists(value, list_limit), ensure_ascii=False)
    return text if len(text) <= limit else json.dumps(f"[cut: 0 of {size:,} characters kept]")


def _truncate_lists(value: Any, limit: int) -> Any:
    if isinstance(value, dict):
        return {key: _truncate_lists(item, limit) for key, item in value.items()}
    if isinstance(value, list):
        items = [_truncate_lists(item, limit) for item in value[:limit]]
        return items + ([f"[cut: {len(value) - limit:,} more]"] if len(value) > limit else [])
    return value


def _visible_text(page: str) -> str:
    """The title of an HTML page and its visible text."""
    title = TITLE.search(page)
    for tag in INVISIBLE_TAGS:
        page = _without_elements(page, tag)
    text = " ".join(unescape(re.sub(r"<[^<>]{0,2000}>", " ", page)).split())
    quoted_title = f"“{' '.join(unescape(title[1]).split())[:150]}” " if title and title[1].strip() else ""
    return f"HTML page {quoted_title}{text}".strip()


def _without_elements(page: str, tag: str) -> str:
    """The page without the elements of that tag. Uses `find`, because a regex is slow on unclosed elements."""
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
