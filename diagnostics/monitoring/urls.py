"""URLs of schedules, incidents, alert rules, channels and deliveries."""

from django.urls import URLPattern, path

from diagnostics.monitoring.views import alert_rules, channels, deliveries, incidents, schedules

urlpatterns: list[URLPattern] = [
    path("schedules/", schedules.schedule_list, name="schedules"),
    path("schedules/add/", schedules.schedule_add, name="schedule-add"),
    path("schedules/preview/", schedules.schedule_preview, name="schedule-preview"),
    path("schedules/many/", schedules.schedules_bulk, name="schedules-many"),
    path("schedules/<int:pk>/", schedules.schedule_detail, name="schedule"),
    path("schedules/<int:pk>/edit/", schedules.schedule_edit, name="schedule-edit"),
    path("schedules/<int:pk>/delete/", schedules.schedule_delete, name="schedule-delete"),
    path("schedules/<int:pk>/pause/", schedules.schedule_pause, name="schedule-pause"),
    path("schedules/<int:pk>/resume/", schedules.schedule_resume, name="schedule-resume"),
    path("schedules/<int:pk>/run/", schedules.schedule_run, name="schedule-run"),
    path("incidents/", incidents.incident_list, name="incidents"),
    path("incidents/<int:pk>/", incidents.incident_detail, name="incident"),
    path("incidents/<int:pk>/mute/", incidents.incident_mute, name="incident-mute"),
    path("incidents/<int:pk>/unmute/", incidents.incident_unmute, name="incident-unmute"),
    path("alerts/rules/", alert_rules.rule_list, name="alert-rules"),
    path("alerts/rules/add/", alert_rules.rule_add, name="alert-rule-add"),
    path("alerts/rules/<int:pk>/", alert_rules.rule_edit, name="alert-rule"),
    path("alerts/rules/<int:pk>/delete/", alert_rules.rule_delete, name="alert-rule-delete"),
    path("alerts/rules/<int:pk>/mute/", alert_rules.rule_mute, name="alert-rule-mute"),
    path("alerts/rules/<int:pk>/unmute/", alert_rules.rule_unmute, name="alert-rule-unmute"),
    path("alerts/channels/", channels.channel_list, name="channels"),
    path("alerts/channels/add/", channels.channel_add, name="channel-add"),
    path("alerts/channels/<int:pk>/", channels.channel_detail, name="channel"),
    path("alerts/channels/<int:pk>/test/", channels.channel_test, name="channel-test"),
    path("alerts/channels/<int:pk>/delete/", channels.channel_delete, name="channel-delete"),
    path("alerts/deliveries/", deliveries.delivery_list, name="deliveries"),
    path("alerts/deliveries/<int:pk>/", deliveries.delivery_detail, name="delivery"),
    path("alerts/deliveries/<int:pk>/state/", deliveries.delivery_state, name="delivery-state"),
    path("alerts/deliveries/<int:pk>/again/", deliveries.delivery_again, name="delivery-again"),
]
