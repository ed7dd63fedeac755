"""URLs of retention, the audit log, the system page, health and metrics."""

from django.urls import URLPattern, path

from diagnostics.operations.views import audit, retention, system

urlpatterns: list[URLPattern] = [
    path("settings/", system.settings_home, name="settings"),
    path("settings/retention/", retention.retention_page, name="retention"),
    path("settings/retention/passes/", retention.retention_passes, name="retention-passes"),
    path("settings/retention/preview/", retention.retention_preview, name="retention-preview"),
    path("settings/retention/apply/", retention.retention_apply, name="retention-apply"),
    path("runs/<int:pk>/pin/", retention.run_pin, name="run-pin"),
    path("runs/<int:pk>/unpin/", retention.run_unpin, name="run-unpin"),
    path("settings/audit-log/", audit.audit_log, name="audit"),
    path("settings/audit-log/export/<str:form>/", audit.audit_export, name="audit-export"),
    path("settings/system/", system.system_page, name="system"),
    path("settings/system/state/", system.system_state, name="system-state"),
    path("settings/system/items/<int:pk>/retry/", system.row_retry, name="row-retry"),
    path("settings/system/items/<int:pk>/dismiss/", system.row_dismiss, name="row-dismiss"),
    path("health/live", system.health_live, name="health-live"),
    path("health/ready", system.health_ready, name="health-ready"),
    path("metrics", system.metrics, name="metrics"),
]
