"""URLs of issues."""

from django.urls import URLPattern, path

from diagnostics.issues import views

urlpatterns: list[URLPattern] = [
    path("issues/", views.issue_list, name="issues"),
    path("issues/failing-calls/", views.failing_calls, name="failing-calls"),
    path("issues/<int:pk>/", views.issue_detail, name="issue"),
    path("issues/<int:pk>/what-if/", views.issue_what_if, name="issue-what-if"),
    path("issues/<int:pk>/notes/", views.issue_note, name="issue-note"),
    path("issues/<int:pk>/assign/", views.issue_assign, name="issue-assign"),
    path("issues/<int:pk>/accept/", views.issue_accept, name="issue-accept"),
    path("issues/<int:pk>/accept/end/", views.issue_end_acceptance, name="issue-end-acceptance"),
    path("issues/<int:pk>/snooze/", views.issue_snooze, name="issue-snooze"),
    path("issues/<int:pk>/snooze/end/", views.issue_end_snooze, name="issue-end-snooze"),
    path("issues/<int:pk>/watch/", views.issue_watch, name="issue-watch"),
    path("issues/<int:pk>/watch/end/", views.issue_end_watch, name="issue-end-watch"),
    # Pages of earlier versions, whose row decides where they lead.
    path("incidents/<int:pk>/", views.incident, name="incident"),
    path("runs/<int:pk>/history/", views.run_history, name="run-history"),
]
