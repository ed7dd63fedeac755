"""Reads environment variables. An invalid value stops start-up with a message."""

import importlib.util
import ipaddress
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

from cryptography.fernet import Fernet

YES = frozenset({"1", "true", "yes", "on"})
NO = frozenset({"0", "false", "no", "off"})


def stop(sentence: str) -> NoReturn:
    """Exit with code 1 and the message on standard error, without a traceback."""
    raise SystemExit(sentence)


def text(name: str, default: str = "") -> str:
    """The variable without surrounding whitespace. Empty counts as not set."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool) -> bool:
    value = text(name).lower()
    if not value:
        return default
    if value not in YES | NO:
        stop(f"{name} is {value!r}, which isn't yes or no. Set it to 1 or 0, or leave it out.")
    return value in YES


def number(name: str, default: int, minimum: int, maximum: int) -> int:
    value = text(name)
    if not value:
        return default
    if not re.fullmatch(r"-?[0-9]{1,18}", value) or not minimum <= int(value) <= maximum:
        stop(f"{name} is {value!r}. It must be a whole number from {minimum} to {maximum}.")
    return int(value)


def string_list(name: str, default: Iterable[str] = ()) -> list[str]:
    """A comma-separated list; empty entries are dropped."""
    items = (item.strip() for item in text(name).split(","))
    return [item for item in items if item] or list(default)


def time_zone(name: str) -> str:
    value = text(name, "UTC")
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        stop(f"{name} is {value!r}, which isn't a time zone. Use a name such as UTC or Europe/Dublin.")
    return value


def secret(name: str) -> str:
    """The value of NAME, or the content of the file that NAME_FILE points to; "" if neither is set."""
    value, file = text(name), text(f"{name}_FILE")
    if value and file:
        stop(f"{name} and {name}_FILE are both set. Set only one of them.")
    if not file:
        return value
    try:
        content = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not text"
        stop(f"{name}_FILE points to {file}, which can't be read: {reason}. Fix the path or its permissions.")
    if not content:
        stop(f"{name}_FILE points to {file}, which is empty.")
    return content


def encryption_keys(name: str) -> list[str]:
    """Fernet keys, newest first, separated by commas or newlines. Error messages never contain a key."""
    keys = [key.strip() for key in secret(name).replace("\n", ",").split(",") if key.strip()]
    for position, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError:
            stop(
                f"Key {position} of {len(keys)} in {name} is not a Fernet key (32 bytes in url-safe base64, 44 "
                f"characters). Create one with: {MAKE_ENCRYPTION_KEY}"
            )
    return keys


def json_object(name: str) -> dict[str, Any]:
    raw = text(name)
    if not raw:
        return {}
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as exc:
        stop(f"{name} is not JSON ({exc}). It must be one JSON object, for example {{}}.")
    if not isinstance(value, dict):
        stop(f"{name} must be a JSON object in braces, but it is a {type(value).__name__}.")
    return value


def endpoints(name: str) -> dict[str, dict[str, str]]:
    """Region key -> {"api": base URL, "login": base URL, "name": display name}. One of the two URLs is required."""
    return {key: _endpoint(name, key, value) for key, value in json_object(name).items()}


def _endpoint(name: str, key: str, value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not {"api", "login"} & set(value) or set(value) - {"api", "login", "name"}:
        stop(
            f"{name} has an invalid entry {key!r}. Each entry names a region and its addresses: "
            '{"api": "https://api.example.com", "login": "https://login.example.com"}'
        )
    return {
        field: str(content) if field == "name" else _parse_base_url(f"{name}, entry {key!r}, {field!r}", content)
        for field, content in value.items()
    }


def _parse_base_url(source: str, address: object) -> str:
    parts = _split(address) if isinstance(address, str) else None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname:
        stop(f"{source}: {address!r} isn't an http or https URL.")
    if parts.username or parts.password or parts.query or parts.fragment or parts.path.strip("/"):
        stop(f"{source}: the URL must be scheme, host and port only, such as https://api.example.com.")
    return f"{parts.scheme}://{parts.netloc}"


def broker_url(name: str) -> str:
    """A broker URL that Celery supports; "" if not set."""
    value = secret(name)
    schemes = ("redis", "rediss", "redis+socket", "amqp", "amqps")
    parts = _split(value)
    if value and (parts is None or parts.scheme not in schemes):
        stop(f"{name} must start with one of {', '.join(f'{scheme}://' for scheme in schemes)}.")
    return value


def database(name: str) -> dict[str, Any]:
    """A Django database entry from postgres://user:password@host:port/name?option=value; {} if not set.

    A socket folder is given as a percent-encoded host (%2Frun%2Fpostgresql) or as ?host=/run/postgresql.
    """
    raw = secret(name)
    if not raw:
        return {}
    expected = f"{name} must look like postgres://user:password@host:5432/database"
    parts = _split(raw)
    if parts is None or parts.scheme not in {"postgres", "postgresql"}:
        stop(f"{expected}: only PostgreSQL is supported.")
    if not parts.path.strip("/"):
        stop(f"{expected}: the database's name is missing.")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    return {
        "ENGINE": "config.database",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": options.pop("port", "") or str(parts.port or ""),
        "OPTIONS": options,
    }


def choice(name: str, choices: list[str]) -> str:
    """One of the choices; "" if not set."""
    value = text(name)
    if value and value not in choices:
        stop(f"{name} is {value!r}. It must be one of {', '.join(choices)}, or left out.")
    return value


def openid_connect(prefix: str) -> dict[str, Any]:
    """An allauth OpenID Connect app from PREFIX_ISSUER, _CLIENT_ID and _CLIENT_SECRET; {} if not set."""
    issuer, client_id = text(f"{prefix}_ISSUER"), text(f"{prefix}_CLIENT_ID")
    client_secret = secret(f"{prefix}_CLIENT_SECRET")
    values = {"ISSUER": issuer, "CLIENT_ID": client_id, "CLIENT_SECRET": client_secret}
    if not any(values.values()):
        return {}
    if missing := [f"{prefix}_{name}" for name, value in values.items() if not value]:
        stop(f"Single sign-on is incomplete: {', '.join(missing)} is missing. Set all three, or none.")
    parts = _split(issuer)
    is_local = parts is not None and parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if parts is None or not parts.hostname or (parts.scheme != "https" and not (is_local and parts.scheme == "http")):
        stop(f"{prefix}_ISSUER is {issuer!r}. It must be the https issuer URL of the provider.")
    return {
        "provider_id": "oidc",
        "client_id": client_id,
        "secret": client_secret,
        "settings": {"server_url": issuer.rstrip("/")},
    }


# Scheme -> default port, and the Django setting that turns on TLS.
MAIL_SCHEMES = {"smtp": (25, ""), "smtp+starttls": (587, "EMAIL_USE_TLS"), "smtps": (465, "EMAIL_USE_SSL")}


def mail_server(name: str) -> dict[str, Any]:
    """Django's email settings from smtp+starttls://user:password@host:port; {} if not set."""
    raw = secret(name)
    if not raw:
        return {}
    expected = (
        f"{name} must look like smtp+starttls://user:password@host:587, smtps://user:password@host or smtp://host"
    )
    parts = _split(raw)
    if parts is None or parts.scheme not in MAIL_SCHEMES or not parts.hostname or parts.path.strip("/"):
        stop(f"{expected}.")
    if parts.username and parts.scheme == "smtp" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        stop(f"{expected}: plain smtp would send the password unencrypted.")
    port, tls_setting = MAIL_SCHEMES[parts.scheme]
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or port,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        **({tls_setting: True} if tls_setting else {}),
    }


def mail_address(name: str) -> str:
    value = text(name)
    if value and not re.fullmatch(r"[^@\s<>,;]{1,64}@[^@\s<>,;]{1,250}", value):
        stop(f"{name} is {value!r}, which isn't an email address. Use the form doctor@example.com, without a name.")
    return value


def base_url(name: str, default: str) -> str:
    """Scheme, host and port, without a trailing slash."""
    return _parse_base_url(name, text(name, default))


def hosts(name: str) -> list[str]:
    """Host names or IP addresses, with or without a port. Returned without brackets around an IPv6 address."""
    entries = [entry.lower() for entry in string_list(name)]
    for entry in entries:
        parts = _split(f"//{entry}")
        if parts is None or not parts.hostname or parts.netloc != entry or "@" in entry or "*" in entry:
            stop(f"{name} has {entry!r}. Each entry is one host, such as hooks.example.com or 10.0.0.5:8080.")
    return [entry.replace("[", "").replace("]", "") for entry in entries]


def networks(name: str, default: Iterable[str]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """IP addresses and networks, such as 10.1.0.0/16."""
    try:
        return [ipaddress.ip_network(entry) for entry in string_list(name, default)]
    except ValueError as exc:
        stop(f"{name}: {exc}. Each entry is an address or a network, such as 10.0.0.7 or 10.1.0.0/16.")


def collector(name: str) -> str:
    """The URL of an OpenTelemetry collector; "" if not set. Requires the opentelemetry packages."""
    value = text(name)
    parts = _split(value) if value else None
    if value and (parts is None or parts.scheme not in {"http", "https"} or not parts.hostname):
        stop(f"{name} is {value!r}. It must be the collector's URL, such as http://127.0.0.1:4318.")
    if value and importlib.util.find_spec("opentelemetry") is None:
        stop(f"{name} is set, but the packages for traces aren't installed. Start with: uv run --group traces ...")
    return value


def _split(value: str) -> SplitResult | None:
    """The components of a URL; None if it cannot be parsed (a bad port, an open bracket)."""
    try:
        parts = urlsplit(value)
        return parts if parts.port is None or parts.port > 0 else None
    except ValueError:
        return None


MAKE_SECRET_KEY = 'python3 -c "import secrets; print(secrets.token_urlsafe(64))"'  # noqa: S105 - a command
MAKE_ENCRYPTION_KEY = (
    'python3 -c "import base64, secrets; print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())"'
)
