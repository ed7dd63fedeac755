"""Finds secrets that a sentence announces: "the password is …", "clave: …", "PIN 4711", in several languages."""

import re
from collections.abc import Iterator

from diagnostics.redaction.patterns import AFTER_ESCAPE, word_set
from diagnostics.redaction.text_windows import around_words, matches

PASSWORDS = (
    r"pass(?:word|phrase|code|wort)|passwd|pwd|pw|kennwort|contraseñas?|contrasenas?|clave|senha|palavra-passe|mot de passe|mdp|"
    r"parola d'ordine|wachtwoord|lösenord|adgangskode|passord|salasana|hasło|haslo|heslo|jelszó|şifre|parolă|пароль|пароля|"
    r"パスワード|暗証番号|密码|密碼|口令|비밀번호|암호|كلمة المرور|סיסמה"
)
KEYS = (
    r"(?:client |shared |app )?secret(?: access)?(?: key)?|(?:api|access|private|signing|encryption|account|subscription)[ _-]key|"
    r"(?:access |refresh |bearer |api |auth |id )?tokens?|jeton|segredo|secreto|geheimnis|トークン|令牌|토큰|credentials?"
)
COPULA = r"is|was|are|were|being|it's|equals|es|era|est|ist|war|lautet|é|è|jest|är|er|este|là|to"  # "to": reset to …
ANNOUNCED = re.compile(
    rf"(?:(?<![\w-])|{AFTER_ESCAPE})(?P<word>{PASSWORDS}|{KEYS})(?P<gap>[\"'”’`*]{{0,2}}"
    rf"(?:[ \t]{{0,3}}(?:=>|->|→|[:=：＝](?:[ \t]{{0,3}}\r?\n(?:> ?)?)?)|[ \t]{{1,3}}(?:(?:{COPULA})(?=[\s:])[ \t]{{0,2}}:?)"
    rf"|[ \t]?[はは是为為が]|(?=[ \t]))"
    r"[ \t]{0,3}[\"'“”„«「『`‘*]{0,2})(?P<value>[^\s\"'“”»」』`’,;<>(){}\[\]。、]{4,200})",
    re.IGNORECASE,
)
CODE = re.compile(
    rf"(?:(?<![\w-])|{AFTER_ESCAPE})(?P<word>"
    r"(?:verification|security|access|auth\w{0,14}|sms|login|sign-in|confirmation|one[- ]time|2fa|mfa|"
    r"backup|recovery)[ -](?:code|password|pin)|otp|totp|tan|pin|cvv2?|cvc2?|pin[ -]code|código(?: de \w{1,14})?|codigo|kod|"
    r"sicherheitscode|bestätigungscode|code de \w{1,14}|確認コード|認証コード|验证码|驗證碼|인증번호)"
    r"(?P<gap>[ \t]{0,2}(?:[:=：#]|is|was|es|ist|est|é|lautet|は|是)?[ \t]{0,3}[\"'“「`]?)(?P<value>\d{3,4}[ -]?\d{0,4})(?![\w.:/-]*\d)",
    re.IGNORECASE,
)
# "code" alone announces a one-time code only with exactly six digits. Error, status and area codes must stay visible.
PLAIN_CODE = re.compile(
    r"(?P<before>(?:[\w-]{1,20}[ \t])?)(?<![\w-])code[ \t]{0,2}(?:[:=]|is)?[ \t]{1,3}(?P<value>\d{6})(?![\w.:-])", re.I
)
RECOVERY_CODES = re.compile(
    r"\b(?:recovery|backup|scratch) codes?[\"']?(?: are| is)?\s{0,2}[:=]?\s{0,4}"
    r"(?P<value>[a-z0-9]{4,8}(?:-[a-z0-9]{4,8}){1,3}(?:[\s,;]{1,6}[a-z0-9]{4,8}(?:-[a-z0-9]{4,8}){1,3}){0,20})(?![\w-])",
    re.IGNORECASE,
)
OTHER_CODES = re.compile(
    r"(?:error|status|exit|return|result|reason|response|http|area|country|zip|postal|post|cause|disconnect|sub|wrap-up|wrapup|"
    r"division|campaign|cost|dial|close|source)\b",
    re.IGNORECASE,
)
KNOWN_TERMS = re.compile(
    r"(?:oauth|saml|sha|md|utf|base|rs|hs|es|ps|tls|ssl|http|ipv|web|v|x)-?\d{1,3}(?:\.\d+)?|[a-z]{2,5}\d|https?/[\d.]+|\d{4}-\d\d.*|"
    r"\d+(?:\.\d+)*(?:ms|s|m|h|d|k|kb|mb|x|st|nd|rd|th|%)?|\d+[-/.]\w{1,12}",
    re.IGNORECASE,
)
UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9a-f]{32}", re.IGNORECASE)
ESCAPES = re.compile(r"(?:\\{1,8}u[0-9A-Fa-f]{4})++")  # an escaped word
NAMES = re.compile(r"[A-Za-z_*]+(?:[:._-][A-Za-z_*]+)*")
MIXED_CASE = re.compile(r"[a-z][A-Z]{2}|[A-Z]{2}[a-z]{2,}+[A-Z]|[a-z][A-Z][a-z]?[A-Z]")
PASSWORD_WORD = re.compile(PASSWORDS, re.IGNORECASE)

# Every announcement contains one of these, and searching for them is much cheaper than for the announcements.
STEMS = word_set(
    "pass pwd pw kennwort contrase clave senha palavra mdp parol wachtwoord lösenord adgangskod salasan hasł haslo heslo "
    "jelsz şifre парол パス 暗 密 口令 비밀 암호 كلمة סיסמ secret key token jeton segredo geheim トークン 令牌 토큰 "
    "credential login"
)
CODE_STEMS = word_set("code código codigo kod otp pin tan 2fa mfa cvv cvc コード 验证 驗證 인증 password")
MARGINS = (60, 400)  # the most characters of an announcement and its value before and after a stem


def find_announced(text: str) -> Iterator[tuple[int, int]]:
    """The spans of announced values, without their quotes and the punctuation after them."""
    for match in matches(ANNOUNCED, text, around_words(text, STEMS, *MARGINS)):
        start, value = match.start("value"), match["value"].rstrip(".!?:*")
        if value and _is_secret(value, match["word"], match["gap"]):
            yield start, start + len(value)
    for match in matches(RECOVERY_CODES, text, around_words(text, (" code",), 20, 400)):
        yield match.span("value")
    windows = around_words(text, CODE_STEMS, *MARGINS)
    for match in matches(CODE, text, windows):
        if len(re.sub(r"\D", "", match["value"])) >= 3:
            yield match.span("value")
    for match in matches(PLAIN_CODE, text, windows):
        if not OTHER_CODES.match(match["before"]):
            yield match.span("value")


def _is_secret(value: str, word: str, gap: str) -> bool:
    """False for an ordinary word, a technical term, an ID or a path. `word` announces it, `gap` is what's between them."""
    if value.startswith(("/", "http", "-", "&", "$", "%", "|", "?", "…", "...")):
        return False
    if "://" in value or "[masked" in value:
        return False
    if UUID.fullmatch(value) or ESCAPES.fullmatch(value) or (NAMES.fullmatch(value) and not MIXED_CASE.search(value)):
        return False
    is_password = bool(PASSWORD_WORD.fullmatch(word))
    is_linked = bool(gap.strip(" \t\"'“”„«「『`‘*"))
    if value.isdigit():
        return is_password and (len(value) >= 6 or (is_linked and len(value) >= 4))
    if KNOWN_TERMS.fullmatch(value):
        return False
    has_digit, has_letter = any(map(str.isdigit, value)), any(map(str.isalpha, value))
    if has_digit and has_letter:
        return is_linked or is_password or len(value) >= 8
    return is_linked and (bool(re.search(r"[!@#$%^&*+=~?]", value)) or bool(MIXED_CASE.search(value)))
