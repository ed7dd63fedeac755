"""Alert rules: list, add, edit, delete and snooze. For admins."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from diagnostics.accounts.access import admin_required
from diagnostics.accounts.requests import Request
from diagnostics.monitoring.channel_settings import delete_rule, mute, save_rule, unmute
from diagnostics.monitoring.forms.alerts import MuteForm, RuleForm
from diagnostics.monitoring.lookups import find_rule
from diagnostics.monitoring.models import AlertRule
from diagnostics.monitoring.queries import alerts as queries


@require_safe
@admin_required
def rule_list(request: Request) -> HttpResponse:
    rules = [(rule, queries.is_muted(rule)) for rule in queries.alert_rules()]
    return render(
        request, "monitoring/alert_rules/list.html", {"rules": rules, "given_up": queries.given_up_channels()}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@admin_required
def rule_add(request: Request) -> HttpResponse:
    form = RuleForm(request.POST) if request.method == "POST" else RuleForm()
    if not form.is_bound or not form.is_valid():
        return render(request, "monitoring/alert_rules/form.html", {"form": form})
    return _save(request, AlertRule(), form)


@require_http_methods(["GET", "HEAD", "POST"])
@admin_required
def rule_edit(request: Request, pk: int) -> HttpResponse:
    rule = find_rule(pk)
    form = RuleForm(request.POST, rule=rule) if request.method == "POST" else RuleForm.of(rule)
    if not form.is_bound or not form.is_valid():
        context = {"form": form, "rule": rule, "is_muted": queries.is_muted(rule), "mute_form": MuteForm()}
        return render(request, "monitoring/alert_rules/form.html", context)
    return _save(request, rule, form)


@require_http_methods(["GET", "HEAD", "POST"])
@admin_required
def rule_delete(request: Request, pk: int) -> HttpResponse:
    rule = find_rule(pk)
    if request.method != "POST":
        return render(request, "monitoring/alert_rules/delete.html", {"rule": rule})
    delete_rule(rule)
    messages.success(request, "The rule is deleted.")
    return redirect("alert-rules")


@require_POST
@admin_required
def rule_mute(request: Request, pk: int) -> HttpResponse:
    rule, form = find_rule(pk), MuteForm(request.POST)
    if form.is_valid():
        mute(rule, form.cleaned_data["reason"], form.ends_at, request.user)
        messages.success(request, "The rule is muted. It speaks again by itself when the time is over.")
        return redirect("alert-rule", rule.pk)
    context = {"form": RuleForm.of(rule), "rule": rule, "is_muted": queries.is_muted(rule), "mute_form": form}
    return render(request, "monitoring/alert_rules/form.html", context)


@require_POST
@admin_required
def rule_unmute(request: Request, pk: int) -> HttpResponse:
    rule = find_rule(pk)
    unmute(rule)
    messages.success(request, "The rule is no longer muted.")
    return redirect("alert-rule", rule.pk)


def _save(request: Request, rule: AlertRule, form: RuleForm) -> HttpResponse:
    data = form.cleaned_data
    save_rule(rule, form.values, data["clients"], data["channels"], request.user)
    messages.success(request, "The rule is saved. It is looked at after each scheduled run.")
    return redirect("alert-rules")
