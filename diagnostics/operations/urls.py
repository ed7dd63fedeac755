"""URLs of retention, the audit log, the system page, health and metrics."""

from django.urls import URLPattern, path

from diagnostics.operations.views import audit, retention, system

urlpatterns: list[URLPattern] = [
    path("retention/", retention.retention_page, name="retention"),
    path("retention/passes/", retention.retention_passes, name="retention-passes"),
    path("retention/preview/", retention.retention_preview, name="retention-preview"),
    path("retention/apply/", retention.retention_apply, name="retention-apply"),
    path("runs/<int:pk>/pin/", retention.run_pin, name="run-pin"),
    path("runs/<int:pk>/unpin/", retention.run_unpin, name="run-unpin"),
    path("audit/", audit.audit_log, name="audit"),
    path("audit/export/<str:form>/", audit.audit_export, name="audit-export"),
    path("system/", system.system_page, name="system"),
    path("system/state/", system.system_state, name="system-state"),
    path("system/items/<int:pk>/retry/", system.row_retry, name="row-retry"),
    path("system/items/<int:pk>/dismiss/", system.row_dismiss, name="row-dismiss"),
    path("health/live", system.health_live, name="health-live"),
    path("health/ready", system.health_ready, name="health-ready"),
    path("metrics", system.metrics, name="metrics"),
]
