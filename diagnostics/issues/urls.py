"""URLs of issues."""

from django.urls import URLPattern, path

from diagnostics.issues import views as issues

urlpatterns: list[URLPattern] = [
    path("findings/", issues.issue_list, name="findings"),
    path("findings/<int:pk>/", issues.issue_detail, name="finding"),
    path("findings/<int:pk>/notes/", issues.issue_note, name="finding-note"),
    path("findings/<int:pk>/accept/", issues.issue_accept, name="finding-accept"),
    path("findings/<int:pk>/accept/end/", issues.issue_end_acceptance, name="finding-end-acceptance"),
]
