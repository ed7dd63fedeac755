"""URLs of batches. The first page starts them."""

from django.urls import URLPattern, path

from diagnostics.batches import views

urlpatterns: list[URLPattern] = [
    path("batches/", views.batch_list, name="batches"),
    path("batches/<int:pk>/", views.batch_detail, name="batch"),
    path("batches/<int:pk>/progress/", views.batch_progress, name="batch-progress"),
    path("batches/<int:pk>/export/<str:file_format>/", views.batch_export, name="batch-export"),
]
