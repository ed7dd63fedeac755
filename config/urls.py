"""Every address of the site belongs to the one app."""

from django.urls import include, path

import config.celery  # noqa: F401 - the tasks that pages send belong to this app

urlpatterns = [path("", include("diagnostics.urls"))]

handler400 = "diagnostics.pages.errors.bad_request"
handler500 = "diagnostics.pages.errors.server_error"
