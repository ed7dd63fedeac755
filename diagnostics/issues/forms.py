"""Forms of the issue pages: list filters, notes, and acceptance."""

from datetime import date, datetime, time, timedelta
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.checks.base import titles
from diagnostics.checks.outcomes import Outcome
from diagnostics.issues.queries import SCOPES, STATES
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.visibility import visible_clients
from diagnostics.web.form_text import NO_NUL

LONGEST_TEXT = 2000
LONGEST_ACCEPTANCE = timedelta(days=366)


class IssueFilterForm(forms.Form):
    """Filters of the issue list, bound to the query string. `before` is the page position, as a page link wrote it."""

    state = forms.ChoiceField(choices=list(STATES.items()), required=False)
    about = forms.ChoiceField(choices=list(SCOPES.items()), required=False)
    client = forms.ModelChoiceField(queryset=OAuthClient.objects.none(), required=False, empty_label="Every client")
    check = forms.ChoiceField(required=False)
    outcome = forms.ChoiceField(
        choices=[("", "Either"), *((outcome.value, outcome.label) for outcome in (Outcome.FAIL, Outcome.WARN))],
        required=False,
    )
    q = forms.CharField(label="Words", max_length=200, required=False, error_messages=NO_NUL)
    before = forms.CharField(max_length=80, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        client = cast("forms.ModelChoiceField[OAuthClient]", self.fields["client"])
        client.queryset = visible_clients(viewer).only("name")
        by_title = sorted(titles().items(), key=lambda item: item[1])
        self.fields["check"].choices = [("", "Every check"), *by_title]  # type: ignore[attr-defined]

    def clean_before(self) -> tuple[datetime, int] | None:
        text: str = self.cleaned_data["before"]
        if not text:
            return None
        moment, _, pk = text.rpartition("_")
        try:
            at, number = datetime.fromisoformat(moment), int(pk)
        except ValueError:
            raise ValidationError("This is no place in the list.") from None
        if timezone.is_naive(at) or not 0 < number < 2**63:
            raise ValidationError("This is no place in the list.")
        return at, number

    def not_understood(self) -> list[str]:
        """One sentence for each invalid value and each unknown name of the query string; neither filters anything."""
        unknown = [f"“{name[:60]}” is no filter of this list." for name in self.data if name not in self.fields]
        wrong = [f"“{str(self.data.get(name))[:60]}” is no {name} that is known here." for name in self.errors]
        return [*wrong, *unknown][:8]


class NoteForm(forms.Form):
    text = forms.CharField(
        label="Note",
        max_length=LONGEST_TEXT,
        help_text="What you found out, or who works on it. Notes are kept with your name and cannot be changed.",
        error_messages=NO_NUL,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class AcceptForm(forms.Form):
    """`until` is the last day of the acceptance."""

    reason = forms.CharField(
        max_length=LONGEST_TEXT,
        help_text="Why this may stay as it is for now.",
        error_messages=NO_NUL,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    until = forms.DateField(
        label="Until the end of",
        help_text="One year at most. After that day it counts as open again, by itself.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "This is no date. Write it as 2026-12-31."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        today = timezone.localdate()
        limits = {"min": today.isoformat(), "max": (today + LONGEST_ACCEPTANCE).isoformat()}
        self.fields["until"].widget.attrs |= limits

    def clean_until(self) -> date:
        until: date = self.cleaned_data["until"]
        today = timezone.localdate()
        if until < today:
            raise ValidationError("This day is over. Choose today or a later day.")
        if until > today + LONGEST_ACCEPTANCE:
            raise ValidationError("One year is the longest. Choose an earlier day; it can be accepted again then.")
        return until

    @property
    def ends_at(self) -> datetime:
        """The first moment after the last day, in the current time zone."""
        next_day = self.cleaned_data["until"] + timedelta(days=1)
        return timezone.make_aware(datetime.combine(next_day, time.min))
