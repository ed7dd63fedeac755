"""Runs as cells of a client's strip and of the matrix of checks."""

from datetime import datetime
from functools import lru_cache

from django import template
from django.template.defaultfilters import date as format_date
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from diagnostics.checks.outcomes import Outcome
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run
from diagnostics.runs.queries.matrix import Cell
from diagnostics.runs.queries.strips import describe_run, strips
from diagnostics.runs.templatetags.outcomes import STATUS_TONES, cause_tone
from diagnostics.web.badges import icon

register = template.Library()
register.filter("run_summary", describe_run)


@register.inclusion_tag("runs/_strip.html")
def strip_of(client: OAuthClient) -> dict[str, object]:
    """The latest runs of one client, on a page with a single strip."""
    found = strips([client.pk], None)
    return {"strip": found[0] if found else None}


@register.simple_tag
def run_shape(run: Run) -> SafeString:
    """The verdict as a shape alone, for use next to its words."""
    return icon(cause_tone(run.cause) if run.cause else run.status)


@register.filter
def run_tone(run: Run) -> str:
    return cause_tone(run.cause) if run.cause else STATUS_TONES.get(run.status, "skip")


@register.simple_tag
def strip_cell(run: Run) -> SafeString:
    """One run of a strip, with little markup, since a page has more than a hundred."""
    at = timezone.localtime(run.created_at)
    return format_html(
        '<li><a class="tone-{}" href="{}">{}<span class="words"><b>Run {}</b>, {} {}: {}</span></a></li>',
        run_tone(run),
        reverse("run", args=[run.pk]),
        run_shape(run),
        run.pk,
        at.day,
        at.strftime("%b %Y, %H:%M %Z"),
        describe_run(run),
    )


@register.filter
def day(moment: datetime) -> str:
    return format_date(timezone.localtime(moment), "j M")


@register.simple_tag
def matrix_cell(cell: Cell) -> SafeString:
    """A table cell. A page has hundreds, so each distinct cell is rendered once."""
    return _cell(cell.outcomes)


@lru_cache(maxsize=64)
def _cell(outcomes: tuple[Outcome, ...]) -> SafeString:
    if not outcomes:
        return SafeString('<td class="none"><span class="visually-hidden">Not planned</span></td>')
    words = ", ".join(outcome.label for outcome in outcomes)
    return format_html(
        '<td class="tone-{}" title="{}">{}{}<span class="visually-hidden">{}</span></td>',
        outcomes[0].value,
        words,
        icon(outcomes[0].value),
        SafeString('<span class="also" aria-hidden="true">+</span>') if len(outcomes) > 1 else "",
        words,
    )
