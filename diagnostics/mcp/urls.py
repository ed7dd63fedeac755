"""URLs of the MCP server, and of the overview for programs that read the site."""

from django.urls import URLPattern, path

from diagnostics.mcp import views

urlpatterns: list[URLPattern] = [
    path("mcp", views.mcp, name="mcp"),
    path("llms.txt", views.llms_txt, name="llms-txt"),
]
