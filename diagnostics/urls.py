"""All URLs of the site: one list per subject."""

from django.urls import URLPattern, URLResolver, include, path

PACKAGES = (
    "pages",
    "reference",
    "accounts",
    "orgs",
    "runs",
    "batches",
    "issues",
    "monitoring",
    "operations",
    "api",
    "mcp",
)

urlpatterns: list[URLPattern | URLResolver] = [path("", include(f"diagnostics.{name}.urls")) for name in PACKAGES]
