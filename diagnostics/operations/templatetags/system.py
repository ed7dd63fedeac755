"""The badge for the state of a part of the installation."""

from django import template
from django.utils.safestring import SafeString

from diagnostics.operations.queries.system import BROKEN, LATE, OK
from diagnostics.web.badges import badge

register = template.Library()

STATES = {
    OK: ("pass", "pass", "Working"),
    LATE: ("warn", "warn", "Warning"),
    BROKEN: ("fail", "fail", "Down"),
}


@register.simple_tag
def part_badge(state: str) -> SafeString:
    return badge(*STATES[state])
