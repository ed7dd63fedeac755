"""What a status badge says: one word, and how it looks. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

STALE = timedelta(days=2)
LABEL = "cobrowse"
LETTER = 6.6  # width of one letter of the badge's type, in pixels
PADDING = 10
# Word of the standing -> what the badge says and its colour. Dark enough for white letters.
STYLES = {"works": ("could work", "#1f7a3d"), "broken": ("cannot work", "#b3261e")}
UNKNOWN = ("not known", "#5f6368")


@dataclass(frozen=True)
class BadgePicture:
    label: str
    word: str
    colour: str

    @property
    def label_width(self) -> int:
        return _width(self.label)

    @property
    def word_width(self) -> int:
        return _width(self.word)

    @property
    def width(self) -> int:
        return self.label_width + self.word_width

    @property
    def label_middle(self) -> float:
        return self.label_width / 2

    @property
    def word_middle(self) -> float:
        return self.label_width + self.word_width / 2


def badge_picture(standing: str, looked_at: datetime | None, now: datetime) -> BadgePicture:
    """What was looked at too long ago is not known: an old green badge would be a lie."""
    word, colour = STYLES.get(standing, UNKNOWN)
    if looked_at is None or now - looked_at > STALE:
        word, colour = UNKNOWN
    return BadgePicture(LABEL, word, colour)


def _width(text: str) -> int:
    return round(len(text) * LETTER + 2 * PADDING)
