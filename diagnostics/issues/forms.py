"""Forms of the issue pages: list filters, notes, assignment, acceptance and snooze."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.engine import causes
from diagnostics.issues.models import Issue
from diagnostics.issues.queries import ASSIGNEES, STATUSES, TARGETS, assignable_users, visible_orgs
from diagnostics.orgs.forms.fields import LongSelect
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.visibility import visible_clients
from diagnostics.runs.what_if.changes import ChangeKind, PlannedChange
from diagnostics.web.filters import QueryForm

LONGEST_TEXT = 2000
LONGEST_ACCEPTANCE = timedelta(days=366)
BAD_POSITION = "This page of the list doesn't exist."


class IssueFilterForm(forms.Form):
    """Filters of the issue list, bound to the query string. `before` is the page position, as a page link wrote it."""

    status = forms.ChoiceField(choices=list(STATUSES.items()), required=False, widget=forms.HiddenInput)
    org = forms.ChoiceField(required=False, widget=LongSelect)
    environment = forms.ChoiceField(required=False)
    cause = forms.ChoiceField(required=False)
    target = forms.ChoiceField(label="About", choices=list(TARGETS.items()), required=False)
    assignee = forms.ChoiceField(label="Assigned to", choices=list(ASSIGNEES.items()), required=False)
    alerting = forms.ChoiceField(label="Incident", choices=[("", "Any"), ("yes", "Open incident")], required=False)
    q = forms.CharField(label="Search", max_length=200, required=False)
    client = forms.ModelChoiceField(queryset=OAuthClient.objects.none(), required=False, widget=forms.HiddenInput)
    before = forms.CharField(max_length=80, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = {
            "org": [("", "All orgs"), *visible_orgs(viewer)],
            "environment": [("", "All environments"), *OAuthClient.Environment.choices[1:]],
            "cause": [("", "All causes"), *((code, title) for code, title in causes.TITLES.items() if code != "none")],
        }
        for name, values in choices.items():
            self.fields[name].choices = values  # type: ignore[attr-defined]
        self.fields["client"].queryset = visible_clients(viewer).only("name")  # type: ignore[attr-defined]

    def clean_before(self) -> tuple[str, datetime, int] | None:
        text: str = self.cleaned_data["before"]
        if not text:
            return None
        outcome, _, rest = text.partition("_")
        moment, _, pk = rest.rpartition("_")
        try:
            at, number = datetime.fromisoformat(moment), int(pk)
        except ValueError:
            raise ValidationError(BAD_POSITION) from None
        if timezone.is_naive(at) or not 0 < number < 2**63 or outcome not in ("fail", "warn"):
            raise ValidationError(BAD_POSITION)
        return outcome, at, number

    def not_understood(self) -> list[str]:
        """One sentence for each invalid value and each unknown name of the query string; neither filters anything."""
        unknown = [f"“{name[:60]}” isn't a filter of this list." for name in self.data if name not in self.fields]
        wrong = [f"“{str(self.data.get(name))[:60]}” isn't a known {name}." for name in self.errors]
        return [*wrong, *unknown][:8]


KINDS = [
    ("Call", [("path", "Path"), ("host", "Host"), ("method", "Method"), ("body", "Body"), ("header", "Header")]),
    (
        "Roles of the client",
        [
            ("add_permission", "Add permission"),
            ("remove_permission", "Remove permission"),
            ("add_role", "Assign role"),
            ("remove_role", "Remove role"),
            ("add_division", "Add division"),
            ("remove_division", "Remove division"),
        ],
    ),
    ("OAuth client", [("add_scope", "Add scope"), ("remove_scope", "Remove scope")]),
    ("Deployment", [("enabled", "Cobrowse"), ("channels", "Cobrowse channels"), ("status", "Status")]),
    ("Gateway", [("provider", "Provider")]),
]


class WhatIfForm(forms.Form):
    """One change to predict, bound to the query string. `of` and `value` are those of `PlannedChange`."""

    kind = forms.ChoiceField(choices=KINDS)
    of = forms.CharField(
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"list": "what-if-owners", "autocomplete": "off"}),
    )
    value = forms.CharField(
        max_length=LONGEST_TEXT,
        required=False,
        widget=forms.TextInput(attrs={"list": "what-if-values", "autocomplete": "off", "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and (problem := self.change.problem):
            self.add_error("value", problem)
        return cleaned

    @property
    def change(self) -> PlannedChange:
        values = self.cleaned_data
        return PlannedChange(ChangeKind(values["kind"]), values["value"], values["of"]).masked()


class FailingCallsForm(QueryForm):
    org = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["org"].choices = [("", "All orgs"), *visible_orgs(viewer)]  # type: ignore[attr-defined]


class NoteForm(forms.Form):
    text = forms.CharField(
        label="Note",
        max_length=LONGEST_TEXT,
        help_text="Your name and the time are added. Notes can't be changed later.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class AssignForm(forms.Form):
    assignee = forms.ModelChoiceField(queryset=User.objects.none(), required=False, empty_label="Nobody")

    def __init__(self, *args: Any, issue: Issue, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"assignee": issue.assignee_id}
        self.fields["assignee"].queryset = assignable_users(issue, viewer)  # type: ignore[attr-defined]


class AcceptForm(forms.Form):
    """`until` is the last day of the acceptance."""

    reason = forms.CharField(
        max_length=LONGEST_TEXT,
        help_text="Why this can stay as it is for now.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    until = forms.DateField(
        label="Until the end of",
        help_text="At most one year. After that day the issue is open again.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Enter a date, such as 2026-12-31."},
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
            raise ValidationError("This day is in the past. Choose today or later.")
        if until > today + LONGEST_ACCEPTANCE:
            raise ValidationError("Choose a day within one year. You can accept it again then.")
        return until

    @property
    def ends_at(self) -> datetime:
        """The first moment after the last day, in the current time zone."""
        next_day = self.cleaned_data["until"] + timedelta(days=1)
        return timezone.make_aware(datetime.combine(next_day, time.min))


class SnoozeForm(forms.Form):
    reason = forms.CharField(max_length=300)
    hours = forms.TypedChoiceField(
        label="For",
        coerce=int,
        choices=[(1, "1 hour"), (4, "4 hours"), (24, "1 day"), (72, "3 days"), (168, "1 week"), (720, "30 days")],
        initial=24,
        help_text="No alerts until then. We still notify you when an incident ends.",
    )

    @property
    def ends_at(self) -> datetime:
        return timezone.now() + timedelta(hours=self.cleaned_data["hours"])
