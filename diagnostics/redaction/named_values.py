"""Finds secrets by a name that is separate from the value: command options, string pairs, session IDs, digests."""

import re
from collections.abc import Iterator

from diagnostics.redaction import patterns

# A name and its value as two strings: two XML attributes, two YAML entries, two arguments, a subscript.
NAMED_PAIR = re.compile(
    r"\b(?:name|key)\\?[\"']?\s{0,3}[:=]\s{0,3}\\?[\"']?(?P<name>[\w.-]{2,64}+)\\?[\"']?[,;]?\s{1,20}"
    r"\\?[\"']?value\\?[\"']?\s{0,3}[:=]\s{0,3}\\?[\"']?(?P<value>[^\s\"'<>,}\\]{4,2000}+)"
    r"|[\"'](?P<first>[\w.-]{2,64}+)\\{0,4}[\"']\]?\s{0,4}[,=]\s{0,4}\\{0,4}[\"'](?P<second>[^\"'\r\n\\]{6,2000}+)\\{0,4}[\"']",
    re.IGNORECASE,
)
DIGEST_PART = re.compile(
    r"\b(?:response|c?nonce|mac|oauth_(?:token|signature|consumer_key|nonce))=\\?\"(?P<value>[^\"\\\s]{6,2000}+)",
    re.IGNORECASE,
)
# Command-line options that take a password, a token or a cookie.
SECRET_OPTION = re.compile(
    r"(?<!\S)(?:--[\w-]{0,30}?(?:password|passwd|passphrase|token|secret|api-?key|access-?key|cookie)(?:[ \t]{1,4}|=)"
    r"|(?:-b|-a)[ \t]{1,4}(?=[\"']?[\w.-]{1,40}=)"
    r"|(?:sshpass|ldap\w{1,10})\b[^\r\n]{0,100}?[ \t]-[pw][ \t]{0,4}|(?:mysql|mariadb)\w{0,10}\b[^\r\n]{0,100}?[ \t]-p(?=\S)"
    r"|redis-cli\b[^\r\n]{0,100}?[ \t]-a[ \t]{1,4})(?P<value>\$?'[^'\r\n]{1,2000}+|\"[^\"\r\n]{1,2000}+|[^\s\"'|;&]{1,2000}+)"
)
SESSION_ID = re.compile(
    r"(?<![\w.])(?:jsessionid|phpsessid|asp\.net_sessionid|aspsessionid\w{0,10}|connect\.sid|laravel_session|sessionid|cfid|cftoken)"
    r"=(?P<value>[^\s;,&\"'?#<>]{6,2000}+)",
    re.IGNORECASE,
)
# The decoded form of Basic authentication and of package registry credentials.
_USER_AND_PASSWORD = re.compile(r"[\w.@+-]{1,64}:[!-~]{4,200}")


def find_named_values(text: str) -> Iterator[tuple[int, int]]:
    """The spans of the values, without their quotes."""
    for pair in NAMED_PAIR.finditer(text):
        if _is_secret_pair(pair):
            yield pair.span("value" if pair["name"] else "second")
    for pattern in (DIGEST_PART, SECRET_OPTION, SESSION_ID):
        for match in pattern.finditer(text):
            value = match["value"].lstrip("$'\"")
            if value.strip() and not _is_reference(value) and not patterns.UUID.fullmatch(value):
                yield match.end("value") - len(value), match.end("value")


def is_user_and_password(text: str) -> bool:
    """Is this `user:password`, the decoded value of Basic authentication?"""
    return bool(_USER_AND_PASSWORD.fullmatch(text)) and "://" not in text


def _is_secret_pair(pair: re.Match[str]) -> bool:
    name, value = (pair["name"], pair["value"]) if pair["name"] else (pair["first"], pair["second"])
    # A word or a sentence after a quoted name is the next item of a list.
    if not pair["name"] and (" " in value or not re.search(r"[\d!@#^&*+=~?]", value)):
        return False
    is_secret = patterns.is_secret_name(name) or ("-" in name and patterns.is_secret_header(name))
    return is_secret and not _is_reference(value)


def _is_reference(value: str) -> bool:
    """A variable, a placeholder or a mask, instead of the value itself."""
    return value.startswith(("$", "{", "<", "%")) or patterns.is_placeholder(value) or "[masked" in value
