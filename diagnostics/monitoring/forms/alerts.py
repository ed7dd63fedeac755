"""Forms for channels, alert rules and snoozes, and the filters of the incident and delivery lists."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from diagnostics.accounts.models import User
from diagnostics.monitoring import mail, outgoing
from diagnostics.monitoring.channels import pagerduty
from diagnostics.monitoring.forms.schedules import zone_choices
from diagnostics.monitoring.models import AlertRule, Channel, Delivery
from diagnostics.monitoring.queries.alerts import visible_channels
from diagnostics.monitoring.timetable import WEEKDAYS
from diagnostics.orgs.forms.fields import OrgQueryForm
from diagnostics.orgs.models import OAuthClient
from diagnostics.web.paging import before_field

MAX_RECIPIENTS = 20
MAX_RUNS = 20


def _secret(label: str, help_text: str) -> forms.CharField:
    hidden = forms.PasswordInput(render_value=False, attrs={"autocomplete": "off", "spellcheck": "false"})
    return forms.CharField(label=label, help_text=help_text, max_length=outgoing.MAX_URL, widget=hidden)


def _events() -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label="Also send",
        choices=Channel.Subscription.choices,
        required=False,
        help_text="Besides the alerts of its rules, for every run and issue that you may see.",
        widget=forms.CheckboxSelectMultiple,
    )


class ChannelForm(forms.Form):
    """The base of the form for each kind. `shown` is what pages may show of the address, `hidden` what they may not."""

    kind = ""
    about = ""
    name = forms.CharField(
        max_length=120,
        help_text="For example the team that reads it.",
    )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if Channel.objects.filter(name__iexact=name).exists():
            raise ValidationError("Another channel has this name. Choose a different one.")
        return name

    @property
    def shown(self) -> str:
        raise NotImplementedError

    @property
    def hidden(self) -> str:
        return ""


class EmailForm(ChannelForm):
    kind = Channel.Kind.EMAIL
    about = "Sent by the mail server your administrator configured."
    to = forms.CharField(
        label="To",
        max_length=300,
        help_text=f"Up to {MAX_RECIPIENTS} addresses, separated by commas.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "email"}),
    )

    def clean_to(self) -> str:
        addresses = [address.strip() for address in self.cleaned_data["to"].split(",") if address.strip()]
        if len(addresses) > MAX_RECIPIENTS:
            raise ValidationError(
                f"Enter at most {MAX_RECIPIENTS} addresses, or use a mailing list. You entered {len(addresses)}."
            )
        for address in addresses:
            try:
                validate_email(address)
            except ValidationError:
                raise ValidationError(f"“{address[:80]}” isn't an email address.") from None
        return ", ".join(dict.fromkeys(addresses))

    @property
    def shown(self) -> str:
        return str(self.cleaned_data["to"])

    @property
    def is_without_server(self) -> bool:
        return not mail.is_configured()


class HookForm(ChannelForm):
    """A kind whose URL is itself the secret."""

    url = _secret("URL", "Stored encrypted and never shown again, because anyone with it can post there.")

    def clean_url(self) -> str:
        text: str = self.cleaned_data["url"].strip()
        try:
            target = outgoing.parse_url(text, settings.ALERT_ALLOWED_HOSTS)
            outgoing.resolve_checked(target, settings.ALERT_ALLOWED_HOSTS)
        except outgoing.AddressRefused as refused:
            raise ValidationError(str(refused)) from None
        self.host = target.netloc
        return text

    @property
    def shown(self) -> str:
        return self.host

    @property
    def hidden(self) -> str:
        return str(self.cleaned_data["url"])


class SlackForm(HookForm):
    kind = Channel.Kind.SLACK
    about = "In Slack, open your app's settings > Incoming Webhooks > Add New Webhook to Workspace, and copy its URL."


class TeamsForm(HookForm):
    kind = Channel.Kind.TEAMS
    about = (
        "In Teams, open the channel's menu > Workflows > Send webhook alerts to a channel, and copy the URL. Office 365 "
        "connectors no longer work."
    )


class WebhookForm(HookForm):
    kind = Channel.Kind.WEBHOOK
    about = (
        "Your own program receives each message as JSON, signed as in Standard Webhooks. You get the signing secret in the "
        "next step."
    )
    events = _events()


class EventsForm(forms.Form):
    events = _events()


class PagerDutyForm(ChannelForm):
    kind = Channel.Kind.PAGERDUTY
    about = (
        "In PagerDuty, open the service > Integrations > Add integration > Events API V2, and copy the integration key."
    )
    region = forms.ChoiceField(label="Service region", choices=[("us", "United States"), ("eu", "Europe")])
    key = _secret("Integration key", "32 letters and digits. Stored encrypted and never shown again.")

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"].strip()
        if not (len(key) == 32 and key.isascii() and key.isalnum()):
            raise ValidationError("An integration key has 32 letters and digits.")
        return key

    @property
    def shown(self) -> str:
        return pagerduty.ENDPOINTS[self.cleaned_data["region"]]

    @property
    def hidden(self) -> str:
        return str(self.cleaned_data["key"])


CHANNEL_FORMS: dict[str, type[ChannelForm]] = {
    form.kind: form for form in (EmailForm, SlackForm, TeamsForm, PagerDutyForm, WebhookForm)
}


MANY_TO_MANY = ("clients", "channels")


class RuleForm(forms.Form):
    """`values` are the fields of the rule's row, without its clients and channels."""

    name = forms.CharField(max_length=120)
    clients = forms.ModelMultipleChoiceField(
        queryset=OAuthClient.objects.none(),
        required=False,
        help_text="None selected: all clients, including new ones.",
        widget=forms.CheckboxSelectMultiple,
    )
    channels = forms.ModelMultipleChoiceField(
        queryset=Channel.objects.none(),
        required=False,
        help_text="None selected: no one is notified.",
        widget=forms.CheckboxSelectMultiple,
    )
    needed = forms.IntegerField(
        label="Failed runs",
        min_value=1,
        max_value=MAX_RUNS,
        initial=2,
        widget=forms.NumberInput(attrs={"aria-label": "Failed runs"}),
    )
    out_of = forms.IntegerField(
        label="Last runs",
        min_value=1,
        max_value=MAX_RUNS,
        initial=3,
        widget=forms.NumberInput(attrs={"aria-label": "Last runs"}),
    )
    counts_inconclusive = forms.BooleanField(
        label="Count inconclusive runs as failures",
        required=False,
        help_text="Otherwise they are ignored.",
    )
    remind_hours = forms.IntegerField(
        label="Remind every N hours",
        min_value=0,
        max_value=24 * 30,
        initial=24,
        help_text="While the issue continues. 0 = never.",
    )
    quiet_from = forms.TimeField(
        label="Quiet from", required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    quiet_until = forms.TimeField(
        label="Quiet until",
        required=False,
        help_text="Alerts wait until then. If the issue is resolved by then, only that is sent.",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    quiet_days = forms.TypedMultipleChoiceField(
        label="Quiet days",
        coerce=int,
        choices=list(enumerate(WEEKDAYS)),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    zone = forms.ChoiceField(label="Time zone", initial="UTC")
    is_on = forms.BooleanField(label="Rule is on", required=False, initial=True)

    def __init__(self, *args: Any, rule: AlertRule | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rule = rule
        self.fields["clients"].queryset = OAuthClient.objects.filter(retired_at=None).only("name")  # type: ignore[attr-defined]
        self.fields["channels"].queryset = Channel.objects.only("name")  # type: ignore[attr-defined]
        self.fields["zone"].choices = zone_choices()  # type: ignore[attr-defined]

    @classmethod
    def of(cls, rule: AlertRule) -> "RuleForm":
        """An unbound form with the rule's current values."""
        initial = {name: getattr(rule, name) for name in cls.base_fields if name not in MANY_TO_MANY}
        for name in MANY_TO_MANY:
            initial[name] = list(getattr(rule, name).values_list("pk", flat=True))
        return cls(rule=rule, initial=initial)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        others = AlertRule.objects.filter(name__iexact=name)
        if (others.exclude(pk=self.rule.pk) if self.rule else others).exists():
            raise ValidationError("Another rule has this name. Choose a different one.")
        return name

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        needed, out_of = data.get("needed"), data.get("out_of")
        if needed and out_of and not out_of / 2 < needed <= out_of:
            self.add_error("needed", "Enter more than half of the last runs, and at most all of them.")
        if {"quiet_from", "quiet_until"} <= data.keys():
            starts, ends = data["quiet_from"], data["quiet_until"]
            if (starts is None) != (ends is None):
                self.add_error("quiet_until", "Enter both times, or neither.")
            elif starts is not None and starts == ends:
                self.add_error("quiet_until", "Enter two different times. For whole days, select quiet days.")
        if len(data.get("quiet_days", ())) == len(WEEKDAYS):
            self.add_error("quiet_days", "Every day is quiet, so no one would be notified. Turn the rule off instead.")
        return data

    @property
    def values(self) -> dict[str, Any]:
        row = {name: value for name, value in self.cleaned_data.items() if name not in MANY_TO_MANY}
        return {**row, "quiet_days": sorted(set(row["quiet_days"]))}


class DeliveryFilterForm(OrgQueryForm):
    state = forms.ChoiceField(choices=[("", "All"), *Delivery.State.choices], required=False)
    channel = forms.ModelChoiceField(queryset=Channel.objects.none(), required=False, empty_label="All channels")
    before = before_field()

    def __init__(self, *args: Any, viewer: User, **kwargs: Any) -> None:
        super().__init__(*args, viewer=viewer, **kwargs)
        self.fields["channel"].queryset = visible_channels(viewer).only("name")  # type: ignore[attr-defined]
