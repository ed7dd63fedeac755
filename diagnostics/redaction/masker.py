"""Masks secrets and personal data in headers, URLs, bodies and free text; everything else stays as it is."""

import json
import re
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import Any
from urllib.parse import unquote_plus

from diagnostics.redaction import patterns
from diagnostics.redaction.announced_secrets import find_announced
from diagnostics.redaction.escaped_text import decode_base64, decode_escapes
from diagnostics.redaction.named_values import find_named_values, is_user_and_password
from diagnostics.redaction.personal_data import find_personal
from diagnostics.redaction.token_shapes import BASE64_RUN, find_private_keys, find_tokens
from diagnostics.text import time_budget

PASSES = 6  # a mask can reveal the secret next to it; the second pass rarely finds anything
MAX_DEPTH = 60  # levels of lists and objects in a JSON body
COOKIES = "cookies"

# A masked part of a text: start, end, and the kind of what it is.
Span = tuple[int, int, str]

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
    """The text has more secrets than any call, so it must be a list or a log."""


def _secret_name(key: str, pair_name: str, parent: str) -> str:
    """The name that makes the value of `key` a secret, "" if nothing does. Every value in a list of cookies is secret."""
    if key == "value" and (pair_name or parent == COOKIES):
        return pair_name or COOKIES
    return key if patterns.is_secret_name(key) or key.lower() == COOKIES else ""


def _with_kind(spans: Iterator[tuple[int, int]], kind: str) -> Iterator[Span]:
    return ((start, end, kind) for start, end in spans)


def _find_encoded(text: str) -> Iterator[Span]:
    """Secrets that only show once escapes or a run of Base64 are decoded, as spans of the text as written."""
    if decoded := decode_escapes(text):
        for start, end, kind in chain(
            _find_shapes(decoded.text),
            _with_kind(find_announced(decoded.text), "secret"),
            _find_in_base64(decoded.text),
        ):
            yield *decoded.original_span(start, end), kind
    yield from _find_in_base64(text)


def _find_shapes(text: str) -> Iterator[Span]:
    yield from _with_kind(find_tokens(text), "token")
    for match in time_budget.checked(patterns.JWT.finditer(text)):
        yield *match.span(), "token"
    for match in time_budget.checked(BASE64_RUN.finditer(text)):
        if _is_base64_token(match[0]):
            yield *match.span(), "token"
    for match in time_budget.checked(patterns.LONG_WORD.finditer(text)):
        if patterns.looks_like_token(match[0]):
            yield *match.span(), "token"
    yield from find_personal(text)


def _is_base64_token(run: str) -> bool:
    """True for a run with "/" or "+" that looks random once the words of a path are left out."""
    parts = re.split(r"[/+]", run)
    rest = "".join(part for part in parts if not PATH_WORD.fullmatch(part))
    return len(parts) > 1 and patterns.looks_like_token(rest)


def _find_in_base64(text: str) -> Iterator[Span]:
    for match in BLOB.finditer(text):
        if kind := _kind_in_base64(match[0]):
            yield *match.span(), kind


def _kind_in_base64(run: str) -> str:
    """The kind of the first secret in the decoded run; "" if it has none, or isn't text."""
    time_budget.check()
    text = decode_base64(run)
    if text is None or not re.sub(r"[\n\r\t]", "", text).isprintable():
        return ""
    if is_user_and_password(text):
        return "credentials"
    secrets = chain(
        _with_kind(find_private_keys(text), "private key"),
        _find_shapes(text),
        _with_kind(find_announced(text), "secret"),
    )
    return next((kind for _, _, kind in secrets), "")


class Masker:
    """Masks one paste or one exchange.

    `hidden` collects the raw values that were masked, so that the caller can search for them elsewhere; they must not
    be stored. `found` describes where each one was, without the value. With `lengths`, a mask states the length of the
    value. Masking more than `limit` values raises TooManySecrets.
    """

    def __init__(self, lengths: bool = True, limit: int | None = None) -> None:
        self.limit = limit
        self.lengths = lengths
        self.where = "the text"
        self._is_brief = False  # within a URL, where a mask must not have spaces
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
        return patterns.placeholder(kind, raw) if self.lengths and not self._is_brief else "[masked]"

    # -- headers

    def header(self, name: str, value: str) -> str:
        self.where = f"the header {name[:60]}"
        plain = name.strip().lower()
        if plain in {"cookie", "set-cookie", "cookie2", "set-cookie2"}:
            return (
                value if not value.strip() or patterns.is_placeholder(value) else self.hide(value, "cookie", self.where)
            )
        if patterns.is_secret_header(plain):
            return self.authorization(value)
        if plain in {"location", "content-location", "referer", "origin"}:
            return self.text(self.url(value))
        return self.text(value)

    def authorization(self, value: str) -> str:
        """Mask each word but the schemes. Quotes, repeated schemes, spaces and line endings stay, because checks read them."""
        return patterns.outside_masks(value, self._runs)

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
        if not core or patterns.is_placeholder(core):
            return run
        start = run.index(core)
        glued = GLUED_SCHEME.match(core)
        scheme = glued[0] if glued and len(glued[0]) < len(core) else ""
        kind = "credentials" if scheme.lower().startswith("basic") else kind
        return run[:start] + scheme + self.hide(core[len(scheme) :], kind, self.where) + run[start + len(core) :]

    # -- URLs and forms

    def url(self, url: str) -> str:
        """Mask userinfo, secret parameters and tokens. The result can still be parsed as a URL."""
        self.where, self._is_brief = "the URL", True
        url = patterns.USERINFO.sub(self._userinfo, self._private_keys(url))
        head, hash_, fragment = url.partition("#")
        path, mark, query = head.partition("?")
        path = patterns.outside_masks(path, self._path)
        query = patterns.outside_masks(query, self._mask_by_format)
        fragment = patterns.outside_masks(fragment, self._mask_by_format)
        masked = path + mark + self.form(query, bare="[masked]") + hash_ + self.form(fragment, bare="[masked]")
        self._is_brief = False
        return masked

    def _userinfo(self, found: re.Match[str]) -> str:
        if found[0] != "***@":
            self.hide(found[0][:-1], "credentials", "the user name and password in the URL")
        return "***@"

    def _path(self, path: str) -> str:
        """First as a whole, because tokens and personal data may have slashes in them, then segment by segment."""
        path = self._mask_spans(path, _with_kind(find_tokens(path), "token"), find_personal(path))
        return "/".join(map(self._segment, path.split("/")))

    def _segment(self, segment: str) -> str:
        time_budget.check()
        return segment if patterns.looks_like_id(segment) else patterns.outside_masks(segment, self._mask_by_format)

    def form(self, text: str, bare: str = "") -> str:
        """Mask the values of secret names in `a=b&c=d`. `bare`, if given, is written instead of a mask with spaces."""
        return "&".join(self._pair(pair, bare) for pair in text.split("&"))

    def _pair(self, pair: str, bare: str) -> str:
        time_budget.check()
        name, equals, value = pair.partition("=")
        if equals and value and patterns.is_secret_parameter(unquote_plus(name)) and not patterns.is_placeholder(value):
            mask = self.hide(value, "secret", f"the parameter {name[:60]} of {self.where}")
            return f"{name}={bare or mask}"
        return name + equals + patterns.outside_masks(value, self._path) if bare else pair

    # -- bodies and free text

    def body(self, text: str) -> str:
        """Mask a body. The rest of the text stays, even if it is invalid JSON, because checks read it."""
        if "\\" in text:
            text = self._json(text)  # first, because a mask could replace a part of an escape
        if "=" in text and not re.search(r"[\s{}<>\"]", text):
            text = self.form(text)
        return self._json(self.text(PART.sub(self._part, text)))

    def _json(self, text: str) -> str:
        """Mask by JSON values. Text that isn't JSON, or has nothing to mask, is returned unchanged."""
        try:
            value = json.loads(text)
            masked = self._masked_value(value, "", "\\" in text, 0)
            return text if masked == value else json.dumps(masked, ensure_ascii=False)
        except (ValueError, RecursionError):
            return text

    def _masked_value(self, value: Any, name: str, escaped: bool, depth: int) -> Any:
        """Mask what line-by-line masking misses: secrets in lists and numbers, and escaped names and values."""
        time_budget.check()
        if depth > MAX_DEPTH:
            return "[hidden]"
        if isinstance(value, dict):
            pair_name = patterns.secret_pair(value)
            return {
                key: self._masked_value(item, _secret_name(key, pair_name, name), escaped, depth + 1)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self._masked_value(item, name, escaped, depth + 1) for item in value]
        if name and value not in (None, "") and not isinstance(value, bool) and not patterns.is_placeholder(str(value)):
            return self.hide(str(value), "secret", f"the field {name[:60]} in {self.where}")
        return self.text(value) if escaped and isinstance(value, str) and len(value) > 5 else value

    def text(self, text: str) -> str:
        """Mask everything that is named as a secret or looks like one. Idempotent."""
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
            partial(patterns.PARAMETER.sub, self._parameter),
            partial(ELEMENT.sub, self._element),
            lambda text: self._mask_spans(text, _with_kind(find_named_values(text), "secret")),
            lambda text: self._mask_spans(text, _with_kind(find_announced(text), "secret")),
            lambda text: patterns.outside_masks(text, self._mask_by_format),
        ):
            time_budget.check()
            text = step(text)
        return text

    def shapes(self, text: str) -> str:
        """Mask only what has the format of a secret or of personal data, whatever the text around it."""
        return patterns.outside_masks(self._private_keys(text), self._mask_by_format)

    def _private_keys(self, text: str) -> str:
        if "PRIVATE" not in text and "Private-" not in text:
            return text
        return self._mask_spans(text, _with_kind(find_private_keys(text), "private key"))

    def _mask_by_format(self, text: str) -> str:
        if "://" in text:
            text = patterns.WEBSOCKET.sub(lambda found: self.hide(found[0], "websocket URL"), text)
            text = patterns.USERINFO.sub(self._userinfo, text)
        return self._mask_spans(text, _find_shapes(text), _find_encoded(text))

    def _mask_spans(self, text: str, *found: Iterator[Span]) -> str:
        """Mask each span. Overlapping spans get one mask, of the kind of the first."""
        merged: list[Span] = []
        for start, end, kind in sorted(chain.from_iterable(map(time_budget.checked, found))):
            if merged and start < merged[-1][1]:
                first, last, first_kind = merged[-1]
                merged[-1] = first, max(end, last), first_kind
            else:
                merged.append((start, end, kind))
        parts: list[str] = []
        done = 0
        for start, end, kind in merged:
            parts += [text[done:start], self.hide(text[start:end], kind)]
            done = end
        return "".join([*parts, text[done:]])

    def _authorization_line(self, found: re.Match[str]) -> str:
        value = found["value"]
        if found["sep"] == ":" and not found["shape"] and PERMISSION.fullmatch(value.split(None, 1)[0]):
            return found[0]  # the permission authorization:role:view, not a header
        prefix = found[0][: found.start("value") - found.start()]
        self.where, where = "the header Authorization", self.where
        masked = self.authorization(value)
        self.where = where
        return prefix + masked

    def _cookie(self, found: re.Match[str]) -> str:
        value = found["value"]
        return found[0] if patterns.is_placeholder(value) else found["name"] + self.hide(value, "cookie")

    def _user(self, found: re.Match[str]) -> str:
        value = found["value"].strip("$'\"")
        if not value or all(patterns.is_placeholder(part) for part in value.split(":", 1)):
            return found[0]
        return found["flag"] + found["value"].replace(value, self.hide(value, "credentials"), 1)

    def _scheme(self, found: re.Match[str]) -> str:
        value = found["value"].rstrip(".)]}")
        is_word = value.isalpha() and value.islower() and len(value) < 16  # "the Bearer scheme"
        if is_word or len(value) < 6 or value.startswith(("[", "$", "{", "<")) or patterns.is_placeholder(value):
            return found[0]
        kind = "credentials" if found["scheme"].lower() == "basic" else "token"
        return found[0].replace(value, self.hide(value, kind), 1)

    def _part(self, found: re.Match[str]) -> str:
        """One field of a multipart body."""
        value = found["value"]
        if not patterns.is_secret_parameter(found["name"]) or patterns.is_placeholder(value):
            return found[0]
        return found[0][: -len(value)] + self.hide(value, "secret", f"the field {found['name']} in {self.where}")

    def _parameter(self, found: re.Match[str]) -> str:
        value = found["value"]
        known = patterns.is_placeholder(value) or value.startswith("[masked")
        return found[0] if known else found["name"] + self.hide(value, "secret")

    def _element(self, found: re.Match[str]) -> str:
        value = found["value"]
        if not patterns.is_secret_name(found["name"]) or not value.strip() or patterns.is_placeholder(value):
            return found[0]
        return found[0].replace(f">{value}<", f">{self.hide(value, 'secret')}<", 1)

    def _fields(self, text: str) -> str:
        parts: list[str] = []
        start = 0
        unclosed: set[str] = set()
        while found := patterns.FIELD.search(text, start):
            time_budget.check()
            parts.append(text[start : found.end()])
            start = found.end()
            if patterns.is_secret_name(found["name"]):
                first, last = patterns.value_span(text, start, unclosed)
                parts += [text[start:first], self._field(found, text[first:last], quoted=first > start)]
                start = last
        parts.append(text[start:])
        return "".join(parts)

    def _field(self, found: re.Match[str], value: str, quoted: bool) -> str:
        label = f"the field {found['name']} in {self.where}"
        if value.startswith("[") and not patterns.MASKED.match(value):
            return QUOTED.sub(lambda item: self._list_item(item[0], label), value)
        if not value or value in {"null", "true", "false", "None", "undefined"} or patterns.is_placeholder(value):
            return value
        if found["name"].lower().endswith("authorization"):
            return value if found["sep"] == ":" and PERMISSION.fullmatch(value) else self.authorization(value)
        mask = self.hide(value, "secret", label)
        if NUMBER.fullmatch(value) and found["sep"].lstrip("\\").startswith('"') and not quoted:
            return f'"{mask}"'  # an unquoted mask would make valid JSON invalid
        return mask

    def _list_item(self, quoted: str, label: str) -> str:
        quote, value = quoted[0], quoted[1:-1]
        if not value or patterns.is_placeholder(value):
            return quoted
        return quote + self.hide(value, "secret", label) + quote
