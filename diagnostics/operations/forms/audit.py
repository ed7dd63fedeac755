"""The filters of the audit log."""

from datetime import datetime, tzinfo
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from diagnostics.operations.queries.audit import ORIGINS, audit_actions, describe_action
from diagnostics.orgs.forms.fields import OrgQueryForm, client_field
from diagnostics.web.filters import search_field
from diagnostics.web.paging import before_field
from diagnostics.web.time_ranges import QUICK_RANGES, InvalidFilterValue, TimeRange, parse_moment


def _day(label: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"type": "date"}),
    )


class AuditForm(OrgQueryForm):
    """Days are in the reader's time zone. `before` is the key of the page."""

    q = search_field("Name, ID or request ID")
    who = forms.CharField(label="User", required=False, max_length=150)
    action = forms.ChoiceField(label="Action", required=False)
    by = forms.ChoiceField(label="Origin", choices=[("", "Any origin"), *ORIGINS.items()], required=False)
    when = forms.ChoiceField(label="Time", choices=[("", "Any time"), *QUICK_RANGES.items()], required=False)
    since = _day("From")
    until = _day("To")
    client = client_field()
    before = before_field()

    def __init__(self, *args: Any, zone: tzinfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        actions = [(action, describe_action(action)) for action in audit_actions()]
        self.fields["action"].choices = [("", "All actions"), *actions]  # type: ignore[attr-defined]

    def clean_since(self) -> datetime | None:
        return self._moment("since", ends=False)

    def clean_until(self) -> datetime | None:
        return self._moment("until", ends=True)

    def filters(self) -> dict[str, Any]:
        """The arguments of audit_entries. Explicit days take precedence over a quick range."""
        chosen = {name: value for name, value in self.chosen().items() if name != "before"}
        if (when := chosen.pop("when", "")) and not chosen.keys() & {"since", "until"}:
            chosen["since"] = TimeRange.quick(when, timezone.now(), self.zone).since
        return chosen

    def _moment(self, name: str, *, ends: bool) -> datetime | None:
        text: str = self.cleaned_data[name].strip()
        try:
            return parse_moment(text, self.zone, ends=ends) if text else None
        except InvalidFilterValue as why:
            raise ValidationError(f"This date {why}.") from None
