"""The one Django app."""

from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_migrate

from diagnostics.genesys import regions
from diagnostics.storage import lookups, stored_text  # noqa: F401 - registers the lookups
from diagnostics.web import form_text


class DiagnosticsConfig(AppConfig):
    name = "diagnostics"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Cobrowse Doctor"

    def ready(self) -> None:
        stored_text.install()
        form_text.install()
        regions.set_endpoints_source(lambda: settings.GENESYS_ENDPOINTS)
        # Models can be imported only now.
        from diagnostics.accounts import sign_in_events  # noqa: F401, PLC0415
        from diagnostics.issues import receivers as issues_receivers  # noqa: F401, PLC0415
        from diagnostics.monitoring import receivers as monitoring_receivers  # noqa: F401, PLC0415
        from diagnostics.orgs.row_limits import prepare_limited_role  # noqa: PLC0415

        post_migrate.connect(prepare_limited_role, sender=self)
