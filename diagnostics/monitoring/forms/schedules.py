"""Forms for schedules, their list and their bulk actions."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, cast
from zoneinfo import ZoneInfo, available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone

from diagnostics.accounts.models import User
from diagnostics.monitoring.models import Schedule
from diagnostics.monitoring.queries.schedules import people_for_choice
from diagnostics.monitoring.schedule_preview import SchedulePreview, preview_of
from diagnostics.monitoring.schedules import ScheduleValues
from diagnostics.monitoring.timetable import (
    MAX_CRON,
    MAX_MINUTES,
    WEEKDAYS,
    InvalidTimetable,
    Timetable,
    default_spread,
    shortest_gap,
)
from diagnostics.orgs.forms.fields import ClientChoiceField, OrgQueryForm
from diagnostics.orgs.models import OAuthClient
from diagnostics.orgs.visibility import visible_clients
from diagnostics.parsing.inputs import Inputs
from diagnostics.web.filters import search_field

MAX_SPREAD = 3600
STATES = [("", "All"), ("active", "Active"), ("paused", "Paused"), ("missed", "With missed runs")]
PLAN_FIELDS = {"minutes": ("minutes",), "daily": ("at",), "weekly": ("at", "weekdays"), "cron": ("cron",)}


@lru_cache(maxsize=1)
def zone_choices() -> list[tuple[str, str]]:
    """All IANA zones, UTC first. Cached, since they are read from files."""
    names = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix")))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class PlanForm(forms.Form):
    """A timetable. Fields that `every` doesn't use are ignored. `plan` is the result, None if the form is invalid."""

    every = forms.ChoiceField(label="How often", choices=Schedule.Every.choices)
    minutes = forms.IntegerField(
        label="Minutes",
        required=False,
        min_value=1,
        max_value=MAX_MINUTES,
        help_text="60 is every hour, 1440 every day.",
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    at = forms.TimeField(
        label="Time of day",
        required=False,
        input_formats=["%H:%M", "%H:%M:%S"],
        help_text="In the time zone below, such as 09:00.",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    weekdays = forms.TypedMultipleChoiceField(
        label="Days of the week",
        required=False,
        coerce=int,
        choices=list(enumerate(WEEKDAYS)),
        widget=forms.CheckboxSelectMultiple,
    )
    cron = forms.CharField(
        label="Cron expression",
        required=False,
        max_length=MAX_CRON,
        help_text="Minute, hour, day of the month, month, day of the week: 0 9 * * 1-5 is 09:00 from Monday to Friday.",
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false", "autocomplete": "off"}),
    )
    zone = forms.ChoiceField(label="Time zone")
    jitter_seconds = forms.IntegerField(
        label="Random delay (seconds)",
        required=False,
        min_value=0,
        max_value=MAX_SPREAD,
        help_text="Staggers schedules that are due together. Empty: up to the whole interval for every N minutes, "
        "otherwise one minute. 0: no delay.",
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = zone_choices()
        current = self.initial.get("zone")  # may be one that the time zone database no longer has
        extra = [(current, current)] if current and current not in dict(zones) else []
        cast("forms.ChoiceField", self.fields["zone"]).choices = [*zones, *extra]
        self.plan: Timetable | None = None

    def clean_at(self) -> Any:
        at = self.cleaned_data["at"]
        return at.replace(second=0, microsecond=0) if at else None

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        if "every" not in data or "zone" not in data:
            return data
        for name in ("minutes", "at", "weekdays", "cron"):
            if name not in PLAN_FIELDS[data["every"]]:
                self.errors.pop(name, None)
        if self.plan_problems:
            return data
        try:
            self.plan = self._read_plan(data)
        except InvalidTimetable as error:
            is_without_time = data["every"] == "weekly" and not data.get("at")
            self.add_error("at" if is_without_time else PLAN_FIELDS[data["every"]][-1], str(error))
        else:
            self._check_spread(self.plan)
        return data

    @property
    def plan_problems(self) -> list[str]:
        """The errors of the timetable's fields alone."""
        return [str(error) for name in PlanForm.base_fields for error in self.errors.get(name, ())]

    def _read_plan(self, data: dict[str, Any]) -> Timetable:
        values: dict[str, Any] = {name: data[name] for name in PLAN_FIELDS[data["every"]] if data.get(name)}
        if "weekdays" in values:
            values["weekdays"] = tuple(values["weekdays"])
        return Timetable(data["every"], data["zone"], **values)

    def _check_spread(self, plan: Timetable) -> None:
        if self.cleaned_data.get("jitter_seconds") is None:
            self.cleaned_data["jitter_seconds"] = default_spread(plan)
        elif timedelta(seconds=self.cleaned_data["jitter_seconds"]) >= shortest_gap(plan, datetime.now(UTC)):
            self.add_error("jitter_seconds", "The delay is longer than the time between two runs. Make it shorter.")

    def preview(self, reader: ZoneInfo) -> SchedulePreview | None:
        """None if the timetable is invalid."""
        self.is_valid()
        return preview_of(self.plan, reader, timezone.now()) if self.plan else None

    @property
    def spread(self) -> int:
        return int(self.cleaned_data.get("jitter_seconds") or 0)


class ScheduleForm(PlanForm):
    """A schedule. With `inputs` it repeats that diagnosis, and the client can't be changed."""

    name = forms.CharField(max_length=120)
    client = ClientChoiceField()
    owner = forms.ModelChoiceField(
        queryset=User.objects.none(),
        required=False,
        empty_label="None",
        help_text="The person to ask about it.",
    )

    def __init__(
        self, *args: Any, viewer: User, inputs: Inputs | None = None, of: Schedule | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.inputs, self.of = inputs or Inputs(), of
        client = cast("forms.ModelChoiceField[OAuthClient]", self.fields["client"])
        client.queryset = visible_clients(viewer).filter(retired_at=None).only("name", "client_id", "region")
        client.disabled = bool(self.inputs.given)
        owner = cast("forms.ModelChoiceField[User]", self.fields["owner"])
        owner.queryset = people_for_choice(viewer)

    @property
    def heading(self) -> str:
        return "Edit schedule" if self.of else "Add a schedule"

    @property
    def about(self) -> str:
        if self.inputs.call:
            return f"Repeats the diagnosis of {self.inputs.call.method} {self.inputs.call.url[:120]}, without the pasted response."
        if self.inputs.given:
            return "Repeats the diagnosis of one conversation."
        return "Checks the health of the client's org, with read-only requests."

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = Schedule.objects.filter(name__iexact=name)
        if (others.exclude(pk=self.of.pk) if self.of else others).exists():
            raise ValidationError("Another schedule has this name. Choose a different one.")
        return name

    @property
    def schedule_values(self) -> ScheduleValues:
        """Raises ValueError if the form isn't valid."""
        if self.plan is None:
            raise ValueError("the form is not valid")
        data = self.cleaned_data
        return ScheduleValues(data["name"], data["client"], self.plan, self.inputs, self.spread, data["owner"])

    @staticmethod
    def values_of(schedule: Schedule) -> dict[str, Any]:
        """The schedule's current values, as `initial`."""
        names = ("name", "client", "owner", "every", "minutes", "at", "weekdays", "cron", "zone", "jitter_seconds")
        return {name: getattr(schedule, name) for name in names}


class ScheduleListForm(OrgQueryForm):
    q = search_field("Search", "Schedule or client")
    state = forms.ChoiceField(label="State", required=False, choices=STATES)
    client = forms.ModelChoiceField(
        label="Client", queryset=OAuthClient.objects.none(), required=False, empty_label="All clients"
    )
    owner = forms.ModelChoiceField(label="Owner", queryset=User.objects.none(), required=False, empty_label="Anyone")
    page = forms.IntegerField(required=False, min_value=1, max_value=100_000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, viewer=viewer, **kwargs)
        cast("forms.ModelChoiceField[User]", self.fields["owner"]).queryset = people_for_choice(viewer)

    def filters(self) -> dict[str, Any]:
        """The arguments of filtered_schedules."""
        return {name: value for name, value in self.chosen().items() if name != "page"}

    def page_number(self) -> int:
        return int(self.chosen().get("page", 1))


class PauseForm(forms.Form):
    reason = forms.CharField(
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"placeholder": "Why, and until when", "autocomplete": "off"}),
    )


class BulkForm(PauseForm):
    """Pauses or resumes the chosen schedules, or all that match the filters."""

    ids = forms.TypedMultipleChoiceField(required=False, coerce=int)
    all = forms.BooleanField(required=False)
    act = forms.ChoiceField(choices=[("pause", "Pause"), ("resume", "Resume")])

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        ids = [text for text in data.getlist("ids") if text.isascii() and text.isdigit() and len(text) < 19]
        cast("forms.ChoiceField", self.fields["ids"]).choices = [(text, text) for text in ids]
