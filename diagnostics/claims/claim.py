"""What a text claims, one thing at a time, and what became of each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple

from diagnostics.genesys.contract import Contract

Kind = Literal["call", "host", "scope", "permission", "sdk", "header", "field", "state", "advice"]


class ClaimVerdict(StrEnum):
    """`sound` is advice that holds; `unknown` is what no source of ours settles, which is no reproach."""

    WRONG = "wrong"
    UNKNOWN = "unknown"
    SOUND = "sound"
    REAL = "real"

    @property
    def label(self) -> str:
        return self.value.capitalize()


@dataclass(frozen=True)
class Claim:
    """One thing that the text names. `at` and `end` are its place, in characters; without an `end` it is not marked.

    `method` is "" when none was named.

    `host` is the one a path was written with, "" for a bare path. `of` is the call that a body field belongs to,
    `rule` what a piece of advice was recognised by.
    """

    kind: Kind
    text: str
    at: int = 0
    end: int = 0
    method: str = ""
    host: str = ""
    scheme: str = ""
    of: "Claim | None" = None
    rule: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """Two claims with one key are the same claim, made twice."""
        return (self.kind, self.method, self.host, self.text, self.of.text if self.of else "")

    @property
    def shown(self) -> str:
        return f"{self.method} {self.text}" if self.method else self.text


@dataclass(frozen=True)
class Judgement:
    """`gateway` marks what holds only where an org sits behind a provider gateway; it is never called real."""

    verdict: ClaimVerdict
    sentence: str
    nearest: tuple[str, ...] = ()
    source: str = ""
    gateway: bool = False


class Judged(NamedTuple):
    """A claim with what became of it: its number in the text, the line of its first mention, how often it is made."""

    claim: Claim
    judgement: Judgement
    number: int = 1
    line: int = 1
    times: int = 1

    def as_dict(self) -> dict[str, object]:
        """As the JSON of the command line shows it."""
        return {
            "kind": self.claim.kind,
            "text": self.claim.shown,
            "line": self.line,
            "times": self.times,
            "verdict": str(self.judgement.verdict),
            "sentence": self.judgement.sentence,
            "nearest": list(self.judgement.nearest),
            "source": self.judgement.source,
            "gateway": self.judgement.gateway,
        }


@dataclass(frozen=True)
class Subject:
    """One kind of thing that a text can claim. `find` reads a text in linear time; neither ever raises."""

    kind: Kind
    find: Callable[["Text", Contract], Iterator[Claim]]
    judge: Callable[[Claim, Contract], Judgement]


@dataclass(frozen=True)
class Text:
    """The text to be read, with its secrets masked. `calls` are those found in it; other readers lean on them."""

    whole: str
    calls: tuple[Claim, ...] = field(default=())

    @property
    def speaks_of_cobrowse(self) -> bool:
        return "cobrowse" in self.whole.lower() or "co-browse" in self.whole.lower()
