"""Badges of outcomes, certainties and states. Each has a word and a shape; color is never the only sign."""

from collections.abc import Mapping

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from diagnostics.checks.outcomes import Outcome
from diagnostics.comparison.findings import FindingChange
from diagnostics.engine import causes
from diagnostics.engine.finding import AnyFinding
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run
from diagnostics.web.badges import badge, icon

register = template.Library()

CERTAINTIES = {
    "proved": ("Proven", "the evidence leaves no other explanation"),
    "likely": ("Likely", "this fits, and others were ruled out"),
    "undetermined": ("Undetermined", "what is missing is listed below"),
}
STATUS_TONES = {"queued": "skip", "running": "accent", "finished": "skip", "interrupted": "warn"}
# Shape and tone.
CLIENT_STATES = {
    "no_secret": ("unverified", "warn"),
    "verified": ("verified", "pass"),
    "unverified": ("unverified", "warn"),
    "verifying": ("running", "accent"),
    "failed": ("fail", "fail"),
}
ORG_STATUSES = {"works": "pass", "broken": "fail", "unknown": "error"}  # both
CHANGES = {
    FindingChange.WORSE: ("fail", "fail", "Worse"),
    FindingChange.UNKNOWN: ("error", "error", "Unknown"),
    FindingChange.DIFFERENT: ("warn", "warn", "Different"),
    FindingChange.APPEARED: ("plus", "accent", "New"),
    FindingChange.VANISHED: ("skip", "skip", "Gone"),
    FindingChange.BETTER: ("pass", "pass", "Better"),
    FindingChange.SAME: ("finished", "skip", "Same"),
}
NOTE_TONES = {"taken": "pass", "guessed": "warn", "dropped": "skip", "masked": "error"}
MESSAGES = {"success": "pass", "warning": "warn", "error": "fail"}

# Why a re-evaluated finding differs.
REASONS = {
    "version": "The check has changed since.",
    "new_check": "The check is new.",
    "retired_check": "The check no longer exists.",
    "not_planned": "The check no longer applies to this input.",
    "not_kept": "What it reads wasn't requested or isn't stored.",
    "contract": "Another API reference is in use.",
    "other": "Same evidence; the reason isn't stored.",
}

register.simple_tag(icon)
register.filter("cause_title", causes.title_of)


@register.simple_tag
def outcome_badge(value: str) -> SafeString:
    outcome = _outcome(value)
    return badge(outcome.value, outcome.value, outcome.label, outcome.meaning)


@register.simple_tag
def certainty_badge(certainty: str, cause: str = "") -> SafeString:
    if certainty not in CERTAINTIES:
        return SafeString("")
    word, meaning = CERTAINTIES[certainty]
    return badge(certainty, cause_tone(cause), word, meaning, chip=True)


@register.simple_tag
def run_badge(run: Run) -> SafeString:
    return badge(run.status, STATUS_TONES.get(run.status, "skip"), run.get_status_display())


@register.simple_tag
def client_badge(client: OAuthClient) -> SafeString:
    if client.is_retired:
        return badge("retired", "skip", "Retired")
    return badge(*CLIENT_STATES[client.state], client.get_state_display())


@register.simple_tag
def environment_badge(client: OAuthClient) -> SafeString:
    """The org's environment. Its style differs from outcomes, so that production stands out from a sandbox."""
    environment = client.environment or "unset"
    word = client.get_environment_display() if client.environment else "Environment not set"
    return format_html('<span class="environment environment-{}">{}</span>', environment, word)


@register.simple_tag
def org_status_badge(client: OAuthClient) -> SafeString:
    """Whether cobrowse can work in the org, according to the latest data."""
    return badge(ORG_STATUSES[client.status], ORG_STATUSES[client.status], client.get_status_display())


@register.simple_tag
def org_status_count(status: str, count: int) -> SafeString:
    words = f"{count} {OAuthClient.Status(status).label.lower()}"
    return badge(ORG_STATUSES[status], ORG_STATUSES[status], words)


@register.simple_tag
def cause_link(cause: str, title: str = "") -> SafeString:
    """The title of a cause as a link to its page; only the title if this version has no such page."""
    title = title or causes.title_of(cause)
    if cause not in causes.CAUSES:
        return format_html("{}", title)
    return format_html('<a href="{}">{}</a>', reverse("cause", args=[cause]), title)


@register.simple_tag
def cause_badge(run: Run) -> SafeString:
    """The title of a run's cause, "" if it has none."""
    if not run.cause:
        return SafeString("")
    return badge(cause_tone(run.cause), cause_tone(run.cause), run.cause_title, run.cause)


@register.simple_tag
def change_badge(change: str) -> SafeString:
    shape, tone, word = CHANGES[FindingChange(change)]
    return badge(shape, tone, word, chip=True)


@register.simple_tag
def verdict_badge(cause: str, certainty: str, is_part: bool = False) -> SafeString:
    """A stored or re-evaluated verdict."""
    title = causes.PART_IS_RIGHT if is_part and cause == causes.NONE else causes.title_of(cause)
    sure = "" if certainty == cause or cause == causes.NONE else certainty
    shown = badge(cause_tone(cause), cause_tone(cause), title, cause)
    return format_html('<span class="verdict-line">{} <span>{}</span> <code>{}</code></span>', shown, sure, cause)


@register.simple_tag
def stored_finding(finding: AnyFinding | None) -> SafeString:
    if finding is None:
        return SafeString('<span class="soft">No finding</span>')
    outcome = Outcome(finding.outcome)
    return format_html(
        '<span>{} <code class="soft">{}</code><span class="sub">{}</span></span>',
        badge(outcome.value, outcome.value, outcome.label),
        finding.code,
        finding.sentence,
    )


@register.filter
def reason(why: str) -> str:
    return REASONS.get(why, why)


@register.filter
def title_in(check_id: str, titles: Mapping[str, str]) -> str:
    return titles.get(check_id, check_id)


@register.filter
def outcome_label(value: str) -> str:
    return _outcome(value).label


@register.filter
def cause_tone(cause: str) -> str:
    return {causes.NONE: "pass", causes.UNDETERMINED: "error", "": "skip"}.get(cause, "fail")


@register.filter
def note_tone(kind: str) -> str:
    return NOTE_TONES.get(kind, "skip")


@register.filter
def message_shape(tags: str) -> str:
    return MESSAGES.get(tags, "arrow")


@register.filter
def message_tone(tags: str) -> str:
    return MESSAGES.get(tags, "accent")


@register.filter
def exchange_tone(status: int | None) -> str:
    """No response and server errors are problems; a 404 may be the expected answer."""
    if status is None or status >= 500:
        return "fail"
    return "warn" if status >= 400 else "accent"


def _outcome(value: str) -> Outcome:
    try:
        return Outcome(value)
    except ValueError:
        return Outcome.ERROR
