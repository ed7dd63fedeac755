"""Masks the secrets in headers, URLs, bodies and free text, and leaves everything else as it was."""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import Any
from urllib.parse import unquote_plus

from diagnostics.redaction import patterns as masks
from diagnostics.redaction.announced_secrets import find_announced
from diagnostics.redaction.escaped_text import unescaped
from diagnostics.redaction.named_values import find_named_values, holds_credentials
from diagnostics.redaction.personal_data import find_personal
from diagnostics.redaction.token_shapes import BASE64_RUN, find_private_keys, find_tokens
from diagnostics.text import time_budget

PASSES = 6  # masking can uncover a neighbour; the second pass nearly always finds nothing more
MAX_DEPTH = 60
COOKIES = "cookies"

SCHEMES = frozenset({"bearer", "basic", "token", "digest", "negotiate", "oauth", "apikey", "jwt", "authorization"})
GLUED_SCHEME = re.compile(r"(?:bearer|basic)(?:%20|[:=,+])?", re.IGNORECASE)
EDGE = "\"'“”‘’«»<>[](){}`,;\\\u200b\u2060\ufeff"

AUTHORIZATION = re.compile(
    r"\b(?:proxy-)?authorization\b(?P<sep>\\*[\"'”]?\s{0,4}[:=]\s{0,4})"
    r"(?P<shape>(?:\\*[\"'“‘ \t\\]|\$'|\b(?:bearer|basic)\b)*+)(?P<value>[^\s\"'”’]++(?:[ \t]++[^\s\"'”’]++)*+)",
    re.IGNORECASE,
)
PERMISSION = re.compile(r"(?:[a-z][A-Za-z]*|\*)(?::(?:[A-Za-z]+|\*))?[\],.)]*")
SCHEME_WORD = re.compile(
    r"\b(?P<scheme>bearer|basic)(?P<gap>[\s\"'\\]{1,8})(?P<value>[^\s\"'“”,;<>\\]++)", re.IGNORECASE
)
COOKIE = re.compile(
    r"(?P<name>(?P<open>[\"'])?\b(?:set-)?cookie2?\\*[\"']?\s{0,4}:\s{0,4}\\*[\"']?)"
    r"(?P<value>(?(open)[^\"'\r\n\\]++|[^\r\n]++))",
    re.IGNORECASE,
)
USER_OPTION = re.compile(
    r"(?P<flag>(?<!\S)(?:-[uU](?:\s{1,4}|(?!ri\b)(?=[^\s:]{1,100}:))|--(?:proxy-)?user(?:\s{1,4}|=)|--oauth2-bearer(?:\s{1,4}|=)))"
    r"(?!\[masked|-)(?P<value>\$?'[^']*+'?|\"[^\"]*+\"?|[^\s\"']++)"
)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
QUOTED = re.compile(r"\"[^\"\\]*+\"|'[^'\\]*+'")
ELEMENT = re.compile(r"<(?P<name>[A-Za-z_][\w:-]{0,63}+)(?:\s[^<>]{0,300}+)?>(?P<value>[^<>]++)</")
BLOB = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{12,8000}+={0,2}")
PART = re.compile(r"name=\"(?P<name>[^\"\r\n]{1,64})\"[^\r\n]*+\r?\n(?:[^\r\n]++\r?\n){0,9}\r?\n(?P<value>[^\r\n]++)")
PATH_WORD = re.compile(r"[A-Za-z]?[a-z]*|[A-Z]+|[vV]?\d{1,3}|[0-9a-f]{8}|[0-9a-f]{32}")
SUSPECT = re.compile(r"eyJ|://|[:=]|bearer|basic|[\w\-+=~]{20}|wss?:", re.IGNORECASE)


class TooManySecrets(Exception):
    """The text holds more secrets than any call: it is a list or a log."""


def _secret_name(key: str, said: str, above: str) -> str:
    """The name by which the value of `key` is a secret, "" where it is none. The values in a list of cookies all are."""
    if key == "value" and (said or above == COOKIES):
        return said or COOKIES
    return key if masks.is_secret_name(key) or key.lower() == COOKIES else ""


def _of_kind(spans: Iterator[tuple[int, int]], kind: str) -> Iterator[tuple[int, int, str]]:
    return ((start, end, kind) for start, end in spans)


def _is_base64(run: str) -> bool:
    """A run with the signs that only Base64 has, where what is no word of a path is too random for an ID."""
    parts = re.split(r"[/+]", run)
    return len(parts) > 1 and masks.looks_like_token("".join(part for part in parts if not PATH_WORD.fullmatch(part)))


def _find_readings(text: str) -> Iterator[tuple[int, int, str]]:
    """Where a secret stands once its escapes are read, or once a run of Base64 is decoded."""
    if read := unescaped(text):
        for start, end, kind in _find_shapes(read.text):
            yield *read.place(start, end), kind
        for start, end in find_announced(read.text):
            yield *read.place(start, end), "secret"
        for found in BLOB.finditer(read.text):
            if kind := _kind_of_base64(found[0]):
                yield *read.place(*found.span()), kind
    for found in BLOB.finditer(text):
        if kind := _kind_of_base64(found[0]):
            yield *found.span(), kind


def _find_shapes(text: str) -> Iterator[tuple[int, int, str]]:
    return chain(
        _of_kind(find_tokens(text), "token"),
        _of_kind((found.span() for found in time_budget.checked(masks.JWT.finditer(text))), "token"),
        _of_kind(
            (found.span() for found in time_budget.checked(BASE64_RUN.finditer(text)) if _is_base64(found[0])), "token"
        ),
        _of_kind(
            (
                found.span()
                for found in time_budget.checked(masks.RUN.finditer(text))
                if masks.looks_like_token(found[0])
            ),
            "token",
        ),
        find_personal(text),
    )


def _kind_of_base64(run: str) -> str:
    """The kind of the first secret that the decoded text holds; "" where it holds none, or is no text."""
    time_budget.check()
    plain = run.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        text = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    if not text.replace("\n", "").replace("\r", "").replace("\t", "").isprintable():
        return ""
    if holds_credentials(text):
        return "credentials"
    found = chain(
        _of_kind(find_private_keys(text), "private key"), _find_shapes(text), _of_kind(find_announced(text), "secret")
    )
    return next((kind for _, _, kind in found), "")


class Masker:
    """Masks one paste or one exchange.

    `hidden` collects the raw values that were masked, so that the caller can look for them elsewhere, and
    `found` says where each one stood, without the value. The raw values may not be stored. With a `limit`, masking more
    values than that raises TooManySecrets.
    """

    def __init__(self, lengths: bool = True, limit: int | None = None) -> None:
        self.limit = limit
        self.lengths = lengths
        self.where = "the text"
        self._is_brief = False  # in a URL a mask holds no blanks
        self.count = 0
        self.hidden: dict[str, None] = {}
        self.found: dict[str, None] = {}

    def hide(self, raw: str, kind: str, label: str = "") -> str:
        time_budget.check()
        self.count += 1
        if self.limit is not None and self.count > self.limit:
            raise TooManySecrets
        self.hidden[raw] = None
        self.found[label or f"{'an' if kind == 'e-mail' else 'a'} {kind} in {self.where}"] = None
        return masks.placeholder(kind, raw) if self.lengths and not self._is_brief else "[masked]"

    # -- headers

    def header(self, name: str, value: str) -> str:
        self.where = f"the header {name[:60]}"
        plain = name.strip().lower()
        if plain in {"cookie", "set-cookie", "cookie2", "set-cookie2"}:
            return value if not value.strip() or masks.is_placeholder(value) else self.hide(value, "cookie", self.where)
        if masks.is_secret_header(plain):
            return self.authorization(value)
        if plain in {"location", "content-location", "referer", "origin"}:
            return self.text(self.url(value))
        return self.text(value)

    def authorization(self, value: str) -> str:
        """Mask each unbroken run; scheme words, quotes, doubled words, blanks and line ends stay to be judged."""
        return masks.outside_masks(value, self._runs)

    def _runs(self, value: str) -> str:
        kind = "token"
        leading = True
        parts: list[str] = []
        for run in re.split(r"(\s+)", value):
            word = run.strip(EDGE).rstrip(":=")
            if leading and (not word or word.lower() in SCHEMES):
                kind = "credentials" if word.lower() == "basic" else kind
                parts.append(run)
            else:
                leading = leading and not run.strip()
                parts.append(run if not word or run.isspace() else self._run(run, kind))
        return "".join(parts)

    def _run(self, run: str, kind: str) -> str:
        core = run.strip(EDGE)
        if not core or masks.is_placeholder(core):
            return run
        start = run.index(core)
        glued = GLUED_SCHEME.match(core)
        scheme = glued[0] if glued and len(glued[0]) < len(core) else ""
        kind = "credentials" if scheme.lower().startswith("basic") else kind
        return run[:start] + scheme + self.hide(core[len(scheme) :], kind, self.where) + run[start + len(core) :]

    # -- URLs and forms

    def url(self, url: str) -> str:
        """Mask userinfo, secret parameters and token-like text; the result still splits as a URL."""
        self.where, self._is_brief = "the URL", True
        url = masks.USERINFO.sub(self._userinfo, self._private_keys(url))
        head, hash_, fragment = url.partition("#")
        path, mark, query = head.partition("?")
        path = masks.outside_masks(path, self._path)
        query, fragment = (masks.outside_masks(each, self._shapes) for each in (query, fragment))
        masked = path + mark + self.form(query, bare="[masked]") + hash_ + self.form(fragment, bare="[masked]")
        self._is_brief = False
        return masked

    def _userinfo(self, found: re.Match[str]) -> str:
        if found[0] != "***@":
            self.hide(found[0][:-1], "credentials", "the user name and password in the URL")
        return "***@"

    def _path(self, path: str) -> str:
        """First whole: an e-mail address or a card number may hold the signs at which it is split."""
        path = self._spans(path, _of_kind(find_tokens(path), "token"), find_personal(path))
        return "/".join(map(self._segment, path.split("/")))

    def _segment(self, segment: str) -> str:
        time_budget.check()
        return segment if masks.looks_like_id(segment) else masks.outside_masks(segment, self._shapes)

    def form(self, text: str, bare: str = "") -> str:
        """`a=b&c=d` with the values of secret names masked. `bare` is written instead of a mask that holds blanks."""
        return "&".join(self._pair(pair, bare) for pair in text.split("&"))

    def _pair(self, pair: str, bare: str) -> str:
        time_budget.check()
        name, equals, value = pair.partition("=")
        if equals and value and masks.is_secret_parameter(unquote_plus(name)) and not masks.is_placeholder(value):
            mask = self.hide(value, "secret", f"the parameter {name[:60]} of {self.where}")
            return f"{name}={bare or mask}"
        return name + equals + masks.outside_masks(value, self._path) if bare else pair

    # -- bodies and free text

    def body(self, text: str) -> str:
        """Mask a body and keep its text otherwise, broken JSON included, as the body itself is judged later."""
        if "\\" in text:
            text = self._json(text)  # before a mask can stand for a part of an escape
        if "=" in text and not re.search(r"[\s{}<>\"]", text):
            text = self.form(text)
        return self._json(self.text(PART.sub(self._part, text)))

    def _json(self, text: str) -> str:
        """Masked by its values where it is JSON; the text as it is where that changes nothing."""
        try:
            value = json.loads(text)
            masked = self._masked_value(value, "", "\\" in text, 0)
            return text if masked == value else json.dumps(masked, ensure_ascii=False)
        except (ValueError, RecursionError):
            return text

    def _masked_value(self, value: Any, name: str, escaped: bool, depth: int) -> Any:
        """What reading line by line misses: secrets in lists and numbers, and names and values written in escapes."""
        time_budget.check()
        if depth > MAX_DEPTH:
            return "[hidden]"
        if isinstance(value, dict):
            said = masks.secret_pair(value)
            return {
                key: self._masked_value(item, _secret_name(key, said, name), escaped, depth + 1)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self._masked_value(item, name, escaped, depth + 1) for item in value]
        if name and value not in (None, "") and not isinstance(value, bool) and not masks.is_placeholder(str(value)):
            return self.hide(str(value), "secret", f"the field {name[:60]} in {self.where}")
        return self.text(value) if escaped and isinstance(value, str) and len(value) > 5 else value

    def text(self, text: str) -> str:
        """Mask what is named a secret or looks like one. Masking the result again changes nothing."""
        for _ in range(PASSES):
            masked = self._once(text)
            if masked == text:
                break
            text = masked
        return text

    def _once(self, text: str) -> str:
        if len(text) < 8 and not SUSPECT.search(text):
            return text
        for step in (
            self._private_keys,
            partial(AUTHORIZATION.sub, self._authorization_line),
            partial(COOKIE.sub, self._cookie),
            partial(USER_OPTION.sub, self._user),
            partial(SCHEME_WORD.sub, self._scheme),
            self._fields,
            partial(masks.PARAMETER.sub, self._parameter),
            partial(ELEMENT.sub, self._element),
            lambda text: self._spans(text, _of_kind(find_named_values(text), "secret")),
            lambda text: self._spans(text, _of_kind(find_announced(text), "secret")),
            lambda text: masks.outside_masks(text, self._shapes),
        ):
            time_budget.check()
            text = step(text)
        return text

    def shapes(self, text: str) -> str:
        """Mask what has the shape of a secret or of personal data, and nothing for the words around it."""
        return masks.outside_masks(self._private_keys(text), self._shapes)

    def _private_keys(self, text: str) -> str:
        if "PRIVATE" not in text and "Private-" not in text:
            return text
        return self._spans(text, _of_kind(find_private_keys(text), "private key"))

    def _shapes(self, text: str) -> str:
        if "://" in text:
            text = masks.WEBSOCKET.sub(lambda found: self.hide(found[0], "websocket URL"), text)
            text = masks.USERINFO.sub(self._userinfo, text)
        return self._spans(text, _find_shapes(text), _find_readings(text))

    def _spans(self, text: str, *found: Iterator[tuple[int, int, str]]) -> str:
        """`text` with each span masked; spans that overlap are one, of the kind of the first."""
        parts: list[str] = []
        done = start = end = 0
        kind = ""
        for first, last, this in sorted(chain.from_iterable(map(time_budget.checked, found))):
            if first < end:
                end = max(end, last)
                continue
            if kind:
                parts += [text[done:start], self.hide(text[start:end], kind)]
                done = end
            start, end, kind = first, last, this
        if not kind:
            return text
        return "".join([*parts, text[done:start], self.hide(text[start:end], kind), text[end:]])

    def _authorization_line(self, found: re.Match[str]) -> str:
        value = found["value"]
        if found["sep"] == ":" and not found["shape"] and PERMISSION.fullmatch(value.split(None, 1)[0]):
            return found[0]  # the permission authorization:role:view, not a header
        kept = found[0][: found.start("value") - found.start()]
        self.where, before = "the header Authorization", self.where
        masked = self.authorization(value)
        self.where = before
        return kept + masked

    def _cookie(self, found: re.Match[str]) -> str:
        value = found["value"]
        return found[0] if masks.is_placeholder(value) else found["name"] + self.hide(value, "cookie")

    def _user(self, found: re.Match[str]) -> str:
        value = found["value"].strip("$'\"")
        if not value or all(masks.is_placeholder(part) for part in value.split(":", 1)):
            return found[0]
        return found["flag"] + found["value"].replace(value, self.hide(value, "credentials"), 1)

    def _scheme(self, found: re.Match[str]) -> str:
        value = found["value"].rstrip(".)]}")
        word = value.isalpha() and value.islower() and len(value) < 16  # "the Bearer scheme"
        if word or len(value) < 6 or value.startswith(("[", "$", "{", "<")) or masks.is_placeholder(value):
            return found[0]
        kind = "credentials" if found["scheme"].lower() == "basic" else "token"
        return found[0].replace(value, self.hide(value, kind), 1) if value else found[0]

    def _part(self, found: re.Match[str]) -> str:
        """One field of a multipart body."""
        value = found["value"]
        if not masks.is_secret_parameter(found["name"]) or masks.is_placeholder(value):
            return found[0]
        return found[0][: -len(value)] + self.hide(value, "secret", f"the field {found['name']} in {self.where}")

    def _parameter(self, found: re.Match[str]) -> str:
        value = found["value"]
        known = masks.is_placeholder(value) or value.startswith("[masked")
        return found[0] if known else found["name"] + self.hide(value, "secret")

    def _element(self, found: re.Match[str]) -> str:
        value = found["value"]
        if not masks.is_secret_name(found["name"]) or not value.strip() or masks.is_placeholder(value):
            return found[0]
        return found[0].replace(f">{value}<", f">{self.hide(value, 'secret')}<", 1)

    def _fields(self, text: str) -> str:
        parts: list[str] = []
        start = 0
        unclosed: set[str] = set()
        while found := masks.FIELD.search(text, start):
            time_budget.check()
            parts.append(text[start : found.end()])
            start = found.end()
            if masks.is_secret_name(found["name"]):
                first, last = masks.value_span(text, start, unclosed)
                parts += [text[start:first], self._field(found, text[first:last], quoted=first > start)]
                start = last
        parts.append(text[start:])
        return "".join(parts)

    def _field(self, found: re.Match[str], value: str, quoted: bool) -> str:
        label = f"the field {found['name']} in {self.where}"
        if value.startswith("[") and not masks.MASKED.match(value):
            return QUOTED.sub(lambda item: self._listed(item[0], label), value)
        if not value or value in {"null", "true", "false", "None", "undefined"} or masks.is_placeholder(value):
            return value
        if found["name"].lower().endswith("authorization"):
            return value if found["sep"] == ":" and PERMISSION.fullmatch(value) else self.authorization(value)
        mask = self.hide(value, "secret", label)
        # A number was valid JSON; its mask is valid only in quotes, and the body must not seem broken.
        return (
            f'"{mask}"'
            if NUMBER.fullmatch(value) and found["sep"].lstrip("\\").startswith('"') and not quoted
            else mask
        )

    def _listed(self, quoted: str, label: str) -> str:
        inside = quoted[1:-1]
        return (
            quoted
            if not inside or masks.is_placeholder(inside)
            else quoted[0] + self.hide(inside, "secret", label) + quoted[0]
        )
