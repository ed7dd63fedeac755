"""URLs of schedules, alert rules, channels and deliveries."""

from django.urls import URLPattern, path

from diagnostics.monitoring.views import alert_rules, channels, deliveries, schedules

urlpatterns: list[URLPattern] = [
    path("monitoring/schedules/", schedules.schedule_list, name="schedules"),
    path("monitoring/schedules/add/", schedules.schedule_add, name="schedule-add"),
    path("monitoring/schedules/preview/", schedules.schedule_preview, name="schedule-preview"),
    path("monitoring/schedules/bulk/", schedules.schedules_bulk, name="schedules-bulk"),
    path("monitoring/schedules/<int:pk>/", schedules.schedule_detail, name="schedule"),
    path("monitoring/schedules/<int:pk>/edit/", schedules.schedule_edit, name="schedule-edit"),
    path("monitoring/schedules/<int:pk>/delete/", schedules.schedule_delete, name="schedule-delete"),
    path("monitoring/schedules/<int:pk>/pause/", schedules.schedule_pause, name="schedule-pause"),
    path("monitoring/schedules/<int:pk>/resume/", schedules.schedule_resume, name="schedule-resume"),
    path("monitoring/schedules/<int:pk>/run/", schedules.schedule_run, name="schedule-run"),
    path("monitoring/alert-rules/", alert_rules.rule_list, name="alert-rules"),
    path("monitoring/alert-rules/add/", alert_rules.rule_add, name="alert-rule-add"),
    path("monitoring/alert-rules/<int:pk>/", alert_rules.rule_edit, name="alert-rule"),
    path("monitoring/alert-rules/<int:pk>/delete/", alert_rules.rule_delete, name="alert-rule-delete"),
    path("monitoring/alert-rules/<int:pk>/snooze/", alert_rules.rule_snooze, name="alert-rule-snooze"),
    path("monitoring/alert-rules/<int:pk>/snooze/end/", alert_rules.rule_end_snooze, name="alert-rule-end-snooze"),
    path("monitoring/channels/", channels.channel_list, name="channels"),
    path("monitoring/channels/add/", channels.channel_add, name="channel-add"),
    path("monitoring/channels/<int:pk>/", channels.channel_detail, name="channel"),
    path("monitoring/channels/<int:pk>/test/", channels.channel_test, name="channel-test"),
    path("monitoring/channels/<int:pk>/events/", channels.channel_events, name="channel-events"),
    path("monitoring/channels/<int:pk>/delete/", channels.channel_delete, name="channel-delete"),
    path("monitoring/deliveries/", deliveries.delivery_list, name="deliveries"),
    path("monitoring/deliveries/<int:pk>/", deliveries.delivery_detail, name="delivery"),
    path("monitoring/deliveries/<int:pk>/state/", deliveries.delivery_state, name="delivery-state"),
    path("monitoring/deliveries/<int:pk>/retry/", deliveries.delivery_retry, name="delivery-retry"),
]
