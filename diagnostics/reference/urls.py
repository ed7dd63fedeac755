"""URLs of the reference. The API reference is in `orgs`, the documentation of our own API in `api`."""

from django.urls import URLPattern, path

from diagnostics.reference import views

urlpatterns: list[URLPattern] = [
    path("reference/", views.reference, name="reference"),
    path("reference/causes/", views.cause_list, name="causes"),
    path("reference/causes/<str:code>.md", views.cause_as_markdown, name="cause-markdown"),
    path("reference/causes/<str:code>/", views.cause_page, name="cause"),
    path("reference/checks/", views.check_list, name="checks"),
    path("reference/accuracy/", views.accuracy_page, name="accuracy"),
    path("reference/accuracy.md", views.accuracy_as_markdown, name="accuracy-markdown"),
    path("reference/why-404/", views.why_404_page, name="why-404"),
    path("reference/why-404.md", views.why_404_as_markdown, name="why-404-markdown"),
]
