"""URLs of pages that span several subjects."""

from django.urls import URLPattern, path

from diagnostics.pages import claims, home, impact

urlpatterns: list[URLPattern] = [
    path("", home.home, name="home"),
    path("clients/", home.client_list, name="clients"),
    path("touches/", impact.impact_page, name="touches"),
    path("claims/", claims.claim_check, name="claims"),
]
