"""Formats the text of the OpenAPI document on the API page."""

import re

from django import template
from django.utils.html import conditional_escape, format_html, linebreaks
from django.utils.safestring import SafeString

register = template.Library()
CODE = re.compile(r"`([^`]+)`")
STRESSED = re.compile(r"\*([^*\n]+)\*")


@register.filter
def described(text: str) -> SafeString:
    """Paragraphs with code in backticks and emphasis: the only Markdown that the document uses."""
    escaped = conditional_escape(text)
    with_code = CODE.sub(r"<code>\1</code>", STRESSED.sub(r"<em>\1</em>", escaped))
    return SafeString(linebreaks(with_code.replace("\n\n", "\0").replace("\n", " ").replace("\0", "\n\n")))


@register.simple_tag
def shape_link(kind: str, refers: str) -> SafeString:
    """The type of a field, linked to the schema in it."""
    if not refers:
        return format_html("{}", kind)
    before, _, after = kind.partition(refers)
    return format_html('{}<a href="#shape-{}">{}</a>{}', before, refers, refers, after)
