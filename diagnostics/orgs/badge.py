"""The text, color and layout of a status badge."""

from dataclasses import dataclass
from datetime import datetime, timedelta

MAX_AGE = timedelta(days=2)
LABEL = "cobrowse"
LETTER_WIDTH = 6.6  # average, in pixels
PADDING = 10
# Client status -> text and color. The colors are dark enough for white text.
STYLES = {"works": ("working", "#1f7a3d"), "broken": ("down", "#b3261e")}
UNKNOWN_STYLE = ("unknown", "#5f6368")


@dataclass(frozen=True)
class BadgePicture:
    label: str
    text: str
    color: str

    @property
    def label_width(self) -> int:
        return _width(self.label)

    @property
    def text_width(self) -> int:
        return _width(self.text)

    @property
    def width(self) -> int:
        return self.label_width + self.text_width

    @property
    def label_center(self) -> float:
        return self.label_width / 2

    @property
    def text_center(self) -> float:
        return self.label_width + self.text_width / 2


def badge_picture(status: str, checked_at: datetime | None, now: datetime) -> BadgePicture:
    """Return the badge for a client status. A status older than MAX_AGE is shown as unknown."""
    text, color = STYLES.get(status, UNKNOWN_STYLE)
    if checked_at is None or now - checked_at > MAX_AGE:
        text, color = UNKNOWN_STYLE
    return BadgePicture(LABEL, text, color)


def _width(text: str) -> int:
    return round(len(text) * LETTER_WIDTH + 2 * PADDING)
