"""Corrects letters that text recognition confuses in a screenshot: rnypurecloud.corn for mypurecloud.com."""

import re
from functools import cache

from diagnostics.genesys.contract import bundled
from diagnostics.genesys.regions import PUBLISHED
from diagnostics.parsing.call import Note
from diagnostics.parsing.unwrapping import MAX_SCAN
from diagnostics.text import time_budget

MAX_PIECES = 500
SENTENCE = (
    "This looks like text from a screenshot. Letters that text recognition confuses were corrected. "
    "Copy the call as text to check the host and path."
)
# A host or a path with spaces around its dots and slashes.
SPACED = re.compile(r"(?:h[tli1]{2}ps?[ \t]{0,2}[:;][ \t]{0,2}/[ \t]?/|/[ \t]{0,2}ap[iIl1])[^\n\"'`<>]{3,400}")
ADDRESS = re.compile(
    r"(?:h[tli1I]{2}p[s5]?[:;]//|(?<![\w./])/?(?=ap[iIl1!]/v[2Zz]))[^\s\"'`<>,]{4,600}|"
    r"(?<![\w.-])(?:ap[iIl1]|l[o0]g[iIl1]n|apps)\.[\w.|-]{6,60}"
)
# Punctuation of an address with spaces around it, and the next word.
MARK = re.compile(r"(?P<mark>(?:[ \t]{0,2}[./:;]){1,3}[ \t]{0,2})(?P<word>[\w|-]{1,60})")
UUID_LIKE = re.compile(
    r"(?<![\w-])[0-9A-Fa-fOolISsBZzQGgqI|]{8}(?:[-–—][0-9A-Fa-fOolISsBZzQGgqI|"
    r"]{4}){3}[-–—][0-9A-Fa-fOolISsBZzQGgqI|]{12}(?![\w-])"
)
# An ID with spaces around its hyphens.
UUID_SPACED = re.compile(
    r"(?<![\w-])[0-9A-Fa-fOolI]{8}(?=[^\n]{0,16}(?:[ \t]-|-[ \t]))(?:[ \t]?-[ \t]?[0-9A-Fa-fOolI]{4}){3}"
    r"[ \t]?-[ \t]?[0-9A-Fa-fOolI]{12}(?![\w-])"
)
POST_LIKE = re.compile(r"(?<!\w)(?:P0ST|PO5T|P05T)(?!\w)")
STATUS_LIKE = re.compile(r"(?<![\w.-])[1-5](?:[Oo][0-9OoIl]|0[OoIl])(?![\w.-])")
REASON_LIKE = re.compile(r"\b(?:N[o0]t[ \t]F[o0]und|F[o0]rbidden|Unauth[o0]rized|C[o0]nflict)\b", re.IGNORECASE)
CODE_LIKE = re.compile(r"(\"code\"\s{0,3}:\s{0,3}\")([a-z015._]{3,80})(?=\")")
IN_CODE = str.maketrans("015", "ols")
IN_UUID = str.maketrans("OoQlI|SsZzBGgq–—", "00011155228699--")
HEX = re.compile(r"[0-9a-fA-F-]+")
FOLDED = str.maketrans("01i|!58296$", "ollllsbzgbs")


def fold(word: str) -> str:
    """The word with one letter for each group of letters that look alike."""
    word = word.lower().replace("ii", "u").translate(FOLDED)
    return word.replace("rn", "m").replace("vv", "w").replace("cl", "d")


def corrected_text(text: str) -> tuple[str, list[Note]]:
    """The text with misread addresses and IDs corrected, and a note if there were any."""
    if len(text) > MAX_SCAN:
        return text, []
    corrected = UUID_SPACED.sub(lambda found: re.sub(r"[ \t]", "", found[0]), text)
    corrected = SPACED.sub(_closed, corrected)
    corrected = ADDRESS.sub(_address, corrected)
    if corrected == text and not _has_signs(text):
        return text, []
    corrected = UUID_LIKE.sub(_uuid, corrected)
    corrected = STATUS_LIKE.sub(lambda found: found[0].translate(IN_UUID), POST_LIKE.sub("POST", corrected))
    corrected = REASON_LIKE.sub(lambda found: found[0].replace("0", "o"), corrected)
    corrected = CODE_LIKE.sub(lambda found: f"{found[1]}{found[2].translate(IN_CODE)}", corrected)
    return corrected, [Note("guessed", SENTENCE)]


def _has_signs(text: str) -> bool:
    """Whether a word has a digit for a letter or the reverse. A wrong letter in an ID alone is as likely a typing error."""
    misread = POST_LIKE.search(text) is not None or STATUS_LIKE.search(text) is not None
    return misread or any("0" in found[0] for found in REASON_LIKE.finditer(text))


def _closed(found: re.Match[str]) -> str:
    """The text without spaces, if only that makes it an address of Genesys Cloud."""
    piece = found[0]
    if re.search(r"[^\x00-\x7f]", piece):
        return piece
    closed = MARK.sub(_without_blanks, piece)
    removed = len(piece.split()) - len(closed.split())
    host = re.match(r"(?:h[tli1I]{2}p[s5]?[:;]//)?([^/\s]*)", closed)
    name = host[1] if host else ""
    # A single space in an address with correct letters may be its end.
    is_damaged = removed > 1 or (name != "" and (name not in piece or name.lower() not in HOSTS.values()))
    is_ours = re.search(r"/ap[iIl1]/v[2Zz]/\S+", closed) is not None and (not name or fold(name) in HOSTS)
    return closed if removed and is_damaged and is_ours else piece


def _without_blanks(found: re.Match[str]) -> str:
    """The punctuation without spaces, if the next word belongs to an address."""
    mark, word = re.sub(r"[ \t]", "", found["mark"]), found["word"]
    known = fold(word) in LABELS or (
        mark == "/" and (fold(word) in path_words() or UUID_LIKE.fullmatch(word) is not None)
    )
    return f"{mark}{word}" if known else found[0]


def _address(found: re.Match[str]) -> str:
    time_budget.check()
    scheme, mark, rest = found[0].partition("//")
    if not mark:
        scheme, rest = "", found[0]
    segments = rest.split("/")
    if (host := HOSTS.get(fold(segments[0]))) and ("." in segments[0]):
        segments[0] = host
    elif mark:
        return found[0]  # an address of another company
    known = path_words()
    start = 1 if segments[0] else 0
    for number, segment in enumerate(segments[start:], start=start):
        right = "v2" if segment in ("vZ", "vz", "V2", "VZ") else known.get(fold(segment), "")
        if right and segment and right != segment and segment.lower() != right.lower():
            segments[number] = right
    if mark and scheme.lower() not in ("https:", "http:") and fold(scheme.rstrip(";:")) in ("https", "http"):
        scheme = "https:" if len(scheme) > 5 else "http:"
    return f"{scheme}{mark}{'/'.join(segments)}"


def _uuid(found: re.Match[str]) -> str:
    return found[0].translate(IN_UUID) if not HEX.fullmatch(found[0]) else found[0]


@cache
def path_words() -> dict[str, str]:
    """The literal segments of all published paths by their fold; "" if two have the same fold."""
    words: dict[str, str] = {}
    for operation in bundled().operations:
        for word in operation.path.split("/"):
            if word and "{" not in word:
                folded = fold(word)
                words[folded] = "" if words.get(folded, word) != word else word
    return words


HOSTS = {
    fold(f"{part}.{region.domain}"): f"{part}.{region.domain}"
    for region in PUBLISHED
    for part in ("api", "login", "apps")
}
LABELS = frozenset(fold(label) for host in HOSTS.values() for label in host.split(".")) | {fold("v2")}
