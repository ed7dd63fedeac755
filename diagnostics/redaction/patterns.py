"""Patterns that recognize secrets, the masks that replace them, and the placeholders of documentation."""

import re
from collections.abc import Callable
from functools import lru_cache

from diagnostics.text import time_budget


def word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


KINDS = (
    "token",
    "credentials",
    "secret",
    "cookie",
    "websocket URL",
    "private key",
    "e-mail",
    "phone number",
    "card number",
    "bank account",
    "national ID",
)
MASK = r"\[(?:masked(?: (?:" + "|".join(KINDS) + r"))?(?:, \d{1,9} characters)?|hidden)\]"
MASKED = re.compile(MASK)

UUID = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Za-z])")
JWT = re.compile(r"eyJ[\w-]{6,}+(?:\.[\w-]*+){0,4}")
WEBSOCKET = re.compile(r"wss?://[^\s\"'<>\\]++", re.IGNORECASE)
USERINFO = re.compile(r"(?<=://)[^\s/?#\"'<>]{1,2000}@")
# A UUID that was cut off, which must stay visible for the diagnosis.
CUT_UUID = re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}(?:-[0-9A-Fa-f]{1,4}){1,2}(?:-[0-9A-Fa-f]{0,14})?")
# A run can't begin within an escape such as \\n or \\u00e9, because the mask would break the escape.
LONG_WORD = re.compile(r"(?<!\\)(?<!\\u)(?<!\\u.)(?<!\\u..)(?<!\\u...)[A-Za-z0-9_\-+~]{20,}+={0,2}")
# A word may begin right after an escape, whose last character is a letter or a digit.
AFTER_ESCAPE = r"(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4})"

# Endings of names whose values are secret: refresh_token, clientSecret, X-Api-Key, joinCode ...
SECRET_ENDINGS = tuple(
    word_set(
        "accesskey accountkey apikey assertion authkey authorization bearer codeverifier cookie credential credentials "
        "encryptionkey integrationkey joincode jwt masterkey passcode passphrase passwd password privatekey pwd routingkey "
        "secret secretkey sharedkey signature signingkey subscriptionkey token tokens websocketurl xapikey"
    )
)
SECRET_NAMES = frozenset({"pin", "otp", "totp", "cvv", "cvc", "cardnumber", "iban", "ssn"})
SECRET_PARTS = ("apikey", "joincode", "password", "secret", "websocketurl")
# Secret only in a URL or a form, as in OAuth. In JSON "code" and "key" are fields of error bodies.
SECRET_PARAMETERS = frozenset({"code", "key", "sig", "auth", "pin", "otp", "sid"})
PARAMETER = re.compile(
    r"(?P<name>[?&#](?:" + "|".join(sorted(SECRET_PARAMETERS)) + r")=)(?P<value>[^&\s\"'#<>]++)", re.IGNORECASE
)
SECRET_HEADER_WORDS = word_set(
    "apikey auth cookie credential credentials jwt key password secret session sid signature sig token"
)

VOCABULARY = word_set(
    "a access accesstoken actual api auth authorization base64 basic bearer cc censored client clientid "
    "clientsecret code conversation cookie credential credentials dummy encoded env example from gc genesys get goes guid header "
    "here hidden id insert jwt key masked me my oauth omitted org own pass password paste placeholder private "
    "purecloud put real redacted refresh region removed replace sanitized secret secrets session snip snipped some "
    "string the this token tokens user username uuid valid value var variable with xxx you your yourtoken"
)
FILLER = re.compile(r"[*xX•.…#_\-]{3,}")
WRAPPED = re.compile(
    r"<(?P<angle>[^<>\[\]\n]{1,60})>|\$?\{\{(?P<double>[^{}\[\]\n]{1,60})\}\}|[$#]\{(?P<shell>[^{}\[\]\n]{1,60})\}"
    r"|\{(?P<single>[^{}\[\]\n]{1,60})\}|\$\((?P<command>[^()\[\]\n]{1,60})\)|\[(?P<square>[^\[\]\n]{1,60})\]"
    r"|%(?P<percent>\w{1,40})%|\$(?P<dollar>\w{1,40})"
)
OPAQUE = re.compile(MASK + r"|(?<![\w$%+.~-])(?:" + re.sub(r"\?P<\w+>", "?:", WRAPPED.pattern) + r")(?![\w$%+~-])")
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
NAME = re.compile(r"[A-Za-z][\w .:\-]*")
NOT_PLAIN = re.compile(r"[^a-z0-9]")

# A name and the separator after it, in JSON, code, a form, a header or prose.
FIELD = re.compile(
    r"(?<![\w-])(?P<name>[A-Za-z_][\w-]{0,63}+)"
    r"(?P<sep>\\*[\"'”’]?(?:[ \t]{0,8}(?:=>|:|=)(?:\s{0,40}(?=\\*[\"'“[])|[ \t]{0,8})))"
)
OPENING = re.compile(r"(\\*)([\"'“‘])")
CLOSING = {"“": "”", "‘": "’"}
BARE = re.compile(r"[^\s\"'&;,]++")


def placeholder(kind: str, raw: str) -> str:
    return f"[masked {kind}, {len(raw)} characters]"


def outside_masks(text: str, change: Callable[[str], str]) -> str:
    """Apply `change` to the text between masks and documentation placeholders, which stay as they are."""
    parts: list[str] = []
    start = 0
    for found in time_budget.checked(OPAQUE.finditer(text)):
        if is_placeholder(found[0]):
            if between := text[start : found.start()]:
                parts.append(change(between))
            parts.append(found[0])
            start = found.end()
    if rest := text[start:]:
        parts.append(change(rest))
    return "".join(parts)


@lru_cache(maxsize=256)  # a text of placeholders repeats a few of them
def is_placeholder(text: str) -> bool:
    """Is this a mask, or a placeholder as documentation writes it: <token>, $TOKEN, {{token}}, YOUR_TOKEN, ***?

    A real secret in angle brackets isn't one, because the text inside must be words.
    """
    text = text.strip()
    if MASKED.fullmatch(text) or FILLER.fullmatch(text):
        return True
    wrapped = WRAPPED.fullmatch(text)
    if not wrapped:
        return len(text) <= 48 and _all_known(text)
    inner = (wrapped[wrapped.lastgroup or 0] or "").strip()
    return inner == "" or bool(FILLER.fullmatch(inner)) or _is_variable(inner, wrapped.lastgroup or "")


def _is_variable(name: str, wrapping: str) -> bool:
    if not NAME.fullmatch(name) or sum(map(str.isdigit, name)) > 2 or looks_like_token(name):
        return False
    if any(len(word) > 2 and word.lower() in VOCABULARY for word in WORD.findall(name)):
        return True
    if wrapping == "dollar":
        return name.isupper()
    return wrapping in {"double", "shell"} and len(name) <= 24


def _all_known(text: str) -> bool:
    if not NAME.fullmatch(text):
        return False
    words = WORD.findall(text)
    return max(map(len, words)) > 2 and all(
        word.lower() in VOCABULARY or (word.isdigit() and len(word) < 3) for word in words
    )


def plain_name(name: str) -> str:
    """Only its letters and digits, in lower case."""
    return _plain(name) if len(name) <= 64 else _plain.__wrapped__(name)


@lru_cache(maxsize=4_096)  # names repeat
def _plain(name: str) -> str:
    return NOT_PLAIN.sub("", name.lower())


def is_secret_name(name: str) -> bool:
    """Is the value of a field with this name secret? Not for token_type and expires_in."""
    return _is_secret(name) if len(name) <= 64 else _is_secret.__wrapped__(name)


@lru_cache(maxsize=4_096)  # names repeat
def _is_secret(name: str) -> bool:
    plain = plain_name(name)
    return plain in SECRET_NAMES or plain.endswith(SECRET_ENDINGS) or any(part in plain for part in SECRET_PARTS)


def is_secret_parameter(name: str) -> bool:
    return plain_name(name) in SECRET_PARAMETERS or is_secret_name(name)


def is_secret_header(name: str) -> bool:
    if name.lower().startswith("access-control-"):
        return False
    return is_secret_name(name) or bool(SECRET_HEADER_WORDS.intersection(re.split(r"[-_ .]", name.lower())))


def secret_pair(value: dict[str, object]) -> str:
    """The secret name in {"name": "Cookie", "value": ...}, as in HAR and, with "key", Postman files; else ""."""
    name = value.get("name", value.get("key"))
    if not isinstance(name, str) or "value" not in value:
        return ""
    return name if is_secret_header(name) or is_secret_parameter(name) else ""


def looks_like_token(run: str) -> bool:
    """Is this unbroken run too random to be words, an ID or a time?

    Counts the changes between digits, capitals and lowercase letters: about every second character in random text, every
    sixth in camelCase names, where a capital counts with the word it begins. Digits alone are IDs, and so are UUIDs,
    also without hyphens or with a digit too few.
    """
    run = UUID.sub("", run)
    if (
        len(run) < 20
        or re.fullmatch(r"[0-9A-Fa-f]{32}", run)
        or CUT_UUID.fullmatch(run)
        or re.fullmatch(r"\w{6,10}(?:-\w{2,6}){3}-\w{8,14}", run)
    ):
        return False
    parts = [part for part in re.split(r"[_\-+=~ .:]", run) if part]
    if all(
        part.isdigit() or (part.isalpha() and (part.islower() or part.isupper() or part.istitle())) for part in parts
    ):
        return any(len(part) > 28 for part in parts if part.isalpha())
    kinds = run.translate(KINDS_OF_CHARACTERS)
    changes = sum(map(kinds.count, ("du", "dl", "ud", "ld", "lu")))
    return changes >= max(5, len(run) * (0.25 if "d" in kinds else 0.35))


class _KindsOfCharacters(dict[int, str]):
    """For str.translate: a digit becomes d, a capital u, a lowercase letter l, anything else a space."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character.isdigit():
            return "d"
        if character.isupper():
            return "u"
        return "l" if character.islower() else " "


KINDS_OF_CHARACTERS = _KindsOfCharacters()
KINDS_OF_CHARACTERS.update({code: KINDS_OF_CHARACTERS[code] for code in range(128)})


def looks_like_id(segment: str) -> bool:
    """True also for a UUID without hyphens or with a digit too many, which must stay visible for the diagnosis."""
    return bool(re.fullmatch(r"[0-9A-Fa-f-]{20,40}", segment))


def value_span(text: str, start: int, unclosed: set[str]) -> tuple[int, int]:
    """The span of the value that begins at `start`, without its quotes.

    `unclosed` collects quotes that were found to have no closing quote, so that the next call doesn't search again.
    """
    opening = OPENING.match(text, start)
    if opening:
        mark = opening[1] + CLOSING.get(opening[2], opening[2])
        first = opening.end()
        last = -1 if mark in unclosed else _find_closing(text, first, mark)
        if last >= 0:
            return first, last
        unclosed.add(mark)
        end = text.find("\n", first)
        return first, len(text) if end < 0 else end
    for pattern in (MASKED, WRAPPED):
        known = pattern.match(text, start)
        if known and is_placeholder(known[0]):
            return start, known.end()
    if text.startswith("[", start):
        end = text.find("]", start, start + 20_000)
        return start, start + 1 if end < 0 else end + 1
    if text.startswith("{", start):
        return start, start
    bare = BARE.match(text, start)
    return (start, start + len(bare[0].rstrip(")}]>"))) if bare else (start, start)


def _find_closing(text: str, start: int, mark: str) -> int:
    """The position of the closing quote, -1 if there is none. An escaped `mark` is matched as it is."""
    position = text.find(mark, start)
    while len(mark) == 1 and position > 0 and _is_escaped(text, position):
        position = text.find(mark, position + 1)
    return position


def _is_escaped(text: str, position: int) -> bool:
    count = 0
    while text[position - 1 - count] == "\\" and count < position:
        count += 1
    return count % 2 == 1
