"""URLs of the HTTP API and its guide."""

from django.urls import URLPattern, URLResolver, include, path

from diagnostics.api import v1
from diagnostics.api import views as api_guide

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", api_guide.api_guide, name="api-guide"),
    path("api/v1/", include((v1.urlpatterns, "api"))),
    path("api/<path:rest>", v1.unknown_path, name="api-nowhere"),
]
