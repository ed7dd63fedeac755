"""Every address of the site belongs to the one app."""

from django.urls import include, path

urlpatterns = [path("", include("diagnostics.urls"))]

handler400 = "diagnostics.views.errors.bad_request"
