"""URLs of pages that span several subjects."""

from django.urls import URLPattern, path

from diagnostics.pages import diagnose, home, impact, search

urlpatterns: list[URLPattern] = [
    path("", diagnose.home, name="home"),
    path("diagnose/", diagnose.read, name="diagnose-read"),
    path("diagnose/start/", diagnose.start, name="start"),
    path("diagnose/preview/", diagnose.preview, name="diagnose-preview"),
    path("clients/", home.client_list, name="clients"),
    path("touches/", impact.impact_page, name="touches"),
    path("search/", search.search, name="search"),
]
