"""One claim of a text about the API, and the result of checking it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple

from diagnostics.genesys.contract import Contract

Kind = Literal["call", "host", "scope", "permission", "sdk", "header", "field", "state", "advice"]


class ClaimVerdict(StrEnum):
    """Whether a claim is true. `sound` is for good advice, `unknown` for what no source of ours covers."""

    WRONG = "wrong"
    UNKNOWN = "unknown"
    SOUND = "sound"
    REAL = "real"

    @property
    def label(self) -> str:
        return {ClaimVerdict.WRONG: "Not real", ClaimVerdict.UNKNOWN: "Unknown"}.get(self, "Real")


@dataclass(frozen=True)
class Claim:
    """Something that the text names. `at` and `end` are offsets in characters; `end` is 0 if it isn't known.

    `method` is "" if the text names none. `host` is the host before a path, "" for a bare path. `call` is the call that
    a body field belongs to. `rule` is the name of the rule that recognized a piece of advice.
    """

    kind: Kind
    text: str
    at: int = 0
    end: int = 0
    method: str = ""
    host: str = ""
    scheme: str = ""
    call: "Claim | None" = None
    rule: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """Claims with the same key are the same claim, repeated."""
        return (self.kind, self.method, self.host, self.text, self.call.text if self.call else "")

    @property
    def shown(self) -> str:
        return f"{self.method} {self.text}" if self.method else self.text


@dataclass(frozen=True)
class ClaimResult:
    """The result of checking a claim. `gateway` is true if it holds only behind a provider gateway, and is never `real`."""

    verdict: ClaimVerdict
    sentence: str
    nearest: tuple[str, ...] = ()
    source: str = ""
    gateway: bool = False


def wrong(sentence: str, source: str = "", nearest: tuple[str, ...] = (), *, gateway: bool = False) -> ClaimResult:
    return ClaimResult(ClaimVerdict.WRONG, sentence, nearest, source, gateway)


def unknown(sentence: str, source: str = "", nearest: tuple[str, ...] = (), *, gateway: bool = False) -> ClaimResult:
    return ClaimResult(ClaimVerdict.UNKNOWN, sentence, nearest, source, gateway)


def sound(sentence: str, source: str) -> ClaimResult:
    return ClaimResult(ClaimVerdict.SOUND, sentence, source=source)


def real(sentence: str, source: str, nearest: tuple[str, ...] = ()) -> ClaimResult:
    return ClaimResult(ClaimVerdict.REAL, sentence, nearest, source)


class CheckedClaim(NamedTuple):
    """A claim with its result, its number in the text, the line of its first mention and how often it is repeated."""

    claim: Claim
    result: ClaimResult
    number: int = 1
    line: int = 1
    times: int = 1

    def as_dict(self) -> dict[str, object]:
        """The claim as the `claims --json` command prints it."""
        return {
            "kind": self.claim.kind,
            "text": self.claim.shown,
            "line": self.line,
            "times": self.times,
            "verdict": str(self.result.verdict),
            "sentence": self.result.sentence,
            "nearest": list(self.result.nearest),
            "source": self.result.source,
            "gateway": self.result.gateway,
        }


@dataclass(frozen=True)
class Subject:
    """One kind of claim. `find` takes time in proportion to the text; neither function raises."""

    kind: Kind
    find: Callable[["Text", Contract], Iterator[Claim]]
    evaluate: Callable[[Claim, Contract], ClaimResult]


@dataclass(frozen=True)
class Text:
    """The text to check, with its secrets masked. `calls` are the claims of kind `call`, which other kinds build on."""

    whole: str
    calls: tuple[Claim, ...] = field(default=())

    @property
    def mentions_cobrowse(self) -> bool:
        return "cobrowse" in self.whole.lower() or "co-browse" in self.whole.lower()
