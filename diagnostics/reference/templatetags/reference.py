"""Template tags of the reference pages."""

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from diagnostics.reference.text import split_code

register = template.Library()


@register.filter
def with_code(text: str) -> SafeString:
    """The text, escaped, with paths, permissions and the like as <code>."""
    parts = (format_html("<code>{}</code>", part) if is_code else escape(part) for is_code, part in split_code(text))
    return mark_safe("".join(parts))  # noqa: S308  (every part is escaped)
