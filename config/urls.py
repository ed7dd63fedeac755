"""The URL configuration: all URLs are in diagnostics.urls."""

from django.urls import include, path

import config.celery  # noqa: F401 - binds the tasks to the Celery app

urlpatterns = [path("", include("diagnostics.urls"))]

handler400 = "diagnostics.pages.errors.bad_request"
handler500 = "diagnostics.pages.errors.server_error"
