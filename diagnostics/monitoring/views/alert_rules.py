"""Alert rules: list, add, edit, delete and snooze. For admins."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from diagnostics.accounts.access import admin_required
from diagnostics.accounts.requests import Request, viewer_time_zone
from diagnostics.issues.forms import SnoozeForm
from diagnostics.issues.snoozes import end_snooze, snooze
from diagnostics.monitoring.channel_settings import delete_rule, save_rule
from diagnostics.monitoring.forms.alerts import RuleForm
from diagnostics.monitoring.models import AlertRule
from diagnostics.monitoring.queries import alerts as queries
from diagnostics.monitoring.queries.alerts import find_rule
from diagnostics.web.confirmation import confirmation_page
from diagnostics.web.templatetags.page import exact


@require_safe
@admin_required
def rule_list(request: Request) -> HttpResponse:
    rules = [(rule, rule.is_snoozed) for rule in queries.alert_rules()]
    return render(
        request, "monitoring/alert_rules/list.html", {"rules": rules, "disabled_channels": queries.disabled_channels()}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@admin_required
def rule_add(request: Request) -> HttpResponse:
    """With `client` in the query string, that client is preselected."""
    initial = {"zone": viewer_time_zone(request).key, "clients": request.GET.getlist("client")}
    form = RuleForm(request.POST if request.method == "POST" else None, initial=initial)
    if not form.is_valid():
        return render(request, "monitoring/alert_rules/form.html", {"form": form})
    return _save(request, AlertRule(), form)


@require_http_methods(["GET", "HEAD", "POST"])
@admin_required
def rule_edit(request: Request, pk: int) -> HttpResponse:
    rule = find_rule(pk)
    form = RuleForm(request.POST, rule=rule) if request.method == "POST" else RuleForm.of(rule)
    if not form.is_valid():
        context = {"form": form, "rule": rule, "is_snoozed": rule.is_snoozed, "snooze_form": SnoozeForm()}
        return render(request, "monitoring/alert_rules/form.html", context)
    return _save(request, rule, form)


@require_http_methods(["GET", "HEAD", "POST"])
@admin_required
def rule_delete(request: Request, pk: int) -> HttpResponse:
    rule = find_rule(pk)
    if request.method != "POST":
        sentence = "No alerts are sent by it anymore. Channels that were alerted to an open issue are still notified when it is resolved."
        return confirmation_page(request, f"Delete {rule.name}?", sentence, "Delete rule", ["alert-rule", rule.pk])
    delete_rule(rule)
    messages.success(request, "Rule deleted.")
    return redirect("alert-rules")


@require_POST
@admin_required
def rule_snooze(request: Request, pk: int) -> HttpResponse:
    rule, form = find_rule(pk), SnoozeForm(request.POST)
    if form.is_valid():
        snooze(rule, form.cleaned_data["reason"], form.ends_at, request.user)
        messages.success(request, f"Rule snoozed until {exact(form.ends_at)}.")
        return redirect("alert-rule", rule.pk)
    context = {"form": RuleForm.of(rule), "rule": rule, "is_snoozed": rule.is_snoozed, "snooze_form": form}
    return render(request, "monitoring/alert_rules/form.html", context)


@require_POST
@admin_required
def rule_end_snooze(request: Request, pk: int) -> HttpResponse:
    rule = find_rule(pk)
    end_snooze(rule)
    messages.success(request, "Alerts are on again.")
    return redirect("alert-rule", rule.pk)


def _save(request: Request, rule: AlertRule, form: RuleForm) -> HttpResponse:
    data = form.cleaned_data
    save_rule(rule, form.values, data["clients"], data["channels"], request.user)
    messages.success(request, "Rule saved. It applies from the next scheduled run.")
    return redirect("alert-rules")
