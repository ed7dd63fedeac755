"""URLs of runs, comparisons and exports."""

from django.urls import URLPattern, path

from diagnostics.runs.views import comparisons, exports, reevaluate, runs
from diagnostics.runs.views import list as run_list
from diagnostics.runs.views import live_start as live

urlpatterns: list[URLPattern] = [
    path("runs/", run_list.run_list, name="runs"),
    path("runs/matrix/", run_list.run_matrix, name="run-matrix"),
    path("runs/causes/", run_list.run_causes, name="run-causes"),
    path("runs/latency/", run_list.run_latency, name="run-latency"),
    path("runs/views/add/", run_list.view_add, name="saved-view-add"),
    path("runs/views/<int:pk>/delete/", run_list.view_delete, name="saved-view-delete"),
    path("runs/<int:pk>/", runs.run_detail, name="run"),
    path("runs/<int:pk>/json/", runs.run_as_json, name="run-json"),
    path("runs/<int:pk>/progress/", runs.run_progress, name="run-progress"),
    path("runs/<int:pk>/exchanges/<int:position>/", runs.exchange_detail, name="run-exchange"),
    path("runs/<int:pk>/again/", runs.run_again, name="run-again"),
    path("runs/<int:pk>/watch/", runs.watch_state, name="watch"),
    path("runs/<int:pk>/watch/start/", runs.watch_start, name="watch-start"),
    path("runs/<int:pk>/watch/stop/", runs.watch_stop, name="watch-stop"),
    path("runs/<int:pk>/live/", live.live_start, name="live-start"),
    path("runs/<int:pk>/findings/<int:position>/again/", runs.check_again, name="check-again"),
    path("runs/export/<str:file_format>/", exports.runs_export, name="runs-export"),
    path("runs/<int:pk>/page/", exports.run_page, name="run-page"),
    path("runs/<int:pk>/packet/", exports.run_packet, name="run-packet"),
    path("runs/<int:pk>/reevaluate/", reevaluate.run_reevaluate, name="run-reevaluate"),
    path("runs/reevaluate/", reevaluate.reevaluate, name="reevaluate"),
    path("runs/reevaluate/batch/", reevaluate.reevaluate_batch, name="reevaluate-batch"),
    path("compare/", comparisons.comparison, name="comparison"),
    path("compare/raw/", comparisons.comparison_raw, name="comparison-raw"),
]
