"""Finds secrets by their position: arguments of an SDK's sign-in methods, and text after a label in any language."""

import re

from diagnostics.redaction import patterns as masks
from diagnostics.text import time_budget

MAX_FOUND = 60
SIGN_IN = re.compile(
    r"\b(?:login\w{0,20}Grant|get_\w{0,30}token|authorize\w{0,40}|Authorize\w{0,40}|postToken|PostToken|"
    r"setAccessToken|set_access_token|login_?client_?credentials)\w{0,20}\s{0,4}\((?P<given>[^()\n]{1,600})\)"
)
QUOTED = re.compile(r"[\"'`](?P<value>[^\"'`\s]{6,400})[\"'`]")
LABEL = re.compile(
    r"\b(?:token|tokens|secret|secreto|segredo|geheimnis|password|contraseña|clave|senha|passwort|kennwort|mot de passe|"
    r"cookie|トークン|パスワード|令牌|密码|токен|пароль)(?:[ _-][A-Za-zÀ-ÿ]{1,15}){0,3}[\"'*`]{0,3}[ \t]{0,4}[:=：][ \t]{0,4}[\"'`*]{0,3}"
    r"(?:bearer )?(?P<value>[^\s\"'`<>,;]{8,2000})",
    re.IGNORECASE,
)


def secrets_named(text: str) -> list[str]:
    """The raw secrets, longest first. Never store them. A client ID, which is a UUID, isn't a secret."""
    found: dict[str, None] = {}
    for call in time_budget.checked(SIGN_IN.finditer(text)):
        for value in QUOTED.finditer(call["given"]):
            _add(found, value["value"])
    for label in time_budget.checked(LABEL.finditer(text)):
        _add(found, label["value"])
    return sorted(found, key=len, reverse=True)[:MAX_FOUND]


def _add(found: dict[str, None], value: str) -> None:
    is_secret = any(sign.isdigit() for sign in value) and not masks.UUID.fullmatch(value)
    if is_secret and not masks.is_placeholder(value) and "[masked" not in value and "//" not in value[:12]:
        found[value] = None
