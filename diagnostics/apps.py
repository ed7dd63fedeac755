"""The one Django app."""

from django.apps import AppConfig

from diagnostics import stored_text


class DiagnosticsConfig(AppConfig):
    name = "diagnostics"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Cobrowse Doctor"

    def ready(self) -> None:
        stored_text.install()
        from diagnostics.services import sign_ins  # noqa: F401, PLC0415 - models can be imported only now
