"""The filters of the audit log."""

from datetime import datetime, tzinfo
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from diagnostics.operations.queries.audit import ORIGINS, AuditFilter, audit_actions, describe_action
from diagnostics.orgs.forms.providers import QueryStringForm, client_field, search_field
from diagnostics.web.form_text import NO_NUL
from diagnostics.web.paging import before_field
from diagnostics.web.time_ranges import QUICK_RANGES, InvalidFilterValue, TimeRange, parse_moment


def _day(label: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=40,
        error_messages=NO_NUL,
        widget=forms.TextInput(attrs={"type": "date"}),
    )


class AuditForm(QueryStringForm):
    """Days are in the reader's time zone. `before` is the key of the page."""

    q = search_field("Name, number or request id")
    who = forms.CharField(label="Who", required=False, max_length=150, error_messages=NO_NUL)
    action = forms.ChoiceField(label="What", required=False)
    by = forms.ChoiceField(label="How", choices=[("", "Any way"), *ORIGINS.items()], required=False)
    when = forms.ChoiceField(label="When", choices=[("", "At any time"), *QUICK_RANGES.items()], required=False)
    since = _day("From the day")
    until = _day("To the day")
    client = client_field()
    before = before_field()

    def __init__(self, *args: Any, zone: tzinfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        actions = [(action, describe_action(action)) for action in audit_actions()]
        self.fields["action"].choices = [("", "Everything"), *actions]  # type: ignore[attr-defined]

    def clean_since(self) -> datetime | None:
        return self._moment("since", ends=False)

    def clean_until(self) -> datetime | None:
        return self._moment("until", ends=True)

    @property
    def first(self) -> list[forms.BoundField]:
        return [self[name] for name in ("who", "action", "when")]

    @property
    def more(self) -> list[forms.BoundField]:
        return [self[name] for name in ("by", "since", "until")]

    @property
    def uses_more(self) -> bool:
        return any(field.data for field in self.more)

    def filter(self) -> AuditFilter:
        """Explicit days take precedence over a quick range."""
        chosen = {name: value for name, value in self.chosen().items() if name != "before"}
        if (when := chosen.pop("when", "")) and not chosen.keys() & {"since", "until"}:
            chosen["since"] = TimeRange.quick(when, timezone.now(), self.zone).since
        return AuditFilter(**chosen)

    def before_row(self) -> int | None:
        before: int | None = self.chosen().get("before")
        return before

    def _moment(self, name: str, *, ends: bool) -> datetime | None:
        text: str = self.cleaned_data[name].strip()
        try:
            return parse_moment(text, self.zone, ends=ends) if text else None
        except InvalidFilterValue as why:
            raise ValidationError(f"This {why}.") from None
