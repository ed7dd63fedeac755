"""States of conversations and communications that a text names as values."""

import re
from collections.abc import Iterator

from diagnostics.claims.claim import Claim, ClaimResult, Subject, Text, real, wrong
from diagnostics.claims.known import known
from diagnostics.genesys.contract import Contract
from diagnostics.text import time_budget

NAMED = (
    "active|alerting|closed|completed|connected|connecting|contacting|dialing|disconnected|ended|expired|held|hold|idle|"
    "inactive|offering|open|parked|pending|queued|ringing|scheduled|started|terminated|transferred|waiting|wrapup"
)
QUOTED = re.compile(rf"[`\"'“‘]({NAMED})[`\"'”’]", re.IGNORECASE)
ASSIGNED = re.compile(rf"\bstate[`\"']?\s?(?:={{1,3}}|!=|:|is|equals)\s?[`\"']?({NAMED})\b", re.IGNORECASE)
STATE = re.compile(r"state|status|\bconnected\b", re.IGNORECASE)
# Deployments, clients, users and orgs have other states, such as "active".
TALK = re.compile(r"conversation|chat|\bcall|interaction|communication|message|participant", re.IGNORECASE)
OTHERS = re.compile(r"deployment|configuration|client|organi[sz]ation|\buser|\borg\b|queue\.|flow", re.IGNORECASE)
OF_CONVERSATION = re.compile(r"(?<![\w.])(?:conversation|conv)(?:\.(?:get\()?|\[)[\"']?state\b", re.IGNORECASE)
NEAR = 90


def find(text: Text, contract: Contract) -> Iterator[Claim]:
    real = known("states")["real"]
    for pattern in (QUOTED, ASSIGNED):
        for match in time_budget.checked(pattern.finditer(text.whole)):
            around = text.whole[max(0, match.start() - NEAR) : match.end() + NEAR]
            if STATE.search(around) and (match[1].lower() in real or _is_of_communication(around)):
                yield Claim("state", match[1].lower(), match.start(1))
    for match in time_budget.checked(OF_CONVERSATION.finditer(text.whole)):
        yield Claim("state", "conversation.state", match.start())


def _is_of_communication(around: str) -> bool:
    return TALK.search(around) is not None and OTHERS.search(around) is None


def evaluate(claim: Claim, contract: Contract) -> ClaimResult:
    facts = known("states")
    if claim.text == "conversation.state":
        sentence = "The field exists, but no read fills it: the state is on each communication of each participant."
        nearest = ("participants[].messages[].state", "participants[].calls[].state")
        return wrong(sentence, facts["source"], nearest)
    if claim.text in facts["real"]:
        return real("A state of a communication. A conversation itself has none.", facts["source"])
    instead, words = _instead(claim.text)
    return wrong(f"No communication has this state. {instead}".strip(), facts["source"], words)


def _instead(word: str) -> tuple[str, tuple[str, ...]]:
    if word in ("queued", "waiting", "pending"):
        return "Waiting in a queue appears as a connected acd participant without a connected agent.", ("alerting",)
    if word in ("closed", "completed", "ended", "expired"):
        return "An ended communication is disconnected or terminated, or has an endTime.", (
            "disconnected",
            "terminated",
        )
    return "", ("connected",)


SUBJECT = Subject("state", find, evaluate)
