"""Advice in prose: what is sound, what is wrong, and what no contract can confirm."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from diagnostics.claims.claim import Claim, ClaimResult, Subject, Text, sound, unknown, wrong
from diagnostics.genesys.contract import Contract
from diagnostics.text import time_budget

# A blank line, or a line that begins a list item or a quote, ends the sentence before it.
SENTENCE_START = re.compile(r"[^.!?](?:(?<!\n)|(?![\s\-*>#|`]))")
SENTENCE_END = re.compile(r"[.!?\n](?:(?<!\n)(?!\S)|(?<=\n)(?=[\s\-*>#|`]))")
LONGEST_SENTENCE = 900
TRIGGER = re.compile(r"connected|404|sensitiv|per|/ ?min|every|retr|try again|back-?off|wait|region", re.IGNORECASE)
CLAUSE = re.compile(r"[,;:()]\s")
AROUND = 60  # characters shown on both sides of the words that match
OFFICIAL = "the official help page on co-browse, and the models of conversations in the SDKs"
TALK = r"\b(?:conversation|chat|interaction|communication|call|session|message|participant|customer|agent)s?\b"
DENIED = (
    r"(?:\bnot|n't|\bwithout|\bregardless|whether or not)\b[^,;]{0,30}\b(?:need|have|has|must|matter|required|necessary)"
    r"|\b(?:need|have|has|matter|require|necessary)s?\b[^,;]{0,12}(?:\bnot|n't)\b|\bregardless\b"
)


@dataclass(frozen=True)
class AdviceRule:
    """Recognizes advice: a sentence that matches all of `words` and doesn't match `unless`."""

    name: str
    words: tuple[re.Pattern[str], ...]
    result: ClaimResult
    unless: re.Pattern[str] | None = None

    def fits(self, sentence: str) -> bool:
        return all(word.search(sentence) for word in self.words) and not (self.unless and self.unless.search(sentence))


def _word_patterns(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


RULES = (
    AdviceRule(
        "need not be connected",
        _word_patterns(r"\bconnected\b", TALK, DENIED),
        wrong(
            "Cobrowse is offered during an existing interaction only: a web messaging or voice communication must be connected.",
            OFFICIAL,
        ),
        unless=re.compile(r"\bmust not\b|\bnot\b[^,;]{0,8}\bconnected\b|n't (?:be )?connected", re.IGNORECASE),
    ),
    AdviceRule(
        "connected",
        _word_patterns(r"\bconnected\b", TALK),
        sound(
            "Correct: cobrowse is offered during an existing web messaging or voice interaction. The state is on each "
            "communication of a participant, not on the conversation. The API has no state queued or closed.",
            OFFICIAL,
        ),
        unless=re.compile(r"\"\s?:\s?\"connected", re.IGNORECASE),  # a body, not advice
    ),
    AdviceRule(
        "404 for 403",
        _word_patterns(
            r"\b404\b",
            r"\b(?:instead of|in place of|rather than|masks?|hides?)\b[^.]{0,30}\b403\b|\b(?:scope|permission)s?\b",
        ),
        unknown(
            "Nothing official says that a 404 means a missing permission: the API reference documents a 403. "
            "A provider gateway, which a few orgs use, does respond like that.",
            "the contract's declared answers",
            gateway=True,
        ),
    ),
    AdviceRule(
        "404 for no participant",
        _word_patterns(
            r"\b404\b", r"\b(?:particip\w+|partecip\w+|teilnehm\w+|deelnem\w+|участник\w*)|参加者|参与者|مشارك"
        ),
        unknown(
            "Nothing official says so, but it has been reported: the API also returns 404 not.found if the user isn't a "
            "participant of a live conversation, and the message says so.",
            "Genesys Cloud community, adding a participant by user ID",
        ),
    ),
    AdviceRule(
        "exact provider",
        _word_patterns(r"\bcase[- ]?sensitiv", r"provider"),
        unknown(
            "The published API has no cobrowse provider to match. A provider gateway, which a few orgs use, "
            "compares exactly.",
            "the published contract",
            gateway=True,
        ),
    ),
    AdviceRule(
        "limit",
        _word_patterns(r"\b\d{2,5} ?(?:requests?|calls?) ?(?:per|a|/|every) ?(?:min|sec|hour)"),
        unknown(
            "Limits differ by org and resource: read the header inin-ratelimit-allowed, or call "
            "GET /api/v2/organizations/limits/namespaces/platform.api.",
            "the official SDKs",
        ),
    ),
    AdviceRule(
        "retry",
        _word_patterns(r"\b(?:retry(?!-after)|retries|retrying|try again|back-?off|wait (?:a few|some|for))\b"),
        unknown("The API reference doesn't say whether waiting helps. Check the call in your org instead."),
    ),
    AdviceRule(
        "region",
        _word_patterns(r"\bregions?\b", r"\b(?:wrong|right|correct|same|match|check|verify|sure|your|different)\w*\b"),
        unknown("Which region is right depends on the org. Each host in the text is checked separately."),
    ),
)
BY_NAME = {rule.name: rule for rule in RULES}


def find(text: Text, contract: Contract) -> Iterator[Claim]:
    for at, sentence in _sentences(text.whole):
        if not TRIGGER.search(sentence):
            continue
        fitting = [rule for rule in RULES if rule.fits(sentence)]
        for rule in fitting:
            if rule.name != "connected" or fitting[0] is rule:
                shown, offset = _excerpt(sentence, rule)
                yield Claim("advice", shown, at + offset, rule=rule.name)


def _sentences(text: str) -> Iterator[tuple[int, str]]:
    """Each sentence with its offset; a very long one in parts."""
    at = 0
    while first := SENTENCE_START.search(text, at):
        time_budget.check()
        start = first.start()
        last = SENTENCE_END.search(text, first.end(), start + LONGEST_SENTENCE)
        at = last.start() if last else min(len(text), start + LONGEST_SENTENCE)
        yield start, text[start:at]


def evaluate(claim: Claim, contract: Contract) -> ClaimResult:
    return BY_NAME[claim.rule].result


def _excerpt(sentence: str, rule: AdviceRule) -> tuple[str, int]:
    """The clauses that match the rule, in one line, and their offset in the sentence."""
    first, last = _nearest_spans(sentence, rule)
    before = [match.end() for match in CLAUSE.finditer(sentence, max(0, first - AROUND), first)]
    after = CLAUSE.search(sentence, last, min(len(sentence), last + AROUND))
    start = before[-1] if before else _word_start(sentence, first - AROUND)
    end = after.start() if after else _word_end(sentence, last + AROUND)
    shown = " ".join(sentence[start:end].split()).lstrip("-*#>• ").strip()
    cut = first + 200 < last
    return (f"{shown[:AROUND]} … {shown[-AROUND:]}" if cut else shown), start


def _nearest_spans(sentence: str, rule: AdviceRule) -> tuple[int, int]:
    """The span of the first match of the rule, extended to the nearest match of its second pattern."""
    match = rule.words[0].search(sentence)
    first, last = match.span() if match else (0, 0)
    others = [found.span() for word in rule.words[1:2] for found in word.finditer(sentence)]
    for start, end in sorted(others, key=lambda span: abs(span[0] - first))[:1]:
        first, last = min(first, start), max(last, end)
    return first, last


def _word_start(sentence: str, at: int) -> int:
    return 0 if at <= 0 else sentence.find(" ", at) + 1


def _word_end(sentence: str, at: int) -> int:
    return len(sentence) if at >= len(sentence) else max(sentence.rfind(" ", 0, at), 0)


SUBJECT = Subject("advice", find, evaluate)
