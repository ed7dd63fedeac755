"""Finds personal data by its published shape: cards, bank accounts, national IDs, e-mail addresses, phone numbers.

What has check digits is judged by them, so that IDs, counters and times of the platform stay visible.
"""

import re
from collections.abc import Iterator

from diagnostics.redaction.text_windows import around, matches
from diagnostics.text import time_budget

ESCAPED = r"(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4})"  # an escape is no part of a word
AT = r"(?:@|＠|%40|%2540|&#64;|&#x40;|\\u0040|[ ]?[\[(]at[\])][ ]?| at (?=[\w-]{1,63} dot ))"
DOT = r"(?:\.|[ ]?[\[(]dot[\])][ ]?| dot )"
EMAIL = re.compile(
    rf"(?:(?<![\w.%+-])|(?<=\\[nrt]))(?:[\w.+'-]|%(?!40|2540)[0-9A-Fa-f]{{2}})++{AT}(?P<domain>[\w-]++(?:{DOT}[\w-]++)++)"
    r"|\"[^\"@\r\n]{1,64}\"@(?P<quoted>[\w-]++(?:\.[\w-]++)++)|[\w.+-]++@\[(?P<literal>[0-9A-Fa-f.:]{2,45})\]",
    re.IGNORECASE,
)
AT_SIGNS = ("@", "＠", "%40", "%2540", "&#", "\\u0040", "(at)", "[at]", " at ")
PHONE_SCHEMES = ("tel:", "sip:", "sips:", "callto:", "sms:")
PHONE_STEMS = (
    "phone",
    "tel",
    "mobil",
    "cell",
    "handy",
    "fax",
    "msisdn",
    "caller",
    "ani",
    "dnis",
    "電話",
    "call",
    "ring",
    "reach",
    "text",
    "dial",
    "whatsapp",
)
GAP = r"(?:[ .()/\u00a0\u2009\u202f\u2010-\u2015-]|%20|%28|%29|%2D|\+)"
PHONE_URL = re.compile(r"(?:tel|sips?|callto|sms):[^\s\"',;<>\\@]++(?!@)", re.IGNORECASE)
PHONE = re.compile(
    r"(?=[+＋%(\d])(?:"  # quickly no for most characters
    rf"(?:(?<![\w.+:-])|{ESCAPED})(?:\+|＋|%2B)[1-9](?:{GAP}{{0,3}}\d){{6,14}}(?![\w])"
    rf"|(?<![\w.+:/-])(?<!\d )00[1-9]\d{{0,2}}{GAP}(?:{GAP}{{0,2}}\d){{6,13}}(?![\w])"
    r"|(?<![\w.+:-])(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])"
    r"|(?<![\w.+:-])\(0\d{1,5}\) ?\d(?:[ ./-]?\d){4,9}(?![\w-])"
    r"|(?<![\w.+:/-])1[ .-]\d{3}[ .-]\d{3}[ .-]\d{4}(?![\w-])|(?<![\w.+:/-])\d{3}-\d{7}(?![\w-])"
    r"|(?<![\w.+:/-])(?<!\d )0\d{1,4} \d{3,4} \d{3,4}(?![\w-]| \d)|(?<![\w.+:/-])0[1-9]\d{1,3}[/-]\d{6,8}(?![\w/-])"
    r"|(?<![\w.+:/-])0\d{1,3}-\d{3,4}-\d{4}(?![\w-]))",
    re.IGNORECASE,
)
NAMED_PHONE = re.compile(
    r"(?P<name>(?:\b|_)(?:phone|phone[ _-]?(?:no|number|nr)|cell[ _-]?phone|mobile[ _-]?(?:phone|number|no)|whatsapp|"
    r"telephone|telefono|teléfono|telefon|telefone|tel|mobile|cell|handy|fax|msisdn|"
    r"caller ?id|ani|dnis|電話番号|電話)[\"'”]?\s{0,2}(?:[.:=：は>]|is|\bno\.?)\s{0,2}\\?[\"'“]?(?:%20|\+)?"
    r"|\b(?:call|ring|reach|text|dial|phone) (?:me|us|him|her|them|back)(?: back)? (?:at|on|under) (?:\+)?)"
    rf"(?P<value>\(?\d(?:{GAP}{{0,2}}\d){{6,14}})(?![\w-])",
    re.IGNORECASE,
)
CARD = re.compile(
    rf"(?=\d)(?:(?<![\w.-])|{ESCAPED})\d(?:(?: - |[ .+\t\u00a0\u2009\u202f\u2010-\u2015-]|%20|%2D)?\d){{11,18}}(?![\w-])",
    re.IGNORECASE,
)
CARD_PREFIXES = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12,14}|3[47]\d{13}|"
    r"(?:6011|64[4-9]|65|62|35[2-8])\d{12,17}|(?:30[0-5]|3[689])\d{11,16}|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{8,15}|"
    # Mir, Troy, RuPay, Verve, Elo, Hipercard
    r"(?:220[0-4]|9792|60[6-9]\d|8[12]\d\d|508\d|50[67]\d|650\d|627[78]|636\d)\d{12}"
)
CARD_GROUPS = {
    "12",
    "444",
    "4444",
    "44443",
    "465",
    "464",
    "13",
    "14",
    "15",
    "16",
    "17",
    "18",
    "19",
    "88",
    "4448",
    "448",
}
IBAN_START = re.compile(rf"(?:(?<![A-Za-z0-9])|{ESCAPED})[A-Za-z]{{2}}\d\d(?=[ +\u00a0\u202f-]?[A-Za-z0-9])")
# Country -> length, from the SWIFT IBAN registry.
IBAN_LENGTHS = {
    each[:2]: int(each[3:])
    for each in re.findall(
        r"\S+",
        "AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BI:27 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22 DJ:27 "
        "DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FK:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HN:28 HR:21 HU:28 "
        "IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20 LV:21 LY:25 MC:27 MD:24 ME:22 "
        "MK:19 MN:20 MR:27 MT:31 MU:30 NI:28 NL:18 NO:15 OM:23 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 RU:33 SA:24 "
        "SC:31 SD:18 SE:24 SI:19 SK:24 SM:27 SO:23 ST:25 SV:28 TL:23 TN:24 TR:26 UA:29 VA:22 VG:24 XK:20 YE:30",
    )
}
NATIONAL = re.compile(
    rf"(?=[A-Z\d])(?:(?<![\w-])|{ESCAPED})(?:"
    r"(?P<ssn>(?!000|666)\d{3}(?P<gap>[ \u2010-\u2013-])(?!00)\d\d(?P=gap)(?!0000)\d{4})"
    r"|(?P<nino>(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-TW-Z][A-CEGHJ-NPR-TW-Z](?: ?\d\d){3} ?[A-D])"
    r"|(?P<sin>\d{3}-\d{3}-\d{3})"
    r"|(?P<cnpj>\d\d\.\d{3}\.\d{3}/\d{4}-\d\d)"
    r"|(?P<aadhaar>[2-9]\d{3}[ -]\d{4}[ -]\d{4})"
    r"|(?P<pan>[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z])"
    r"|(?P<personnummer>(?:19|20)?\d\d(?:0\d|1[0-2])(?:[0-2]\d|3[01])[-+]\d{4})"
    r"|(?P<hetu>(?:[0-2]\d|3[01])(?:0\d|1[0-2])\d\d[-+A-FU-Y]\d{3}[0-9A-Y])"
    r"|(?P<ahv>756[. ]\d{4}[. ]\d{4}[. ]\d\d)"
    r"|(?P<rrn>\d\d(?:0\d|1[0-2])(?:[0-2]\d|3[01])-[1-8]\d{6})"
    r"|(?P<curp>[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d)"
    r"|(?P<rut>\d{1,2}\.\d{3}\.\d{3}-[\dkK])"
    r"|(?P<resident>[1-9]\d{5}(?:19|20)\d\d(?:0\d|1[0-2])(?:[0-2]\d|3[01])\d{3}[\dX])"
    r"|(?P<nric>[STFGM]\d{7}[A-Z])"
    r"|(?P<mbi>[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d-?[AC-HJKMNP-RT-Y]{2}\d\d)"
    r"|(?P<cpf>\d{3}\.\d{3}\.\d{3}-\d\d)"
    r"|(?P<dni>(?:\d{8}|[XYZ]\d{7})-?[A-HJ-NP-TV-Z])"
    r"|(?P<fiscale>[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z])"
    r"|(?P<nir>[12] ?\d\d ?(?:0[1-9]|1[0-2]) ?\d[\dAB] ?\d{3} ?\d{3} ?\d\d)"
    r")(?![\w-])"
)
NAMED_SSN = re.compile(
    r"(?P<name>\b(?:ssn|social security (?:no\.?|number))(?: is|[:=#])?[ \t]{0,3})(?P<value>\d{3}[ .]?\d\d[ .]?\d{4})(?!\w)",
    re.IGNORECASE,
)
# Numbers of people that only their name tells from others: it stands before, and at least five digits are in it.
NAMED_ID = re.compile(
    r"(?<![A-Za-z0-9-])(?:(?-i:ITIN|SIN|TFN|BSN|PESEL|CPF|CNPJ|RG|EGN|CNP|CURP|RFC|NIF|NIE|DNI|NHS|MRN|EIN|TIN|VAT)|"
    r"personnummer|henkilötunnus|aadhaar|medicare|steuer-?(?:id|nummer)|ust-?id(?:nr)?|ausweis(?:nummer)?|codice fiscale|"
    r"numéro de sécurité sociale|passport|reisepass|passeport|pasaporte|driver'?s?[ _-]licen[cs]e|driving[ _-]licen[cs]e|führerschein|"
    r"(?:national|identity|resident|citizen|tax|taxpayer|patient|personal)[ _-](?:id|identity|insurance|number|card)|social[ _-]insurance|"
    r"national[ _-]insurance|health[ _-]card|insurance[ _-](?:id|policy)|マイナンバー|身份证|주민등록번호)(?![A-Za-z0-9])[\"'”]?"
    r"(?:[ _-]?(?:no|number|nr|num|id|code|号码|番号)\b)?\.?[\"'”]?[ \t]{0,3}(?:[:=：#は]|is|lautet)?[ \t]{0,3}[\"'“]?"
    r"(?P<value>(?!\d{4}-\d\d-\d\d)(?=(?:[A-Za-z .-]{0,4}\d){5})[A-Za-z0-9](?:[ .-]?[A-Za-z0-9]){5,20}?)(?![A-Za-z0-9])(?![ .-]\d)",
    re.IGNORECASE,
)
DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


ANY_DIGIT = re.compile(r"\d")
# Every number below has at least six digits this near to one another; DIGITS_MARGIN is for what stands around them.
DIGITS = re.compile(r"\d(?:\D{0,12}\d){5,}+")
DIGITS_MARGIN = 100


def find_personal(text: str) -> Iterator[tuple[int, int, str]]:
    """Where personal data stands, and of which kind; the words before a named number are not part of it."""
    lower = text.lower()
    if ANY_DIGIT.search(text):
        yield from _numbers(text, lower)
    for found in time_budget.checked(EMAIL.finditer(text)) if any(sign in lower for sign in AT_SIGNS) else ():
        if found["domain"] is None:
            yield *found.span(), "e-mail"
            continue
        labels = re.split(DOT, found["domain"])
        if labels[-1][:1].isalpha() or len(labels) == 4:  # package@1.2.3 is none, ann@10.0.0.1 is one
            yield *found.span(), "e-mail"


def _numbers(text: str, lower: str) -> Iterator[tuple[int, int, str]]:
    for found in time_budget.checked(IBAN_START.finditer(text)):
        if end := _iban_end(text, found.start()):
            yield found.start(), end, "bank account"
    if any(scheme in lower for scheme in PHONE_SCHEMES):
        for found in time_budget.checked(PHONE_URL.finditer(text)):
            yield *found.span(), "phone number"
    runs = [found.span() for found in time_budget.checked(DIGITS.finditer(text))]
    windows = list(around(runs, DIGITS_MARGIN, DIGITS_MARGIN, len(text)))
    for found in matches(CARD, text, windows):
        if _is_card(found[0]):
            yield *found.span(), "card number"
    for found in matches(NATIONAL, text, windows):
        if _is_national(found):
            yield *found.span(), "national ID"
    for found in matches(NAMED_SSN, text, windows) if "ss" in lower or "social" in lower else ():
        yield *found.span("value"), "national ID"
    for found in time_budget.checked(NAMED_ID.finditer(text)):
        yield *found.span("value"), "national ID"
    for found in matches(PHONE, text, windows):
        yield *found.span(), "phone number"
    for found in matches(NAMED_PHONE, text, windows) if any(stem in lower for stem in PHONE_STEMS) else ():
        yield *found.span("value"), "phone number"


def _digits(text: str) -> str:
    return "".join(str(int(sign)) for sign in re.sub(r"%20|%2[Dd]", " ", text) if sign.isdigit())


def _is_card(text: str) -> bool:
    digits = _digits(text)
    groups = "".join(str(len(group)) for group in re.findall(r"\d+", re.sub(r"%20|%2[Dd]", " ", text)))
    return groups in CARD_GROUPS and bool(CARD_PREFIXES.fullmatch(digits)) and _passes_luhn(digits)


def _passes_luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(sign), 10)) for sign in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0 and len(set(digits)) > 1


def _iban_end(text: str, start: int) -> int:
    """Where the IBAN that begins at `start` ends; 0 where its length or its check digits say that it is none."""
    length = IBAN_LENGTHS.get(text[start : start + 2].upper(), 0)
    at, signs = start, list[str]()
    while len(signs) < length and at < len(text):
        sign = text[at]
        if sign.isascii() and sign.isalnum():
            signs.append(sign.upper())
        elif sign not in " +\u00a0\u202f-" or not text[at - 1].isalnum():
            return 0
        at += 1
    if not length or len(signs) < length or (at < len(text) and text[at].isalnum()):
        return 0
    number = "".join(str(int(sign, 36)) for sign in signs[4:] + signs[:4])
    return at if int(number) % 97 == 1 else 0


def _is_national(found: re.Match[str]) -> bool:
    kind, value = found.lastgroup, found[0]
    plain = re.sub(r"[ ./-]", "", value)
    if kind == "cpf":
        return len(set(plain)) > 1 and all(
            (sum(int(sign) * (size + 1 - at) for at, sign in enumerate(plain[:size])) * 10) % 11 % 10
            == int(plain[size])
            for size in (9, 10)
        )
    if kind == "dni":
        number = plain[:-1].translate(str.maketrans("XYZ", "012"))
        return DNI_LETTERS[int(number) % 23] == plain[-1]
    if kind == "nir":
        return 97 - int(plain[:13].replace("A", "0").replace("B", "0")) % 97 == int(plain[13:])
    if kind == "ssn":
        return value[3] != " " and (value[0] != "9" or value[4:6] >= "50")
    if kind == "sin":
        return _passes_luhn(plain) and plain[0] not in "08"
    if kind == "personnummer":
        return _passes_luhn(re.sub(r"\D", "", value)[-10:])
    if kind == "cnpj":
        return _cnpj_digits(plain[:12]) == plain[12:]
    if kind == "aadhaar":
        return _passes_verhoeff(plain)
    if kind == "ahv":
        return sum(int(sign) * (3 if at % 2 else 1) for at, sign in enumerate(plain)) % 10 == 0
    if kind == "rut":
        total = sum(int(sign) * (2 + at % 6) for at, sign in enumerate(reversed(plain[:-1])))
        return "0123456789K0"[11 - total % 11] == plain[-1].upper()
    if kind == "resident":
        return (
            "10X98765432"[sum(int(sign) * (2 ** (17 - at) % 11) for at, sign in enumerate(value[:17])) % 11]
            == value[17]
        )
    if kind == "hetu":
        return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(value[:6] + value[7:10]) % 31] == value[10]
    if kind == "nric":
        total = sum(int(sign) * weight for sign, weight in zip(value[1:8], (2, 7, 6, 5, 4, 3, 2), strict=True))
        letters = "JZIHGFEDCBA" if value[0] in "ST" else "XWUTRQPNMLK"
        return value[0] == "M" or letters[(total + (4 if value[0] in "TG" else 0)) % 11] == value[8]
    return True


def _cnpj_digits(base: str) -> str:
    for _ in range(2):
        total = sum(int(sign) * (2 + at % 8) for at, sign in enumerate(reversed(base)))
        base += str(0 if total % 11 < 2 else 11 - total % 11)
    return base[-2:]


# Multiplication and permutation of the dihedral group D5 (Verhoeff, 1969).
_VERHOEFF = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)


def _passes_verhoeff(digits: str) -> bool:
    check = 0
    for at, sign in enumerate(reversed(digits)):
        other = int(_VERHOEFF[at % 8][int(sign)])
        check = _times(check, other)
    return check == 0


def _times(one: int, other: int) -> int:
    """In the dihedral group D5: 0 to 4 are rotations, 5 to 9 reflections."""
    if one < 5:
        return (one + other) % 5 if other < 5 else 5 + (one + other - 5) % 5
    return 5 + (one - 5 - other) % 5 if other < 5 else (one - other) % 5
