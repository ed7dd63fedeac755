"""Finds personal data by its published format: cards, bank accounts, national IDs, e-mail addresses, phone numbers.

Check digits are verified where the format has them, so that the platform's IDs, counters and timestamps stay visible.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import cycle

from diagnostics.redaction.patterns import AFTER_ESCAPE, word_set
from diagnostics.redaction.text_windows import around, matches
from diagnostics.text import time_budget

AT = r"(?:@|＠|%40|%2540|&#64;|&#x40;|\\u0040|[ ]?[\[(]at[\])][ ]?| at (?=[\w-]{1,63} dot ))"
DOT = r"(?:\.|[ ]?[\[(]dot[\])][ ]?| dot )"
EMAIL = re.compile(
    rf"(?:(?<![\w.%+-])|(?<=\\[nrt]))(?:[\w.+'-]|%(?!40|2540)[0-9A-Fa-f]{{2}})++{AT}(?P<domain>[\w-]++(?:{DOT}[\w-]++)++)"
    r"|\"[^\"@\r\n]{1,64}\"@(?P<quoted>[\w-]++(?:\.[\w-]++)++)|[\w.+-]++@\[(?P<literal>[0-9A-Fa-f.:]{2,45})\]",
    re.IGNORECASE,
)
AT_SIGNS = ("@", "＠", "%40", "%2540", "&#", "\\u0040", "(at)", "[at]", " at ")
PHONE_SCHEMES = ("tel:", "sip:", "sips:", "callto:", "sms:")
PHONE_STEMS = word_set("phone tel mobil cell handy fax msisdn ani dnis 電話 call ring reach text dial whatsapp")
GAP = r"(?:[ .()/\u00a0\u2009\u202f\u2010-\u2015-]|%20|%28|%29|%2D|\+)"
PHONE_URL = re.compile(r"(?:tel|sips?|callto|sms):[^\s\"',;<>\\@]++(?!@)", re.IGNORECASE)
PHONE = re.compile(
    r"(?=[+＋%(\d])(?:"  # rejects most characters at once
    rf"(?:(?<![\w.+:-])|{AFTER_ESCAPE})(?:\+|＋|%2B)[1-9](?:{GAP}{{0,3}}\d){{6,14}}(?![\w])"
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
    rf"(?=\d)(?:(?<![\w.-])|{AFTER_ESCAPE})\d(?:(?: - |[ .+\t\u00a0\u2009\u202f\u2010-\u2015-]|%20|%2D)?\d){{11,18}}(?![\w-])",
    re.IGNORECASE,
)
CARD_PREFIXES = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12,14}|3[47]\d{13}|"
    r"(?:6011|64[4-9]|65|62|35[2-8])\d{12,17}|(?:30[0-5]|3[689])\d{11,16}|(?:5018|5020|5038|5893|6304|6759|676[1-3])\d{8,15}|"
    # Mir, Troy, RuPay, Verve, Elo, Hipercard
    r"(?:220[0-4]|9792|60[6-9]\d|8[12]\d\d|508\d|50[67]\d|650\d|627[78]|636\d)\d{12}"
)
# How card numbers are grouped, as the number of digits in each group.
CARD_GROUPS = word_set("12 444 4444 44443 465 464 13 14 15 16 17 18 19 88 4448 448")
IBAN_START = re.compile(rf"(?:(?<![A-Za-z0-9])|{AFTER_ESCAPE})[A-Za-z]{{2}}\d\d(?=[ +\u00a0\u202f-]?[A-Za-z0-9])")
# Country -> number of characters, from the SWIFT IBAN registry.
IBAN_LENGTHS = {
    entry[:2]: int(entry[3:])
    for entry in word_set(
        "AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BI:27 BR:29 BY:28 CH:21 CR:22 CY:28 CZ:24 DE:22 DJ:27 "
        "DK:18 DO:28 EE:20 EG:29 ES:24 FI:18 FK:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HN:28 HR:21 HU:28 "
        "IE:22 IL:23 IQ:23 IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LC:32 LI:21 LT:20 LU:20 LV:21 LY:25 MC:27 MD:24 ME:22 "
        "MK:19 MN:20 MR:27 MT:31 MU:30 NI:28 NL:18 NO:15 OM:23 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 RU:33 SA:24 "
        "SC:31 SD:18 SE:24 SI:19 SK:24 SM:27 SO:23 ST:25 SV:28 TL:23 TN:24 TR:26 UA:29 VA:22 VG:24 XK:20 YE:30"
    )
}
NATIONAL = re.compile(
    rf"(?=[A-Z\d])(?:(?<![\w-])|{AFTER_ESCAPE})(?:"
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
# ID numbers that only the name before them identifies; they have at least five digits.
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
# Every number below has at least six digits this close to each other, and needs at most DIGITS_MARGIN characters more.
DIGITS = re.compile(r"\d(?:\D{0,12}\d){5,}+")
DIGITS_MARGIN = 100


def find_personal(text: str) -> Iterator[tuple[int, int, str]]:
    """The spans of personal data, with their kind. The name before a number isn't part of its span."""
    lower = text.lower()
    if ANY_DIGIT.search(text):
        yield from _numbers(text, lower)
    for found in time_budget.checked(EMAIL.finditer(text)) if any(sign in lower for sign in AT_SIGNS) else ():
        if found["domain"] is None:
            yield *found.span(), "e-mail"
            continue
        labels = re.split(DOT, found["domain"])
        if labels[-1][:1].isalpha() or len(labels) == 4:  # ann@10.0.0.1 is an address, package@1.2.3 isn't
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


def _is_card(text: str) -> bool:
    groups = re.findall(r"\d+", re.sub(r"%20|%2[Dd]", " ", text))
    digits = "".join(str(int(digit)) for digit in "".join(groups))  # as ASCII digits
    grouping = "".join(str(len(group)) for group in groups)
    return grouping in CARD_GROUPS and bool(CARD_PREFIXES.fullmatch(digits)) and _passes_luhn(digits)


def _passes_luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0 and len(set(digits)) > 1


def _iban_end(text: str, start: int) -> int:
    """The end of the IBAN that begins at `start`; 0 if its length or its check digits are wrong."""
    length = IBAN_LENGTHS.get(text[start : start + 2].upper(), 0)
    end, characters = start, list[str]()
    while len(characters) < length and end < len(text):
        character = text[end]
        if character.isascii() and character.isalnum():
            characters.append(character.upper())
        elif character not in " +\u00a0\u202f-" or not text[end - 1].isalnum():
            return 0
        end += 1
    if not length or len(characters) < length or (end < len(text) and text[end].isalnum()):
        return 0
    number = "".join(str(int(character, 36)) for character in characters[4:] + characters[:4])
    return end if int(number) % 97 == 1 else 0


def _is_national(match: re.Match[str]) -> bool:
    """Do the check digits of the national ID fit, or the ranges in which it is issued?"""
    value = match[0]
    plain = re.sub(r"[ ./-]", "", value)
    match match.lastgroup:
        case "ssn":
            return value[3] != " " and (value[0] != "9" or value[4:6] >= "50")
        case "sin":
            return _passes_luhn(plain) and plain[0] not in "08"
        case "personnummer":
            return _passes_luhn(re.sub(r"\D", "", value)[-10:])
        case "cnpj":
            return _cnpj_check_digits(plain[:12]) == plain[12:]
        case "cpf":
            return len(set(plain)) > 1 and all(
                _weighted_sum(plain[:size], range(size + 1, 1, -1)) * 10 % 11 % 10 == int(plain[size])
                for size in (9, 10)
            )
        case "aadhaar":
            return _passes_verhoeff(plain)
        case "ahv":
            return _weighted_sum(plain, cycle((1, 3))) % 10 == 0
        case "rut":
            total = _weighted_sum(plain[-2::-1], cycle(range(2, 8)))
            return "0123456789K0"[11 - total % 11] == plain[-1].upper()
        case "resident":
            total = _weighted_sum(plain[:17], (2**power % 11 for power in range(17, 0, -1)))
            return "10X98765432"[total % 11] == plain[17]
        case "hetu":
            return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(value[:6] + value[7:10]) % 31] == value[10]
        case "nric":
            total = _weighted_sum(value[1:8], (2, 7, 6, 5, 4, 3, 2)) + (4 if value[0] in "TG" else 0)
            letters = "JZIHGFEDCBA" if value[0] in "ST" else "XWUTRQPNMLK"
            return value[0] == "M" or letters[total % 11] == value[8]
        case "dni":
            number = int(plain[:-1].translate(str.maketrans("XYZ", "012")))
            return DNI_LETTERS[number % 23] == plain[-1]
        case "nir":
            number = int(plain[:13].replace("A", "0").replace("B", "0"))
            return 97 - number % 97 == int(plain[13:])
    return True  # for the other formats, nothing is verified


def _weighted_sum(digits: str, weights: Iterable[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def _cnpj_check_digits(base: str) -> str:
    for _ in range(2):
        remainder = _weighted_sum(base[::-1], cycle(range(2, 10))) % 11
        base += str(0 if remainder < 2 else 11 - remainder)
    return base[-2:]


# The permutation table of the Verhoeff algorithm (1969), by position modulo 8.
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
    for position, digit in enumerate(reversed(digits)):
        check = _multiply(check, int(_VERHOEFF[position % 8][int(digit)]))
    return check == 0


def _multiply(first: int, second: int) -> int:
    """In the dihedral group D5: 0 to 4 are rotations, 5 to 9 reflections."""
    if first < 5:
        return (first + second) % 5 if second < 5 else 5 + (first + second - 5) % 5
    return 5 + (first - 5 - second) % 5 if second < 5 else (first - second) % 5
