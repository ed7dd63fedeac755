"""Finds secrets by a name that stands apart from them: options of commands, pairs of two strings, session IDs, digests."""

import re
from collections.abc import Iterator

from diagnostics.redaction import patterns as masks

# A name and its value as two strings: an XML attribute or a YAML entry for each, arguments, an index.
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
# What commands take as a password, a token or a cookie.
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
# What Base64 hides in Basic authentication and in the credentials of package registries.
_USER_AND_PASSWORD = re.compile(r"[\w.@+-]{1,64}:[!-~]{4,200}")


def find_named_values(text: str) -> Iterator[tuple[int, int]]:
    """Where the value stands, without its quotes."""
    for found in NAMED_PAIR.finditer(text):
        if _is_named_secret(found):
            yield found.span("value" if found["name"] else "second")
    for pattern in (DIGEST_PART, SECRET_OPTION, SESSION_ID):
        for found in pattern.finditer(text):
            value = found["value"].lstrip("$'\"")
            is_named = value.startswith(("{", "<", "%", "$")) or masks.is_placeholder(value)
            if value.strip() and not is_named and "[masked" not in value and not masks.UUID.fullmatch(value):
                yield found.end("value") - len(value), found.end("value")


def holds_credentials(text: str) -> bool:
    """Is this a user name and a password, as the value of Basic authentication has them?"""
    return bool(_USER_AND_PASSWORD.fullmatch(text)) and "://" not in text


def _is_named_secret(found: re.Match[str]) -> bool:
    name, value = (found["name"], found["value"]) if found["name"] else (found["first"], found["second"])
    # A word or a sentence after a name is a second item of a list.
    if not found["name"] and (" " in value or not re.search(r"[\d!@#^&*+=~?]", value)):
        return False
    is_secret = masks.is_secret_name(name) or ("-" in name and masks.is_secret_header(name))
    return (
        is_secret
        and not masks.is_placeholder(value)
        and "[masked" not in value
        and not value.startswith(("$", "{", "<", "%"))
    )
