"""The URL configuration: the pages, then the old addresses that redirect to them."""

from django.urls import include, path

import config.celery  # noqa: F401 - binds the tasks to the Celery app

urlpatterns = [path("", include("diagnostics.urls")), path("", include("diagnostics.web.redirects"))]

handler400 = "diagnostics.pages.errors.bad_request"
handler500 = "diagnostics.pages.errors.server_error"
