"""The options of a curl command."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote_plus

from diagnostics.parsing.draft import Headers
from diagnostics.redaction.patterns import word_set

SHORT = {
    "X": "request", "H": "header", "d": "data", "u": "user", "A": "user-agent", "e": "referer", "b": "cookie",
    "F": "form", "T": "upload-file", "G": "get", "I": "head", "o": "output", "x": "proxy", "w": "write-out",
    "m": "max-time", "E": "cert", "c": "cookie-jar", "C": "continue-at", "D": "dump-header", "K": "config",
    "P": "ftp-port", "Q": "quote", "r": "range", "t": "telnet-option", "U": "proxy-user", "y": "speed-time",
    "Y": "speed-limit", "z": "time-cond", "h": "help", "s": "silent", "S": "show-error", "L": "location",
    "i": "include", "v": "verbose", "f": "fail", "g": "globoff", "k": "insecure", "N": "no-buffer", "O": "remote-name",
    "#": "progress-bar", "j": "junk-session-cookies", "n": "netrc", "p": "proxytunnel", "q": "disable", "R": "remote-time",
    "4": "ipv4", "6": "ipv6", "0": "http1.0", "J": "remote-header-name", "V": "version", "a": "append", "l": "list-only",
    "B": "use-ascii", "Z": "parallel",
}  # fmt: skip
UNDERSTOOD = word_set(
    "request header data data-raw data-binary data-ascii data-urlencode json user oauth2-bearer user-agent referer "
    "cookie url url-query form form-string upload-file get head"
)
WITH_VALUE = UNDERSTOOD - {"get", "head"} | word_set(
    "abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config connect-timeout connect-to "
    "continue-at cookie-jar create-file-mode crlfile curves delegation dns-interface dns-ipv4-addr dns-ipv6-addr "
    "dns-servers doh-url dump-header egd-file engine etag-compare etag-save expect100-timeout ftp-account "
    "ftp-alternative-to-user ftp-method ftp-port ftp-ssl-ccc-mode happy-eyeballs-timeout-ms haproxy-clientip help "
    "hostpubmd5 hostpubsha256 hsts interface ip-tos ipfs-gateway keepalive-cnt keepalive-time key key-type krb libcurl "
    "limit-rate local-port login-options mail-auth mail-from mail-rcpt max-filesize max-redirs max-time netrc-file "
    "noproxy output output-dir parallel-max pass pinnedpubkey preproxy proto proto-default proto-redir proxy "
    "proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile proxy-header proxy-key "
    "proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers proxy-tlsauthtype "
    "proxy-tlspassword proxy-tlsuser proxy-user proxy1.0 pubkey quote random-file range rate request-target resolve "
    "retry retry-delay retry-max-time sasl-authzid service-name socks4 socks4a socks5 socks5-gssapi-service "
    "socks5-hostname speed-limit speed-time stderr telnet-option tftp-blksize time-cond tls-max tls13-ciphers "
    "tlsauthtype tlspassword tlsuser trace trace-ascii trace-config unix-socket variable vlan-priority write-out"
)
# These change what curl prints, not what it sends.
QUIET = word_set(
    "silent show-error include verbose fail fail-with-body fail-early globoff no-buffer progress-bar no-progress-meter "
    "output write-out http1.1 http2 remote-name no-silent styled-output trace-time disable"
)


@dataclass
class CurlOptions:
    """The values of one command's options, in their order."""

    urls: list[str] = field(default_factory=list)
    others: int = 0
    method: str = ""
    headers: Headers = field(default_factory=list)
    removed: set[str] = field(default_factory=set)
    data: list[str] = field(default_factory=list)
    query: list[str] = field(default_factory=list)
    form: list[tuple[str, str]] = field(default_factory=list)
    user: str | None = None
    bearer: str | None = None
    json: bool = False
    get: bool = False
    head: bool = False
    upload: bool = False
    has_data: bool = False
    from_file: bool = False
    files: list[str] = field(default_factory=list)


def read_options(words: list[str]) -> tuple[CurlOptions, list[str]]:
    options = CurlOptions()
    dropped: dict[str, None] = {}
    positional: list[str] = []
    waiting = iter(words)
    for word in waiting:
        if word == "--next":
            dropped["--next and what follows it was left out."] = None
            break
        if word.startswith("--") and len(word) > 2:
            _long(word, waiting, options, dropped)
        elif word.startswith("-") and len(word) > 1:
            _short(word, waiting, options, dropped)
        elif word not in {"", "-", "--"}:
            positional.append(word)
    likely = [word for word in positional if re.match(r"[a-z]+://|[\w.{}$-]+[./]|/|\$|\{\{|<", word)]
    options.urls += likely or positional
    options.others = len(options.urls) - 1
    return options, list(dropped)


def _long(word: str, waiting: Iterator[str], options: CurlOptions, dropped: dict[str, None]) -> None:
    name, equals, value = word[2:].partition("=")
    if name in WITH_VALUE:
        value = value if equals else next(waiting, "")
    _apply(name, value, f"--{name}", options, dropped)


def _short(word: str, waiting: Iterator[str], options: CurlOptions, dropped: dict[str, None]) -> None:
    for position, letter in enumerate(word[1:], start=2):
        name = SHORT.get(letter, "")
        if name not in WITH_VALUE or name == "help":
            _apply(name, "", f"-{letter}", options, dropped)
            continue
        value = word[position:] or next(waiting, "")
        _apply(name, value.removeprefix("=") if name == "request" else value, f"-{letter}", options, dropped)
        return


def _apply(name: str, value: str, shown: str, options: CurlOptions, dropped: dict[str, None]) -> None:
    if name in APPLY:
        APPLY[name](options, value)
    elif name not in QUIET and len(dropped) < 30:
        # An unknown name may be a secret: it is quoted only if it looks like an option.
        plain = re.fullmatch(r"-[A-Za-z0-9#]|--[a-z]{2,14}(?:-[a-z0-9.]{1,14}){0,4}", shown)
        dropped[f"The option {shown} was left out." if plain else "An unknown option was left out."] = None


def _header(options: CurlOptions, value: str) -> None:
    if value.startswith("@"):
        options.from_file = True
        return
    name, colon, content = value.partition(":")
    if not colon:
        if value.endswith(";") and value[:-1].strip():
            options.headers.append((value[:-1].strip(), ""))
        return
    if content.strip(" \t"):
        options.headers.append((name.strip(), content.lstrip(" \t")))
    else:
        options.removed.add(name.strip().lower())


def _data(options: CurlOptions, value: str, files: bool = True) -> None:
    options.has_data = True
    if files and value.startswith("@"):
        options.from_file = True
        options.files.append(value[1:])
    else:
        options.data.append(value)


def _data_urlencode(options: CurlOptions, value: str) -> None:
    options.has_data = True
    name, equals, content = value.partition("=")
    if equals:
        options.data.append((f"{name}=" if name else "") + quote_plus(content, errors="replace"))
    elif "@" in value:
        options.from_file = True
    else:
        options.data.append(quote_plus(value, errors="replace"))


def _json(options: CurlOptions, value: str) -> None:
    options.json = True
    _data(options, value)


def _form(options: CurlOptions, value: str, files: bool = True) -> None:
    name, _, content = value.partition("=")
    if files and content[:1] in {"@", "<"}:
        options.from_file = True
    options.form.append((name, "" if files and content[:1] in {"@", "<"} else content.split(";type=")[0]))


def _cookie(options: CurlOptions, value: str) -> None:
    if "=" in value:
        options.headers.append(("Cookie", value))


def _set(name: str) -> Callable[[CurlOptions, str], None]:
    return lambda options, value: setattr(options, name, value or True)


APPLY: dict[str, Callable[[CurlOptions, str], None]] = {
    "request": lambda options, value: setattr(options, "method", value),
    "header": _header,
    "data": _data,
    "data-ascii": _data,
    "data-binary": _data,
    "data-raw": lambda options, value: _data(options, value, files=False),
    "data-urlencode": _data_urlencode,
    "json": _json,
    "user": lambda options, value: setattr(options, "user", value),
    "oauth2-bearer": lambda options, value: setattr(options, "bearer", value),
    "user-agent": lambda options, value: options.headers.append(("User-Agent", value)),
    "referer": lambda options, value: options.headers.append(("Referer", value)),
    "cookie": _cookie,
    "url": lambda options, value: options.urls.append(value),
    "url-query": lambda options, value: options.query.append(value),
    "form": _form,
    "form-string": lambda options, value: _form(options, value, files=False),
    "upload-file": _set("upload"),
    "get": _set("get"),
    "head": _set("head"),
}
