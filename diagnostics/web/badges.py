"""The HTML of icons and badges."""

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString


def icon(name: str) -> SafeString:
    """Return an icon from the sprite. It is hidden from screen readers, so put text next to it."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static("icons.svg"), name)


def badge(icon_name: str, tone: str, text: str, title: str = "", *, chip: bool = False) -> SafeString:
    """Return a badge. `title` only explains the text: not every device shows it."""
    return format_html(
        '<span class="badge tone-{}{}"{}>{}<span>{}</span></span>',
        tone,
        " chip" if chip else "",
        format_html(' title="{}"', title) if title else "",
        icon(icon_name),
        text,
    )
