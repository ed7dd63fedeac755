"""URLs of pages that span several subjects."""

from django.urls import URLPattern, path

from diagnostics.pages import diagnose, impact, orgs, search

urlpatterns: list[URLPattern] = [
    path("", diagnose.home, name="home"),
    path("diagnose/", diagnose.read, name="diagnose-read"),
    path("diagnose/start/", diagnose.start, name="start"),
    path("diagnose/batch/", diagnose.start_batch, name="batch-start"),
    path("diagnose/preview/", diagnose.preview, name="diagnose-preview"),
    path("orgs/", orgs.orgs, name="orgs"),
    path("orgs/<str:org_key>/", orgs.org, name="org"),
    path("orgs/<str:org_key>/permissions/", orgs.org_permissions, name="org-permissions"),
    path("orgs/<str:org_key>/impact/", impact.impact_page, name="org-impact"),
    path("clients/<int:pk>/health/", orgs.client_health, name="client-health"),
    path("impact/", impact.impact_page, name="impact"),
    path("search/", search.search, name="search"),
]
