"""Badges of outcomes, certainties and states. Each has a word and a shape; color is never the only sign."""

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from diagnostics.checks.outcomes import Outcome
from diagnostics.comparison.findings import FindingChange
from diagnostics.engine import causes
from diagnostics.orgs.models import OAuthClient
from diagnostics.runs.models import Run
from diagnostics.web.badges import badge, icon

register = template.Library()

OUTCOME_TONES = {outcome: outcome.value for outcome in Outcome}
CERTAINTIES = {
    "proved": ("Proven", "the evidence leaves no other explanation"),
    "likely": ("Likely", "this fits, and others were ruled out"),
    "undetermined": ("Undetermined", "what is missing is listed below"),
}
STATUS_TONES = {"queued": "skip", "running": "accent", "finished": "skip", "interrupted": "warn"}
STATE_SHAPES = {
    "no_secret": "unverified",
    "verified": "verified",
    "unverified": "unverified",
    "verifying": "running",
    "failed": "fail",
}
STATE_TONES = {"no_secret": "warn", "verified": "pass", "unverified": "warn", "verifying": "accent", "failed": "fail"}
ORG_STATUSES = {"works": ("pass", "pass"), "broken": ("fail", "fail"), "unknown": ("error", "error")}
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
MESSAGE_SHAPES = {"success": "pass", "warning": "warn", "error": "fail"}


register.simple_tag(icon)


@register.simple_tag
def outcome_badge(value: str) -> SafeString:
    outcome = _outcome(value)
    return badge(outcome.value, outcome.value, outcome.label, outcome.meaning)


@register.simple_tag
def outcome_count(value: str, count: int) -> SafeString:
    outcome = _outcome(value)
    return badge(outcome.value, outcome.value, f"{count} {outcome.label.lower()}")


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
    return badge(STATE_SHAPES[client.state], STATE_TONES[client.state], client.get_state_display())


@register.simple_tag
def environment_badge(client: OAuthClient) -> SafeString:
    """The org's environment. Its style differs from outcomes, so that production stands out from a sandbox."""
    environment = client.environment or "unsaid"
    word = client.get_environment_display() if client.environment else "Environment not set"
    return format_html('<span class="environment environment-{}">{}</span>', environment, word)


@register.simple_tag
def org_status_badge(client: OAuthClient) -> SafeString:
    """Whether cobrowse can work in the org, according to the latest data."""
    shape, tone = ORG_STATUSES[client.status]
    return badge(shape, tone, client.get_status_display())


@register.simple_tag
def org_status_count(status: str, count: int) -> SafeString:
    shape, tone = ORG_STATUSES[status]
    return badge(shape, tone, f"{count} {OAuthClient.Status(status).label.lower()}")


@register.filter
def cause_title(cause: str) -> str:
    return causes.title_of(cause)


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
    return badge(_cause_shape(run.cause), cause_tone(run.cause), run.cause_title, run.cause)


@register.simple_tag
def change_badge(change: str) -> SafeString:
    """How a finding changed between two runs."""
    shape, tone, word = CHANGES[FindingChange(change)]
    return badge(shape, tone, word, chip=True)


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
    return MESSAGE_SHAPES.get(tags, "arrow")


@register.filter
def message_tone(tags: str) -> str:
    return {"success": "pass", "warning": "warn", "error": "fail"}.get(tags, "accent")


@register.filter
def exchange_tone(status: int | None) -> str:
    """No response and server errors are problems; a 404 may be the expected answer."""
    if status is None or status >= 500:
        return "fail"
    return "warn" if status >= 400 else "accent"


def _cause_shape(cause: str) -> str:
    return {causes.NONE: "pass", causes.UNDETERMINED: "error"}.get(cause, "fail")


def _outcome(value: str) -> Outcome:
    try:
        return Outcome(value)
    except ValueError:
        return Outcome.ERROR
